"""Blocks of days: how they fill, that they never overlap, and that the remainder is never few people."""

from collections.abc import Sequence
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.blocks import CLAIMED, UNKNOWN, People, blocks, dark_days, days_within, quarter_of, quarters, still_told

MONDAY = date(2026, 3, 2)
GUARDED = frozenset({"employee", "alumnus"})


def on(*people: str, start: date = MONDAY) -> People:
    """Who spoke on which day from Monday on, a string of letters a day."""
    return {start + timedelta(days=number): set(names) for number, names in enumerate(people) if names}


def days(*numbers: int) -> frozenset[date]:
    return frozenset(MONDAY + timedelta(days=number) for number in numbers)


def of_employees(*people: str, **others: Sequence[str]) -> tuple[frozenset[date], ...]:
    voices: dict[str, People] = {"employee": on(*people)} | {name: on(*each) for name, each in others.items()}
    return blocks("employee", voices, GUARDED)


def test_a_day_of_five_is_a_block_and_days_of_few_gather() -> None:
    assert of_employees("abc", "abcde", "cd", "e") == (days(1), days(0, 2, 3))
    assert of_employees("abcd", "", "abcd", "ab") == ()


def test_nothing_gathers_beyond_a_quarter() -> None:
    last = date(2026, 3, 31)
    assert blocks("employee", {"employee": on("abc", "de", start=last)}, GUARDED) == ()
    assert blocks("employee", {"employee": on("abc", "abcde", start=last)}, GUARDED) == (frozenset({date(2026, 4, 1)}),)


def test_a_block_waits_until_those_who_stay_hidden_beside_it_are_five_or_none() -> None:
    assert of_employees("abcde", alumnus=["xyz"]) == ()
    assert of_employees("abcde", alumnus=["vwxyz"]) == (days(0),)
    assert of_employees("abcde", alumnus=["xyz"], unknown=["vw"]) == (days(0),)
    assert of_employees("abcde", "ab", unknown=["xyz", "vw"]) == (days(0, 1),)


def test_a_day_is_dark_when_one_to_four_people_would_be_the_remainder() -> None:
    voices = {"employee": on("a", "", "abc"), UNKNOWN: on("xyz", "xy", "xy")}
    assert dark_days(voices, GUARDED) == days(0, 1)
    assert dark_days({"employee": on("abcde")}, GUARDED) == frozenset()


def test_only_whole_blocks_lie_in_a_window() -> None:
    found = of_employees("abc", "abcde", "cd", "e")
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
def test_blocks_hold_five_never_overlap_and_are_not_changed_by_later_days(
    employees: list[str], alumni: list[str], unknown: list[str]
) -> None:
    voices = {"employee": on(*employees), "alumnus": on(*alumni), UNKNOWN: on(*unknown)}
    found = blocks("employee", voices, GUARDED)
    seen: set[date] = set()
    for block in found:
        assert len(set().union(*(voices["employee"][day] for day in block))) >= 5
        assert not block & seen
        seen |= block
    later = {name: {**each, MONDAY + timedelta(days=20): set("abcdefgh")} for name, each in voices.items()}
    assert blocks("employee", later, GUARDED)[: len(found)] == found


def test_whom_readers_put_into_a_group_make_it_no_larger() -> None:
    four: People = {MONDAY: {*"abcd", CLAIMED}}
    found = of_employees("abcde")
    assert blocks("employee", {"employee": four}, GUARDED) == ()
    assert still_told("employee", found, {"employee": four}, GUARDED) == ()
    assert still_told("employee", found, {"employee": on("abcde"), UNKNOWN: {MONDAY: {CLAIMED}}}, GUARDED) == ()
    assert still_told("employee", found, {"employee": on("abcdef")}, GUARDED) == found
