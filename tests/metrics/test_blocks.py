"""Blocks of days: how they fill, that they never overlap, and that the remainder is never few people."""

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.blocks import (
    CLAIMED,
    UNKNOWN,
    Block,
    People,
    blocks,
    days_within,
    quarter_of,
    quarters,
    shared_blocks,
    still_enough,
    told_of,
)

MONDAY = date(2026, 3, 2)
GUARDED = frozenset({"employee", "alumnus"})


def on(*people: str, start: date = MONDAY) -> People:
    """Who spoke on which day from Monday on, a string of letters a day."""
    return {start + timedelta(days=number): set(names) for number, names in enumerate(people) if names}


def days(*numbers: int) -> frozenset[date]:
    return frozenset(MONDAY + timedelta(days=number) for number in numbers)


def shared(employee: Sequence[str], **others: Sequence[str]) -> tuple[Block, ...]:
    return shared_blocks(voices_of(employee, **others), GUARDED)


def voices_of(employee: Sequence[str], **others: Sequence[str]) -> dict[str, People]:
    return {"employee": on(*employee)} | {name: on(*each) for name, each in others.items()}


def test_a_day_of_five_is_a_block_and_days_of_few_gather() -> None:
    assert blocks(on("abc", "abcde", "cd", "e")) == (days(1), days(0, 2, 3))
    assert blocks(on("abcd", "", "abcd", "ab")) == ()


def test_nothing_gathers_beyond_a_quarter() -> None:
    last = date(2026, 3, 31)
    assert blocks(on("abc", "de", start=last)) == ()
    assert blocks(on("abc", "abcde", start=last)) == (frozenset({date(2026, 4, 1)}),)


def test_a_shared_block_closes_when_each_group_is_nobody_or_five() -> None:
    assert shared(["abcde"], alumnus=["xyz"]) == ()
    assert shared(["abcde"], alumnus=["xyz", "", "vw"]) == (days(0, 2),)
    assert shared(["abcde", "ab"], unknown=["xyz", "vw", "t"]) == (days(0), days(2))


def test_few_stay_with_the_unknown_where_they_are_five_together() -> None:
    voices = voices_of(["abcde"], alumnus=["xyz"], unknown=["vw"])
    found = shared_blocks(voices, GUARDED)
    assert found == (days(0),)
    told = {name: told_of(name, found, voices, GUARDED) for name in ("employee", "alumnus", UNKNOWN, "candidate")}
    assert told == {"employee": found, "alumnus": (), UNKNOWN: (), "candidate": found}


def test_the_unknown_are_told_where_nobody_hides_among_them() -> None:
    voices = voices_of(["abcde"], unknown=["v"])
    assert told_of(UNKNOWN, shared_blocks(voices, GUARDED), voices, GUARDED) == (days(0),)


def test_only_whole_blocks_lie_in_a_window() -> None:
    found = blocks(on("abc", "abcde", "cd", "e"))
    assert days_within(found, MONDAY, MONDAY + timedelta(days=3)) == days(1)
    assert days_within(found, MONDAY, MONDAY + timedelta(days=4)) == days(0, 1, 2, 3)
    assert days_within(found, MONDAY + timedelta(days=1), MONDAY + timedelta(days=4)) == days(1)


def test_quarters_cover_a_window() -> None:
    assert list(quarters(date(2025, 12, 31), date(2026, 4, 1))) == [
        (date(2025, 10, 1), date(2026, 1, 1)),
        (date(2026, 1, 1), date(2026, 4, 1)),
    ]
    assert quarter_of(date(2024, 2, 29)) == date(2024, 1, 1)


_SPOKE = st.lists(st.text("abcdefgh", max_size=6), max_size=14)


@settings(max_examples=60)
@given(_SPOKE, _SPOKE, _SPOKE)
def test_shared_blocks_tell_nobody_or_five_never_overlap_and_are_not_changed_by_later_days(
    employees: list[str], alumni: list[str], unknown: list[str]
) -> None:
    voices = voices_of(employees, alumnus=alumni, unknown=unknown)
    found = shared_blocks(voices, GUARDED)
    seen: set[date] = set()
    for block in found:
        assert not block & seen
        seen |= block
        sizes = {name: len(_people(voices[name], block)) for name in GUARDED}
        few = [name for name, size in sizes.items() if 0 < size < 5]
        hidden = set().union(*(_people(voices[name], block) for name in (*few, UNKNOWN)))
        assert not few or (len(hidden) >= 5 and max(sizes.values()) >= 5)
    later = {name: {**each, MONDAY + timedelta(days=20): set("abcdefgh")} for name, each in voices.items()}
    assert shared_blocks(later, GUARDED)[: len(found)] == found


def _people(spoke: People, block: Block) -> set[object]:
    return set().union(*(spoke[day] for day in block if day in spoke))


def test_whom_readers_put_into_a_group_make_it_no_larger() -> None:
    four: People = {MONDAY: {*"abcd", CLAIMED}}
    found = blocks(on("abcde"))
    assert blocks(four) == still_enough(found, four) == ()
    assert still_enough(found, on("abcdef")) == found
    voices = {"employee": on("abcde"), "alumnus": {MONDAY: {CLAIMED}}}
    assert told_of("employee", found, voices, GUARDED) == ()


AUDIENCES = ("consumer", "employee", "alumnus", "candidate", UNKNOWN)


@pytest.mark.parametrize("weights", [(1, 5, 3, 1, 0), (0, 5, 3, 0, 0), (2, 5, 3, 1, 2), (6, 2, 1, 1, 6)])
def test_no_combination_of_daily_totals_and_blocks_isolates_few(weights: Sequence[int]) -> None:
    """Sparse talk, often without anybody unknown: every total of a day is known, and every block of every audience."""
    dice = random.Random(sum(weights))
    spoke: dict[tuple[int, str], set[object]] = defaultdict(set)
    for person in range(90):
        spoke[dice.randrange(28), dice.choices(AUDIENCES, weights=weights)[0]].add(person)
    voices: dict[str, People] = {
        name: {MONDAY + timedelta(days=day): who for (day, audience), who in spoke.items() if audience == name}
        for name in (*GUARDED, UNKNOWN)
    }
    found = shared_blocks(voices, GUARDED)
    places = list(product(range(28), AUDIENCES))

    def sum_of(chosen: Callable[[date, str], bool]) -> list[float]:
        return [float(chosen(MONDAY + timedelta(days=day), name)) for day, name in places]

    known = [sum_of(lambda day, _, at=day: day == at) for day in days(*range(28))]  # type: ignore[misc]
    told = [(name, block) for name in AUDIENCES for block in told_of(name, found, voices, GUARDED)]
    assert told
    known += [sum_of(lambda day, who, name=name, block=block: day in block and who == name) for name, block in told]  # type: ignore[misc]
    for first, length, name in product(range(28), (1, 2, 3), GUARDED):
        window = days(*range(first, first + length))
        group = sum_of(lambda day, who, window=window, name=name: day in window and who == name)  # type: ignore[misc]
        people = set().union(*(spoke[place] for place, inside in zip(places, group, strict=True) if inside))
        if 0 < len(people) < 5:
            rest = np.linalg.lstsq(np.array(known).T, np.array(group), rcond=None)[0] @ np.array(known) - group
            assert np.linalg.norm(rest) > 1e-6, (first, length, name)
