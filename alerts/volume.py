"""The volume spike: an hour with far more stories than that hour usually has."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from alerts.baseline import Baseline, hour_baseline
from alerts.rules import VOLUME, Finding, HourCount, Series
from alerts.severity import severity

LOOK_BACK_HOURS = 24  # how far back hours in a row are counted


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
    series: Series, hours: Sequence[HourCount], running: bool, distance: float, floor: int
) -> Finding | None:
    """The spike of the last full or the running hour, whichever is further out; None when neither is one.

    `hours` are the series' hours of observation, `running` says whether the last one is still incomplete, `distance` is
    k of the rule, `floor` the fewest stories. The running hour is held against the bar of a full hour: it can only be
    too quiet, so an alarm out of it is early and never false for being early.
    """
    stories = [float(hour.stories) for hour in hours]
    last = len(hours) - 1
    indices = [last - 1, last] if running and last else [last]
    spikes = [spike for index in indices if (spike := _judge(stories, index, distance, floor))]
    if not spikes:
        return None
    return _finding(series, hours, max(spikes, key=lambda spike: (spike.ratio, spike.index)), stories, distance, floor)


def _judge(stories: Sequence[float], index: int, distance: float, floor: int) -> _Judged | None:
    baseline = hour_baseline(stories, index)
    if baseline is None:
        return None
    threshold = max(baseline.spread.limit(distance), float(floor))
    observed = stories[index]
    return _Judged(index, int(observed), baseline, threshold) if observed >= threshold else None


def _in_a_row(stories: Sequence[float], index: int, distance: float, floor: int) -> int:
    """Hours in a row over their thresholds that end at `index`."""
    count = 0
    while count < min(index + 1, LOOK_BACK_HOURS) and _judge(stories, index - count, distance, floor):
        count += 1
    return count


def _finding(
    series: Series, hours: Sequence[HourCount], spike: _Judged, stories: Sequence[float], distance: float, floor: int
) -> Finding:
    hour = hours[spike.index]
    normal = spike.baseline.spread
    judged = hour.positive + hour.neutral + hour.negative
    in_a_row = _in_a_row(stories, spike.index, distance, floor)
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
        authors=series.authors_hour,
        severity=level,
        severity_reason=reason,
        short_history=spike.baseline.short_history,
        notes=_notes(spike, hour),
        figures={
            "median": normal.median,
            "mad": normal.mad,
            "scale": normal.scale,
            "k": distance,
            "excess": spike.observed - normal.median,
            "ratio": spike.ratio,
            "hours_in_a_row": float(in_a_row),
            "baseline_hours": float(spike.baseline.values),
            "judged": float(judged),
            "negative": float(hour.negative),
            "unsure": float(hour.unsure),
        },
    )


def _notes(spike: _Judged, hour: HourCount) -> tuple[str, ...]:
    notes = []
    if spike.baseline.short_history:
        notes.append("Short history: less than two weeks, so normal is the median of the past days at any hour.")
    if hour.unsure:
        notes.append(f"The sentiment of {hour.unsure} of {hour.mentions} mentions in this hour is unsure.")
    return tuple(notes)
