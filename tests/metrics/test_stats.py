import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.stats import (
    Interval,
    bootstrap_interval,
    difference,
    mad,
    mean_interval,
    median,
    proportion,
    proportion_difference,
    quantile,
    rate_ratio,
    row_means,
    t_of,
    wilson,
    z_of,
)

numbers = st.floats(-1e6, 1e6)
counts = st.integers(0, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts)
def test_wilson_contains_the_estimate_and_stays_on_the_scale(pair: tuple[int, int]) -> None:
    count, n = pair
    interval = wilson(count, n)
    if n == 0:
        assert interval is None
        return
    assert interval is not None
    assert 0 <= interval.low <= count / n <= interval.high <= 1


@pytest.mark.parametrize("n", [5, 20, 60])
def test_wilson_covers_the_truth_nearly_as_often_as_it_says(n: int) -> None:
    """Exact binomial sums over a grid of true values; the score interval keeps close to its level on average."""
    coverages = [_coverage(n, p / 100) for p in range(2, 99)]
    assert sum(coverages) / len(coverages) == pytest.approx(0.95, abs=0.012)
    assert min(coverages) > 0.82


def _coverage(n: int, p: float) -> float:
    total = 0.0
    for count in range(n + 1):
        interval = wilson(count, n)
        if interval is not None and interval.low <= p <= interval.high:
            total += math.comb(n, count) * p**count * (1 - p) ** (n - count)
    return total


def test_wilson_of_a_published_case() -> None:
    """R. G. Newcombe, Statistics in Medicine 17 (1998), 857–872, table I: 81 of 263 gives 0.2553 to 0.3662."""
    interval = wilson(81, 263)
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((0.2553, 0.3662), abs=1e-4)


def test_difference_of_a_published_case() -> None:
    """R. G. Newcombe, Statistics in Medicine 17 (1998), 873–890, table II: 56/70 − 48/80 gives 0.0524 to 0.3339."""
    interval = proportion_difference(56, 70, 48, 80)
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((0.0524, 0.3339), abs=1e-4)


@pytest.mark.parametrize(("count", "n"), [(-1, 3), (4, 3)])
def test_impossible_counts_are_refused(count: int, n: int) -> None:
    with pytest.raises(ValueError, match="between 0 and n"):
        wilson(count, n)


def test_nothing_of_nothing_is_unknown() -> None:
    assert proportion(0, 0).value is None
    assert proportion_difference(0, 0, 1, 2) is None
    assert median([]) is None
    assert mad([]) is None
    assert mean_interval([1, 2, 3]) is None
    assert bootstrap_interval([1.0], np.random.default_rng(1)) is None
    assert rate_ratio(5, 0) is None


@given(st.lists(numbers, min_size=1, max_size=50), st.floats(0, 1))
def test_quantiles_agree_with_numpy(values: list[float], share: float) -> None:
    assert quantile(values, share) == pytest.approx(float(np.quantile(values, share)), rel=1e-9, abs=1e-6)


@given(st.lists(numbers, min_size=1, max_size=30))
def test_mad_ignores_shift_and_sign(values: list[float]) -> None:
    expected = pytest.approx(mad(values), abs=1e-6)
    assert mad([-value + 7 for value in values]) == expected


@pytest.mark.parametrize(
    ("freedom", "quantile_975"), [(3, 3.1824), (5, 2.5706), (10, 2.2281), (30, 2.0423), (1000, 1.9623)]
)
def test_students_quantile_matches_the_table(freedom: int, quantile_975: float) -> None:
    assert t_of(freedom) == pytest.approx(quantile_975, rel=2e-3)


def test_the_normal_quantile() -> None:
    assert z_of(0.95) == pytest.approx(1.959964)
    with pytest.raises(ValueError, match="level"):
        z_of(1)


@given(st.lists(numbers, min_size=2, max_size=40), st.integers(0, 5))
def test_bootstrap_contains_the_estimate_and_repeats_with_the_seed(values: list[float], seed: int) -> None:
    first = bootstrap_interval(values, np.random.default_rng(seed), resamples=200)
    again = bootstrap_interval(values, np.random.default_rng(seed), resamples=200)
    assert first is not None
    assert first == again
    middle = float(np.median(values))
    assert first.low <= middle <= first.high


def test_bootstrap_of_a_mean_resembles_students_interval() -> None:
    values = list(np.random.default_rng(3).normal(10, 2, size=200))
    drawn = bootstrap_interval(values, np.random.default_rng(4), statistic=row_means)
    exact = mean_interval(values)
    assert drawn is not None
    assert exact is not None
    assert (drawn.low, drawn.high) == pytest.approx((exact.low, exact.high), abs=0.05)


@given(counts.filter(lambda pair: pair[1] > 0), counts.filter(lambda pair: pair[1] > 0))
def test_differences_contain_their_estimate(now: tuple[int, int], before: tuple[int, int]) -> None:
    interval = proportion_difference(*now, *before)
    estimate = now[0] / now[1] - before[0] / before[1]
    assert interval is not None
    assert interval.low - 1e-9 <= estimate <= interval.high + 1e-9


@given(st.integers(0, 500), st.integers(1, 500))
def test_rate_ratios_contain_their_estimate(now: int, before: int) -> None:
    interval = rate_ratio(now, before)
    assert interval is not None
    assert interval.low - 1e-9 <= now / before <= interval.high + 1e-9


def test_difference_of_intervals_adds_their_squares() -> None:
    assert difference(5, Interval(2, 8), 1, Interval(-3, 5)) == Interval(-1, 9)


def bounds(values: Sequence[float]) -> tuple[float, float]:
    return min(values), max(values)


@given(st.lists(numbers, min_size=1, max_size=30), st.floats(0, 1))
def test_quantiles_stay_within_the_values(values: list[float], share: float) -> None:
    low, high = bounds(values)
    found = quantile(values, share)
    assert found is not None
    assert low <= found <= high
