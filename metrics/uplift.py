"""Change against expectation (V4) and advocacy lift (A8), each with an interval that was tried on simulated truth.

`interrupted` fits E[y] = exp(weekday + trend + step) to daily figures before and after a start (segmented regression:
Wagner et al., Journal of Clinical Pharmacy and Therapeutics 27, 2002; by Poisson quasi-likelihood). Residuals may hang
together: their covariance is a first-order autoregression plus white counting noise, and the posterior of the step is
averaged over a grid of both (Zellner, An Introduction to Bayesian Inference in Econometrics, 1971, chapter 4), so that
not knowing the autocorrelation widens the interval. docs/reach.md tells where the intervals hold and where not.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from metrics.autoregression import Step, fit_step

WEEKS_BEFORE = 8
LEAST_BEFORE = 21  # observed days: three of each weekday
LEAST_AFTER = 7
LEAST_SUM = 20.0  # of the figures on either side: below, the logarithm is no scale for them
PLACEBO_LIMIT = 0.1
_LEAST_PLACEBOS = 9  # fewer could never come below the limit
_MOST_PLACEBOS = 12


@dataclass(frozen=True, slots=True)
class Effect:
    """Observed ÷ expected − 1 from `start` on, as a share: 0.25 is a quarter more than expected.

    `low` and `high` are the 95 % interval. `placebo_p` is the share of made-up starts before the true one that stand
    out as much, the true one counted (None: too little history for nine). `n` days were observed after the start,
    `before` ahead of it. `observed` and `expected` are sums over the `n` days. Where no figure can be given, all of
    them are None and `reason` says why.
    """

    value: float | None
    low: float | None
    high: float | None
    placebo_p: float | None
    n: int
    before: int
    observed: float | None
    expected: float | None
    reason: str = ""

    @property
    def clear(self) -> bool:
        """Whether the interval leaves 0 out and made-up starts seldom look like this one."""
        if self.low is None or self.high is None:
            return False
        return (self.low > 0 or self.high < 0) and (self.placebo_p is None or self.placebo_p <= PLACEBO_LIMIT)


def interrupted(
    series: Sequence[float | None], start: int, *, season: int = 7, weeks: int = WEEKS_BEFORE, placebos: bool = True
) -> Effect:
    """The change of a daily series from the day `start` (an index) on, against its own past.

    `series` has one value of 0 or more for each day without gaps; None is a day that is not known. The last `weeks`
    before the start are the past. Raises ValueError for a start outside the series and for values below 0.
    """
    if not 0 <= start <= len(series):
        raise ValueError("start must be an index of the series")
    if any(value is not None and not (value >= 0 and math.isfinite(value)) for value in series):
        raise ValueError("values must be finite and 0 or more")
    first = max(0, start - weeks * 7)
    window = [math.nan if value is None else float(value) for value in series[first:]]
    cut = start - first
    known = [not math.isnan(value) for value in window]
    before, n = sum(known[:cut]), sum(known[cut:])
    observed = math.fsum(value for value in window[cut:] if not math.isnan(value)) if n else None
    reason = _too_little(window, cut, before, n)
    step = None if reason else fit_step(np.asarray(window), cut, season)
    if step is None or observed is None:
        return Effect(None, None, None, None, n, before, observed, None, reason or "The figures fit no model.")
    value, low, high = (math.expm1(each) for each in (step.value, step.low, step.high))
    p = _placebo(series, start, season, weeks, step) if placebos else None
    return Effect(value, low, high, p, n, before, observed, observed / (1 + value))


def _too_little(window: Sequence[float], cut: int, before: int, n: int) -> str:
    if before < LEAST_BEFORE:
        return f"Only {before} days before the start are known; {LEAST_BEFORE} are needed."
    if n < LEAST_AFTER:
        return f"Only {n} days since the start are known; {LEAST_AFTER} are needed."
    for part, name in ((window[:cut], "before the start"), (window[cut:], "since the start")):
        if math.fsum(value for value in part if not math.isnan(value)) < LEAST_SUM:
            return f"Fewer than {LEAST_SUM:.0f} were counted {name}: too few for an interval."
    return ""


def _placebo(series: Sequence[float | None], start: int, season: int, weeks: int, found: Step) -> float | None:
    """The same length of time, begun at days before the true start that nothing is known of."""
    length = min(len(series) - start, start // 2)
    first, last = LEAST_BEFORE, start - max(length, LEAST_AFTER)
    if last < first:
        return None
    spacing = max(1, (last - first) // _MOST_PLACEBOS)
    ratios = []
    for begun in range(last, first - 1, -spacing):
        tried = interrupted(series[: begun + length], begun, season=season, weeks=weeks, placebos=False)
        if tried.value is not None and tried.low is not None and tried.high is not None:
            ratios.append(abs(math.log1p(tried.value)) / (math.log1p(tried.high) - math.log1p(tried.low)))
    if len(ratios) < _LEAST_PLACEBOS:
        return None
    own = abs(found.value) / (found.high - found.low)
    return (1 + sum(ratio >= own for ratio in ratios)) / (1 + len(ratios))
