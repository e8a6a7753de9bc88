"""Days of checks: whole blocks with five people of staff, or none."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.check_days import alone, check_blocks, people_of, whole_blocks

FIRST = date(2026, 3, 25)  # a week before its quarter ends
days = st.dictionaries(
    st.integers(0, 30).map(lambda n: FIRST + timedelta(days=n)),
    st.dictionaries(st.sampled_from(("employee", "alumnus")), st.sets(st.integers(0, 9), min_size=1, max_size=6)),
    max_size=20,
)


@settings(max_examples=60)
@given(days, st.integers(0, 20), st.integers(1, 30))
def test_whatever_is_subtracted_five_people_stand_behind_the_rest(
    voices: dict[date, dict[str, set[int]]], begin: int, length: int
) -> None:
    found = check_blocks(voices)
    assert len({day for block in found for day in block}) == sum(len(block) for block in found)
    for block in found:
        people = set().union(*people_of(voices, block).values())
        assert not people or len(people) >= 5
        assert len({(day.year, (day.month - 1) // 3) for day in block}) == 1
    first = FIRST + timedelta(days=begin)
    inside = whole_blocks(found, first, first + timedelta(days=length))
    assert set(inside) <= set(found)


def test_a_block_depends_on_nothing_that_came_later() -> None:
    voices = {FIRST + timedelta(days=n): {"employee": {n}} for n in range(7)}
    known = dict(list(voices.items())[:6])
    assert check_blocks(known) == check_blocks(voices)[: len(check_blocks(known))]
    assert [len(block) for block in check_blocks(voices)] == [5]


def test_each_label_needs_five_in_every_block_to_stand_alone() -> None:
    voices = {FIRST: {"employee": set(range(6)), "alumnus": {1}}}
    assert check_blocks(voices) == ((FIRST,),)
    assert not alone(voices, check_blocks(voices))
    assert alone({FIRST: {"employee": set(range(6))}}, [(FIRST,)])
