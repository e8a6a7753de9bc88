"""Lagged correlation against simulated truth, and who tells earlier."""

import numpy as np
import pytest

from metrics.spill_over import earlier, lagged_correlations, leading


def _pair(seed: int, days: int = 56, follow: float = 1.2, lag: int = 2) -> tuple[list[float], list[float]]:
    """Daily counts with a rhythm of weeks; bursts of the first series come back in the second one `lag` days later."""
    chance = np.random.default_rng(seed)
    rhythm = 12 + 6 * np.sin(2 * np.pi * np.arange(days) / 7)
    bursts = chance.poisson(0.15, days) * 25.0
    first = chance.poisson(rhythm + bursts)
    second = chance.poisson(3 * rhythm + follow * np.concatenate((np.zeros(lag), bursts[: days - lag])))
    return first.astype(float).tolist(), second.astype(float).tolist()


def test_the_lag_that_is_there_is_found() -> None:
    found = [leading(lagged_correlations(*_pair(seed), 7)) for seed in range(10)]
    assert sum(lag is not None and lag.steps == 2 for lag in found) >= 9


def test_a_common_rhythm_is_no_lag() -> None:
    found = [leading(lagged_correlations(*_pair(seed, follow=0.0), 7)) for seed in range(20)]
    assert sum(lag is not None for lag in found) <= 1


def test_the_interval_holds_the_true_correlation() -> None:
    """The truth is measured on one very long pair of the same kind."""
    truth = lagged_correlations(*_pair(99, days=6_000), 2)[2].value
    inside = 0
    for seed in range(100, 160):
        lag = lagged_correlations(*_pair(seed), 2)[2]
        inside += lag.interval.low <= truth <= lag.interval.high
    assert 49 <= inside <= 60, "90 % where bursts are rare and large"


def test_short_still_and_unequal_series_say_nothing() -> None:
    assert lagged_correlations([1.0] * 20, [1.0] * 20, 7) == ()
    assert lagged_correlations([1.0] * 56, list(range(56)), 7) == ()
    with pytest.raises(ValueError, match="56 and 55"):
        lagged_correlations([1.0] * 56, [1.0] * 55, 7)


def test_earlier_is_a_matter_of_ranks() -> None:
    assert earlier([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]) == pytest.approx(2.611, abs=0.001)
    assert earlier([1, 1, 1], [1, 1, 1]) == 0
    assert earlier([], [1]) == 0
    assert earlier([6, 7], [1, 2]) < 0
