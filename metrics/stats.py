"""Elementary statistics of small samples. Unknown results are None, never 0."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

LEVEL = 0.95
_RESAMPLED_AT_ONCE = 1_000_000  # numbers held in memory by the bootstrap

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval, both ends included, in the unit of its estimate."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Proportion:
    """`count` of `n`. `value` (0..1) and `interval` are None when n is 0."""

    count: int
    n: int
    value: float | None
    interval: Interval | None


def row_medians(rows: FloatArray) -> FloatArray:
    """The median of each row."""
    return np.asarray(np.median(rows, axis=1), dtype=np.float64)


def row_means(rows: FloatArray) -> FloatArray:
    """The mean of each row."""
    return np.asarray(np.mean(rows, axis=1), dtype=np.float64)


def z_of(level: float = LEVEL) -> float:
    """The two-sided normal quantile, 1.96 for 0.95."""
    if not 0 < level < 1:
        raise ValueError("level must lie between 0 and 1")
    return NormalDist().inv_cdf(0.5 + level / 2)


def t_of(freedom: int, level: float = LEVEL) -> float:
    """The two-sided quantile of Student's t, for 3 degrees of freedom and more (error below 0.2 %).

    Expansion of Fisher and Cornish; Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.5.
    """
    if freedom < 3:
        raise ValueError("freedom must be 3 or more")
    z = z_of(level)
    terms: tuple[float, ...] = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / math.pow(freedom, power) for power, term in enumerate(terms, start=1))


def wilson(count: float, n: float, level: float = LEVEL) -> Interval | None:
    """The score interval of a proportion: (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) ÷ (1 + z²/n); None when n is 0.

    E. B. Wilson, Journal of the American Statistical Association 22 (1927). Counts need not be whole: a weighted
    sample has an effective size.
    """
    if not 0 <= count <= n:
        raise ValueError("count must lie between 0 and n")
    if n == 0:
        return None
    z = z_of(level)
    p = count / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Interval(0.0 if count == 0 else max(0.0, centre - half), 1.0 if count == n else min(1.0, centre + half))


def proportion(count: int, n: int, level: float = LEVEL) -> Proportion:
    """`count` ÷ `n` with its Wilson interval."""
    interval = wilson(count, n, level)
    return Proportion(count, n, count / n if n else None, interval)


def proportion_difference(count: float, n: float, count_before: float, n_before: float) -> Interval | None:
    """The 95 % interval of count/n − count_before/n_before; None when either n is 0.

    R. G. Newcombe, Statistics in Medicine 17 (1998), method 10: the Wilson limits of both, squared and added.
    """
    now, before = wilson(count, n), wilson(count_before, n_before)
    if now is None or before is None:
        return None
    p, q = count / n, count_before / n_before
    low = math.hypot(p - now.low, before.high - q)
    high = math.hypot(now.high - p, q - before.low)
    return Interval(max(-1.0, p - q - low), min(1.0, p - q + high))


def difference(value: float, interval: Interval, before: float, interval_before: Interval) -> Interval:
    """The interval of value − before for independent estimates, from their own intervals (Newcombe's squaring)."""
    low = math.hypot(value - interval.low, interval_before.high - before)
    high = math.hypot(interval.high - value, before - interval_before.low)
    return Interval(value - before - low, value - before + high)


def rate_ratio(count: int, count_before: int) -> Interval | None:
    """The 95 % interval of count ÷ count_before for counts of equally long windows; None when `count_before` is 0.

    Given their sum, the first of two Poisson counts is binomial; the Wilson limits of its share p become p/(1−p).
    Posts come in bursts, so the true interval is wider: read it as the least that chance alone does.
    """
    if count_before == 0:
        return None
    share = wilson(count, count + count_before)
    if share is None or share.high >= 1:
        return None
    return Interval(share.low / (1 - share.low), share.high / (1 - share.high))


def median(values: Sequence[float]) -> float | None:
    """The middle value, or the mean of the two middle ones; None for no values."""
    return quantile(values, 0.5)


def mad(values: Sequence[float]) -> float | None:
    """The median absolute deviation from the median, not scaled; × 1.4826 estimates a normal standard deviation."""
    middle = median(values)
    return None if middle is None else median([abs(value - middle) for value in values])


def quantile(values: Sequence[float], share: float) -> float | None:
    """The value below which `share` (0..1) of the values lie, interpolated linearly (Hyndman and Fan, type 7)."""
    if not 0 <= share <= 1:
        raise ValueError("share must lie between 0 and 1")
    if not values:
        return None
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    mixed = ordered[below] + (ordered[above] - ordered[below]) * (position - below)
    return min(max(mixed, ordered[below]), ordered[above])


def mean_interval(values: Sequence[float], level: float = LEVEL) -> Interval | None:
    """Student's interval of a mean: m ± t·s/√n; None below four values."""
    n = len(values)
    if n < 4:
        return None
    mean = math.fsum(values) / n
    variance = math.fsum((value - mean) ** 2 for value in values) / (n - 1)
    half = t_of(n - 1, level) * math.sqrt(variance / n)
    return Interval(mean - half, mean + half)


def bootstrap_interval(
    values: Sequence[float],
    rng: np.random.Generator,
    *,
    statistic: Callable[[FloatArray], FloatArray] = row_medians,
    resamples: int = 2_000,
    level: float = LEVEL,
) -> Interval | None:
    """The percentile interval of a statistic over resamples drawn with `rng`; None below two values.

    `statistic` gives one value per row of a matrix. B. Efron, Annals of Statistics 7 (1979). The interval is widened,
    where needed, to contain the estimate itself.
    """
    if len(values) < 2:
        return None
    sample = np.asarray(values, dtype=np.float64)
    rows = max(1, _RESAMPLED_AT_ONCE // len(sample))
    drawn: list[FloatArray] = []
    for start in range(0, resamples, rows):
        picks = rng.integers(0, len(sample), size=(min(rows, resamples - start), len(sample)))
        drawn.append(statistic(sample[picks]))
    low, high = np.quantile(np.concatenate(drawn), [(1 - level) / 2, (1 + level) / 2])
    estimate = float(statistic(sample[np.newaxis, :])[0])
    return Interval(min(float(low), estimate), max(float(high), estimate))
