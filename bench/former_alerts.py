"""The rules of volume that ours replaced, as they were, for the benchmarks to compare with in the same run."""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import timedelta
from math import sqrt
from statistics import median as middle

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


def former_spike(stories: Sequence[float], index: int, floor: int = 5) -> bool:
    """Whether an hour rang at the balanced setting: 4 scales out, and twice as far as on a usual day."""
    baseline = hour_baseline(stories, index)
    if baseline is None or stories[index] < max(baseline.spread.limit(4.0), floor):
        return False
    distance = max(4.0, 2.0 * (usual_peak(stories, index) or 0.0))
    return stories[index] >= max(baseline.spread.limit(distance), floor)


WINDOWS = (timedelta(minutes=15), timedelta(minutes=60))
BASELINE = timedelta(days=7)
DAY = timedelta(days=1)
PEAK_LEAST = 4.0  # k of the balanced volume rule: a calm series is not asked for less
PEAK_LAG = timedelta(minutes=60)  # the newest hour stays out of the usual peak
THRESHOLD = {"sensitive": 1.75, "balanced": 2.25, "strict": 3.0}
REST = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One row's verdict; the range is in units of the row, None without 24 hours of history."""

    expected_low: float | None
    expected_high: float | None
    score: float
    alert: bool


class _RollingMedian:
    """The median of the last `size` values."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._recent: deque[float] = deque()
        self._sorted: list[float] = []

    def __len__(self) -> int:
        return len(self._recent)

    def push(self, value: float) -> None:
        if len(self._recent) == self._size:
            del self._sorted[bisect_left(self._sorted, self._recent.popleft())]
        self._recent.append(value)
        insort(self._sorted, value)

    def median(self) -> float:
        middle = len(self._sorted) // 2
        if len(self._sorted) % 2:
            return self._sorted[middle]
        return (self._sorted[middle - 1] + self._sorted[middle]) / 2


class _UsualPeak:
    """The median of the daily maxima; days are counted back from the present row."""

    def __init__(self, day: int, lag: int) -> None:
        self._day, self._lag = day, lag
        self._row = -1
        self._falling: deque[tuple[int, float]] = deque()  # candidates for the running maximum
        self._maxima: deque[float] = deque(maxlen=PEAK_DAYS * day + lag)

    def push(self, distance: float) -> None:
        self._row += 1
        while self._falling and self._falling[-1][1] <= distance:
            self._falling.pop()
        self._falling.append((self._row, distance))
        if self._falling[0][0] <= self._row - self._day:
            self._falling.popleft()
        self._maxima.append(self._falling[0][1])

    def value(self) -> float:
        """Before two full days nothing is usual, and the least peak stands."""
        start = max(0, 2 * self._day - 1 - (self._row + 1 - len(self._maxima)))
        newest = len(self._maxima) - self._lag
        peaks = [self._maxima[index] for index in range(newest, start - 1, -self._day)]
        return max(middle(peaks), PEAK_LEAST) if peaks else PEAK_LEAST


class _Window:
    """Distance from normal of one window's sum."""

    def __init__(self, rows: int, baseline: int, day: int, lag: int) -> None:
        self.rows = rows
        self._least = day
        self._values: deque[float] = deque(maxlen=rows)
        self._held: deque[float] = deque()  # sums that still overlap the present one
        self._held_off: deque[float] = deque()
        self._sums = _RollingMedian(baseline)
        self._deviations = _RollingMedian(baseline)
        self._peak = _UsualPeak(day, lag)

    def push(self, value: float) -> tuple[Spread, float, float] | None:
        """(normal, distance, usual peak of the distance) of the present sum."""
        self._values.append(value)
        present = sum(self._values)
        if len(self._held) == self.rows:
            self._sums.push(self._held.popleft())
            self._deviations.push(self._held_off.popleft())
        known = len(self._sums) >= self._least
        normal = Spread(self._sums.median(), self._deviations.median()) if known else None
        self._held.append(present)
        self._held_off.append(abs(present - (self._sums.median() if len(self._sums) else 0.0)))
        peak = self._peak.value() if normal else PEAK_LEAST
        distance = normal.distance(present) if normal else 0.0
        self._peak.push(distance)
        return (normal, distance, peak) if normal else None


class StreamDetector:
    """Takes one count per step and gives its verdict; memory is bounded by 21 days of rows."""

    def __init__(self, step: timedelta, sensitivity: str = "balanced") -> None:
        """Raises ValueError for a step outside one second to one day, or an unknown sensitivity."""
        if not timedelta(seconds=1) <= step <= DAY:
            raise ValueError(f"the step must be between one second and one day, not {step}")
        if sensitivity not in THRESHOLD:
            raise ValueError(f"sensitivity must be one of {', '.join(THRESHOLD)}, not {sensitivity!r}")
        day, lag = _rows(DAY, step), _rows(PEAK_LAG, step)
        self._threshold = THRESHOLD[sensitivity]
        sizes = sorted({_rows(window, step) for window in WINDOWS})
        self._windows = [_Window(rows, max(_rows(BASELINE, step), day), day, lag) for rows in sizes]
        self._rest = _rows(REST, step)
        self._since_alert = self._rest

    def push(self, value: float) -> Verdict:
        """The verdict on the next row."""
        judged = [window.push(value) for window in self._windows]
        self._since_alert += 1
        scores = [distance / peak for _, distance, peak in filter(None, judged)]
        if len(scores) < len(judged) or judged[0] is None:
            return Verdict(None, None, 0.0, False)
        score = max(0.0, sum(scores) / len(scores))
        alert = score >= self._threshold and self._since_alert >= self._rest
        if alert:
            self._since_alert = 0
        return self._verdict(judged[0][0], judged[0][2], score, alert)

    def skip(self, rows: int) -> None:
        """Tell of rows that are missing: unknown is not zero, so they only let time pass."""
        self._since_alert += rows

    def _verdict(self, normal: Spread, peak: float, score: float, alert: bool) -> Verdict:
        """The range is that of the short window, shared out over its rows."""
        rows = self._windows[0].rows
        reach = self._threshold * peak
        return Verdict(max(0.0, normal.limit(-reach)) / rows, normal.limit(reach) / rows, score, alert)


def _rows(span: timedelta, step: timedelta) -> int:
    return max(1, round(span / step))
