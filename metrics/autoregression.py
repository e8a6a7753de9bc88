"""A step in a daily series of counts whose noise hangs together; the arithmetic below `metrics.uplift`."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from metrics.stats import LEVEL, FloatArray

# Autocorrelation from one day to the next × the part of the variance that has it; the rest is white counting noise.
_RHO: Final = (0.15, 0.3, 0.45, 0.6, 0.75, 0.85, 0.93)
_PART: Final = (0.25, 0.5, 0.75, 1.0)
_GRID: Final = ((0.0, 0.0), (0.0, 0.5), (0.0, 1.0), *((rho, part) for rho in _RHO for part in _PART))
# Before anything is seen: three in ten for days on their own, the rest by the square of the autocorrelation, since
# short series hide it (chosen on simulated series, as docs/reach.md shows).
_ALONE: Final = 0.3
_SQUARES: Final = len(_PART) * sum(rho**2 for rho in _RHO)
_PRIOR: Final = np.log([(1 - _ALONE) * rho**2 / _SQUARES if rho else _ALONE / 3 for rho, _ in _GRID])
_LEAST_MEAN: Final = 0.05
_ROOT_2: Final = math.sqrt(2)


@dataclass(frozen=True, slots=True)
class Step:
    """The step on the logarithmic scale with its interval."""

    value: float
    low: float
    high: float


def fit_step(values: FloatArray, start: int, season: int = 7, level: float = LEVEL) -> Step | None:
    """The step at the index `start` of daily values (nan: not known); None where no model can be fitted."""
    known = ~np.isnan(values)
    days = np.arange(len(values), dtype=np.float64)[known]
    y = values[known]
    design = _design(days, start, len(values), season)
    if len(y) <= design.shape[1] + 3 or np.linalg.matrix_rank(design) < design.shape[1]:
        return None
    linear = _quasi_poisson(design, y)
    mean = np.maximum(np.exp(np.minimum(linear, 50.0)), _LEAST_MEAN)
    working = linear + (y - mean) / mean
    return _averaged(design, working, 1 / mean, days, level)


def _design(days: FloatArray, start: int, length: int, season: int) -> FloatArray:
    """Columns: the step first, then one per day of the season, then the trend over the whole time."""
    step = (days >= start).astype(np.float64)
    columns = [step, *((days % season == day).astype(np.float64) for day in range(season))]
    columns.append((days - start) / max(length, 1))
    return np.column_stack([column for column in columns if column.any()])


def _quasi_poisson(design: FloatArray, y: FloatArray) -> FloatArray:
    """The linear predictor by iterated weighted least squares; a little ridge keeps days without any count finite."""
    linear = np.log(y + 0.5)
    ridge = 1e-3 * np.eye(design.shape[1])
    for _ in range(50):
        mean = np.maximum(np.exp(np.clip(linear, -10.0, 50.0)), 1e-4)
        working = linear + (y - mean) / mean
        weighted = design * mean[:, np.newaxis]
        fitted = design @ np.linalg.solve(design.T @ weighted + ridge, weighted.T @ working)
        moved = float(np.max(np.abs(fitted - linear)))
        linear = np.clip(fitted, linear - 3.0, linear + 3.0)
        if moved < 1e-8:
            break
    return np.asarray(linear, dtype=np.float64)


def _averaged(design: FloatArray, working: FloatArray, noise: FloatArray, days: FloatArray, level: float) -> Step:
    """The posterior of the first coefficient, a mixture of Student's t over the grid of covariances."""
    gaps = np.abs(days[:, np.newaxis] - days[np.newaxis, :]).astype(np.float64)
    white = np.diag(noise / float(np.mean(noise)))
    stack = np.stack([part * _power(rho, gaps) + (1 - part) * white for rho, part in _GRID])
    roots = np.linalg.cholesky(stack + 1e-9 * np.eye(len(days)))
    both = np.broadcast_to(np.column_stack([design, working]), (len(_GRID), len(days), design.shape[1] + 1))
    solved = np.linalg.solve(roots, both)
    x, z = solved[:, :, :-1], solved[:, :, -1:]
    gram = np.swapaxes(x, 1, 2) @ x
    inverse = np.linalg.inv(gram)
    coefficients = inverse @ (np.swapaxes(x, 1, 2) @ z)
    freedom = len(days) - design.shape[1]
    squares = np.sum((z - x @ coefficients) ** 2, axis=(1, 2))
    squares = np.maximum(squares, 1e-12)
    log_roots = np.sum(np.log(np.diagonal(roots, axis1=1, axis2=2)), axis=1)
    evidence = -log_roots - 0.5 * np.linalg.slogdet(gram)[1] - 0.5 * freedom * np.log(squares)
    evidence = evidence + _PRIOR
    weights = np.exp(evidence - np.max(evidence))
    weights /= np.sum(weights)
    centres = coefficients[:, 0, 0]
    scales = np.sqrt(squares / freedom * inverse[:, 0, 0])
    low, middle, high = (
        _quantile(share, centres, scales, weights, freedom) for share in ((1 - level) / 2, 0.5, (1 + level) / 2)
    )
    return Step(middle, low, high)


def _power(rho: float, gaps: FloatArray) -> FloatArray:
    return np.asarray(rho**gaps if rho else (gaps == 0).astype(np.float64), dtype=np.float64)


def _quantile(share: float, centres: FloatArray, scales: FloatArray, weights: FloatArray, freedom: int) -> float:
    """By bisection in the mixture; parts of less than a millionth are left out."""
    parts = [(float(w), float(c), float(s)) for w, c, s in zip(weights, centres, scales, strict=True) if w > 1e-6]
    low = min(centre - 40 * scale for _, centre, scale in parts)
    high = max(centre + 40 * scale for _, centre, scale in parts)
    for _ in range(36):
        middle = (low + high) / 2
        under = sum(weight * _student((middle - centre) / scale, freedom) for weight, centre, scale in parts)
        low, high = (middle, high) if under < share else (low, middle)
    return (low + high) / 2


def _student(t: float, freedom: int) -> float:
    """Student's distribution by the normal one; D. L. Wallace, Annals of Mathematical Statistics 30 (1959)."""
    z = (8 * freedom + 1) / (8 * freedom + 3) * math.sqrt(freedom * math.log1p(t * t / freedom))
    return 0.5 * math.erfc(math.copysign(z, -t) / _ROOT_2)
