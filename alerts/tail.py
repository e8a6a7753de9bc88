"""How likely chance alone gives so many: the upper tail of the negative binomial law, and its inverse."""

from math import erfc, exp, lgamma, log, log1p, sqrt
from statistics import NormalDist

_POISSON = 1.001  # variance ÷ mean of what counts as pure chance
_EXACT = 5_000.0  # means beyond it: an approximation is as good
_TINY = 1e-300
_STEPS = 1_000


def tail(count: float, mean: float, variance: float) -> float:
    """P(X ≥ count) for a count of that mean and variance (at least the mean); between 1e-300 and 1.

    The regularised incomplete beta function by its continued fraction (Press and others, Numerical Recipes, 6.4);
    for large means the gamma law by Wilson and Hilferty (1931).
    """
    if count <= 0 or mean <= 0:
        return 1.0 if count <= 0 else _TINY
    variance = max(variance, _POISSON * mean)
    if mean > _EXACT:
        shape = mean * mean / variance
        z = ((count / mean) ** (1 / 3) - 1 + 1 / (9 * shape)) * 3 * sqrt(shape)
        return min(1.0, max(_TINY, erfc(z / sqrt(2)) / 2))
    size, share = mean * mean / (variance - mean), 1.0 - mean / variance
    return min(1.0, max(_TINY, _beta(share, count, size)))


def least_count(mean: float, variance: float, chance: float) -> int:
    """The fewest that chance alone gives no more often than `chance` (0..1)."""
    low, high = 0, 1
    start = mean + max(NormalDist().inv_cdf(1 - chance), 1.0) * sqrt(max(variance, mean))
    high = max(1, round(start))
    while tail(high, mean, variance) > chance:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if tail(middle, mean, variance) > chance else (low, middle)
    return high


def _beta(x: float, a: float, b: float) -> float:
    front = lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)
    if front < log(_TINY):
        return 0.0 if x < (a + 1) / (a + b + 2) else 1.0
    if x < (a + 1) / (a + b + 2):
        return exp(front) * _fraction(x, a, b) / a
    return 1.0 - exp(front) * _fraction(1.0 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """Lentz's method."""
    c, d = 1.0, 1.0 / _no_zero(1.0 - (a + b) * x / (a + 1))
    value = d
    for step in range(1, _STEPS):
        even = step * (b - step) * x / ((a + 2 * step - 1) * (a + 2 * step))
        odd = -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1))
        for term in (even, odd):
            d = 1.0 / _no_zero(1.0 + term * d)
            c = _no_zero(1.0 + term / c)
            value *= c * d
        if abs(c * d - 1.0) < 1e-12:
            break
    return value


def _no_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
