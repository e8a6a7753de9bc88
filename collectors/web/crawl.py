"""The crawler's own process: one site's settings on stdin, JSON lines on stdout. `collector.py` starts and bounds it.

In: one line, see `Task`. Out: `{"kind": "reading", "url"}` before a page is read, `{"kind": "page", …}` after it,
`{"kind": "alive"}` every few seconds, `{"kind": "end", …}` at the end.
"""

import json
import os
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import IO, Any, cast
from urllib.parse import urlsplit

from scrapy import Request, Spider
from scrapy.crawler import CrawlerProcess
from scrapy.exceptions import CloseSpider
from scrapy.extensions.throttle import AutoThrottle
from scrapy.http import Response, TextResponse
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure

from collectors.line_process import claim_output, limit_resources
from collectors.post import Json
from collectors.web.cursor import mark
from collectors.web.guard import Robots, StoppedError, guard_connections, private_address
from collectors.web.reading import PageRead, read_page
from collectors.web.task import Task, settings_of
from collectors.web.verdict import LEFT_OUT, Stop, failure_of, judge

MEMORY = 2_000_000_000
ALIVE_SECONDS = 5.0
FAILURES_IN_A_ROW = 3


class SiteSpider(Spider):
    """Reads the start pages, the pages after them, and the links that fit; one request at a time."""

    name = "site"

    def __init__(self, task: Task, out: IO[str], refused: list[str]) -> None:
        super().__init__()
        self.task = task
        self._out = out
        self._refused = refused
        self._asked = 0  # pages
        self._seen: set[str] = set()
        self._pages = 0
        self._in_a_row = 0
        self._stop: Stop | None = None
        self._left: list[str] = []
        self._counts: dict[str, int] = {"failed": 0, "missing": 0, "closed": 0, "other": 0, "unread": 0}
        self._cut = False
        self._last: Stop | None = None

    def say(self, message: dict[str, Json]) -> None:
        self._out.write(json.dumps(message) + "\n")

    async def start(self) -> AsyncIterator[Any]:
        LoopingCall(self.say, {"kind": "alive"}).start(ALIVE_SECONDS, now=False)
        for url, role in self.task.seeds:
            for request in self._request(url, role, 0):
                yield request

    def _request(self, url: str, role: str, depth: int) -> Iterator[Request]:
        """A request, unless a cap is reached; what is cut off of a paging is left for the next run."""
        if url in self._seen or mark(url) in self.task.avoid:
            return
        self._seen.add(url)
        if self._asked >= self.task.site.max_pages:
            self._cut = True
            if role == "next":
                self._left.append(url)
            return
        self._asked += 1
        yield Request(
            url,
            callback=self.read,
            errback=self.failed,
            priority={"start": 2, "next": 1, "follow": 0}[role],
            cb_kwargs={"role": role, "depth": depth},
            dont_filter=True,  # `_seen` does that; Scrapy would drop a redirect in a circle without a word
        )

    def read(self, response: Response, role: str, depth: int) -> Iterator[Request]:
        self._keep_distance()
        text = response.text if isinstance(response, TextResponse) else ""
        headers = {name.decode("latin-1").lower(): value for name in response.headers
                   if (value := (response.headers.get(name) or b"").decode("latin-1")) is not None}  # fmt: skip
        page = PageRead()
        if 200 <= response.status < 300:
            if not isinstance(response, TextResponse):
                self._counts["other"] += 1
                return
            page = self._read(response, text, role)
        stop = None if page.items else judge(response.status, headers, text, response.url, datetime.now(UTC))
        if stop is not None:
            self._refuse(stop, role, left_out=response.status in LEFT_OUT)
            return
        self._in_a_row = 0
        fresh = sum(mark(str(item["id"])) not in self.task.known for item in page.items)
        onward = list(self._onward(page, role, depth, fresh))
        self._tell(page, response.url, role, next((one.url for one in onward if one.cb_kwargs["role"] == "next"), None))
        yield from onward

    def _read(self, response: Response, text: str, role: str) -> PageRead:
        self.say({"kind": "reading", "url": response.url})
        site = self.task.site
        overview = site.read == "article" and role != "follow" and bool(site.follow)
        try:
            return read_page(text, response.url, site, article=not overview)
        except Exception as error:  # noqa: BLE001 - one page of a stranger must not lose the others; it is counted
            self._counts["unread"] += 1
            self._last = Stop("bad_answer", f"A page could not be read ({type(error).__name__}).")
            return PageRead()

    def _tell(self, page: PageRead, url: str, role: str, onward: str | None) -> None:
        self._pages += 1
        counts = {name: getattr(page, name) for name in ("unreadable", "repeated", "undated", "without_zone")}
        self.say({"kind": "page", "url": url, "role": role, "items": list(page.items),
                  "rated_only": page.rated_only, "links": len(page.links),
                "onward": onward, **counts})  # fmt: skip

    def _onward(self, page: PageRead, role: str, depth: int, fresh: int) -> Iterator[Request]:
        """The next page only where this one had something new: no endless calendars, no old pages again."""
        overview = self.task.site.read == "article" and bool(page.links)
        if page.next and role != "follow" and (fresh or overview):
            yield from self._request(page.next, "next", depth)
        elif page.next and role == "follow" and fresh and depth <= self.task.site.max_depth:
            yield from self._request(page.next, "follow", depth)
        if depth < self.task.site.max_depth:
            for url in page.links:
                if not (self.task.site.read == "article" and mark(url) in self.task.known):
                    yield from self._request(url, "follow", depth + 1)

    def failed(self, failure: Failure) -> None:
        """A request without an answer."""
        error = failure.value
        request = cast(Request, failure.request)  # type: ignore[attr-defined]  # set by Scrapy
        role, host = str(request.cb_kwargs["role"]), urlsplit(request.url).hostname or "the host"
        stop = error.stop if isinstance(error, StoppedError) else failure_of(error, host)
        if stop.reason == "unreachable" and self._refused:
            stop = private_address(host)
        self._refuse(stop, role, left_out=stop.closed_path)

    def _refuse(self, stop: Stop, role: str, *, left_out: bool) -> None:
        """End the run, or count the page and go on: one page that is missing or slow does not lose the others."""
        self._last = stop
        alone = role == "start" and len(self.task.site.start) == 1
        passing = stop.reason in {"unreachable", "bad_answer"} and stop.retry_at is None and not stop.permanent
        kind = "closed" if stop.closed_path else "missing" if left_out else "failed"
        self._counts[kind] += 1
        self._in_a_row += kind == "failed"
        if not (left_out or passing) or alone or self._in_a_row >= FAILURES_IN_A_ROW:
            self._stop = stop
            raise CloseSpider(stop.reason)

    def _keep_distance(self) -> None:
        """The Crawl-delay of robots.txt holds from the first page on; what does not fit is left to later runs."""
        robots = self.crawler.get_downloader_middleware(Robots)
        delay = robots.crawl_delay if robots is not None else 0.0
        if delay <= self.task.pace:
            return
        throttle = self.crawler.get_extension(AutoThrottle)
        if throttle is not None:
            throttle.mindelay = delay
            throttle.maxdelay = max(throttle.maxdelay, delay)
        engine: Any = self.crawler.engine
        for slot in engine.downloader.slots.values():
            slot.delay = max(slot.delay, delay)

    def closed(self, reason: str) -> None:
        """Scrapy's last call: say how it went."""
        stats = self.crawler.stats
        sent = stats.get_value("downloader/request_count", 0) - stats.get_value("httpcache/hit", 0)
        expected = "finished" if self._stop is None else self._stop.reason
        stop = self._stop or (self._last if self._pages == 0 else None)
        message: dict[str, Json] = {
            "kind": "end",
            "stop": stop.to_json() if stop else None,
            "cut": self._cut or reason != expected,
            "timed_out": reason == "closespider_timeout",
            "left": list(self._left),
            "asked": self._asked,
            "requests": sent,
        }
        message.update(self._counts)
        self.say(message)


def main() -> None:
    """One crawl. The process ends when its parent does: that closes our input."""
    out = claim_output()
    task = Task.from_json(json.loads(sys.stdin.readline()))
    limit_resources(MEMORY, int(task.seconds) + 60)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    process = CrawlerProcess(settings_of(task))
    refused: list[str] = []
    process.crawl(SiteSpider, task=task, out=out, refused=refused)
    from twisted.internet import reactor  # only now: Scrapy has installed the one it wants

    guard_connections(reactor, task.allow_private, refused)
    process.start()


def _end_with_parent() -> None:
    while os.read(0, 1024):
        pass
    os._exit(3)


if __name__ == "__main__":
    main()
