"""Until when an incident is put to sleep: by a usual choice, in the zone of the person who chooses."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

LONGEST = timedelta(days=14)
MORNING = time(9)
SPANS = {"1h": timedelta(hours=1), "4h": timedelta(hours=4)}
CHOICES = (*SPANS, "tomorrow")


def zone(name: str) -> ZoneInfo:
    """A time zone by its IANA name; raises ValueError for another word."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"zone: {name[:60]!r} is no time zone such as Europe/Berlin.") from error


def end_of(choice: str, now: datetime, place: ZoneInfo) -> datetime:
    """When a snooze of `1h`, `4h` or until `tomorrow` at nine ends (UTC); raises ValueError for another word."""
    if choice in SPANS:
        return now + SPANS[choice]
    if choice != "tomorrow":
        raise ValueError(f"span: {choice[:20]!r} is not one of {', '.join(CHOICES)}.")
    day = now.astimezone(place).date() + timedelta(days=1)
    return datetime.combine(day, MORNING, place).astimezone(UTC)


def checked(until: datetime, now: datetime) -> datetime:
    """The end of a snooze in UTC; raises ValueError for one that is over already or lies too far ahead."""
    if not now < until <= now + LONGEST:
        raise ValueError(f"until: choose a time within the next {LONGEST.days} days.")
    return until.astimezone(UTC)
