"""Rounding of the figures of few people."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics import coarse
from metrics.coarse import WHY, Told


@pytest.mark.parametrize(("exact", "told"), [(0, 0), (4.9, 0), (5, 5), (14, 10), (15, 15), (1_404, 1_400), (-3, 0)])
def test_counts_go_down_to_fives(exact: float, told: int) -> None:
    assert coarse.down(exact) == told


@pytest.mark.parametrize(("exact", "told"), [(0.0, 0.0), (9 / 19, 0.4), (0.3, 0.3), (0.7, 0.7), (1.0, 1.0), (-0.1, 0)])
def test_shares_go_down_to_tenths(exact: float, told: float) -> None:
    assert coarse.share_down(exact) == told


@settings(max_examples=40)
@given(st.sampled_from(["volume_spike", "negative_share"]), st.floats(0, 1e6), st.integers(0, 10**6))
def test_twice_is_once_and_never_more_than_there_is(kind: str, figure: float, n: int) -> None:
    observed = figure / 1e6 if kind == "negative_share" else figure
    once = coarse.rounded(kind, Told(observed, observed / 2, observed, n, n))
    assert coarse.rounded(kind, once) == once
    assert once.observed <= observed + 1e-6
    assert once.n <= n


def test_the_ratio_tells_no_more_than_the_rounded_count() -> None:
    assert {coarse.times(observed, 3.7) for observed in range(15, 20)} == {4}
    assert [coarse.times(*each) for each in ((12, 9.0), (12, 0.0), (4, 0.1))] == [None, None, None]


def test_notes_keep_no_number_of_people_and_say_why() -> None:
    kept = (
        "93 % of the scheduled collections of the last 24 hours succeeded.",
        "Authors are counted over the last 24 hours only; there may be more.",
        "Your answers to earlier alerts of this kind ask for 21 % more than usual.",
        "Short history: less than two weeks, so what is usual at this hour is not known well.",
    )
    told = ("The sentiment of 3 of 17 mentions in this hour is unsure.", "Of 24 hours, 7 had 3 mentions.")
    assert coarse.notes((*kept, *told)) == (*kept, WHY)
    assert coarse.notes(coarse.notes(kept)) == (*kept, WHY)
