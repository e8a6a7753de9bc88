import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.baseline import Spread, hour_baseline, spread, usual_peak

WEEK = 168
counts = st.lists(st.integers(0, 500).map(float), min_size=1, max_size=60)


def test_scale_is_the_largest_of_mad_chance_and_one() -> None:
    assert Spread(100.0, 20.0).scale == pytest.approx(29.652)
    assert Spread(100.0, 0.0).scale == 10.0
    assert Spread(0.0, 0.0).scale == 1.0


def test_limit_is_the_value_at_a_distance() -> None:
    assert Spread(9.0, 0.0).limit(4.0) == 21.0
    assert Spread(9.0, 0.0).distance(21.0) == 4.0


def test_spread_needs_a_value() -> None:
    with pytest.raises(ValueError, match="at least one"):
        spread([])


def test_less_than_a_day_gives_no_baseline() -> None:
    assert hour_baseline([5.0] * 24, 23) is None


def test_before_two_weeks_the_last_day_is_left_out() -> None:
    past = [1.0] * 72 + [50.0] * 24
    found = hour_baseline([*past, 50.0], 96)
    assert found is not None
    assert (found.spread.median, found.short_history, found.values) == (1.0, True, 72)


def test_the_second_day_compares_with_all_there_is() -> None:
    found = hour_baseline([3.0] * 30, 29)
    assert found is not None
    assert found.values == 29


def test_after_two_weeks_only_the_same_hour_and_its_neighbours_count() -> None:
    week = [0.0] * WEEK
    week[9:12] = [40.0, 42.0, 44.0]
    found = hour_baseline(week * 5, 4 * WEEK + 10)
    assert found is not None
    assert (found.spread.median, found.values, found.short_history) == (42.0, 12, False)


def test_an_event_that_lasted_through_one_week_does_not_move_the_baseline() -> None:
    past = [4.0] * (4 * WEEK)
    past[2 * WEEK : 3 * WEEK] = [400.0] * WEEK
    found = hour_baseline([*past, 4.0], 4 * WEEK)
    assert found is not None
    assert found.spread.median == 4.0


@given(counts, st.floats(1, 1000))
def test_the_judged_hour_and_later_ones_never_change_the_baseline(past: list[float], later: float) -> None:
    assert hour_baseline([*past, 0.0], len(past)) == hour_baseline([*past, later, later], len(past))


def test_usual_peak_is_high_where_every_day_has_a_burst() -> None:
    calm = [2.0] * (4 * WEEK)
    bursting = list(calm)
    for day in range(28):
        bursting[24 * day + (5 * day) % 24] = 30.0
    low, high = usual_peak(calm, len(calm)), usual_peak(bursting, len(bursting))
    assert low == 0.0
    assert high is not None
    assert high > 10


def test_usual_peak_needs_two_days() -> None:
    assert usual_peak([1.0] * 47, 47) is None
    assert usual_peak([1.0] * 48, 48) == 0.0
