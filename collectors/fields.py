"""Reading of single fields out of JSON that somebody else wrote: a wrong type is the same as a missing field."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

from collectors.post import Json

_MOST_DIGITS = 18


def text(value: Json) -> str:
    """The text, "" for anything else."""
    return value if isinstance(value, str) else ""


def number(value: Json) -> int | None:
    """A whole number; digits in a text count, since some platforms write numbers so."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= _MOST_DIGITS:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def count(value: Json) -> int | None:
    """A counter; what is unreadable or negative, as some servers write what they hide, is unknown."""
    found = number(value)
    return found if found is not None and found >= 0 else None


def record(value: Json) -> dict[str, Json]:
    """The object, {} for anything else."""
    return value if isinstance(value, dict) else {}


def several(value: Json) -> list[Json]:
    """The list, [] for anything else."""
    return value if isinstance(value, list) else []


def records(value: Json) -> list[dict[str, Json]]:
    """The objects of a list, [] for anything else."""
    return [each for each in several(value) if isinstance(each, dict)]


def record_in(body: bytes | str) -> dict[str, Json]:
    """The object that a body holds as JSON, {} for anything else."""
    try:
        return record(json.loads(body))
    except (ValueError, RecursionError):
        return {}


def moment(value: Json) -> datetime | None:
    """An ISO 8601 time in UTC; one without a zone is read as UTC."""
    try:
        found = datetime.fromisoformat(text(value).strip())
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def from_unix(seconds: float | None) -> datetime | None:
    """A Unix time as an instant, None when it lies outside of the calendar."""
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def counted(values: Mapping[str, Json]) -> dict[str, int]:
    """The counters that were given: a missing or unreadable one is left out, never 0."""
    return {name: found for name, value in values.items() if (found := count(value)) is not None}


def web_link(value: Json) -> str | None:
    """An http or https address with a host, None for anything else."""
    found = text(value).strip()
    try:
        parts = urlsplit(found)
        fine = parts.scheme in {"http", "https"} and bool(parts.hostname) and not any(map(str.isspace, found))
    except ValueError:
        return None
    return found if fine else None


__all__ = [
    "count", "counted", "from_unix", "moment", "number", "record", "record_in", "records", "several", "text",
    "web_link",
]  # fmt: skip
