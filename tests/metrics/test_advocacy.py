from datetime import UTC, date, datetime, timedelta

from metrics.advocacy import (
    HeadCount,
    Joiner,
    activation_rate,
    active_rate,
    adoption_rate,
    click_through_rate,
    originals_share,
    retention,
)

MAY = datetime(2026, 5, 1, tzinfo=UTC)
JUNE = datetime(2026, 6, 1, tzinfo=UTC)


def heads(joined: int, eligible: int | None = 100) -> HeadCount:
    return HeadCount(date(2026, 5, 31), eligible, 50, joined, 10, 5)


def test_adoption_needs_a_known_number_of_eligible() -> None:
    adopted = adoption_rate(heads(20))
    assert adopted is not None
    assert adopted.value == 0.2
    assert adoption_rate(heads(20, None)) is None
    assert adoption_rate(heads(20, 10)) is None


def test_activation_counts_shares_within_thirty_days_of_joiners_in_the_period() -> None:
    day = timedelta(days=1)
    joiners = [
        Joiner(MAY, MAY + 30 * day),
        Joiner(MAY, MAY + 31 * day),
        Joiner(MAY + 29 * day, None),
        Joiner(JUNE, JUNE),
        Joiner(MAY - day, MAY),
    ]
    found = activation_rate(joiners, MAY, JUNE, now=JUNE)
    assert (found.rate.count, found.rate.n, found.open) == (1, 3, 1)


def test_activation_without_joiners_is_unknown() -> None:
    assert activation_rate([], MAY, JUNE, JUNE).rate.value is None


def test_active_rate_divides_by_the_average_of_the_period_not_by_today() -> None:
    assert active_rate(10, [heads(40), heads(20), heads(30)]).value == 10 / 30
    assert active_rate(3, []).value is None
    assert active_rate(0, [heads(0)]).value is None


def test_retention_and_originals() -> None:
    assert retention(["a", "b", "c", "c"], ["b", "d"]).value == 1 / 3
    assert retention([], ["a"]).value is None
    assert originals_share(2, 8).value == 0.25


def test_click_through_rate_needs_impressions() -> None:
    assert click_through_rate(5, 200) == 0.025
    assert click_through_rate(5, 0) is None
    assert click_through_rate(5, None) is None
