"""The blocks of one facet label in one quarter; what nobody asks for is not worked out."""

from collections.abc import Mapping
from datetime import date
from functools import cached_property

from metrics.blocks import UNKNOWN, Block, People, Voices, blocks, shared_blocks, still_enough, told_of
from storage.viewer import STAFF_AUDIENCES

STAFF = sorted(STAFF_AUDIENCES)
OTHERS = ("candidate", "consumer", "other")  # audiences that are not guarded


class LabelBlocks:
    """By who spoke, and by who did before readers corrected labels."""

    def __init__(self, spoke: Voices, published: Voices) -> None:
        self._spoke, self._published = spoke, published

    @cached_property
    def read(self) -> Mapping[str, tuple[Block, ...]]:
        """The blocks that hold five people of one audience of staff, whose texts may be read."""
        spoke, published = self._spoke, self._published
        return {name: still_enough(blocks(published.get(name, {})), spoke[name]) for name in STAFF if name in spoke}

    @cached_property
    def left_out(self) -> Mapping[str, frozenset[date]]:
        """The days of staff in none of these."""
        return {name: frozenset(self._spoke[name]) - days for name, days in self._days.items()}

    @cached_property
    def told(self) -> Mapping[str, tuple[Block, ...]]:
        """The shared blocks, per audience that may be told of them."""
        now, before = self._counted
        shared = shared_blocks(before, STAFF_AUDIENCES)

        def told(name: str) -> tuple[Block, ...]:
            return told_of(name, told_of(name, shared, before, STAFF_AUDIENCES), now, STAFF_AUDIENCES)

        return {name: told(name) for name in (*self.read, UNKNOWN)} | dict.fromkeys(OTHERS, told(OTHERS[0]))

    @cached_property
    def crowd(self) -> frozenset[date]:
        """The days on which staff or the unknown spoke."""
        return frozenset[date]().union(*(days for voices in self._counted for days in voices.values()))

    @cached_property
    def _days(self) -> Mapping[str, frozenset[date]]:
        return {name: frozenset[date]().union(*found) for name, found in self.read.items()}

    @cached_property
    def _counted(self) -> tuple[Voices, Voices]:
        return self._only(self._spoke), self._only(self._published)

    def _only(self, voices: Voices) -> Voices:
        """The voices, those of staff on the days that may be read only."""
        read = self._days
        return {name: _on(people, read[name]) if name in read else people for name, people in voices.items()}


def _on(people: People, days: frozenset[date]) -> People:
    return {day: who for day, who in people.items() if day in days}
