"""A share that takes off: a counter far above what its author's earlier shares had at the same age.

Compared on the scale of logarithms, since counters grow by factors: with m the median and s = max(1.4826 · MAD, 0.4) of
ln(1 + value) over the earlier shares at the same age, a value takes off from

    e^(m + 3.5 · s) − 1,   and never below twice the median nor below 20.

3.5 is the usual bar of the modified z-score (B. Iglewicz, D. Hoaglin, 1993); 0.4 keeps a history that hardly moves from
ringing at every second like. At least eight earlier shares: of fewer nobody can say what is usual for this person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log1p

from metrics.stats import mad, median

LEAST_EARLIER = 8
CLICKS = "clicks"
BAR = 3.5
LEAST_VALUE = 20
TIMES = 2.0
_LEAST_SCALE = 0.4
_MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True, slots=True)
class TakeOff:
    """What a share has, what is usual (median of `earlier` shares at the same age), and from when on it takes off."""

    counter: str
    value: int
    usual: float
    needed: float
    earlier: int

    @property
    def times(self) -> float:
        """How many times the bar the value is."""
        return self.value / self.needed


def take_off(counter: str, value: int, earlier: Sequence[int]) -> TakeOff | None:
    """The verdict on one counter; None: as usual, or too few earlier shares. Negative figures are a ValueError."""
    if value < 0 or any(each < 0 for each in earlier):
        raise ValueError("a counter is never negative")
    if len(earlier) < LEAST_EARLIER:
        return None
    logs = [log1p(each) for each in earlier]
    centre, spread = median(logs) or 0.0, mad(logs) or 0.0
    usual = median(earlier) or 0.0
    scale = max(_MAD_TO_SIGMA * spread, _LEAST_SCALE)
    needed = max(exp(centre + BAR * scale) - 1, TIMES * usual, float(LEAST_VALUE))
    return TakeOff(counter, value, usual, needed, len(earlier)) if value >= needed else None


def strongest(values: Mapping[str, int], earlier: Mapping[str, Sequence[int]]) -> TakeOff | None:
    """Of all counters the one that is furthest above its bar; a counter that earlier shares lack is left out."""
    found = (take_off(name, value, earlier.get(name, ())) for name, value in values.items())
    return max((each for each in found if each is not None), key=lambda each: (each.times, each.counter), default=None)
