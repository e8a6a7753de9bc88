"""What is usual for an hour, or for several in a row, on a series of hourly counts: `Usual`.

1. The profile of a day: for each hour of the day, with the hours beside it, the mean of the past four weeks without the
lowest and the highest tenth (a median says 0 where two hours in three are empty). 2. Times how this weekday compares:
(n · T + 20) ÷ (n · P + 20), where T is the median of the 24 hours around this time of the week on its n past weeks, and
P the profile's sum; 20 stories on either side keep it at 1 where nothing is known. 3. The variance: counts scatter more
than chance. It is read by moments in two ways, as a share f of the mean (copies and threads: f · m) and as one of its
square (busier and calmer days: m + k · m², the negative binomial law), the furthest hundredth left out; the geometric
mean of both counts, times 1 + 8 ÷ d² for d known days. 4. The bar for what is unusual, from the daily maxima of the
distance on ordinary days.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np

from alerts.baseline import BASELINE_WEEKS, DAY_HOURS, PEAK_DAYS, SHORT_HISTORY_HOURS, WEEK_HOURS
from metrics.stats import FloatArray

TRIMMED = 0.1  # of the values on either side
FURTHEST = 0.01  # of the hours, left out of the variance
DOUBT = 8.0  # the variance of d days is multiplied by 1 + 8 ÷ d²: a mean of few values looks better than it is
WEEKDAY_WEIGHT = 20.0  # stories; times the hours of the window
LEAST_MEAN = 0.1  # stories in a window
_HOURS = BASELINE_WEEKS * WEEK_HOURS


@dataclass(frozen=True, slots=True)
class Expected:
    """A count's usual mean and variance."""

    mean: float
    variance: float

    @property
    def scale(self) -> float:
        """The standard deviation, at least one story."""
        return max(1.0, float(np.sqrt(self.variance)))

    def distance(self, count: float) -> float:
        """How many scales a count lies above the mean."""
        return (count - self.mean) / self.scale


class Usual:
    """What is usual for windows of `hours` hours; `counts` ends before the hours that are judged.

    Places in `planned` say nothing about what is usual, unless nothing else is known. The last 24 hours are left out
    where at least 24 others are known, so that an event raises no bar of its own; with less than 24 hours in all there
    is nothing usual: `known` is False.
    """

    def __init__(self, counts: Sequence[float], hours: int, planned: Set[int] = frozenset()) -> None:
        end = len(counts) - DAY_HOURS if len(counts) >= 2 * DAY_HOURS else len(counts)
        self.values = min(end, _HOURS)  # hours behind it
        self.known = self.values >= DAY_HOURS
        self.short_history = self.values < SHORT_HISTORY_HOURS - DAY_HOURS
        self._end = end
        if not self.known:
            return
        sums = _sums(counts, end, hours, planned)
        profile = _profile(sums)
        means = np.maximum(profile * _weekdays(sums, profile, WEEKDAY_WEIGHT * hours), LEAST_MEAN)
        self._means = means.ravel()
        self._share, self._square = _scatter(sums, means)
        self._doubt = 1.0 + DOUBT / (self.values / DAY_HOURS) ** 2
        self.peaks = self._peaks(sums, means)

    def expected(self, place: int) -> Expected:
        """What is usual for the window that ends with the hour at a place of `counts`, or after its end."""
        mean = float(self._means[(place - self._end) % WEEK_HOURS])
        return Expected(mean, float(self._variance(np.array(mean))))

    def _variance(self, mean: FloatArray) -> FloatArray:
        """The geometric mean of both readings, at least the mean, wider as long as only few days are known."""
        return np.maximum(np.sqrt((mean + self._square * mean**2) * self._share * mean), mean) * self._doubt

    def _peaks(self, sums: FloatArray, means: FloatArray) -> list[float]:
        """The highest distance of each of the last days."""
        weeks = np.broadcast_to(means, (BASELINE_WEEKS, 7, DAY_HOURS)).reshape(-1, DAY_HOURS)
        scales = np.maximum(np.sqrt(self._variance(weeks)), 1.0)
        distances = ((sums - weeks) / scales)[-PEAK_DAYS:]
        whole = np.count_nonzero(~np.isnan(distances), axis=1) >= DAY_HOURS // 2
        peaks: list[float] = np.nanmax(distances[whole], axis=1).tolist() if whole.any() else []
        return peaks


def _sums(counts: Sequence[float], end: int, hours: int, planned: Set[int]) -> FloatArray:
    """Sums over the windows that end with each hour of the past four weeks: days × hours, NaN where unknown."""
    start = max(0, end - _HOURS - hours + 1)
    known = np.array(counts[start:end], dtype=np.float64)
    running = np.cumsum(np.concatenate((np.zeros(1), known)))
    sums = running[hours:] - running[:-hours]
    if planned:
        out = np.zeros(len(sums), dtype=bool)
        for place in planned:
            out[max(0, place - start - hours + 1) : max(0, place - start + 1)] = True
        if not out.all():
            sums[out] = np.nan
    filled = np.full(_HOURS, np.nan)
    if len(sums):
        filled[-len(sums[-_HOURS:]) :] = sums[-_HOURS:]
    return filled.reshape(-1, DAY_HOURS)


def _profile(sums: FloatArray) -> FloatArray:
    """The trimmed mean by hour of the day, with the hours beside it."""
    ordered = np.sort(np.concatenate((sums, np.roll(sums, 1, axis=1), np.roll(sums, -1, axis=1))), axis=0)
    known = np.count_nonzero(~np.isnan(ordered), axis=0)
    cut = (known * TRIMMED).astype(np.int64)
    running = np.concatenate((np.zeros((1, DAY_HOURS)), np.nancumsum(ordered, axis=0)))
    hours = np.arange(DAY_HOURS)
    kept: FloatArray = (running[known - cut, hours] - running[cut, hours]) / np.maximum(known - 2 * cut, 1)
    return kept


def _weekdays(sums: FloatArray, profile: FloatArray, weight: float) -> FloatArray:
    """How the 24 hours around each hour of the week compare with a usual day: 7 × 24 factors."""
    filled = np.where(np.isnan(sums), profile, sums).ravel()
    running = np.cumsum(np.concatenate((np.zeros(1), filled)))
    hours = np.arange(_HOURS)
    last = np.minimum(hours + DAY_HOURS // 2, _HOURS)
    first = np.maximum(last - DAY_HOURS, 0)
    around = (running[last] - running[first]).reshape(BASELINE_WEEKS, WEEK_HOURS)
    around[np.isnan(sums).reshape(BASELINE_WEEKS, WEEK_HOURS)] = np.nan
    weeks = np.count_nonzero(~np.isnan(around), axis=0)
    ordered = np.sort(around, axis=0)  # unknown ones last; quicker than `np.nanmedian`
    place = np.arange(WEEK_HOURS)
    middle = ordered[np.maximum(weeks - 1, 0) // 2, place] + ordered[weeks // 2, place]
    total = np.where(weeks > 0, weeks * middle / 2.0, 0.0)
    factors = (total + weight) / (weeks * profile.sum() + weight)
    return np.asarray(factors, dtype=np.float64).reshape(7, DAY_HOURS)


def _scatter(sums: FloatArray, means: FloatArray) -> tuple[float, float]:
    """f and k by moments."""
    weeks = np.broadcast_to(means, (BASELINE_WEEKS, 7, DAY_HOURS)).reshape(sums.shape)
    known = ~np.isnan(sums)
    mean, square = weeks[known], (sums[known] - weeks[known]) ** 2
    share = square / mean
    last = int((1.0 - FURTHEST) * (len(share) - 1))
    kept = share <= np.partition(share, last)[last]  # quicker than `np.quantile`
    mean, square, share = mean[kept], square[kept], share[kept]
    return max(1.0, float(share.mean())), max(0.0, float((square - mean).sum() / (mean**2).sum()))
