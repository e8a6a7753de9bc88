"""Times that people type into a form in their own zone, which the browser tells in a hidden field."""

from datetime import UTC, datetime

from alerts.snooze import zone


def moment_of(typed: str, zone_name: str) -> datetime | None:
    """The instant (UTC) of a local time such as 2026-03-04T09:00; None for what is none. No zone means UTC.

    Raises `ValueError` that names `zone` for a zone that does not exist.
    """
    place = zone(zone_name) if zone_name else UTC
    try:
        local = datetime.fromisoformat(typed)
        return local.replace(tzinfo=place).astimezone(UTC) if local.tzinfo is None else local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def field_value(at: datetime | None) -> str:
    """An instant as a field for local times holds it, in UTC; a script turns it into the zone of the browser."""
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M}"
