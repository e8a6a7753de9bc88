"""Figures of few people as they may leave the service outside of fixed blocks of days: rounded down.

An incident tells what employees or alumni said in odd hours. Held against their counts in fixed blocks of days, an
exact figure would leave over what the few other people of the block said (S1, S2). So counts go down to a multiple of
five and shares to a tenth, each with "at least" before it; what is read out of exact figures is read before that.
Rounding twice changes nothing.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import floor
from typing import Final

from metrics.suppress import MIN_AUTHORS

STEP: Final = MIN_AUTHORS
SHARE_STEPS: Final = 10  # tenths; with counts in fives no share gives its fraction away
SHARE_KINDS: Final = frozenset({"negative_share", "positive_share"})  # of `alerts.rules`: figures are shares
WHY: Final = (
    "What employees and alumni wrote in these hours is told rounded down, counts to a multiple of five and shares to a "
    "tenth, and is not drawn hour by hour: exact figures, held against others, could single people out."
)
_SLACK = 1e-9  # 0.3 · 10 is less than 3 in some spellings
_TELLS_NOBODY = re.compile(r"^\d+ % of the scheduled collections|\b24 hours\b|\bask for \d+ % more than usual")
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Told:
    """The figures of an incident; stories and people, or shares (0..1) of `n` mentions."""

    observed: float
    expected_low: float
    expected_high: float
    n: int
    authors: int


def down(number: float) -> int:
    """The multiple of five at or below a count; 0 says "fewer than five"."""
    return max(0, STEP * floor(number / STEP + _SLACK))


def share_down(share: float) -> float:
    """The tenth at or below a share."""
    return max(0, floor(share * SHARE_STEPS + _SLACK)) / SHARE_STEPS


def rounded(kind: str, told: Told) -> Told:
    """Figures of an incident of a kind, all rounded down. The threshold too: an alarm rings as soon as it is crossed,
    so that an exact one would tell the count at that time."""
    figure = share_down if kind in SHARE_KINDS else down
    return Told(
        float(figure(told.observed)),
        float(figure(told.expected_low)),
        float(figure(told.expected_high)),
        down(told.n),
        down(told.authors),
    )


def times(observed: float, usual: float) -> int | None:
    """How many times what is usual, as a whole number and of the rounded count; None below two times, or unknown."""
    ratio = round(down(observed) / usual) if usual > 0 else 0
    return ratio if ratio > 1 else None


def reason(severity: str) -> str:
    """What stands in place of the arithmetic of a severity."""
    return f"{severity.capitalize()}. Its arithmetic is not told, since it would count few people exactly."


def notes(lines: Iterable[str]) -> tuple[str, ...]:
    """The notes without a number of people or mentions, and why."""
    kept = [line for line in lines if line != WHY and not _DIGIT.search(_TELLS_NOBODY.sub("", line))]
    return (*kept, WHY)
