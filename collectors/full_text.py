"""The whole text of feed entries from their own pages, where robots.txt lets us read them."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import urljoin, urlsplit

from collectors.article import Article, ArticleReader
from collectors.errors import CollectError
from collectors.feed_reading import Entry
from collectors.http import HttpClient
from collectors.post import Json
from collectors.refused import refusal_of_address
from collectors.robots import RobotsFiles
from collectors.web.cursor import mark
from collectors.web.values import moment
from collectors.web.verdict import is_challenge

MAX_PAGES = 20  # in one run
MAX_SECONDS = 120.0  # of one run, after which the rest waits for the next
MAX_REMEMBERED = 500
REST = timedelta(days=1)  # for a host that refused us without saying for how long
MAX_HOPS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ACCEPT = {"accept": "text/html, application/xhtml+xml;q=0.9"}


@dataclass(slots=True)
class Tally:
    """How the pages of one run fared."""

    read: int = 0
    shorter: int = 0  # the page gave no more than the feed
    closed: int = 0  # robots.txt or the site's terms
    failed: int = 0
    waiting: int = 0

    def words(self) -> str:
        told = [
            (self.read, f"{self.read} entries were read in full from their pages."),
            (self.shorter, f"{self.shorter} pages gave no more than the feed."),
            (self.closed, f"{self.closed} pages are not read, by robots.txt or the terms of their site."),
            (self.failed, f"{self.failed} pages could not be read; the feed's own text stands."),
            (self.waiting, f"{self.waiting} pages wait for the next run."),
        ]
        return " ".join(sentence for count, sentence in told if count)


@dataclass(slots=True)
class Memory:
    """What the cursor keeps: entries whose page was looked at, and hosts that asked to be left alone."""

    seen: dict[str, str] = field(default_factory=dict)  # mark of the id → mark of the feed's own text
    resting: dict[str, datetime] = field(default_factory=dict)  # host → until when

    @classmethod
    def read(cls, value: Json, now: datetime) -> "Memory":
        """From the cursor; whatever is old or damaged is left out."""
        kept = value if isinstance(value, dict) else {}
        seen, resting = kept.get("seen"), kept.get("resting")
        memory = cls()
        if isinstance(seen, dict):
            memory.seen = {key: text for key, text in seen.items() if isinstance(text, str)}
        if isinstance(resting, dict):
            until = {host: moment(at, "dmy") for host, at in resting.items() if isinstance(at, str)}
            memory.resting = {host: at for host, at in until.items() if at and at > now}
        return memory

    def to_json(self) -> dict[str, Json]:
        newest = list(self.seen.items())[-MAX_REMEMBERED:]
        return {
            "seen": dict(newest),
            "resting": {host: at.isoformat() for host, at in list(self.resting.items())[-50:]},
        }


class FullTexts:
    """Goes through a feed's entries. No failure of a page ever loses its entry."""

    def __init__(self, http: HttpClient, memory: Memory, now: datetime, max_pages: int = MAX_PAGES) -> None:
        self.memory = memory
        self.tally = Tally()
        self._http = http
        self._now = now
        self._left = max_pages
        self._end = time.monotonic() + MAX_SECONDS
        self._robots = RobotsFiles(http)
        self._reader = ArticleReader()
        self._slow: set[str] = set()  # hosts with a long crawl delay that were asked once in this run

    def __enter__(self) -> "FullTexts":
        return self

    def __exit__(self, *error: object) -> None:
        self._reader.close()

    def of(self, entry: Entry) -> Entry | None:
        """The entry with its page's text; None: it is stored in full already and has not changed since."""
        key, text = mark(entry.native_id), mark(f"{entry.title}\n{entry.text}")
        if self.memory.seen.get(key) == text:
            return None
        if entry.link is None:
            return entry
        host = (urlsplit(entry.link).hostname or "").lower()
        if self._left <= 0 or time.monotonic() > self._end or host in self._slow:
            self.tally.waiting += 1
            return entry
        try:
            article = self._article(entry.link, host)
        except CollectError as error:
            self._note(error, host)
            article = None
            if error.reason in {"unreachable", "rate_limited"}:
                return entry  # worth another try when the feed changes
        else:
            self.tally.read += article is not None and len(article.text) > len(entry.text)
            self.tally.shorter += article is None or len(article.text) <= len(entry.text)
        self.memory.seen.pop(key, None)
        self.memory.seen[key] = text
        return _fuller(entry, article)

    def _note(self, error: CollectError, host: str) -> None:
        if error.reason == "not_allowed":
            self.tally.closed += 1
            return
        self.tally.failed += 1
        if error.reason in {"rate_limited", "unauthorized"}:
            self.memory.resting[host] = error.retry_at or self._now + REST

    def _article(self, link: str, host: str) -> Article | None:
        """Fetch and extract; every hop is checked like the first, since redirects lead anywhere."""
        url = link
        for _ in range(MAX_HOPS):
            self._check(url)
            self._left -= 1
            answer = self._http.get(url, headers=_ACCEPT, accept=_REDIRECTS)
            if answer.status not in _REDIRECTS:
                break
            url = _following(url, answer.headers)
        else:
            raise CollectError("bad_answer", f"{host} redirects too often.")
        if "html" not in answer.headers.get("content-type", "html"):
            raise CollectError("bad_answer", f"{host} answered with something that is no page.")
        if is_challenge(answer.headers, answer.body[:100_000].decode("utf-8", "replace")):
            raise CollectError("unauthorized", f"{host} shows a test for humans instead of the page.")
        return self._reader.read(answer.body, url)

    def _check(self, url: str) -> None:
        host = (urlsplit(url).hostname or "").lower()
        if reason := refusal_of_address(url):
            raise CollectError("not_allowed", reason)
        if host in self.memory.resting:
            raise CollectError("unreachable", f"{host} asked to be left alone for a while.")
        if not self._robots.are_known(url):
            raise CollectError("unreachable", f"robots.txt of {host} cannot be had.")
        if not self._robots.allows(url):
            raise CollectError("not_allowed", f"robots.txt of {host} does not allow it.")
        if self._robots.delay(url) > 1.0:
            self._slow.add(host)


def _following(url: str, headers: Mapping[str, str]) -> str:
    try:
        target = urljoin(url, headers.get("location", ""))
        fine = urlsplit(target).scheme in {"http", "https"} and bool(urlsplit(target).hostname)
    except ValueError:
        fine = False
    if not fine:
        raise CollectError("bad_answer", "The page redirects to an address that is none.")
    return target


def _fuller(entry: Entry, article: Article | None) -> Entry:
    """The longer text wins; date and language are filled in where the feed had none."""
    if article is None:
        return entry
    date = moment(article.date, "dmy") if article.date else None
    text = article.text if len(article.text) > len(entry.text) else entry.text
    return replace(entry, text=text, published_at=entry.published_at or date, lang=entry.lang or article.language)
