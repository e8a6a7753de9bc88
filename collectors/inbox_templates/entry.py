"""What a template finds in a mail: items as plain JSON that `post_of` turns into posts, then and at any later time."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from collectors.fields import moment
from collectors.post import Json, RawAuthor, RawPost

_STATED = {"status": "author_status", "job": "job", "place": "location"}
_PARTS = {"pros": "Pros", "cons": "Cons", "advice": "Advice"}


class FormatError(Exception):
    """The mail is not in the form that the template knows; the sentence says what is missing."""


@dataclass(frozen=True, slots=True)
class Found:
    """The items of one mail, and what was left out of it, in words ("" for nothing)."""

    items: tuple[Mapping[str, Json], ...]
    note: str = ""


def post_of(item: Mapping[str, Json]) -> RawPost | None:
    """The post of one item; None where it has no id or says nothing."""
    native_id, kind = _text(item, "id"), _text(item, "kind") or "review"
    parts = [f"{label}: {words}" for name, label in _PARTS.items() if (words := _text(item, name))]
    text = "\n".join(part for part in (_text(item, "text"), *parts) if part)
    title = _text(item, "title")
    if not native_id or not (text or title):
        return None
    rating = item.get("rating")
    stars = float(rating) if isinstance(rating, int | float) and not isinstance(rating, bool) else None
    stated = {name: words for key, name in _STATED.items() if (words := _text(item, key)[:200])}
    if kind == "review":
        stated["kind"] = "review"
    if stars is not None and 1 <= stars <= 5:
        stated["stars"] = f"{stars:g}"
    name = _text(item, "by")
    return RawPost(
        native_id=native_id,
        text=text,
        published_at=moment(_text(item, "date")),
        url=_text(item, "url") or None,
        title=title or None,
        author=RawAuthor(_text(item, "platform") or "mail", display_name=name) if name else None,
        kind=kind,
        rating=stars if stars is not None and 1 <= stars <= 5 else None,
        stated=stated,
        raw={key: value for key, value in item.items() if key != "by" and value not in (None, "")},
    )


def content_id(platform: str, *words: str) -> str:
    """A steady id of what was said, for items whose mail names none."""
    joined = "\x1f".join(" ".join(each.split()).casefold() for each in words)
    return f"{platform}:" + hashlib.sha256(joined.encode("utf-8", "replace")).hexdigest()[:32]


def clean_address(address: str, keep: tuple[str, ...] = ()) -> str:
    """A link without what says who was sent it: of the query only the fields in `keep` stay."""
    parts = urlsplit(address)
    query = urlencode([(name, value) for name, value in parse_qsl(parts.query)[:50] if name in keep])
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))


def readable_address(address: str) -> bool:
    """Whether a path is made of words: links of senders that count clicks hold a code for the recipient instead."""
    path = urlsplit(address).path
    words = [word for word in re.split(r"[/_.-]", path) if word]
    long = [word for word in words if len(word) > 20 or (len(word) > 8 and any(letter.isdigit() for letter in word))]
    return bool(words) and not [word for word in long if not word.isdecimal() or len(word) > 12]


def _text(item: Mapping[str, Json], name: str) -> str:
    value = item.get(name)
    return value if isinstance(value, str) else ""


__all__ = ["FormatError", "Found", "clean_address", "content_id", "post_of", "readable_address"]
