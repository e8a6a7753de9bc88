"""Shares of two groups side by side, and which themes they judge most differently.

The share is negative ÷ judged mentions. Who speaks often must not make an interval narrow, so that intervals are taken
as if each person had spoken once: the effective size of a share is its number of distinct people.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from metrics.stats import Interval, proportion_difference, wilson
from metrics.suppress import MIN_AUTHORS

LEAST_JUDGED: Final = 20  # on either side, before a movement is told


@dataclass(frozen=True, slots=True)
class Heard:
    """What one group said of one theme. `judged`: mentions whose sentiment is known; `people`: distinct authors."""

    judged: int
    negative: int
    people: int

    def __post_init__(self) -> None:
        if not 0 <= self.negative <= self.judged or self.people < 0:
            raise ValueError("negative must lie between 0 and judged, and people must not be negative")

    @property
    def size(self) -> int:
        """The effective size: people, as far as they were judged."""
        return min(self.people, self.judged)

    @property
    def share(self) -> float | None:
        """negative ÷ judged, 0..1; None where nothing was judged."""
        return self.negative / self.judged if self.judged else None

    @property
    def interval(self) -> Interval | None:
        """Wilson's 95 % interval of the share at its effective size."""
        return None if self.share is None else wilson(self.share * self.size, self.size)


@dataclass(frozen=True, slots=True)
class Gap:
    """Negative share inside minus outside (−1..1), with its 95 % interval; None throughout where `suppressed`."""

    theme: str
    inside: Heard | None
    outside: Heard | None
    difference: float | None
    interval: Interval | None
    suppressed: bool

    @property
    def least(self) -> float | None:
        """The lower end of the size of the gap: what it is at least; 0 where the interval holds 0."""
        if self.interval is None:
            return None
        return max(0.0, self.interval.low, -self.interval.high)


def share_difference(one: Heard, other: Heard) -> Interval | None:
    """The 95 % interval of one share minus another; None where either is unknown.

    R. G. Newcombe, Statistics in Medicine 17 (1998), method 10, at the effective sizes.
    """
    if one.share is None or other.share is None:
        return None
    return proportion_difference(one.share * one.size, one.size, other.share * other.size, other.size)


def movement(now: Heard, before: Heard) -> tuple[float, Interval] | None:
    """The share against the window before, with its interval; None where either window judged too little."""
    if min(now.judged, before.judged) < LEAST_JUDGED or min(now.people, before.people) < MIN_AUTHORS:
        return None
    ends = share_difference(now, before)
    if now.share is None or before.share is None or ends is None:
        return None
    return now.share - before.share, ends


def gap(theme: str, inside: Heard, outside: Heard, *, hidden: bool = False) -> Gap:
    """The gap of a theme. A side of one to four people hides both, since their sum is shown elsewhere.

    `hidden`: a neighbour asks for it (`metrics.suppress`). A side on which nobody spoke is no secret.
    """
    if hidden or any(0 < side.people < MIN_AUTHORS for side in (inside, outside)):
        return Gap(theme, None, None, None, None, suppressed=True)
    ends = share_difference(inside, outside)
    if inside.share is None or outside.share is None or ends is None:
        return Gap(theme, inside, outside, None, None, suppressed=False)
    return Gap(theme, inside, outside, inside.share - outside.share, ends, suppressed=False)


def ranked(gaps: Iterable[Gap]) -> tuple[Gap, ...]:
    """The surest large gap first: by the lower end of its size, then by its size; what is unknown and hidden last."""

    def place(each: Gap) -> tuple[bool, bool, float, float, str]:
        size = 0.0 if each.difference is None else abs(each.difference)
        return each.suppressed, each.interval is None, -(each.least or 0.0), -size, each.theme

    return tuple(sorted(gaps, key=place))
