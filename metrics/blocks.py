"""Blocks of days with enough people in them: how small groups are counted without ever being isolated.

A group that must not be looked at in parts (employees, say) is counted by fixed sets of days only, its blocks. Blocks
do not overlap, each holds at least five people of a group or nobody, and every figure about the group is a sum of whole
blocks. Whatever windows, filters and totals are subtracted from each other, what is left is a sum of blocks again: no
figure about fewer than five people follows. This is what official statistics call fixed, non-overlapping areas, in
time.

The total over all groups is known of every day, so the others must not give a group away as the remainder either. They
are told by the same blocks (`shared_blocks`): then a block's total less what is told of it is what that block does not
tell, and never a part of what another one does. A block closes when each guarded group in it is nobody or enough
people. It closes as well when those that are fewer are enough people together with everybody of unknown standpoint:
they stay with these, and none of them is told.

A day with enough people is a block by itself. Days with fewer gather until they have enough together, within a quarter
(UTC), so that blocks are found without reading everything; what has not enough people then is never told. Blocks depend
on what was published, never on what is asked for.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from datetime import date, timedelta

from metrics.suppress import MIN_AUTHORS

Block = frozenset[date]
People = Mapping[date, Collection[Hashable]]  # who of a group spoke on which day
Voices = Mapping[str, People]  # by group
UNKNOWN = "unknown"
CLAIMED = "claimed"  # all whom readers put into a group: they keep it from being nobody, and make it no larger


def blocks(people: People, least: int = MIN_AUTHORS) -> tuple[Block, ...]:
    """The blocks of one group for itself, by their last day."""
    return _gather(people, lambda days: _size([people], days) >= least)


def still_enough(found: Iterable[Block], people: People, least: int = MIN_AUTHORS) -> tuple[Block, ...]:
    """The blocks that hold enough of other people too: blocks are found by what was published, and readers who correct
    labels must not move their bounds; what they leave of a block may be too few."""
    return tuple(block for block in found if _size([people], block) >= least)


def shared_blocks(voices: Voices, guarded: Collection[str], least: int = MIN_AUTHORS) -> tuple[Block, ...]:
    """The blocks that everybody is told by. `voices`: all guarded groups and `UNKNOWN`; a day without them is told of
    everybody else anyway."""
    crowd = [people for group, people in voices.items() if group in guarded or group == UNKNOWN]
    days = {day for people in crowd for day in people}
    return _gather(days, lambda some: _may_close(some, voices, guarded, least))


def told_of(
    group: str, found: Iterable[Block], voices: Voices, guarded: Collection[str], least: int = MIN_AUTHORS
) -> tuple[Block, ...]:
    """The shared blocks in which a group is told: a guarded one where it is enough people, the unknown where nobody
    hides among them, all others everywhere. With other voices than the blocks were found by, those that may be told by
    these, too."""
    return tuple(block for block in found if _is_told(group, block, voices, guarded, least))


def days_within(
    found: Iterable[Block], first: date, until: date, among: Collection[date] | None = None
) -> frozenset[date]:
    """The days of the blocks that lie in [first, until), and among some days, as a whole."""
    inside = [block for block in found if min(block) >= first and max(block) < until]
    if among is not None:
        known = frozenset(among)
        inside = [block for block in inside if block <= known]
    return frozenset().union(*inside)


def quarter_of(day: date) -> date:
    """The first day of its quarter."""
    return day.replace(month=3 * ((day.month - 1) // 3) + 1, day=1)


def quarters(first: date, until: date) -> Iterator[tuple[date, date]]:
    """The quarters that touch [first, until), each with its first day and the first of the next."""
    at = quarter_of(first)
    while at < until:
        following = quarter_of(at + timedelta(days=95))
        yield at, following
        at = following


def _gather(days: Iterable[date], enough: Callable[[Collection[date]], bool]) -> tuple[Block, ...]:
    found: list[Block] = []
    waiting: list[date] = []
    for day in sorted(days):
        if waiting and quarter_of(waiting[0]) != quarter_of(day):
            waiting = []
        if enough([day]):
            found.append(frozenset({day}))
            continue
        waiting.append(day)
        if enough(waiting):
            found.append(frozenset(waiting))
            waiting = []
    return tuple(found)


def _may_close(days: Collection[date], voices: Voices, guarded: Collection[str], least: int) -> bool:
    sizes = {group: _size([people], days) for group, people in voices.items() if group in guarded}
    few = [group for group, size in sizes.items() if 0 < size < least]
    if not few:
        return True
    return max(sizes.values()) >= least and _hidden(few, days, voices) >= least


def _is_told(group: str, days: Collection[date], voices: Voices, guarded: Collection[str], least: int) -> bool:
    if not _may_close(days, voices, guarded, least):
        return False
    size = _size([voices.get(group, {})], days)
    if group in guarded:
        return size >= least
    few = (0 < _size([people], days) < least for name, people in voices.items() if name in guarded)
    return group != UNKNOWN or not any(few)


def _hidden(few: Iterable[str], days: Collection[date], voices: Voices) -> int:
    return _size([voices[group] for group in (*few, UNKNOWN) if group in voices], days)


def _size(groups: Iterable[People], days: Collection[date]) -> int:
    people = set[Hashable]().union(*(found[day] for found in groups for day in days if day in found))
    return max(len(people - {CLAIMED}), min(len(people), 1))
