"""The days whose checks of the audience may be counted: whole blocks of days with five people of staff in them.

Whoever subtracts one window from another gets whole blocks only, so that no check of a single employee's mention is
left over. A day without staff is a block by itself; days with few gather within a quarter (UTC) until they have enough
together. What never has enough is never told.
"""

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from datetime import date

from metrics.suppress import MIN_AUTHORS

Voices = Mapping[date, Mapping[str, Collection[Hashable]]]  # day → label of staff → authors; no labels: nobody of staff
Block = tuple[date, ...]


def check_blocks(voices: Voices, least: int = MIN_AUTHORS) -> tuple[Block, ...]:
    """The blocks that are complete, by their last day."""
    found: list[Block] = []
    waiting: list[date] = []
    for day in sorted(voices):
        if not any(voices[day].values()):
            found.append((day,))
            continue
        if waiting and _quarter(waiting[0]) != _quarter(day):
            waiting = []
        waiting.append(day)
        if len(set().union(*people_of(voices, waiting).values())) >= least:
            found.append(tuple(waiting))
            waiting = []
    return tuple(found)


def whole_blocks(blocks: Iterable[Block], first: date, until: date) -> tuple[Block, ...]:
    """Those of which every day lies in [first, until)."""
    return tuple(block for block in blocks if first <= block[0] and block[-1] < until)


def alone(voices: Voices, blocks: Iterable[Block], least: int = MIN_AUTHORS) -> bool:
    """Whether each label has enough people in every block that it is in, so that it can be shown by itself."""
    found = (people_of(voices, block).values() for block in blocks)
    return all(not people or len(people) >= least for block in found for people in block)


def people_of(voices: Voices, days: Sequence[date]) -> dict[str, set[Hashable]]:
    """The people behind each label in these days."""
    people: dict[str, set[Hashable]] = {}
    for day in days:
        for label, authors in voices[day].items():
            people.setdefault(label, set()).update(authors)
    return people


def _quarter(day: date) -> tuple[int, int]:
    return day.year, (day.month - 1) // 3
