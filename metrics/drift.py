"""Whether labels are given as before: the population stability index of their counts."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from metrics.stats import z_of

PSI_SOME, PSI_LARGE = 0.1, 0.25  # the usual reading, a rule of thumb and no test
PSI_MIN_N = 20


@dataclass(frozen=True, slots=True)
class Drift:
    """Label shares against those of a time before. `chance`: what 95 of 100 weeks without any change stay below.
    `moved` is the label that makes the most of it; its share rose by `rise` (below 0: fell)."""

    psi: float
    chance: float
    n: int
    n_before: int
    moved: str
    rise: float

    @property
    def reading(self) -> str:
        """steady, some or large: the rule of thumb, and steady for what chance alone does."""
        if self.psi < PSI_SOME or self.psi <= self.chance:
            return "steady"
        return "some" if self.psi < PSI_LARGE else "large"


def drift(before: Mapping[str, int], now: Mapping[str, int]) -> Drift | None:
    """The population stability index of label counts: Σ (p − q) · ln(p ÷ q), p the shares now and q those before.

    It is the divergence J of H. Jeffreys (1946), used under this name in N. Siddiqi, Credit Risk Scorecards (2006).
    The usual reading, below 0.1 steady and from 0.25 on a large change, is a rule of thumb. Half a mention is added to
    each label on both sides, so that a label that is missing on one gives no infinity. Without change the index
    follows (1/n + 1/m) · χ² with labels − 1 degrees of freedom (B. Yurdakul and J. Naranjo, Journal of Risk Model
    Validation 14 (2020)): `chance` is its 95 % quantile. Copies come in bursts, so chance does rather more. None below
    20 mentions on either side.
    """
    labels = {label for counts in (before, now) for label, count in counts.items() if count}
    n, m = sum(now.values()), sum(before.values())
    if min(n, m) < PSI_MIN_N:
        return None
    parts = {}
    for label in sorted(labels):
        p = (now.get(label, 0) + 0.5) / (n + 0.5 * len(labels))
        q = (before.get(label, 0) + 0.5) / (m + 0.5 * len(labels))
        parts[label] = (p - q) * math.log(p / q)
    moved = max(parts, key=lambda label: parts[label])
    rise = now.get(moved, 0) / n - before.get(moved, 0) / m
    chance = _chi_square(len(labels) - 1) * (1 / n + 1 / m)
    return Drift(math.fsum(parts.values()), chance, n, m, moved, rise)


def _chi_square(freedom: int) -> float:
    """The 95 % quantile, by the cube of Wilson and Hilferty (1931); within 3 % from one degree of freedom on."""
    if freedom < 1:
        return 0.0
    z = z_of(0.9)  # two-sided, so that 5 % lie above
    return freedom * float((1 - 2 / (9 * freedom) + z * math.sqrt(2 / (9 * freedom))) ** 3)
