"""The stability index by hand, and what chance alone makes of it."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from metrics.drift import drift

COUNTS = some.dictionaries(some.sampled_from(["a", "b", "c"]), some.integers(0, 500))


def test_drift_by_hand_and_its_reading() -> None:
    found = drift({"a": 800, "b": 200}, {"a": 60, "b": 40})
    assert found is not None
    p, q = (60.5 / 101, 40.5 / 101), (800.5 / 1001, 200.5 / 1001)
    assert found.psi == pytest.approx(sum((x - y) * math.log(x / y) for x, y in zip(p, q, strict=True)))
    assert found.chance == pytest.approx(3.841 * (1 / 100 + 1 / 1000), rel=0.03)
    assert found.reading == "some"
    assert found.moved == "b"
    assert found.rise == pytest.approx(0.2)
    steady, large = drift({"a": 80, "b": 20}, {"a": 17, "b": 7}), drift({"a": 800, "b": 200}, {"a": 20, "b": 80})
    assert steady is not None
    assert large is not None
    assert (steady.reading, large.reading) == ("steady", "large")
    assert drift({"a": 19}, {"a": 100}) is None
    assert drift({}, {"a": 100}) is None


def test_drift_stays_below_the_chance_that_is_told_in_nineteen_of_twenty_weeks() -> None:
    rng, shares, below = np.random.default_rng(5), [0.5, 0.3, 0.15, 0.05], 0
    for _ in range(400):
        before, now = rng.multinomial(1600, shares), rng.multinomial(400, shares)
        found = drift(dict(zip("abcd", map(int, before), strict=True)), dict(zip("abcd", map(int, now), strict=True)))
        assert found is not None
        below += found.psi <= found.chance
    assert 0.91 <= below / 400 <= 0.99


@given(COUNTS, COUNTS)
def test_drift_is_never_negative_and_the_same_both_ways(before: dict[str, int], now: dict[str, int]) -> None:
    there, back = drift(before, now), drift(now, before)
    if min(sum(before.values()), sum(now.values())) < 20:
        assert there is back is None
        return
    assert there is not None
    assert back is not None
    assert there.psi >= 0
    assert there.psi == pytest.approx(back.psi)
    assert drift(before, before).psi == 0  # type: ignore[union-attr]
