"""RSS, Atom and JSON feeds: publishers, blogs, Google Alerts, YouTube channels, Reddit listings."""

import hashlib
from collections.abc import Generator, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from collectors import feed_rhythm
from collectors.base import Batch, Collector, CollectRequest, Option, Outcome
from collectors.feed_reading import Entry, ReadFeed, read_feed
from collectors.http import HttpAnswer, HttpClient
from collectors.options import complete, web_address, yes_or_no
from collectors.post import Json, RawAuthor, RawPost
from collectors.redistribution import QUOTED
from config.settings import get_settings

BATCH = 500
ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
_PLATFORMS = {"reddit.com": "reddit", "youtube.com": "youtube"}


class FeedCollector(Collector):
    """One feed. Conditional requests, and a rhythm of looking that follows the feed's own."""

    kind = "feed"
    label = "RSS, Atom or JSON feed"
    redistribution = QUOTED
    summary = "Any RSS, Atom or JSON feed: publishers, blogs, Google Alerts; on request with the full article."
    options: tuple[Option, ...] = (
        Option("url", "Address of the feed", "Begins with http:// or https://.", required=True),
        Option(
            "full_text",
            "Read entries in full",
            "Fetch each entry's own page where robots.txt allows it; for feeds that give only the first lines.",
            default=False,
        ),
    )
    interval = timedelta(hours=1)
    needs_terms = False

    def __init__(self, min_minutes: int | None = None, max_minutes: int | None = None) -> None:
        self._min_minutes = min_minutes
        self._max_minutes = max_minutes

    def check_options(self, options: Mapping[str, Json]) -> dict[str, Json]:
        values = complete(options, self.options)
        return {"url": web_address(values, "url"), "full_text": yes_or_no(values, "full_text")}

    def host(self, options: Mapping[str, Json]) -> str | None:
        url = options.get("url")
        return urlsplit(url).hostname if isinstance(url, str) else None

    def map_item(self, raw: Mapping[str, Json]) -> RawPost | None:
        return post_of(raw)

    def collect(self, request: CollectRequest, http: HttpClient) -> Generator[Batch, None, Outcome]:
        url = web_address(request.options, "url")
        cursor = request.cursor if request.cursor.get("url") == url else {}
        answer = http.get(url, headers=_conditions(cursor))
        digest = hashlib.sha256(answer.body).hexdigest()
        if answer.status == 304 or digest == cursor.get("sha256"):
            return (yield from self._unchanged(cursor, answer))
        feed = read_feed(answer.body, answer.headers.get("content-type"), answer.url)
        dates = [entry.published_at for entry in feed.entries if entry.published_at]
        wanted = feed_rhythm.from_dates(dates, request.now) or feed_rhythm.UNKNOWN_RHYTHM
        interval = self._interval(wanted, answer, feed.ttl)
        entries = _first_of_each_id(feed)
        repeated = len(feed.entries) - len(entries)
        entries, full, note, waiting = self._in_full(entries, request, http)
        posts = [_post(entry, feed.title, url) for entry in entries]
        done: dict[str, Json] = {
            "url": url,
            "etag": answer.headers.get("etag"),
            "last_modified": answer.headers.get("last-modified"),
            "sha256": digest,
            "minutes": interval.total_seconds() / 60,
            **full,
        }
        if waiting:  # the next run must see the feed again, changed or not
            done |= {"etag": None, "last_modified": None, "sha256": None}
        for start in range(0, len(posts), BATCH):
            last = start + BATCH >= len(posts)
            yield Batch(tuple(posts[start : start + BATCH]), done if last else request.cursor)
        if not posts:
            yield Batch((), done)
        detail = " ".join(part for part in (_detail(feed, repeated, answer), note) if part)
        return Outcome(True, "ok", detail, next_check=interval)

    def _in_full(
        self, entries: list[Entry], request: CollectRequest, http: HttpClient
    ) -> tuple[list[Entry], dict[str, Json], str, bool]:
        """Entries with the text of their pages, what the cursor keeps of that, words, and whether pages wait."""
        if not yes_or_no({"full_text": request.options.get("full_text", False)}, "full_text"):
            return entries, {}, "", False
        from collectors.full_text import FullTexts, Memory

        with FullTexts(http, Memory.read(request.cursor.get("full_text"), request.now), request.now) as texts:
            found = [fuller for entry in entries if (fuller := texts.of(entry)) is not None]
        return found, {"full_text": texts.memory.to_json()}, texts.tally.words(), texts.tally.waiting > 0

    def _unchanged(self, cursor: Mapping[str, Json], answer: HttpAnswer) -> Generator[Batch, None, Outcome]:
        minutes = cursor.get("minutes")
        previous = timedelta(minutes=minutes) if isinstance(minutes, int | float) else None
        interval = self._interval(feed_rhythm.slower(previous), answer, None)
        yield Batch((), {**cursor, "minutes": interval.total_seconds() / 60})
        return Outcome(True, "not_modified", _moved(answer), next_check=interval)

    def _interval(self, wanted: timedelta, answer: HttpAnswer, ttl: timedelta | None) -> timedelta:
        shortest = self._min_minutes or get_settings().feed_min_minutes
        longest = self._max_minutes or get_settings().feed_max_minutes
        asked = (ttl, feed_rhythm.max_age(answer.headers.get("cache-control")))
        return feed_rhythm.bounded(wanted, asked, timedelta(minutes=shortest), timedelta(minutes=longest))


def _conditions(cursor: Mapping[str, Json]) -> dict[str, str]:
    headers = {"accept": ACCEPT}
    etag, modified = cursor.get("etag"), cursor.get("last_modified")
    if isinstance(etag, str):
        headers["if-none-match"] = etag
    if isinstance(modified, str):
        headers["if-modified-since"] = modified
    return headers


def _first_of_each_id(feed: ReadFeed) -> list[Entry]:
    first: dict[str, Entry] = {}
    for entry in feed.entries:
        first.setdefault(entry.native_id, entry)
    return list(first.values())


def _post(entry: Entry, feed_title: str, url: str) -> RawPost:
    """The entry with its author, and as the raw item without: `post_of` gives the same post from that."""
    platform = _platform((entry.link, entry.author_url, url))
    raw: dict[str, Json] = {
        "id": entry.native_id,
        "link": entry.link,
        "feed_title": feed_title,
        "tags": list(entry.tags),
        "title": entry.title,
        "text": entry.text,
        "published_at": entry.published_at.isoformat() if entry.published_at else None,
        "lang": entry.lang,
        "views": entry.views,
        "comments": entry.comments,
        "platform": platform,
    }
    post = post_of(raw)
    if post is None:
        raise ValueError("an entry always has an id")
    return replace(post, author=_author(entry, platform))


def post_of(raw: Mapping[str, Json]) -> RawPost | None:
    """A raw item as a post without its author; None for items that were stored before they held their text."""
    native_id, text = raw.get("id"), raw.get("text")
    if not isinstance(native_id, str) or not isinstance(text, str):
        return None
    title, link, date, lang = (_string(raw, name) for name in ("title", "link", "published_at", "lang"))
    counted = {name: raw.get(name) for name in ("views", "comments")}
    return RawPost(
        native_id=native_id,
        text=text,
        published_at=datetime.fromisoformat(date) if date else None,
        url=link,
        title=title,
        kind="article" if raw.get("platform") == "feed" else "post",
        lang=lang,
        counters={name: count for name, count in counted.items() if isinstance(count, int)},
        raw=dict(raw),
    )


def _string(raw: Mapping[str, Json], name: str) -> str | None:
    value = raw.get(name)
    return value if isinstance(value, str) and value else None


def _author(entry: Entry, platform: str) -> RawAuthor | None:
    if not entry.author_name and not entry.author_url and not entry.author_others:
        return None
    others = entry.author_others
    name = (entry.author_name or "").strip()
    if platform == "reddit":
        handle = name.removeprefix("/").removeprefix("u/")
        return RawAuthor(platform, handle=handle or None, profile_url=entry.author_url, others=others)
    if platform == "youtube":
        channel = (entry.author_url or "").rstrip("/").rpartition("/channel/")[2]
        return RawAuthor(platform, channel or None, None, name or None, entry.author_url, others)
    return RawAuthor(platform, None, None, name or None, entry.author_url, others)


def _platform(addresses: Iterable[str | None]) -> str:
    """Feeds of a platform name its accounts, so that their authors get the platform's pseudonyms."""
    for address in addresses:
        host = urlsplit(address).hostname if address else None
        for domain, platform in _PLATFORMS.items():
            if host and (host == domain or host.endswith(f".{domain}")):
                return platform
    return "feed"


def _detail(feed: ReadFeed, repeated: int, answer: HttpAnswer) -> str:
    notes = [_moved(answer)] if answer.moved_to else []
    notes += ["The feed is empty."] if not feed.entries else []
    notes += [f"{repeated} entries repeat the id of another and were left out."] if repeated else []
    notes += [f"Read with tolerance: {feed.broken}."] if feed.broken else []
    return " ".join(notes)


def _moved(answer: HttpAnswer) -> str:
    return f"The feed has moved for good to {answer.moved_to}; please change the address." if answer.moved_to else ""
