"""Shares of two groups side by side, and their ranking."""

import pytest

from metrics.gaps import Heard, gap, movement, ranked, share_difference


def test_the_interval_is_newcombes() -> None:
    # Newcombe 1998, table II, method 10: 56/70 against 48/80
    ends = share_difference(Heard(70, 56, 70), Heard(80, 48, 80))
    assert ends is not None
    assert (ends.low, ends.high) == pytest.approx((0.0524, 0.3339), abs=1e-4)


def test_who_speaks_often_does_not_make_it_surer() -> None:
    few, many = (
        share_difference(Heard(400, 200, 10), Heard(50, 10, 50)),
        share_difference(Heard(400, 200, 400), Heard(50, 10, 50)),
    )
    assert few is not None
    assert many is not None
    assert few.low < many.low
    assert few.high > many.high


def test_both_sides_are_hidden_when_one_is_small() -> None:
    found = gap("pay", Heard(40, 20, 4), Heard(90, 10, 60))
    assert found.suppressed
    assert (found.inside, found.outside, found.difference, found.interval) == (None, None, None, None)


def test_a_side_without_judged_mentions_has_no_gap() -> None:
    found = gap("pay", Heard(0, 0, 7), Heard(90, 10, 60))
    assert not found.suppressed
    assert (found.difference, found.interval) == (None, None)


def test_the_surest_gap_comes_first_and_hidden_ones_last() -> None:
    sure = gap("pay", Heard(100, 60, 100), Heard(100, 20, 100))
    wide = gap("culture", Heard(6, 6, 6), Heard(6, 2, 6))  # larger, but hardly known
    reverse = gap("growth", Heard(100, 20, 100), Heard(100, 70, 100))
    hidden = gap("safety", Heard(3, 3, 3), Heard(100, 20, 100))
    unknown = gap("benefits", Heard(0, 0, 9), Heard(100, 20, 100))
    order = [each.theme for each in ranked([hidden, unknown, wide, sure, reverse])]
    assert order == ["growth", "pay", "culture", "benefits", "safety"]
    assert wide.least is not None
    assert sure.least is not None
    assert 0 <= wide.least < sure.least


def test_movement_needs_enough_on_both_sides() -> None:
    assert movement(Heard(40, 20, 30), Heard(19, 5, 19)) is None
    assert movement(Heard(40, 20, 30), Heard(40, 5, 4)) is None
    found = movement(Heard(40, 20, 30), Heard(40, 10, 30))
    assert found is not None
    assert found[0] == pytest.approx(0.25)
    assert found[1].low < 0.25 < found[1].high


def test_counts_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="negative must lie"):
        Heard(3, 4, 2)
