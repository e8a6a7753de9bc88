"""One item that a program sends, in the shape of `POST /api/v1/mentions`, as a post."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from collectors.post import Json, RawAuthor, RawPost

KINDS = ("post", "comment", "article", "review", "survey")
FIELDS = (
    "native_id", "text", "title", "published_at", "url", "author", "followers", "kind", "lang", "reply_to", "rating",
    "counters", "stated",
)  # fmt: skip
AUTHOR_FIELDS = ("id", "handle", "name", "url")
_LONGEST = {"native_id": 1_000, "title": 10_000, "url": 2_000, "lang": 20, "reply_to": 1_000, "text": 6_000_000}
_MOST_ENTRIES = 20
_MAX_COUNT = 2**63 - 1
_SURROGATE = re.compile("[\x00\ud800-\udfff]")


class ItemError(Exception):
    """Why an item is no post: the field, None for the item as a whole, and the reason."""

    def __init__(self, field: str | None, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


def sent_post(item: Json, platform: str) -> RawPost:
    """The item as a post of an author of `platform`; `raw` is the item without them. Raise `ItemError`."""
    if not isinstance(item, dict):
        raise ItemError(None, "must be an object with at least native_id")
    unknown = next((name for name in item if name not in FIELDS), None)
    if unknown is not None:
        raise ItemError(unknown[:100], "is no field of a post")
    return RawPost(
        native_id=native_id(item.get("native_id")),
        text=_words(item, "text") or "",
        published_at=_moment(item.get("published_at")),
        url=_words(item, "url"),
        title=_words(item, "title"),
        author=_author(item.get("author"), platform),
        followers=_count(item.get("followers"), "followers"),
        kind=_kind(item.get("kind")),
        lang=_words(item, "lang"),
        reply_to=_words(item, "reply_to"),
        rating=_rating(item.get("rating")),
        counters=_counters(item.get("counters")),
        stated=_stated(item.get("stated")),
        raw=_kept(item),
    )


def kept_post(raw: Mapping[str, Json], platform: str) -> RawPost:
    """The post of a stored `RawPost.raw`, without its author; raise `ItemError`."""
    stated = raw.get("stated")
    pairs = stated if isinstance(stated, list) else []
    again: dict[str, Json] = {str(pair[0]): pair[1] for pair in pairs if isinstance(pair, list) and len(pair) == 2}
    return sent_post({**raw, "stated": again}, platform)


def native_id(value: Json) -> str:
    """An id as text; whole numbers are taken, too. Raise `ItemError`."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        raise ItemError("native_id", "is missing" if value in (None, "") else "must be a text")
    if len(value) > _LONGEST["native_id"] or _SURROGATE.search(value):
        raise ItemError("native_id", "must have at most 1,000 characters, without NUL and lone surrogates")
    return value.strip()


def _kept(item: Mapping[str, Json]) -> dict[str, Json]:
    """The item without its author. `stated` as pairs: as keys the door would drop what begins with "author"."""
    raw: dict[str, Json] = {name: value for name, value in item.items() if name != "author" and value is not None}
    stated = raw.get("stated")
    if isinstance(stated, dict):
        raw["stated"] = [[name, words] for name, words in stated.items()]
    return raw


def _words(item: Mapping[str, Json], field: str) -> str | None:
    value = item.get(field)
    if value is None:
        return None
    if not isinstance(value, str):
        raise ItemError(field, "must be a text")
    if len(value) > _LONGEST[field]:
        raise ItemError(field, f"must have at most {_LONGEST[field]:,} characters")
    return value.strip() or None


def _moment(value: Json) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ItemError("published_at", "must be a time with a time zone, such as 2026-11-20T09:31:00Z")
    if not 1990 <= moment.year <= 2100:
        raise ItemError("published_at", "must lie between 1990 and 2100")
    return moment.astimezone(UTC)


def _author(value: Json, platform: str) -> RawAuthor | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise ItemError("author", "must be an object")
    given: dict[str, str] = {}
    for name, part in value.items():
        if name not in AUTHOR_FIELDS:
            raise ItemError("author", "has a field that is none of id, handle, name, url")
        if part is not None and (not isinstance(part, str) or len(part) > 2_000):
            raise ItemError(f"author.{name}", "must be a text of at most 2,000 characters")
        if part:
            given[name] = part
    return RawAuthor(platform, given.get("id"), given.get("handle"), given.get("name"), given.get("url"))


def _kind(value: Json) -> str:
    if value is None:
        return "post"
    if not isinstance(value, str) or value not in KINDS:
        raise ItemError("kind", f"must be one of {', '.join(KINDS)}")
    return value


def _rating(value: Json) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= 5:
        raise ItemError("rating", "must be a number from 1 to 5")
    return float(value)


def _count(value: Json, field: str) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MAX_COUNT:
        raise ItemError(field, "must be a whole number of at least 0")
    return value


def _counters(value: Json) -> dict[str, int]:
    entries = _entries(value, "counters")
    counted = {name: _count(number, f"counters.{name[:50]}") for name, number in entries.items()}
    return {name: number for name, number in counted.items() if number is not None}


def _stated(value: Json) -> dict[str, str]:
    stated: dict[str, str] = {}
    for name, words in _entries(value, "stated").items():
        if not isinstance(words, str):
            raise ItemError(f"stated.{name[:50]}", "must be a text")
        stated[name] = words
    return stated


def _entries(value: Json, field: str) -> dict[str, Json]:
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > _MOST_ENTRIES:
        raise ItemError(field, f"must be an object with at most {_MOST_ENTRIES} entries")
    return value


__all__ = ["AUTHOR_FIELDS", "FIELDS", "ItemError", "kept_post", "native_id", "sent_post"]
