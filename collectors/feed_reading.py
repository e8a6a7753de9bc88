"""Bytes of a feed as entries: RSS, RDF, Atom and JSON Feed, broken ones included."""

import calendar
import hashlib
import io
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import struct_time
from typing import Any, cast
from urllib.parse import parse_qs, urljoin, urlsplit

from collectors import feed_authors
from collectors.errors import CollectError
from collectors.html_text import one_line, plain_text
from collectors.post import Json

HEAD_BYTES = 4_000  # within which the first element must begin
MAX_ENTRIES = 20_000  # the reader takes minutes for hundreds of thousands that are never closed,
MAX_MARKS = 600_000  # and so for millions of tags
_SPACE = re.compile(rb"[\s\xef\xbb\xbf\xfe\xff]*")
_ELEMENT = re.compile(rb"<[A-Za-z_]")
_HTML = re.compile(rb"(?i)<(?:!doctype\s+html|html)\b")
_LINK_TAG = re.compile(r"(?i)<link\b[^<>]{0,2000}>")
_ATTRIBUTE = re.compile(r"""(?i)\b(rel|type|href)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+))""")
_FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml")
_PERIODS = {"hourly": 60, "daily": 1440, "weekly": 10080, "monthly": 43200, "yearly": 525600}
_MAX_ID_CHARS = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, in plain text. `author_*` are raw and only for `collectors.post.RawAuthor`."""

    native_id: str
    title: str
    text: str
    link: str | None
    published_at: datetime | None
    author_name: str | None = field(default=None, repr=False)
    author_url: str | None = field(default=None, repr=False)
    author_others: tuple[str, ...] = field(default=(), repr=False)
    lang: str | None = None
    views: int | None = None
    comments: int | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadFeed:
    """A feed as read. `ttl` is how long it says its content stays fresh; `broken` names what the reader stumbled on."""

    title: str
    entries: tuple[Entry, ...]
    ttl: timedelta | None = None
    broken: str | None = None


def read_feed(body: bytes, content_type: str | None, url: str) -> ReadFeed:
    """Parse; raise `CollectError` for what is no feed, saying what it is and, for a page, where its feed is."""
    if body.lstrip()[:1] == b"{":
        return _json_feed(body, url)
    return _xml_feed(_checked_start(body, url), content_type, url)


def _checked_start(body: bytes, url: str) -> bytes:
    """The document without what stands before it, so that the reader's own patterns meet nothing but a short head."""
    readable = body.replace(b"\x00", b"") if b"\x00" in body[:64] else body  # UTF-16 and UTF-32 read as ASCII then
    place, declaration = _after_prolog(readable)
    head = readable[place : place + HEAD_BYTES]
    if _HTML.match(head):
        raise CollectError("bad_answer", _page_instead(body, url))
    root = _ELEMENT.search(head)
    before = head[: root.start() if root else None].upper()
    if b"<!ENTITY" in before or before.count(b"[") > 0:
        raise CollectError("bad_answer", "The feed declares XML entities of its own, which is refused as unsafe.")
    if not root or (readable is not body and place > HEAD_BYTES):
        raise CollectError("bad_answer", "The answer is not a feed that can be read (it does not begin as XML does).")
    if readable.count(b"<item") + readable.count(b"<entry") > MAX_ENTRIES or readable.count(b"<") > MAX_MARKS:
        raise CollectError(
            "bad_answer", f"The feed is refused: it has more than {MAX_ENTRIES:,} entries or endless tags."
        )
    return body if readable is not body else declaration + body[place:]


def _after_prolog(body: bytes) -> tuple[int, bytes]:
    """Where the document begins behind comments and white space, and its byte order mark and XML declaration."""
    place, declaration = 0, b"\xef\xbb\xbf" if body.startswith(b"\xef\xbb\xbf") else b""
    while place < len(body):
        space = _SPACE.match(body, place)
        if space and space.end() > place:
            place = space.end()
        elif body.startswith(b"<?", place) and (end := body.find(b"?>", place)) >= 0:
            declaration += body[place : end + 2] if _first_declaration(body, place, end, declaration) else b""
            place = end + 2
        elif body.startswith(b"<!--", place) and (end := body.find(b"-->", place)) >= 0:
            place = end + 3
        else:
            break
    return place, declaration


def _first_declaration(body: bytes, start: int, end: int, known: bytes) -> bool:
    return body.startswith(b"<?xml ", start) and end - start < 500 and b"<?xml" not in known


def _xml_feed(body: bytes, content_type: str | None, url: str) -> ReadFeed:
    import feedparser  # here, since the web process lists collectors and reads no feed

    # No base address: feedparser would resolve ids against it, and a moved feed would seem all new.
    headers = {"content-type": content_type} if content_type else {}
    # Wrapped on purpose: feedparser opens plain bytes as an address or a file name when they look like one.
    parsed = feedparser.parse(
        io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
    )
    broken = _broken(parsed)
    version = parsed.get("version") or ""
    if not parsed.entries and (not version or broken):
        why = f" ({broken})" if broken else ""
        raise CollectError("bad_answer", f"The answer is not a feed that can be read{why}.")
    feed = parsed.feed
    inherited = version.startswith("atom")  # RFC 4287: the feed's author is that of entries without one
    entries = (_entry(item, feed if inherited else {}, url, feed) for item in parsed.entries)
    return ReadFeed(one_line(_string(feed, "title")), tuple(entries), _ttl(feed), broken)


def _broken(parsed: Any) -> str | None:
    """What is wrong with the XML in words; a wrong encoding line alone harms nothing."""
    error = parsed.get("bozo_exception")
    if not parsed.get("bozo") or type(error).__name__ in {"CharacterEncodingOverride", "NonXMLContentType"}:
        return None
    line = error.getLineNumber() if hasattr(error, "getLineNumber") else None
    return f"broken XML at line {line}" if line else "broken XML"


def _entry(item: Any, heir_of: Any, url: str, feed: Any) -> Entry:
    title = one_line(_string(item, "title"))
    published = _moment(item)
    link = resolved_link(_string(item, "link"), url)
    signed = item if item.get("authors") or item.get("author") else heir_of
    author = signed.get("author_detail") or {}
    names = feed_authors.names(signed)
    tags = [str(tag.get("term")) for tag in item.get("tags") or [] if tag.get("term")]
    return Entry(
        native_id=_native_id(_string(item, "id"), link, title, published),
        title=title,
        text=_text(item),
        link=link,
        published_at=published,
        author_name=names[0] if names else None,
        author_url=_string(author, "href") or None,
        author_others=names[1:],
        lang=_lang(item, feed),
        views=_count((item.get("media_statistics") or {}).get("views")),
        comments=_count(item.get("slash_comments")),
        tags=tuple(tags[:20]),
    )


def _text(item: Any) -> str:
    """The longest of content and summary; HTML unless it says otherwise."""
    parts = [*(item.get("content") or []), item.get("summary_detail") or {}]
    texts = []
    for part in parts:
        value = _string(part, "value")
        texts.append(value.strip() if part.get("type") == "text/plain" else plain_text(value))
    return max(texts, key=len, default="")


def _native_id(given: str, link: str | None, title: str, published: datetime | None) -> str:
    """The entry's id, else its link, else a hash of title and date; an overlong one is hashed too."""
    native_id = given.strip() or link or ""
    if not native_id:
        native_id = f"{title}\n{published.isoformat() if published else ''}"
        return "sha256:" + hashlib.sha256(native_id.encode("utf-8", "replace")).hexdigest()
    if len(native_id) > _MAX_ID_CHARS:
        return "sha256:" + hashlib.sha256(native_id.encode("utf-8", "replace")).hexdigest()
    return native_id


def resolved_link(link: str, base: str) -> str | None:
    """An absolute web address, with the redirects of Google's alerts and news taken out; None for anything else."""
    try:
        absolute = urljoin(base, link.strip()) if link.strip() else ""
        parts = urlsplit(absolute)
        if re.fullmatch(r"(?:www\.)?google\.[a-z.]{2,6}", parts.hostname or "") and parts.path == "/url":
            query = parse_qs(parts.query)
            absolute = (query.get("url") or query.get("q") or [absolute])[0]
            parts = urlsplit(absolute)
    except ValueError:
        return None
    return absolute if parts.scheme in {"http", "https"} and parts.hostname else None


def _moment(item: Any) -> datetime | None:
    for name in ("published_parsed", "updated_parsed", "created_parsed"):
        value = dict.get(item, name)  # feedparser's own `get` falls back to other dates, with a warning
        if isinstance(value, struct_time):
            try:
                return datetime.fromtimestamp(calendar.timegm(value), UTC)
            except (ValueError, OverflowError, OSError):
                continue
    return None


def _ttl(feed: Any) -> timedelta | None:
    minutes = _count(feed.get("ttl"))
    period = _PERIODS.get(_string(feed, "sy_updateperiod").strip().lower())
    if minutes is None and period:
        minutes = period // max(1, _count(feed.get("sy_updatefrequency")) or 1)
    return timedelta(minutes=min(minutes, 43_200)) if minutes else None


def _lang(item: Any, feed: Any) -> str | None:
    found = (item.get("title_detail") or {}).get("language") or feed.get("language") or ""
    code = str(found).strip().replace("_", "-").split("-")[0].lower()
    return code if re.fullmatch(r"[a-z]{2,3}", code) else None


def _string(values: Any, name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else ""


def _count(value: object) -> int | None:
    text = str(value).strip() if value is not None else ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None


def _page_instead(body: bytes, url: str) -> str:
    """The error text for a web page, with the feeds that the page itself names."""
    found = []
    for tag in _LINK_TAG.findall(body[:500_000].decode("utf-8", "replace")):
        values = {name.lower(): a or b or c for name, a, b, c in _ATTRIBUTE.findall(tag)}
        if "alternate" in values.get("rel", "").lower() and values.get("type", "").lower() in _FEED_TYPES:
            link = resolved_link(values.get("href", ""), url)
            found += [link] if link and link not in found else []
    hint = f" The page names this feed: {', '.join(found[:3])}" if found else " The page names no feed."
    return "The address leads to a web page, not to a feed." + hint


def _json_feed(body: bytes, url: str) -> ReadFeed:
    try:
        document = cast(Json, json.loads(body))
    except (ValueError, RecursionError) as error:
        raise CollectError("bad_answer", "The answer is not a feed that can be read (broken JSON).") from error
    items = document.get("items") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(items, list):
        raise CollectError("bad_answer", "The answer is JSON, but not a JSON feed: it has no list of items.")
    entries = tuple(_json_entry(item, document, url) for item in items if isinstance(item, dict))
    lost = len(items) - len(entries)
    return ReadFeed(
        one_line(_string(document, "title")), entries, None, f"{lost} items are no objects" if lost else None
    )


def _json_entry(item: dict[str, Json], document: dict[str, Json], url: str) -> Entry:
    title = one_line(_string(item, "title"))
    link = resolved_link(_string(item, "url") or _string(item, "external_url"), url)
    published = _iso(_string(item, "date_published")) or _iso(_string(item, "date_modified"))
    authors = _json_authors(item) or _json_authors(document)
    names = [name for author in authors if (name := _string(author, "name"))]
    tags = item.get("tags")
    markup = _string(item, "content_html")
    given = item.get("id")
    return Entry(
        native_id=_native_id("" if given is None else str(given), link, title, published),
        title=title,
        text=plain_text(markup) if markup else (_string(item, "content_text") or _string(item, "summary")).strip(),
        link=link,
        published_at=published,
        author_name=names[0] if names else None,
        author_url=next((url for author in authors if (url := _string(author, "url"))), None),
        author_others=tuple(names[1:]),
        lang=_lang({}, {"language": _string(item, "language") or _string(document, "language")}),
        tags=tuple(str(tag) for tag in tags[:20]) if isinstance(tags, list) else (),
    )


def _json_authors(holder: dict[str, Json]) -> list[dict[str, Json]]:
    authors = holder.get("authors")
    listed = authors if isinstance(authors, list) and authors else [holder.get("author")]
    return [author for author in listed[:20] if isinstance(author, dict)]


def _iso(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
