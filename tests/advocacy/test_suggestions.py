"""Never more than the cap in a week, the same all week."""

from datetime import UTC, datetime, timedelta

from advocacy.suggestions import Candidate, Shared, week_of, weekly

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
NOW = MONDAY + timedelta(days=2)
DAY = timedelta(days=1)
OLD = [Candidate(number, MONDAY - number * DAY) for number in range(1, 6)]


def test_the_newest_are_suggested_first_and_no_more_than_the_cap() -> None:
    assert weekly(OLD, [], {1, 2, 3, 4, 5}, NOW, 3) == (1, 2, 3)
    assert weekly(OLD, [], {1, 2, 3, 4, 5}, NOW, 0) == ()


def test_what_comes_during_the_week_waits_when_the_week_is_full() -> None:
    new = [*OLD, Candidate(9, MONDAY + DAY)]
    assert weekly(new, [], {1, 2, 3, 4, 5, 9}, NOW, 3) == (1, 2, 3)
    assert weekly(new[4:], [], {5, 9}, NOW, 3) == (5, 9)
    assert weekly(new, [], {1, 2, 3, 4, 5, 9}, NOW + 7 * DAY, 3) == (9, 1, 2)


def test_what_is_shared_or_withdrawn_keeps_its_place() -> None:
    assert weekly(OLD, [Shared(1, NOW - DAY)], {1, 2, 3, 4, 5}, NOW, 3) == (2, 3)
    assert weekly(OLD, [], {1, 3, 4, 5}, NOW, 3) == (1, 3)


def test_what_was_shared_earlier_is_not_suggested_again() -> None:
    assert weekly(OLD, [Shared(1, MONDAY - DAY)], {1, 2, 3, 4, 5}, NOW, 3) == (2, 3, 4)


def test_what_is_not_there_yet_is_no_candidate() -> None:
    assert weekly([Candidate(1, NOW + DAY)], [], {1}, NOW, 3) == ()


def test_a_week_begins_on_monday() -> None:
    assert week_of(MONDAY) == MONDAY
    assert week_of(MONDAY + timedelta(days=7, microseconds=-1)) == MONDAY
