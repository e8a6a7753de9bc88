"""Any site that the operator may read: review pages, forums, press pages. The crawling is done in a process of its own.

This module is light: the web process lists collectors, and Scrapy stays in the child (`collectors.web.crawl`).
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from collectors.base import Batch, Collector, CollectRequest, Outcome
from collectors.errors import CollectError
from collectors.http import HttpClient
from collectors.line_process import ChildError, LineProcess
from collectors.post import Json, RawPost
from collectors.redistribution import QUOTED
from collectors.web import cursor as cursors
from collectors.web.cursor import Cursor
from collectors.web.form import OPTIONS, normal_options, site_of
from collectors.web.item import post_of
from collectors.web.site import Site, host_of
from collectors.web.summary import Summary
from collectors.web.sweep import sweep
from collectors.web.verdict import Stop
from config.settings import Settings, get_settings

MAX_PAGE_BYTES = 3_000_000
START_SECONDS = 30.0  # until the first sign of life: the interpreter and Scrapy load in about one
GRACE_SECONDS = 60.0  # after which a child that should have ended by itself is ended
SILENCE_SECONDS = 30.0  # the child speaks every five seconds unless it hangs in a page


@dataclass(slots=True)
class _Run:
    """What is known while the child works."""

    cursor: Cursor
    summary: Summary = field(default_factory=Summary)
    reading: str | None = None


class WebCollector(Collector):
    """One site, read as a guest: robots.txt, one request at a time, no sign-in, no cookies, no way around refusals."""

    kind = "web"
    about = "own"
    label = "Web pages"
    redistribution = QUOTED
    summary = "Pages that you may read, such as review pages, forums and press pages; robots.txt is obeyed."
    options = OPTIONS
    interval = timedelta(hours=6)
    needs_terms = False
    pace = timedelta(seconds=2)

    def __init__(
        self,
        *,
        pace: timedelta | None = None,
        run_seconds: float = 420.0,
        silence_seconds: float = SILENCE_SECONDS,
        module: str = "collectors.web.crawl",
    ) -> None:
        self.pace = self.pace if pace is None else pace
        self._run_seconds = run_seconds
        self._silence = silence_seconds
        self._module = module

    def check_options(self, options: Mapping[str, Json]) -> dict[str, Json]:
        return normal_options(options)

    def host(self, options: Mapping[str, Json]) -> str | None:
        try:
            return host_of(site_of(options).start[0])
        except ValueError:
            return None

    def map_item(self, raw: Mapping[str, Json]) -> RawPost | None:
        return post_of(raw)

    def collect(self, request: CollectRequest, http: HttpClient) -> Generator[Batch, None, Outcome]:
        try:
            site = site_of(request.options)
        except ValueError as error:
            raise CollectError(
                "bad_answer", f"The settings of this source are wrong: {error}", permanent=True
            ) from error
        run = _Run(Cursor.read(request.cursor, site))
        host = host_of(site.start[0])
        http.gate.enter(host)
        failed = False
        try:
            with LineProcess(self._module) as child:
                return (yield from self._follow(child, self._task(request, http, site, run), run))
        except CollectError as error:
            failed = error.reason == "unreachable" and not error.permanent
            raise
        finally:
            http.gate.leave(host, failed=failed)
            http.requests += run.summary.requests

    def _follow(self, child: LineProcess, task: dict[str, Json], run: _Run) -> Generator[Batch, None, Outcome]:
        """Batches as pages come in; the outcome, or the error that ended the child."""
        site = Site.from_json(cast("dict[str, Json]", task["site"]))
        wait, end = START_SECONDS, time.monotonic() + self._run_seconds + GRACE_SECONDS
        try:
            child.send(task, START_SECONDS)
            while True:
                message = child.receive(min(wait, end - time.monotonic()))
                wait = self._silence
                match message.get("kind"):
                    case "reading":
                        run.reading = str(message.get("url"))
                    case "page":
                        batch = self._batch(message, site, run)
                        if batch.posts:  # so that the first batch, which a trial shows, has something to show
                            yield batch
                    case "end":
                        return (yield from _finish(message, site, run))
        except ChildError as error:
            yield from _broken(error, run)
            raise _fault(error, run) from error

    def _batch(self, message: Mapping[str, Json], site: Site, run: _Run) -> Batch:
        given = message.get("items")
        items = [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []
        found = [(item, post_of(item)) for item in items]
        posts = tuple(post for _, post in found if post is not None)
        lost = len(items) - len(posts)
        run.summary = run.summary.with_page(message, len(posts), lost)
        page, onward = str(message.get("url")), message.get("onward")
        ids = [post.native_id for post in posts]
        run.cursor = run.cursor.with_page(page, ids, site, onward if isinstance(onward, str) else None)
        run.reading = None
        return Batch(posts, run.cursor.to_json())

    def _task(self, request: CollectRequest, http: HttpClient, site: Site, run: _Run) -> dict[str, Json]:
        settings = get_settings()
        folder = _cache_folder(settings, request.source_id)
        seeds = [*((url, "start") for url in site.start), *((url, "next") for url in run.cursor.left)]
        return {
            "site": site.to_json(),
            "seeds": [[url, role] for url, role in seeds],
            "known": list(run.cursor.known),
            "avoid": list(run.cursor.avoid),
            "agent": _agent(http.user_agent, settings),
            "pace": self.pace.total_seconds(),
            "timeout": http.timeout,
            "max_bytes": min(http.max_bytes, MAX_PAGE_BYTES),
            "allow_private": http.allows_private,
            "seconds": self._run_seconds,
            "cache_folder": str(folder) if folder else None,
            "cache_key": _cache_key(settings) if folder else None,
        }


def _finish(message: Mapping[str, Json], site: Site, run: _Run) -> Generator[Batch, None, Outcome]:
    """The child's last words as outcome or error; the cursor keeps what is left for the next run."""
    run.summary = run.summary.with_end(message)
    stop = message.get("stop")
    left = [url for url in cursors.strings(message.get("left")) if host_of(url) in site.hosts]
    changed = run.summary.changed(run.cursor, site)
    if stop is None and changed is None:
        run.cursor = run.cursor.closed(left, run.summary.items)
        yield Batch((), run.cursor.to_json())
    if isinstance(stop, dict):
        raise Stop.from_json(stop).error()
    if changed is not None:
        return Outcome(False, "bad_answer", f"{changed} {run.summary.words()}".strip())
    if run.summary.incomplete:
        return Outcome(False, "limit_reached", run.summary.words(site.max_pages))
    return Outcome(run.summary.failed == 0, "ok" if run.summary.failed == 0 else "unreachable", run.summary.words())


def _broken(error: ChildError, run: _Run) -> Generator[Batch, None, None]:
    """The page that stalled or killed the crawler is left out from now on, so that the next run gets past it."""
    if error.cause != "garbage" and run.reading is not None:
        run.cursor = run.cursor.avoiding(run.reading)
        yield Batch((), run.cursor.to_json())


def _fault(error: ChildError, run: _Run) -> CollectError:
    if run.reading is None:
        return CollectError("bad_answer", f"The crawler failed. {error.detail}")
    parts = urlsplit(run.reading)
    return CollectError(
        "bad_answer",
        f"The page {parts.hostname}{parts.path[:100]} could not be read and is left out from now on. {error.detail}",
    )


def _agent(agent: str, settings: Settings) -> str:
    """Our name with where to complain: the public address of this service, where there is one."""
    return f"{agent} (+{settings.public_url})" if settings.public_url and settings.public_url not in agent else agent


def _cache_folder(settings: Settings, source_id: int) -> Path | None:
    """The source's own folder of cached pages, after a sweep of all; None where nothing can be written."""
    top = settings.data_dir / "web_cache"
    try:
        folder = top / str(source_id)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        sweep(top)
    except OSError:
        return None
    return folder


def _cache_key(settings: Settings) -> str:
    """A key for the cache alone: the crawler gets no other secret."""
    derived = hmac.new(settings.secret().encode(), b"cached pages of web sources", hashlib.sha256).digest()
    return base64.urlsafe_b64encode(derived).decode()
