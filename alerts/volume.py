"""The volume spike: an hour with far more stories than that hour usually has."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import timedelta

from alerts.baseline import Baseline, hour_baseline, usual_peak
from alerts.rules import VOLUME, Finding, HourCount, Series
from alerts.severity import severity

LOOK_BACK_HOURS = 24  # how far back hours in a row are counted
RECENT_HOURS = 2  # the hours whose authors are known by themselves: the running and the last full one


@dataclass(frozen=True, slots=True)
class Bar:
    """How far out an hour must be: `scales` above normal, and `peaks` times as far as on a usual day's busiest hour."""

    scales: float
    peaks: float


@dataclass(frozen=True, slots=True)
class _Judged:
    """An hour over its threshold."""

    index: int
    observed: int
    baseline: Baseline
    threshold: float

    @property
    def ratio(self) -> float:
        """Distance from the centre ÷ distance of the threshold from it; 1 at the threshold."""
        return (self.observed - self.baseline.spread.median) / (self.threshold - self.baseline.spread.median)


def volume_spike(
    series: Series, hours: Sequence[HourCount], indices: Sequence[int], bar: Bar, floor: int
) -> Finding | None:
    """The spike among the hours at `indices` (rising) that is furthest out; None when none is one.

    `hours` are the series' hours of observation, `floor` the fewest stories. A running hour is held against the
    threshold of a full one: it can only be too quiet, so an alarm out of it is early and never false for being early.
    """
    stories = [float(hour.stories) for hour in hours]
    planned = frozenset(place for place, hour in enumerate(hours) if hour.hour in series.planned)
    if not any(_judge(stories, index, bar.scales, floor, planned) for index in indices):
        return None  # the usual peak costs more, and can only raise the threshold
    peak = usual_peak(stories, indices[0], planned)
    distance = max(bar.scales, bar.peaks * peak) if peak is not None else bar.scales
    spikes = [spike for index in indices if (spike := _judge(stories, index, distance, floor, planned))]
    if not spikes:
        return None
    spike = max(spikes, key=lambda spike: (spike.ratio, spike.index))
    return _finding(series, hours, spike, _in_a_row(stories, spike.index, distance, floor, planned), distance, peak)


def _judge(stories: Sequence[float], index: int, distance: float, floor: int, planned: Set[int]) -> _Judged | None:
    baseline = hour_baseline(stories, index, planned)
    if baseline is None:
        return None
    threshold = max(baseline.spread.limit(distance), float(floor))
    observed = stories[index]
    return _Judged(index, int(observed), baseline, threshold) if observed >= threshold else None


def _in_a_row(stories: Sequence[float], index: int, distance: float, floor: int, planned: Set[int]) -> int:
    """Hours in a row over their thresholds that end at `index`."""
    count = 0
    while count < min(index + 1, LOOK_BACK_HOURS) and _judge(stories, index - count, distance, floor, planned):
        count += 1
    return count


def _finding(
    series: Series, hours: Sequence[HourCount], spike: _Judged, in_a_row: int, distance: float, peak: float | None
) -> Finding:
    hour = hours[spike.index]
    recent = spike.index >= len(hours) - RECENT_HOURS
    normal = spike.baseline.spread
    judged = hour.positive + hour.neutral + hour.negative
    level, reason = severity(spike.ratio, hour.negative, judged, in_a_row, spike.observed)
    return Finding(
        kind=VOLUME,
        company_id=series.company_id,
        facet=series.facet,
        audience=series.audience,
        at=hour.hour,
        window=timedelta(hours=1),
        observed=float(spike.observed),
        expected_low=max(0.0, normal.limit(-distance)),
        expected_high=spike.threshold,
        n=spike.observed,
        authors=series.authors_hour if recent else min(series.authors, hour.mentions),
        severity=level,
        severity_reason=reason,
        short_history=spike.baseline.short_history,
        notes=_notes(spike, hour, recent),
        figures={
            "median": normal.median,
            "mad": normal.mad,
            "scale": normal.scale,
            "distance": distance,
            "usual_peak": peak or 0.0,
            "excess": spike.observed - normal.median,
            "ratio": spike.ratio,
            "hours_in_a_row": float(in_a_row),
            "baseline_hours": float(spike.baseline.values),
            "judged": float(judged),
            "negative": float(hour.negative),
            "unsure": float(hour.unsure),
        },
    )


def _notes(spike: _Judged, hour: HourCount, recent: bool) -> tuple[str, ...]:
    notes = []
    if not recent:
        notes.append("These posts came in late, so the number of authors is an upper bound.")
    if spike.baseline.short_history:
        notes.append("Short history: less than two weeks, so normal is the median of the past days at any hour.")
    if hour.unsure:
        notes.append(f"The sentiment of {hour.unsure} of {hour.mentions} mentions in this hour is unsure.")
    return tuple(notes)
