"""The volume spike: far more stories in an hour, or in three, than there usually are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from alerts.baseline import usual_bar
from alerts.rules import VOLUME, Finding, HourCount, Series
from alerts.severity import severity
from alerts.tail import least_count, tail
from alerts.usual import Expected, Usual

LOOK_BACK_HOURS = 24  # how far back hours in a row are counted
RECENT_HOURS = 2  # the hours whose authors are known by themselves: the running and the last full one
SHORT, LONG = 1, 3  # hours of the windows; the longer one is for series with few stories
SURELY_USUAL = 2.0  # scales: nothing below is ever a spike


@dataclass(frozen=True, slots=True)
class Bar:
    """How unusual a window must be: chance gives it no more often than that, and it is so many usual peaks out."""

    chance: float
    peaks: float


@dataclass(frozen=True, slots=True)
class _Judged:
    """A window that ends with the hour at a place of the series, over its threshold."""

    place: int
    hours: int
    observed: int
    expected: Expected
    threshold: float

    @property
    def ratio(self) -> float:
        """Distance from the mean ÷ distance of the threshold from it; 1 at the threshold."""
        return (self.observed - self.expected.mean) / (self.threshold - self.expected.mean)


class _Judge:
    """What windows of so many hours of one series are held against."""

    def __init__(self, stories: Sequence[int], usual: Usual, hours: int, bar: Bar, floor: int) -> None:
        self.hours, self.usual = hours, usual
        self.peak = usual_bar(usual.peaks, bar.peaks, SURELY_USUAL) if usual.known else 0.0
        self._stories, self._bar, self._floor = stories, bar, floor

    def judge(self, place: int) -> _Judged | None:
        """The window that ends there, if it is a spike."""
        observed = sum(self._stories[max(0, place + 1 - self.hours) : place + 1])
        if not self.usual.known or observed < self._floor:
            return None
        expected = self.usual.expected(place)
        if expected.distance(observed) < self.peak:
            return None
        if tail(observed, expected.mean, expected.variance) > self._bar.chance:
            return None
        by_chance = least_count(expected.mean, expected.variance, self._bar.chance)
        threshold = max(by_chance, expected.mean + self.peak * expected.scale, self._floor)
        return _Judged(place, self.hours, observed, expected, threshold)

    def in_a_row(self, place: int) -> int:
        """Hours in a row over their thresholds; a single window counts as one."""
        windows = 0
        while windows * self.hours < min(place + 1, LOOK_BACK_HOURS) and self.judge(place - windows * self.hours):
            windows += 1
        return windows * self.hours if windows > 1 else windows


def volume_spike(
    series: Series, hours: Sequence[HourCount], places: Mapping[int, Sequence[int]], bar: Bar, floor: int
) -> Finding | None:
    """The spike among the windows that end at `places` (by length in hours) that is furthest out; None: none is one.

    `hours` are the series' hours of observation, `floor` the fewest stories. A running hour is held against the
    threshold of a full one: it can only be too quiet, so an alarm out of it is early and never false for being early.
    The longer window speaks only where no single hour does.
    """
    stories = [hour.stories for hour in hours]
    planned = frozenset(place for place, hour in enumerate(hours) if hour.hour in series.planned)
    for length in (SHORT, LONG):
        chosen = [
            place for place in places.get(length, ()) if sum(stories[max(0, place + 1 - length) : place + 1]) >= floor
        ]
        if not chosen:
            continue  # what is usual costs more than that
        usual = Usual(stories[: min(places[length])], length, planned)
        judge = _Judge(stories, usual, length, bar, floor)
        spikes = [spike for place in chosen if (spike := judge.judge(place))]
        if spikes:
            spike = max(spikes, key=lambda spike: (spike.ratio, spike.place))
            return _finding(series, hours, spike, judge)
    return None


def _finding(series: Series, hours: Sequence[HourCount], spike: _Judged, judge: _Judge) -> Finding:
    window = hours[max(0, spike.place + 1 - spike.hours) : spike.place + 1]
    certain = spike.hours == SHORT and spike.place >= len(hours) - RECENT_HOURS
    mean, scale = spike.expected.mean, spike.expected.scale
    distance = (spike.threshold - mean) / scale
    negative = sum(hour.negative for hour in window)
    judged = negative + sum(hour.positive + hour.neutral for hour in window)
    in_a_row = judge.in_a_row(spike.place)
    level, reason = severity(spike.ratio, negative, judged, in_a_row, spike.observed)
    return Finding(
        kind=VOLUME,
        company_id=series.company_id,
        facet=series.facet,
        audience=series.audience,
        at=window[0].hour,
        window=timedelta(hours=spike.hours),
        observed=float(spike.observed),
        expected_low=max(0.0, 2 * mean - spike.threshold),
        expected_high=spike.threshold,
        n=spike.observed,
        authors=series.authors_hour if certain else min(series.authors, sum(hour.mentions for hour in window)),
        severity=level,
        severity_reason=reason,
        short_history=judge.usual.short_history,
        notes=_notes(spike, window, certain, judge.usual.short_history),
        figures={
            "expected": mean,
            "variance": spike.expected.variance,
            "scale": scale,
            "distance": distance,
            "usual_peak": judge.peak,
            "excess": spike.observed - mean,
            "ratio": spike.ratio,
            "chance": tail(spike.observed, mean, spike.expected.variance),
            "hours_in_a_row": float(in_a_row),
            "baseline_hours": float(judge.usual.values),
            "judged": float(judged),
            "negative": float(negative),
            "unsure": float(sum(hour.unsure for hour in window)),
        },
    )


def _notes(spike: _Judged, window: Sequence[HourCount], certain: bool, short_history: bool) -> tuple[str, ...]:
    notes = []
    if not certain and spike.hours == SHORT:
        notes.append("These posts came in late, so the number of authors is an upper bound.")
    elif not certain:
        notes.append("The number of authors of these hours is an upper bound: it is known for the last 24 hours.")
    if short_history:
        notes.append("Short history: less than two weeks, so what is usual at this hour is not known well.")
    unsure = sum(hour.unsure for hour in window)
    if unsure:
        span = "this hour" if spike.hours == SHORT else f"these {spike.hours} hours"
        notes.append(
            f"The sentiment of {unsure} of {sum(hour.mentions for hour in window)} mentions in {span} is unsure."
        )
    return tuple(notes)
