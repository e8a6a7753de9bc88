"""Budgets: when a period begins where the platform is, what is left, when people are warned."""

from datetime import UTC, datetime

import pytest

from collectors.meter import Budget, Meter


@pytest.mark.parametrize(
    ("budget", "now", "start"),
    [
        (Budget("USD", "month"), datetime(2026, 3, 31, 23, 59, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)),
        (Budget("USD", "day"), datetime(2026, 3, 1, 0, 0, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)),
        (
            Budget("units", "day", "America/Los_Angeles"),
            datetime(2026, 3, 1, 7, 59, tzinfo=UTC),
            datetime(2026, 2, 28, 8, 0, tzinfo=UTC),
        ),
        (  # the day on which the clock is put forward begins an hour earlier in UTC than the one after it ends
            Budget("units", "day", "America/Los_Angeles"),
            datetime(2026, 3, 9, 7, 30, tzinfo=UTC),
            datetime(2026, 3, 9, 7, 0, tzinfo=UTC),
        ),
    ],
)
def test_a_period_begins_at_the_platforms_midnight(budget: Budget, now: datetime, start: datetime) -> None:
    assert budget.period_start(now) == start


def test_what_is_left_counts_what_was_spent_before() -> None:
    meter = Meter(spent_before=7.5, limit=10.0)
    assert not meter.near_limit
    meter.charge(0.5)
    assert meter.near_limit
    assert meter.left == 2.0
    assert meter.affords(2.0)
    assert not meter.affords(2.01)
    meter.charge(5.0)
    assert (meter.left, meter.cost) == (0.0, 5.5)


def test_without_a_limit_everything_is_affordable() -> None:
    meter = Meter()
    meter.charge(1e9)
    assert meter.left is None
    assert meter.affords(1e9)
    assert not meter.near_limit


def test_a_limit_of_nothing_affords_nothing_but_nothing() -> None:
    meter = Meter(limit=0.0)
    assert meter.affords(0.0)
    assert not meter.affords(0.005)
    assert meter.near_limit
