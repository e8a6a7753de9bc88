"""What is normal: the robust centre and spread that every volume verdict is measured against.

Source of the rule: same hour of the week over the last four weeks by median and MAD, after the practice of robust
control charts. A count's own chance spread (the square root of its centre) and one item are lower bounds of the scale,
so that a series which never moves does not raise an alarm at the first extra item. Four values alone make a poor MAD:
the hour before and the hour after are taken in. Mentions come in clumps; the usual daily peak of the distance from
normal says how far out a series gets on an ordinary day.
"""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from math import sqrt

from metrics.stats import mad, median

DAY_HOURS = 24
WEEK_HOURS = 168
BASELINE_WEEKS = 4
NEIGHBOURS = (-1, 0, 1)  # hours around the hour of the week
PEAK_DAYS = 21
SHORT_HISTORY_HOURS = 2 * WEEK_HOURS  # below it the hour of the week has fewer than two values
MAD_TO_SIGMA = 1.4826  # makes the MAD of a normal distribution its standard deviation


@dataclass(frozen=True, slots=True)
class Spread:
    """Centre and spread of earlier values, in the unit of the values."""

    median: float
    mad: float

    @property
    def scale(self) -> float:
        """max(1.4826 · MAD, √median, 1)."""
        return max(MAD_TO_SIGMA * self.mad, sqrt(max(self.median, 0.0)), 1.0)

    def distance(self, value: float) -> float:
        """How many scales a value lies above the centre."""
        return (value - self.median) / self.scale

    def limit(self, distance: float) -> float:
        """The value that lies so many scales above the centre."""
        return self.median + distance * self.scale


@dataclass(frozen=True, slots=True)
class Baseline:
    """The spread of an hour, the number of earlier hours behind it, and whether the history is short."""

    spread: Spread
    values: int
    short_history: bool


def spread(values: Sequence[float]) -> Spread:
    """Median and median absolute deviation; raises ValueError without a value."""
    centre, deviation = median(values), mad(values)
    if centre is None or deviation is None:
        raise ValueError("a spread needs at least one value")
    return Spread(centre, deviation)


def hour_baseline(counts: Sequence[float], index: int, planned: Set[int] = frozenset()) -> Baseline | None:
    """The baseline of `counts[index]`, from earlier hours only; None with less than 24 hours of history.

    From two weeks on: the same hour of the week (UTC) and its two neighbours in up to four past weeks; an event of the
    present week is thereby out of its own baseline, and one that lasted through an earlier week is one of four. Before
    two weeks: all hours of the past 7 days, without the last 24 where at least 24 others are left, so that a growing
    event does not raise its own bar.

    Places in `planned` (hours of planned events) are left out, unless nothing else is known.
    """
    if index < DAY_HOURS:
        return None
    if index < SHORT_HISTORY_HOURS:
        past = _rested_week(counts, index, planned)
        return Baseline(spread(past), len(past), short_history=True)
    past = _same_hours(counts, index, index, range(-BASELINE_WEEKS, 0), planned)
    return Baseline(spread(past), len(past), short_history=False)


def usual_peak(counts: Sequence[float], index: int, planned: Set[int] = frozenset()) -> float | None:
    """The median of the daily maxima of the distance from normal over up to 21 days before `index`.

    Each past hour is compared with the same hour of the other weeks before `index` (with the one spread of the past
    days while the history is short). None before two full days. Hours at places in `planned` are no usual hours.
    """
    days = min(PEAK_DAYS, index // DAY_HOURS)
    if days < 2:
        return None
    one = spread(_rested_week(counts, index, planned)) if index < SHORT_HISTORY_HOURS else None
    peaks = []
    for day in range(days):
        last = index - day * DAY_HOURS
        usual = [hour for hour in range(last - DAY_HOURS, last) if hour not in planned]
        if usual:
            peaks.append(max(_past_distance(counts, hour, index, one, planned) for hour in usual))
    return median(peaks)


def _past_distance(counts: Sequence[float], hour: int, end: int, one: Spread | None, planned: Set[int]) -> float:
    if one is not None:
        return one.distance(counts[hour])
    weeks = (*range(-BASELINE_WEEKS, 0), *range(1, BASELINE_WEEKS + 1))
    others = _same_hours(counts, hour, end, weeks, planned)
    return spread(others).distance(counts[hour]) if others else 0.0


def _same_hours(counts: Sequence[float], index: int, end: int, weeks: Iterable[int], planned: Set[int]) -> list[float]:
    """The hour of the week of `index` and its neighbours in other weeks, between the first hour and `end`."""
    places = [index + week * WEEK_HOURS + beside for week in weeks for beside in NEIGHBOURS]
    known = [place for place in places if 0 <= place < end]
    return [counts[place] for place in _usual(known, planned)]


def _rested_week(counts: Sequence[float], index: int, planned: Set[int]) -> list[float]:
    week = _usual(range(max(0, index - WEEK_HOURS), index), planned)
    rested = [place for place in week if place < index - DAY_HOURS]
    return [counts[place] for place in (rested if len(rested) >= DAY_HOURS else week)]


def _usual(places: Sequence[int], planned: Set[int]) -> Sequence[int]:
    """Without the hours of planned events; all of them where an event lasted through everything that is known."""
    if not planned:
        return places
    return [place for place in places if place not in planned] or places
