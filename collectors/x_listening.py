"""Listening to X's filtered stream for an hour, and searching for what was missed before.

After each connection the search reads what was posted since the stream was last heard. It begins a little later, since
posts reach the search's index late, and in steps between two reads of the stream. Until it is done the cursor stays
where it was, so that a run that dies leaves no gap.
"""

import json
import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode

from collectors.base import Batch, CollectRequest, Outcome
from collectors.errors import CollectError
from collectors.http import HttpAnswer, HttpClient
from collectors.post import Json, RawPost
from collectors.x import outcome
from collectors.x_api import XApi, refusal
from collectors.x_options import queries_of
from collectors.x_posts import page_of
from collectors.x_query import RECENT_CHARS
from collectors.x_reach import Progress, Reach
from collectors.x_search import Plan, Search

STREAM = "/2/tweets/search/stream"
MOST_POSTS = 50  # of a batch


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds of a stream's life."""

    lifetime: float = 3_600.0  # of a run
    silence: float = 40.0  # X sends a blank line every 20
    tick: float = 1.0
    flush: float = 2.0  # posts wait at most so long for their batch, and a stop for the next chance to be heard
    note: float = 60.0  # between two cursors while nothing comes
    settle: float = 45.0  # until the search knows what was posted before the connection
    steady: float = 60.0  # a connection that lived so long may be followed by the next at once


@dataclass(frozen=True, slots=True)
class XAddress:
    """Where the API is, and the key to it."""

    base: str
    bearer: str = field(repr=False)


def spent(request: CollectRequest) -> Outcome:
    limit = request.meter.limit or 0.0
    detail = f"The budget of {limit:.2f} USD for this month does not pay for a post; the stream is not read."
    return Outcome(False, "budget_spent", detail, next_check=timedelta(hours=1))


class Listening:
    """One run: connections one after the other, and the search that fills what lies between them."""

    def __init__(
        self, x: XAddress, options: Mapping[str, Json], plan: Plan, pace: Pace, request: CollectRequest,
        http: HttpClient,
    ) -> None:  # fmt: skip
        self._x = x
        self._options = options
        self._plan = plan
        self._pace = pace
        self._request = request
        self._http = http
        self._terms: tuple[str, ...] = ()
        self._progress = Progress(request.cursor)
        self._began = self._flushed = self._noted = time.monotonic()
        self._newest = ""
        self._held: list[RawPost] = []
        self._deleted: list[str] = []
        self._unread = 0
        self._owed = 0.0  # USD not yet in the ledger: it is written with each batch, not with each post
        self._fill: Search | None = None
        self._filling: Iterator[Batch] | None = None
        self._unfilled: CollectError | None = None
        self._partly: Outcome | None = None  # of a search that could not fill all

    def run(self, terms: tuple[str, ...]) -> Generator[Batch, None, Outcome]:
        """Listen until the run's time is over or the money is; raise `CollectError` when X refuses to go on."""
        self._terms = terms
        while self._age() < self._pace.lifetime and self._affordable():
            connected = time.monotonic()
            try:
                yield from self._connection()
            except CollectError as error:
                yield self._batch()
                steady = time.monotonic() - connected >= self._pace.steady
                if error.reason != "unreachable" or not steady:
                    raise
        if not self._affordable():
            return spent(self._request)
        return self._outcome()

    def _connection(self) -> Iterator[Batch]:
        """One connection until it ends, its run does, or the money does."""
        connected = False
        with_lines = self._http.lines(
            self._address(),
            {"authorization": f"Bearer {self._x.bearer}"},
            silence=self._pace.silence,
            deadline=max(0.0, self._pace.lifetime - self._age()),
            tick=self._pace.tick,
            judge=self._refused,
        )
        opened = time.monotonic()
        try:
            for line in with_lines:
                if not connected:
                    connected = True
                    self._prepare_filling()
                if line:
                    self._take(line)
                if self._filling and time.monotonic() - opened >= self._pace.settle:
                    yield from self._fill_a_step()
                if self._due():
                    yield self._batch()
                if not self._affordable():
                    break
        finally:
            with_lines.close()
            self._pay()
        yield self._batch()
        if self._age() < self._pace.lifetime and self._affordable():
            raise CollectError("unreachable", "X closed the stream.")

    def _take(self, line: bytes) -> None:
        """One post, or a message that ends the connection; an unreadable line is counted."""
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict):
            self._unread += 1
            return
        if "data" not in message and ("errors" in message or "title" in message):
            raise self._refused(HttpAnswer(200, {}, _first_error(message), self._x.base))
        try:
            page = page_of(message)
        except CollectError:
            self._unread += 1
            return
        self._owed += self._plan.cost_of(page)
        self._held += page.posts
        self._deleted += page.deleted
        self._unread += page.unread
        self._newest = max((self._newest, *page.ids), key=lambda one: int(one or 0))

    def _refused(self, answer: HttpAnswer) -> CollectError:
        if answer.status != 200:
            return refusal(answer, self._now())
        known = refusal(HttpAnswer(429, {}, answer.body, answer.url), self._now())
        if b"ConnectionException" in answer.body or known.reason == "budget_spent":
            return known
        return CollectError("unreachable", "X ended the connection for reasons of its own.")

    def _prepare_filling(self) -> None:
        """What lies between the last word of the stream and now is searched for; new names start with now."""
        known = [term for term in self._terms if term in self._progress.terms]
        here = self._now()
        self._filling = self._fill = self._unfilled = None
        if not (known and self._options["backfill"]):
            self._progress.windows.clear()
            return
        api = XApi(self._http, self._x.base, here, bearer=self._x.bearer)
        queries, _ = queries_of(self._options, known, self._progress.terms, RECENT_CHARS)
        self._fill = Search(api, self._plan, self._request.meter, self._progress, here, end=here)
        self._filling = self._fill.read(queries)

    def _fill_a_step(self) -> Iterator[Batch]:
        """One page of the search. A refusal ends it for this connection; the next one tries again."""
        if self._filling is None or self._fill is None:
            return
        try:
            step = next(self._filling, None)
        except CollectError as error:
            self._unfilled, self._filling = error, None
            return
        if step is not None:
            yield step
            return
        self._filling = None
        ended = outcome(self._fill, self._plan, self._request.meter)
        self._partly = self._partly or (None if ended.complete else ended)

    def _due(self) -> bool:
        waited = time.monotonic() - self._flushed
        return len(self._held) >= MOST_POSTS or waited >= self._pace.flush

    def _batch(self) -> Batch:
        """What has come since the last one; with the cursor, unless a gap before it is still being filled."""
        self._pay()
        posts = tuple({post.native_id: post for post in self._held}.values())
        deleted = tuple(dict.fromkeys(self._deleted))
        moved = posts or time.monotonic() - self._noted >= self._pace.note
        whole = self._filling is None and self._unfilled is None and not self._progress.windows
        cursor = None
        if moved and whole:
            self._noted = time.monotonic()
            since = {term: reach.since for term, reach in self._progress.terms.items()}
            self._progress.terms = {term: Reach(self._newest or since.get(term), self._now()) for term in self._terms}
            cursor = self._progress.as_json()
        self._held, self._deleted, self._flushed = [], [], time.monotonic()
        return Batch(posts, cursor, deleted)

    def _outcome(self) -> Outcome:
        notes = [f"{self._unread} lines could not be read."] if self._unread else []
        reason = "ok"
        if self._unfilled:
            notes.append(f"What was posted while the stream was down is not read yet: {self._unfilled.detail}")
            reason = self._unfilled.reason
        elif self._partly:
            notes.append(self._partly.detail)
            reason = self._partly.reason
        if self._request.meter.near_limit:
            notes.append("More than four fifths of this month's budget are spent.")
        return Outcome(reason == "ok", reason, " ".join(notes), next_check=timedelta(0))

    def _address(self) -> str:
        fields = {name.replace("_", "."): ",".join(value) for name, value in self._plan.fields().items()
                  if isinstance(value, list)}  # fmt: skip
        return f"{self._x.base.rstrip('/')}{STREAM}?{urlencode(fields)}"

    def _pay(self) -> None:
        if self._owed:
            self._request.meter.charge(self._owed)
            self._owed = 0.0

    def _affordable(self) -> bool:
        return self._request.meter.affords(self._owed + self._plan.dearest)

    def _age(self) -> float:
        return time.monotonic() - self._began

    def _now(self) -> datetime:
        return self._request.now + timedelta(seconds=self._age())


def _first_error(message: Mapping[str, Json]) -> bytes:
    errors = message.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else message
    return json.dumps(first).encode()
