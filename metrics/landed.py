"""How something landed with people (scores 1 to 5), told so that nobody's answer follows from it.

Answers stand in groups of five in the order in which they came, and of a full group only one word leaves: most (three
or more) said well, most said badly, or neither. Whoever knows one of the five answers can tell none of the other four,
and groups share no answer: all statements at all times together say no more than these words. A mean or a share would
tell each answer where all are alike, and two of them, asked before and after an answer came, that answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from metrics.suppress import MIN_AUTHORS

GROUP: Final = MIN_AUTHORS
MOST: Final = GROUP // 2 + 1
WELL: Final = frozenset({4, 5})
BADLY: Final = frozenset({1, 2})


@dataclass(frozen=True, slots=True)
class Landed:
    """Full groups of five: how many there are, and in how many most said well or badly."""

    groups: int
    well: int
    badly: int

    @property
    def n(self) -> int:
        """The answers that stand behind it."""
        return self.groups * GROUP

    @property
    def share_well(self) -> tuple[float, float]:
        """Between which shares (0..1) those lie who said well."""
        return self._between(self.well)

    @property
    def share_badly(self) -> tuple[float, float]:
        """Between which shares (0..1) those lie who said badly."""
        return self._between(self.badly)

    def _between(self, these: int) -> tuple[float, float]:
        """Three to five in each of these groups, and up to two in each of the others."""
        most = these * GROUP + (self.groups - these) * (GROUP - MOST)
        return these * MOST / self.n, most / self.n


def landed(groups: Sequence[Sequence[int]]) -> Landed | None:
    """What may be told of scores in groups; those that are not full yet count for nothing. None: none is full."""
    full = [scores for scores in groups if len(scores) >= GROUP]
    if not full:
        return None
    return Landed(
        len(full),
        sum(sum(score in WELL for score in scores) * 2 > len(scores) for scores in full),
        sum(sum(score in BADLY for score in scores) * 2 > len(scores) for scores in full),
    )
