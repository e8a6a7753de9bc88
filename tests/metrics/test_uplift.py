"""Change against expectation. Coverage over many simulated series is measured by `bench/uplift.py`."""

import math

import numpy as np
import pytest

from metrics.uplift import Effect, interrupted

WEEK = (1.2, 1.1, 1.0, 1.0, 0.9, 0.4, 0.4)


def simulated(lift: float, days: int = 77, start: int = 56, level: float = 40.0, seed: int = 3) -> list[float | None]:
    rng = np.random.default_rng(seed)
    return [
        float(rng.poisson(level * WEEK[day % 7] * 1.003**day * (1 + lift if day >= start else 1)))
        for day in range(days)
    ]


def test_a_lift_is_found_with_its_size_and_the_counts_it_comes_from() -> None:
    series = simulated(0.6)
    found = interrupted(series, 56)
    low, high = ends(found)
    assert low < 0.6 < high
    assert found.clear
    assert found.placebo_p == pytest.approx(1 / 16)
    assert (found.n, found.before, found.observed) == (21, 56, math.fsum(each or 0 for each in series[56:]))
    assert (found.expected or 0) * (1 + (found.value or 0)) == pytest.approx(found.observed)


def test_no_lift_is_called_none_and_missing_days_only_widen() -> None:
    series = simulated(0.0)
    whole = interrupted(series, 56)
    assert not whole.clear
    gaps = [None if day % 5 == 2 else value for day, value in enumerate(series)]
    partly = interrupted(gaps, 56)
    assert (partly.n, partly.before) == (17, 45)
    assert width(partly) > width(whole)


def width(found: Effect) -> float:
    low, high = ends(found)
    return high - low


def ends(found: Effect) -> tuple[float, float]:
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


@pytest.mark.parametrize(
    ("series", "start", "reason"),
    [
        ([], 0, "days before"),
        ([5.0] * 40, 10, "days before"),
        ([5.0] * 40, 36, "days since"),
        ([None] * 60, 40, "days before"),
        ([0.0] * 60, 40, "counted before"),
        ([5.0] * 40 + [0.0] * 20, 40, "counted since"),
    ],
)
def test_too_little_gives_no_figure_but_a_reason(series: list[float | None], start: int, reason: str) -> None:
    found = interrupted(series, start)
    assert (found.value, found.low, found.high, found.placebo_p, found.expected) == (None,) * 5
    assert reason in found.reason
    assert not found.clear


def test_what_is_no_series_is_refused() -> None:
    for wrong in (-1.0, math.inf, math.nan):
        with pytest.raises(ValueError, match="values"):
            interrupted([1.0, wrong], 1)
    with pytest.raises(ValueError, match="start"):
        interrupted([1.0], 2)


def test_constant_and_huge_series_give_finite_intervals() -> None:
    for level in (10.0, 1e12):
        found = interrupted([level] * 70, 49)
        assert found.value == pytest.approx(0.0, abs=1e-6)
