"""Does one kind of talk lead to another: order of tellers, and correlation of counts over a lag, with intervals.

Correlation says that two series move together some days apart, not that one causes the other: both may follow the same
news. The words for it on a page must say so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np

from metrics.stats import FloatArray, Interval, z_of

LEAST_STEPS = 28
_DRAWS = 400
_LEVEL = 0.95
_DOUBT = 0.01
_MOST = 0.999  # a correlation of 1 has no place on Fisher's scale


@dataclass(frozen=True, slots=True)
class Lag:
    """Pearson's correlation of the first series with the second one `steps` later, over `n` pairs.

    `error` is its standard error on Fisher's scale (artanh).
    """

    steps: int
    value: float
    interval: Interval
    n: int
    error: float


def lagged_correlations(
    first: Sequence[float], second: Sequence[float], longest: int, season: int = 7, seed: int = 1
) -> tuple[Lag, ...]:
    """The correlations at 0 to `longest` steps; none for fewer than 28 steps or a series that never moves.

    Counts are made even by the square root (F. Anscombe, 1948) and freed from their season (the mean of each place in
    it, such as a weekday) and from a straight trend, since these alone would correlate. The error comes from the
    moving block bootstrap (H. Künsch, 1989): blocks of neighbouring pairs are drawn, so that what lasts for days counts
    as little as it should. It is taken on Fisher's scale, and as no smaller than that of independent pairs,
    1 ÷ √(n − 3); the 95 % interval is the usual one on that scale. Raises ValueError for series of two lengths.
    """
    if len(first) != len(second):
        raise ValueError(f"series of {len(first)} and {len(second)} steps cannot be compared")
    n = len(first)
    if n < max(LEAST_STEPS, longest + season + 2):
        return ()
    ours, theirs = _evened(first, season), _evened(second, season)
    if ours.std() < 1e-9 or theirs.std() < 1e-9:
        return ()
    chance = np.random.default_rng(seed)
    return tuple(_lag(ours[: n - steps], theirs[steps:], steps, chance) for steps in range(longest + 1))


def leading(lags: Sequence[Lag]) -> Lag | None:
    """The later step with the strongest correlation, where that is above 0 beyond doubt and above that at no lag.

    Beyond doubt: at 1 % over all lags together (Bonferroni).
    """
    later = [lag for lag in lags if lag.steps > 0]
    bar = z_of(1 - 2 * _DOUBT / max(1, len(later)))
    certain = [lag for lag in later if np.arctanh(lag.value) > bar * lag.error]
    best = max(certain, key=lambda lag: lag.value, default=None)
    at_once = next((lag.value for lag in lags if lag.steps == 0), 0.0)
    return best if best is not None and best.value > at_once else None


def earlier(first: Sequence[float], second: Sequence[float]) -> float:
    """How much earlier the first times are than the second: z of the rank-sum test (H. Mann, D. Whitney, 1947).

    Above 2.33 once in a hundred by chance; 0 where one side is empty.
    """
    if not first or not second:
        return 0.0
    ours, theirs = np.asarray(first)[:, None], np.asarray(second)[None, :]
    before = float((ours < theirs).sum() + 0.5 * (ours == theirs).sum())
    m, k = len(first), len(second)
    return (before - m * k / 2) / sqrt(m * k * (m + k + 1) / 12)


def _evened(counts: Sequence[float], season: int) -> FloatArray:
    values = np.sqrt(np.maximum(np.asarray(counts, dtype=np.float64), 0.0) + 0.375)
    steps = np.arange(len(values))
    slope, start = np.polyfit(steps, values, 1)
    values = np.asarray(values - (slope * steps + start), dtype=np.float64)
    for place in range(season):
        values[place::season] -= values[place::season].mean()
    return values


def _lag(ours: FloatArray, theirs: FloatArray, steps: int, chance: np.random.Generator) -> Lag:
    n = len(ours)
    length = max(2, ceil(1.5 * n ** (1 / 3)))
    starts = chance.integers(0, n - length + 1, size=(_DRAWS, ceil(n / length)))
    picked = (starts[:, :, None] + np.arange(length)).reshape(_DRAWS, -1)[:, :n]
    drawn = _correlations(ours[picked], theirs[picked])
    value = float(np.clip(_correlations(ours[None, :], theirs[None, :])[0], -_MOST, _MOST))
    error = max(float(np.arctanh(np.clip(drawn, -_MOST, _MOST)).std()), 1 / sqrt(n - 3))
    centre, reach = np.arctanh(value), z_of(_LEVEL) * error
    return Lag(steps, value, Interval(float(np.tanh(centre - reach)), float(np.tanh(centre + reach))), n, error)


def _correlations(ours: FloatArray, theirs: FloatArray) -> FloatArray:
    """Row by row; 0 where a row does not move."""
    ours = ours - ours.mean(axis=1, keepdims=True)
    theirs = theirs - theirs.mean(axis=1, keepdims=True)
    size = np.sqrt((ours**2).sum(axis=1) * (theirs**2).sum(axis=1))
    products = (ours * theirs).sum(axis=1)
    return np.asarray(np.where(size > 1e-12, products / np.maximum(size, 1e-12), 0.0), dtype=np.float64)
