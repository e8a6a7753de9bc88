"""Spikes in a series of counts at a fixed step, row by row, without ever looking ahead.

Steps per row: 1. Sum the last 15, 60 and 180 minutes. 2. Each sum's distance from normal is (sum − m) ÷ (f · √(m + 1)).
The centre m is the median of such sums within an hour of this time of day on the past 7 days, drawn towards the median
of all hours of these days as if that were one day more; f, at least 1, is how much wider than chance these quotients
usually scatter (1.4826 · median of their absolute values, 7 days): the spread of a negative binomial count by moments,
measured robustly. 3. Divide it by the bar of `usual_bar`, found from the daily maxima of the distance: what is far out
on an ordinary day is no news. 4. The score is the mean over the windows, so that short and long have to agree. 5. Alert
from a score of 1 on (balanced), then rest for 24 hours.

Centre, spread and bar are found anew once an hour, from six samples per hour: a row costs a few additions.
"""

from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from math import sqrt

import numpy as np

from alerts.baseline import PEAK_DAYS, usual_bar
from metrics.stats import FloatArray

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WINDOWS = (timedelta(minutes=15), HOUR, 3 * HOUR)
BASELINE_DAYS = 7
FLAT_DAYS = 1.0  # the weight of all hours, in days: a few days alone make a poor picture of a day
SAMPLES = 6  # per hour
PEAK_TIMES, PEAK_LEAST = 1.5, 6.0  # the bar: times the usual daily peak, and what a calm series is asked for
MAD_TO_SIGMA = 1.4826  # makes the MAD of a normal distribution its standard deviation
THRESHOLD = {"sensitive": 0.75, "balanced": 1.0, "strict": 1.3}
REST = timedelta(hours=24)
_UNSEEN = float("-inf")  # the highest distance of an hour in which nothing could be judged


@dataclass(frozen=True, slots=True)
class Verdict:
    """One row's verdict; the range is in units of the row, None without 24 hours of history."""

    expected_low: float | None
    expected_high: float | None
    score: float
    alert: bool


@dataclass(frozen=True, slots=True)
class _Clock:
    """Rows per block (an hour, or one row where the step is longer), blocks per day, rows from sample to sample."""

    block: int
    day: int
    gap: int

    @property
    def samples(self) -> int:
        """Samples per block."""
        return self.block // self.gap

    @property
    def beside(self) -> int:
        """Blocks within an hour to either side."""
        return round(self.day / 24)


@dataclass(frozen=True, slots=True)
class _Normal:
    """What is usual for a window during the present block."""

    centre: float
    scale: float
    bar: float

    def limit(self, bars: float) -> float:
        return self.centre + bars * self.bar * self.scale


class _Window:
    """One window's sum, and what is normal for it."""

    def __init__(self, rows: int, clock: _Clock) -> None:
        self.rows = rows
        self.normal: _Normal | None = None
        self._clock = clock
        self._values: deque[float] = deque([0.0] * rows, maxlen=rows)
        self._sum = 0.0
        self._unknown = rows - 1  # rows until the sum is complete
        blocks = (BASELINE_DAYS * clock.day + clock.beside, clock.samples)
        self._sums = np.full(blocks, np.nan)  # samples of the past blocks, the newest last
        days = blocks[0] - clock.day * np.arange(1, BASELINE_DAYS + 1)
        self._around = np.add.outer(days, np.arange(-clock.beside, clock.beside + 1)).ravel()  # this time of day
        self._spreads = np.full(blocks, np.nan)  # their distances from normal, in spreads of pure chance
        self._sampled = np.full((2, clock.samples), np.nan)  # both, of the present block
        self._maxima = np.full((PEAK_DAYS + 1) * clock.day, _UNSEEN)  # of the distance, by block
        self._highest = _UNSEEN

    def push(self, value: float, place: int) -> float:
        """The distance from normal in bars; `place` of the row in its block."""
        self._sum += value - self._values[0]
        self._values.append(value)
        sample = -1
        if self._unknown:
            self._unknown -= 1
        elif (place + 1) % self._clock.gap == 0:
            sample = (place + 1) // self._clock.gap - 1
            self._sampled[0, sample] = self._sum
        if self.normal is None:
            return 0.0
        above = self._sum - self.normal.centre
        if sample >= 0:
            self._sampled[1, sample] = abs(above) / sqrt(self.normal.centre + 1.0)
        distance = above / self.normal.scale
        self._highest = max(self._highest, distance)
        return distance / self.normal.bar

    def skip(self, rows: int) -> None:
        """Rows that are missing: the sum holds what is known, and is no sample until it is complete again."""
        for _ in range(min(rows, self.rows)):
            self._values.append(0.0)
        self._sum = sum(self._values)
        self._unknown = self.rows - 1

    def turn(self, blocks: int) -> None:
        """End the present block, after it others without any row; find what is normal in the next one."""
        for _ in range(min(blocks, len(self._maxima))):
            _append(self._sums, self._sampled[0])
            _append(self._spreads, self._sampled[1])
            _append(self._maxima, self._highest)
            self._sampled[:] = np.nan
            self._highest = _UNSEEN
        self._sum = sum(self._values)  # no error of rounding adds up
        self.normal = self._usual()

    def _usual(self) -> _Normal | None:
        flat, known = _middle(self._sums)
        least = max(1, self._clock.day * self._clock.samples - self.rows)
        if known < least:
            return None
        centre = self._centre(flat)
        spread, known = _middle(self._spreads)
        factor = MAD_TO_SIGMA * spread
        if known < least:  # the second day: the first one's rhythm is not known to be one
            factor = sqrt(float(np.nanmean((self._sums - flat) ** 2)) / (flat + 1.0))
        return _Normal(centre, max(1.0, factor) * sqrt(centre + 1.0), usual_bar(self._peaks(), PEAK_TIMES, PEAK_LEAST))

    def _centre(self, flat: float) -> float:
        """The median at this time of day, drawn towards that of all hours."""
        usual, known = _middle(self._sums[self._around])
        weight = known / (self._around.size // BASELINE_DAYS * self._clock.samples)
        return (weight * usual + FLAT_DAYS * flat) / (weight + FLAT_DAYS)

    def _peaks(self) -> list[float]:
        """The highest distance of each day that was seen for half of it at least.

        The last 24 hours are left out, so that an event does not raise its own bar.
        """
        days = self._maxima[: -self._clock.day].reshape(PEAK_DAYS, self._clock.day)
        seen = 2 * np.count_nonzero(days > _UNSEEN, axis=1) >= self._clock.day
        peaks: list[float] = days.max(axis=1)[seen].tolist()
        return peaks


class StreamDetector:
    """Takes one count per step and gives its verdict; memory is bounded by 7 days of six samples an hour."""

    def __init__(self, step: timedelta, sensitivity: str = "balanced") -> None:
        """Raises ValueError for a step outside one second to one day, or an unknown sensitivity."""
        if not timedelta(seconds=1) <= step <= DAY:
            raise ValueError(f"the step must be between one second and one day, not {step}")
        if sensitivity not in THRESHOLD:
            raise ValueError(f"sensitivity must be one of {', '.join(THRESHOLD)}, not {sensitivity!r}")
        block = _rows(HOUR, step)
        clock = _Clock(block, max(1, round(_rows(DAY, step) / block)), max(1, block // SAMPLES))
        self._threshold = THRESHOLD[sensitivity]
        self._windows = [_Window(rows, clock) for rows in sorted({_rows(window, step) for window in WINDOWS})]
        self._block, self._place = block, 0
        self._rest = _rows(REST, step)
        self._since_alert = self._rest

    def push(self, value: float) -> Verdict:
        """The verdict on the next row."""
        if self._place == self._block:
            self._turn(1)
        scores = [window.push(value, self._place) for window in self._windows]
        self._place += 1
        self._since_alert += 1
        normal = self._windows[0].normal
        if normal is None or any(window.normal is None for window in self._windows):
            return Verdict(None, None, 0.0, False)
        score = max(0.0, sum(scores) / len(scores))
        alert = score >= self._threshold and self._since_alert >= self._rest
        if alert:
            self._since_alert = 0
        rows = self._windows[0].rows  # the range is that of the short window, shared out over its rows
        low, high = normal.limit(-self._threshold), normal.limit(self._threshold)
        return Verdict(max(0.0, low) / rows, high / rows, score, alert)

    def skip(self, rows: int) -> None:
        """Tell of rows that are missing: unknown is not zero."""
        self._since_alert += rows
        for window in self._windows:
            window.skip(rows)
        blocks, place = divmod(self._place + rows, self._block)
        if blocks:
            self._turn(blocks)
        self._place = place

    def _turn(self, blocks: int) -> None:
        for window in self._windows:
            window.turn(blocks)
        self._place = 0


def _append(past: FloatArray, present: FloatArray | float) -> None:
    """Put the present in place of the oldest."""
    past[:-1] = past[1:]
    past[-1] = present


def _middle(values: FloatArray) -> tuple[float, int]:
    """The median of what is known (0 for nothing), and how many that are; sorts, which is quicker than `np.median`."""
    ordered = np.sort(values, axis=None)  # unknown ones last
    known = int(ordered.searchsorted(np.inf, side="right"))
    if not known:
        return 0.0, 0
    return float(ordered[(known - 1) // 2] + ordered[known // 2]) / 2.0, known


def _rows(span: timedelta, step: timedelta) -> int:
    return max(1, round(span / step))
