import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.baseline import usual_bar
from alerts.tail import least_count, tail
from alerts.usual import Usual

WEEK = 168
counts = st.lists(st.integers(0, 500), min_size=24, max_size=90)


def rhythm(weeks: int) -> list[int]:
    """40 at noon, none at night, on working days only."""
    return [40 * (8 <= hour % 24 < 16 and hour // 24 % 7 < 5) for hour in range(weeks * WEEK)]


def test_less_than_a_day_is_no_history() -> None:
    assert not Usual([5] * 23, 1).known
    assert Usual([5] * 24, 1).known


def test_each_hour_of_the_day_has_its_own_mean() -> None:
    usual = Usual([hour % 24 for hour in range(4 * WEEK)], 1)
    assert usual.expected(4 * WEEK + 12).mean == pytest.approx(12, abs=0.2)
    assert usual.expected(4 * WEEK + 3).mean == pytest.approx(3, abs=0.2)


def test_a_free_day_expects_less_than_a_working_day() -> None:
    usual = Usual(rhythm(5), 1)
    working, free = usual.expected(5 * WEEK + 12).mean, usual.expected(5 * WEEK + 5 * 24 + 12).mean
    assert working > 30
    assert free < 10


def test_a_window_of_three_hours_expects_three_times_as_many() -> None:
    calm = np.random.default_rng(1).poisson(0.5, 4 * WEEK).tolist()
    one, three = Usual(calm, 1).expected(4 * WEEK), Usual(calm, 3).expected(4 * WEEK)
    assert one.mean == pytest.approx(0.5, abs=0.2)
    assert three.mean == pytest.approx(1.5, abs=0.4)


def test_few_days_leave_more_doubt() -> None:
    calm = np.random.default_rng(3).poisson(9, 4 * WEEK).tolist()
    two, twenty_eight = Usual(calm[:48], 1).expected(48), Usual(calm, 1).expected(4 * WEEK)
    assert two.variance / two.mean > 2 * twenty_eight.variance / twenty_eight.mean


def test_clumps_widen_the_variance() -> None:
    stories = np.random.default_rng(2).poisson(2, 4 * WEEK)
    single, tripled = Usual(stories.tolist(), 1).expected(4 * WEEK), Usual((3 * stories).tolist(), 1).expected(4 * WEEK)
    assert single.variance == pytest.approx(single.mean, rel=0.2)
    assert tripled.variance > 2 * tripled.mean


def test_the_last_day_and_a_week_of_trouble_move_little() -> None:
    calm = [4] * (4 * WEEK)
    troubled = list(calm)
    troubled[-24:] = [400] * 24
    assert Usual(troubled, 1).expected(4 * WEEK).mean == pytest.approx(4)
    troubled = list(calm)
    troubled[2 * WEEK : 2 * WEEK + 48] = [400] * 48
    assert Usual(troubled, 1).expected(4 * WEEK).mean == pytest.approx(4, abs=0.2)


def test_planned_hours_say_nothing_unless_they_are_all_there_is() -> None:
    campaign = [4] * (3 * WEEK) + [90] * WEEK
    usual = Usual(campaign, 3, frozenset(range(3 * WEEK, 4 * WEEK)))
    assert usual.expected(4 * WEEK).mean == pytest.approx(12, abs=0.2)
    assert Usual([90] * 60, 1, frozenset(range(60))).expected(60).mean == pytest.approx(90, rel=0.1)


@settings(max_examples=20)
@given(counts, st.sampled_from([1, 3]))
def test_what_is_expected_is_always_a_count_with_a_variance(past: list[int], hours: int) -> None:
    usual = Usual(past, hours)
    assert usual.known
    for place in range(len(past), len(past) + 24):
        expected = usual.expected(place)
        assert 0 < expected.mean <= hours * 500
        assert expected.mean <= expected.variance < float("inf")
    assert all(np.isfinite(usual.peaks))


def test_the_bar_is_the_largest_of_three() -> None:
    assert usual_bar([], 1.5, 6.0) == 6.0
    assert usual_bar([10.0, 10.0, 10.0], 1.5, 6.0) == 15.0
    assert usual_bar([1.0] * 8 + [50.0] * 2, 1.5, 6.0) == 50.0


@pytest.mark.parametrize(
    ("count", "mean", "variance", "chance"),
    # scipy.stats.nbinom.sf(count - 1, size, share)
    [(2, 0.5, 0.6, 0.101921), (11, 2, 5, 0.00705416), (32, 10, 30, 0.00217500), (284, 100, 2100, 0.00186829)],
)
def test_tail_of_the_negative_binomial_law(count: int, mean: float, variance: float, chance: float) -> None:
    assert tail(count, mean, variance) == pytest.approx(chance, rel=1e-4)


def test_tail_at_the_edges() -> None:
    assert tail(0, 5, 5) == 1.0
    assert 0 < tail(10_000, 0.1, 0.1) < 1e-200
    assert tail(1_000_000, 1e6, 1e10) == pytest.approx(0.5, abs=0.02)


@settings(max_examples=25)
@given(st.floats(0.1, 20_000), st.floats(1, 50), st.sampled_from([1e-2, 1e-3, 1e-4]))
def test_least_count_is_the_inverse_of_the_tail(mean: float, share: float, chance: float) -> None:
    count = least_count(mean, mean * share, chance)
    assert tail(count, mean, mean * share) <= chance < tail(count - 1, mean, mean * share)
