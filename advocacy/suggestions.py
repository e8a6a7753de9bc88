"""How much is suggested to one person: at most a few contents a week. Posting is never capped.

Nothing is kept of what was shown, so the week's suggestions are worked out anew each time, the same all week: first
what was there when the week began (newest first), then what came during it, in the order it came. What is withdrawn or
shared meanwhile keeps its place, so that nothing moves up and a person never meets more than the cap in one week.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Candidate:
    """A content; `since` is when this person could first see it (availability or end of an embargo)."""

    content_id: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Shared:
    """This person's share of a content."""

    content_id: int
    at: datetime


def week_of(now: datetime) -> datetime:
    """Monday, 0:00 UTC, of the week that `now` lies in."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday())


def weekly(
    candidates: Sequence[Candidate], shared: Sequence[Shared], shown: Collection[int], now: datetime, cap: int
) -> tuple[int, ...]:
    """The contents to suggest now, at most `cap` a week, in their order.

    `candidates` hold also what was withdrawn or ran out this week; `shown` are those that may be shown at this moment.
    """
    week = week_of(now)
    before = {each.content_id for each in shared if each.at < week}
    this_week = {each.content_id for each in shared if each.at >= week}
    new = [each for each in candidates if each.content_id not in before and each.since <= now]
    standing = sorted((each for each in new if each.since < week), key=lambda c: (-c.since.timestamp(), c.content_id))
    arriving = sorted((each for each in new if each.since >= week), key=lambda c: (c.since, c.content_id))
    places = [each.content_id for each in (*standing, *arriving)][: max(0, cap)]
    return tuple(place for place in places if place in shown and place not in this_week)
