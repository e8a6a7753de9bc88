from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.feedback import HIGHEST, REASONS, RESET, Answer, bar, clears, raised
from tests.alerts.streams import START
from tests.alerts.test_incident import found

NOW = START + timedelta(days=200)
DAY = timedelta(days=1)


def said(number: int, reason: str | None = None, days_ago: float = 0) -> Answer:
    """An answer on incident `number`: useful, or not for a reason."""
    return Answer(number, NOW - days_ago * DAY, reason is None, reason)


def test_without_answers_the_bar_is_the_usual_one() -> None:
    assert bar([], NOW) == 1.0


def test_each_incident_that_is_not_useful_raises_it_by_a_tenth_of_it() -> None:
    assert bar([said(1, "too_small")], NOW) == pytest.approx(1.1)
    assert bar([said(1, "too_small"), said(2, "expected")], NOW) == pytest.approx(1.21)


def test_a_useful_one_takes_it_back_and_never_goes_below_the_usual_bar() -> None:
    assert bar([said(1, "too_small", 0.001), said(2)], NOW) == pytest.approx(1.0, abs=1e-4)
    assert bar([said(1), said(2)], NOW) == 1.0


def test_it_halves_in_a_month() -> None:
    assert bar([said(n, "too_small", 30) for n in range(4)], NOW) == pytest.approx(1.1**2)


def test_twice_is_the_most_and_one_useful_answer_is_felt_at_once() -> None:
    many = [said(n, "expected", 1e-6 * (100 - n)) for n in range(100)]
    assert bar(many, NOW) == pytest.approx(HIGHEST)
    assert bar([*many, said(101)], NOW) == pytest.approx(HIGHEST / 1.1)


@pytest.mark.parametrize("reason", ["campaign", "wrong_match", "duplicate", "other"])
def test_what_a_higher_bar_does_not_cure_does_not_raise_it(reason: str) -> None:
    assert reason in REASONS
    assert bar([said(1, reason)], NOW) == 1.0


def test_many_answers_on_one_incident_are_one_step_by_their_majority() -> None:
    assert bar([said(1, "too_small") for _ in range(9)], NOW) == pytest.approx(1.1)
    assert bar([said(1, "too_small"), said(1)], NOW) == 1.0


def test_a_reset_forgets_what_came_before_it() -> None:
    before, after = said(1, "too_small", 3), said(2, "too_small")
    assert bar([before, said(1, RESET, 1)], NOW) == 1.0
    assert bar([after, said(1, RESET, 1), before], NOW) == pytest.approx(1.1)


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from([None, *REASONS, RESET]), st.floats(-5, 300))))
def test_the_bar_stays_between_one_and_two_and_knows_no_order(rows: list[tuple[int, str | None, float]]) -> None:
    answers = [said(*row) for row in rows]
    assert 1.0 <= bar(answers, NOW) <= HIGHEST


def test_a_raised_bar_is_told_with_the_threshold_that_was_passed() -> None:
    finding = found(observed=20, figures={"ratio": 1.5, "median": 3.0})
    assert clears(finding, 1.5)
    assert not clears(finding, 1.6)
    told = raised(finding, 1.2)
    assert told.expected_high == pytest.approx(3 + 1.2 * 5)
    assert "20 % more than usual" in told.notes[-1]
    assert raised(finding, 1.0) is finding


def test_a_finding_without_a_distance_is_never_held_back() -> None:
    assert clears(found(figures={}), 2.0)
    assert clears(found(kind="source_silence", figures={"ratio": 1.0}), 2.0)
