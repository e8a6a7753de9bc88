"""Blocks of days with enough people in them: how small groups are counted without ever being isolated.

A group that must not be looked at in parts (employees, say) is counted by fixed sets of days only, its blocks. Blocks
of a group do not overlap, each holds at least five people, and every figure about the group is a sum of whole blocks.
Whatever windows, filters and totals are subtracted from each other, what is left is a sum of blocks again: no figure
about fewer than five people follows. This is what official statistics call fixed, non-overlapping areas, in time.

The total over all groups is known at any time, so the others must not give a group away as the remainder either:

- the mentions of unknown standpoint are never told where a guarded group spoke; they are the crowd in which whatever is
  held back stays, and
- what would be left is nobody, or five people at least: of a day on which only one to four people are guarded or of
  unknown standpoint no group is told, and a block closes only when the people who stay hidden beside it are that many.

A day with enough people is a block by itself. Days with fewer gather until they have enough together, within a quarter
(UTC), so that blocks are found without reading everything; what has not enough people then is never told. Blocks depend
on what was published, never on what is asked for.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from datetime import date, timedelta

from metrics.suppress import MIN_AUTHORS

Block = frozenset[date]
People = Mapping[date, Collection[Hashable]]  # who of a group spoke on which day
UNKNOWN = "unknown"
CLAIMED = "claimed"  # all whom readers put into a group: they keep it from being nobody, and make it no larger


def blocks(
    group: str, voices: Mapping[str, People], guarded: Collection[str], least: int = MIN_AUTHORS
) -> tuple[Block, ...]:
    """The blocks of a guarded group, by their last day. `voices`: all guarded groups and `UNKNOWN`, of any days."""
    return _gather(voices.get(group, {}), lambda days: _may_be_told(group, days, voices, guarded, least))


def still_told(
    group: str,
    found: Iterable[Block],
    voices: Mapping[str, People],
    guarded: Collection[str],
    least: int = MIN_AUTHORS,
) -> tuple[Block, ...]:
    """The blocks that may be told by other voices too: blocks are found by what was published, and readers who correct
    labels must not move their bounds; what they leave of a block may be too few."""
    return tuple(block for block in found if _may_be_told(group, block, voices, guarded, least))


def joint_blocks(voices: Mapping[str, People], least: int = MIN_AUTHORS) -> tuple[Block, ...]:
    """Blocks in which each of the groups has nobody or enough people, and one of them has enough."""
    days = {day for spoke in voices.values() for day in spoke}

    def enough(some: Collection[date]) -> bool:
        sizes = {_size([group], some, voices) for group in voices}
        return max(sizes) >= least and all(size == 0 or size >= least for size in sizes)

    return _gather(days, enough)


def dark_days(voices: Mapping[str, People], guarded: Collection[str], least: int = MIN_AUTHORS) -> frozenset[date]:
    """The days of which no group is told: one to four people are guarded or of unknown standpoint."""
    crowd = [group for group in voices if group in guarded or group == UNKNOWN]
    days = {day for group in crowd for day in voices[group]}
    return frozenset(day for day in days if 0 < _size(crowd, [day], voices) < least)


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


def _may_be_told(
    group: str, days: Collection[date], voices: Mapping[str, People], guarded: Collection[str], least: int
) -> bool:
    if _size([group], days, voices) < least:
        return False
    others = [name for name in voices if name != group and name in guarded]
    small = [name for name in others if _size([name], days, voices) < least]
    hidden = _size([*small, UNKNOWN], days, voices)
    return hidden == 0 or hidden >= least


def _size(groups: Iterable[str], days: Collection[date], voices: Mapping[str, People]) -> int:
    spoke = (voices[group] for group in groups if group in voices)
    people = set[Hashable]().union(*(found[day] for found in spoke for day in days if day in found))
    return max(len(people - {CLAIMED}), min(len(people), 1))
