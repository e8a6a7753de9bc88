"""A share takes off against its own author's history, and only there."""

import pytest

from advocacy.take_off import strongest, take_off

USUAL = (40, 55, 38, 61, 47, 52, 44, 58, 49)


def test_far_above_ones_own_usual_takes_off_with_its_arithmetic() -> None:
    found = take_off("impressions", 600, USUAL)
    assert found is not None
    assert (found.usual, found.earlier) == (49, 9)
    assert 190 < found.needed < 210
    assert take_off("impressions", 150, USUAL) is None


def test_few_or_still_histories_do_not_ring_at_every_like() -> None:
    assert take_off("likes", 5_000, USUAL[:7]) is None
    assert take_off("likes", 4, (0,) * 12) is None
    assert take_off("likes", 20, (0,) * 12) is not None


def test_who_varies_much_needs_more() -> None:
    assert take_off("likes", 600, (1, 900, 3, 400, 20, 5, 1_200, 80, 2)) is None


def test_the_counter_that_is_furthest_speaks() -> None:
    found = strongest({"likes": 250, "clicks": 2_000, "views": 9_000}, {"likes": USUAL, "clicks": USUAL})
    assert found is not None
    assert found.counter == "clicks"
    with pytest.raises(ValueError, match="negative"):
        take_off("likes", -1, USUAL)
