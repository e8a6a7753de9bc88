"""Answers of GDELT's DOC 2.0 API: often not quite JSON, and refusals come as plain text with status 200."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from collectors.errors import CollectError
from collectors.fields import number, record, several, text, web_link
from collectors.html_text import one_line
from collectors.post import Json, RawPost

_BAD_ESCAPE = re.compile(r'\\(?!["\\/bfnrt]|u[0-9a-fA-F]{4})')
_ARTICLE = re.compile(r'\{\s*"url(?:_mobile)?"\s*:')
_MOST_ARTICLES = 1_000
_KEPT = ("url", "title", "seendate", "domain", "language", "sourcecountry")
_TOO_FAST = ("limit requests", "too many requests", "rate limit")
_UNUSABLE = ("too short", "too long", "too common", "phrase", "keyword", "query")
# fmt: off
_LANGUAGES = {
    "english": "en", "german": "de", "french": "fr", "spanish": "es", "italian": "it", "portuguese": "pt",
    "dutch": "nl", "polish": "pl", "russian": "ru", "ukrainian": "uk", "turkish": "tr", "arabic": "ar", "chinese": "zh",
    "japanese": "ja", "korean": "ko", "hindi": "hi", "greek": "el", "swedish": "sv", "norwegian": "no", "danish": "da",
    "finnish": "fi", "czech": "cs", "hungarian": "hu", "romanian": "ro", "bulgarian": "bg", "hebrew": "he",
    "indonesian": "id", "vietnamese": "vi", "thai": "th", "persian": "fa", "croatian": "hr", "serbian": "sr",
    "slovak": "sk", "slovenian": "sl", "catalan": "ca", "estonian": "et", "latvian": "lv", "lithuanian": "lt",
}
# fmt: on


class TermRefusedError(Exception):
    """GDELT does not search for this name; `words` are its own."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


@dataclass(frozen=True, slots=True)
class Articles:
    """The readable articles of an answer and how many could not be read."""

    items: tuple[Json, ...]
    unread: int


def articles_of(body: bytes) -> Articles:
    """Read a list of articles; raise `TermRefusedError` or `CollectError`. An empty object means none."""
    words = body.decode("utf-8-sig", "replace")
    found = _object(words)
    if found is not None:
        given = found.get("articles", [])
        if not isinstance(given, list):
            raise CollectError("bad_answer", "GDELT answered without its list of articles.")
        return Articles(tuple(given), 0)
    if '"articles"' not in words:
        raise refusal_of(words)
    return _one_by_one(words)


def volume_of(body: bytes) -> int | None:
    """How many articles a timeline counts, None when it says nothing; raise as `articles_of`."""
    words = body.decode("utf-8-sig", "replace")
    found = _object(words)
    if found is None:
        raise refusal_of(words)
    series = [record(one) for one in several(found.get("timeline"))]
    values = [number(record(point).get("value")) for one in series for point in several(one.get("data"))]
    counts = [value for value in values if value is not None]
    return sum(counts) if counts else None


def post_of(item: Json) -> RawPost | None:
    """An article as a post, None without a link or a title. Its text comes by feeds and pages, not from here."""
    shape = record(item)
    link, title = web_link(shape.get("url")), one_line(text(shape.get("title")))
    if link is None or not title:
        return None
    return RawPost(
        native_id=link,
        text="",
        published_at=_moment(text(shape.get("seendate"))),
        url=link,
        title=title,
        kind="article",
        lang=_LANGUAGES.get(text(shape.get("language")).casefold()),
        raw={name: shape[name] for name in _KEPT if shape.get(name) is not None},
    )


def refusal_of(words: str) -> Exception:
    """What an answer that is no JSON means."""
    said = " ".join(words.split())[:200]
    lower = said.casefold()
    if lower.startswith("<"):
        return CollectError("bad_answer", "GDELT answered with an HTML page where JSON was due.")
    if any(mark in lower for mark in _TOO_FAST):
        return CollectError("rate_limited", "GDELT asks for fewer requests.")
    if any(mark in lower for mark in _UNUSABLE):
        return TermRefusedError(said)
    return CollectError("bad_answer", "GDELT answered with something that is not JSON.")


def _object(words: str) -> dict[str, Json] | None:
    """The answer as JSON, control characters and wrong escapes allowed; None when it is none."""
    for attempt in (words, _BAD_ESCAPE.sub(r"\\\\", words)):
        try:
            found = json.loads(attempt, strict=False)
        except (ValueError, RecursionError):
            continue
        return found if isinstance(found, dict) else None
    return None


def _one_by_one(words: str) -> Articles:
    """Each article of a damaged list by itself: what is broken in one costs that one only."""
    repaired = _BAD_ESCAPE.sub(r"\\\\", words)
    decoder = json.JSONDecoder(strict=False)
    starts = [match.start() for match in _ARTICLE.finditer(repaired)][:_MOST_ARTICLES]
    items: list[Json] = []
    unread = 0
    for start in starts:
        try:
            items.append(decoder.raw_decode(repaired, start)[0])
        except (ValueError, RecursionError):
            unread += 1
    if not items:
        raise CollectError("bad_answer", "GDELT's list of articles cannot be read.")
    return Articles(tuple(items), unread)


def _moment(words: str) -> datetime | None:
    """When GDELT first saw the article, `20260301T120000Z`: the nearest there is to its publication."""
    try:
        return datetime.strptime(words, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


__all__ = ["Articles", "TermRefusedError", "articles_of", "post_of", "refusal_of", "volume_of"]
