"""Made series for the alert tests: a calm company, and what happens to it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from alerts.rules import HourCount, Series

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
WEEK = 168


def hours(count: int, stories: Callable[[int], int] = lambda index: 2 + index % 3) -> tuple[HourCount, ...]:
    """`count` hours from START; every story is one neutral mention."""
    return tuple(counted(index, stories(index)) for index in range(count))


def counted(index: int, stories: int, negative: int = 0, unsure: int = 0) -> HourCount:
    """The hour `index` with so many stories, the rest of them neutral."""
    neutral = stories - negative - unsure
    return HourCount(START + index * HOUR, stories, stories, 0, neutral, negative, unsure)


def series(
    counts: tuple[HourCount, ...],
    *,
    facet: str = "all",
    audience: str = "all",
    authors: int = 50,
    authors_hour: int = 50,
    coverage: float | None = 1.0,
    since: datetime | None = None,
) -> Series:
    """A series of Acme's."""
    return Series(1, "Acme", facet, audience, counts, authors_hour, authors, coverage, since)


def end_of(counts: tuple[HourCount, ...]) -> datetime:
    """The last second of the last hour: it still runs."""
    return counts[-1].hour + HOUR - timedelta(seconds=1)
