"""A company tool's own JSON brought into our shape by lines such as `text = ticket.comments[0].body`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from collectors.post import Json
from collectors.sent_items import AUTHOR_FIELDS, FIELDS

ITEMS, DELETED = "items", "deleted"
_PLACES = (ITEMS, DELETED)
_GROUPS = ("counters", "stated")  # fields of any name stand under these
_LINE = re.compile(r"([a-z_]+(?:\.[A-Za-z0-9_]{1,50})?)\s*=\s*(.+)")
_STEP = re.compile(r"([^.\[\]]+)|\[(\d{1,4})\]")
_PATH = re.compile(r"(?:[^.\[\]\"]+|\[\d{1,4}\])(?:\.[^.\[\]\"]+|\[\d{1,4}\])*")
_MOST_LINES = 60
_MILLISECONDS_FROM = 100_000_000_000  # a Unix time above this counts milliseconds
_NUMBER = re.compile(r"-?\d{1,18}(?:\.\d{1,6})?")


@dataclass(frozen=True, slots=True)
class PayloadMapping:
    """Where each field stands. `paths`: steps into the JSON; `constants`: the same text for every item."""

    items: tuple[str | int, ...] | None
    deleted: tuple[str | int, ...] | None
    paths: Mapping[str, tuple[str | int, ...]]
    constants: Mapping[str, str]


def read_mapping(text: str) -> PayloadMapping | None:
    """Read the lines; None where there is none. Raise `ValueError` naming the line."""
    paths: dict[str, tuple[str | int, ...]] = {}
    constants: dict[str, str] = {}
    lines = [line.strip() for line in text.splitlines()]
    if len(lines) > _MOST_LINES:
        raise ValueError(f"mapping: at most {_MOST_LINES} lines")
    for number, line in enumerate(lines, start=1):
        if not line or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        if not found or not _is_field(found[1]):
            raise ValueError(f"mapping: line {number} must read field = path; fields are {', '.join(known_fields())}")
        field, place = found[1], found[2].strip()
        if field in paths or field in constants:
            raise ValueError(f"mapping: line {number} names {field} again")
        if len(place) > 1 and place[0] == place[-1] == '"' and field not in _PLACES:
            constants[field] = place[1:-1]
        elif _PATH.fullmatch(place):
            paths[field] = _steps(place)
        else:
            raise ValueError(f'mapping: line {number}: the path must look like ticket.comments[0].body or be "a text"')
    if not paths and not constants:
        return None
    if "native_id" not in paths:
        raise ValueError("mapping: a line for native_id is missing; it tells items apart when they are sent again")
    return PayloadMapping(paths.pop(ITEMS, None), paths.pop(DELETED, None), paths, constants)


def known_fields() -> tuple[str, ...]:
    """What may stand left of the sign."""
    plain = [field for field in FIELDS if field not in (*_GROUPS, "author")]
    return (*_PLACES, *plain, *(f"author.{name}" for name in AUTHOR_FIELDS), "counters.<name>", "stated.<name>")


def mapped_items(payload: Json, mapping: PayloadMapping) -> list[Json]:
    """The items of a payload in our shape; what is no object comes through as it is, to be told to the sender."""
    found = payload if mapping.items is None else follow(payload, mapping.items)
    listed: Iterable[Json] = found if isinstance(found, list) else ([] if found is None else [found])
    return [_mapped(item, mapping) if isinstance(item, dict | list) else item for item in listed]


def mapped_deleted(payload: Json, mapping: PayloadMapping) -> list[Json]:
    """Ids of items that are gone, where the mapping says."""
    found = None if mapping.deleted is None else follow(payload, mapping.deleted)
    return found if isinstance(found, list) else ([] if found is None else [found])


def follow(value: Json, steps: tuple[str | int, ...]) -> Json:
    """The value at the end of a path; None where the way breaks off."""
    for step in steps:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def _mapped(item: Json, mapping: PayloadMapping) -> Json:
    made: dict[str, Json] = {}
    given = {field: follow(item, steps) for field, steps in mapping.paths.items()}
    for field, value in {**given, **mapping.constants}.items():
        if value is None or value == "":
            continue
        group, _, name = field.partition(".")
        fitting = _fitting(group, value)
        if not name:
            made[group] = fitting
            continue
        inner = made.setdefault(group, {})
        if isinstance(inner, dict):
            inner[name] = fitting
    return made


def _fitting(field: str, value: Json) -> Json:
    """A value of a foreign payload in the type that we ask for, as far as its meaning is plain."""
    if field == "published_at":
        return _moment(value)
    if field in ("counters", "followers", "rating"):
        return _number(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, int | float) else value


def _moment(value: Json) -> Json:
    """Unix seconds or milliseconds, or ISO 8601, which without a zone is read as UTC."""
    number = _number(value)
    if isinstance(number, int | float) and not isinstance(number, bool):
        seconds = number / 1000 if abs(number) >= _MILLISECONDS_FROM else number
        try:
            return datetime.fromtimestamp(seconds, UTC).isoformat()
        except (ValueError, OverflowError, OSError):
            return value
    try:
        moment = datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
    except ValueError:
        return value
    if moment is None:
        return value
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def _number(value: Json) -> Json:
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        text = value.strip()
        return float(text) if "." in text else int(text)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    return value


def _is_field(field: str) -> bool:
    group, dot, name = field.partition(".")
    if dot:
        return group in _GROUPS or (group == "author" and name in AUTHOR_FIELDS)
    return field in (*_PLACES, *FIELDS) and field not in (*_GROUPS, "author")


def _steps(path: str) -> tuple[str | int, ...]:
    return tuple(int(found[2]) if found[2] else found[1].strip() for found in _STEP.finditer(path))


__all__ = ["PayloadMapping", "follow", "known_fields", "mapped_deleted", "mapped_items", "read_mapping"]
