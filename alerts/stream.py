"""Spikes in a series of counts at a fixed step, row by row, without ever looking ahead.

Steps per row: 1. Sum the last 15 and the last 60 minutes. 2. Each sum's distance from normal is that of
`alerts.baseline.Spread` over the past 7 days (the sum itself left out). 3. Divide it by the usual daily peak of that
distance (median of the daily maxima of up to 21 days, at least 4): a series that peaks every noon needs more than its
noon. 4. The score is the mean of the two, so that a short and a long window have to agree. 5. Alert from 2.25 times the
usual peak on (balanced), then rest for 24 hours.
"""

from bisect import bisect_left, insort
from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from alerts.baseline import Spread

WINDOWS = (timedelta(minutes=15), timedelta(minutes=60))
BASELINE = timedelta(days=7)
DAY = timedelta(days=1)
PEAK_DAYS = 21
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
        return max(median(peaks), PEAK_LEAST) if peaks else PEAK_LEAST


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
