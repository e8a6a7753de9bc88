"""Searching X without gaps and without buying a post twice, whatever cuts a run off (see `collectors.x_reach`)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from collectors.base import Batch
from collectors.errors import CollectError
from collectors.fields import record, records
from collectors.meter import Meter
from collectors.post import Json
from collectors.x_api import InvalidRequestError, XApi, id_at, time_of
from collectors.x_posts import TWEET_FIELDS, USER_FIELDS, Page, page_of
from collectors.x_query import Query
from collectors.x_reach import Progress, Reach, Window, iso

WINDOW = timedelta(days=7)  # of recent search
MARGIN = timedelta(minutes=5)  # inside the window, for clocks that differ and requests that take their time
OVERLAP = timedelta(minutes=1)  # posts reach the index late; the search itself holds back the last 30 seconds
FEWEST = 10  # posts a page, the least that the platform takes
MAX_COUNT_PAGES = 12
HOURS_KEPT = 200
_OPTIONAL = {"gone", "bad_answer", "unreachable", "needs_approval"}  # failures of counting that reading may survive


@dataclass(frozen=True, slots=True)
class Prices:
    """What one read costs in USD, as the operator entered it."""

    post: float
    user: float
    count: float


@dataclass(frozen=True, slots=True)
class Plan:
    """How a source wants to read. `sample` 0: all that the budget allows."""

    prices: Prices
    archive: bool = False
    counts_first: bool = True
    authors: bool = True
    retweets: bool = False
    sample: int = 0
    backfill: timedelta = WINDOW
    max_requests: int = 60

    @property
    def page_size(self) -> int:
        return 500 if self.archive else 100

    @property
    def dearest(self) -> float:
        """The most that one post can cost: with its author, and with the post that it answers or repeats."""
        return self.prices.post * (1 + self.retweets) + self.prices.user * self.authors

    def fields(self) -> dict[str, object]:
        """What every read of posts asks for."""
        wanted = ["author_id"] * self.authors + ["referenced_tweets.id"] * self.retweets
        asked: dict[str, object] = {"tweet_fields": TWEET_FIELDS, "expansions": wanted or None}
        return asked | ({"user_fields": USER_FIELDS} if self.authors else {})

    def counters_only(self) -> dict[str, object]:
        """What a second look asks for: posts never change their text under one id, and an author costs two posts."""
        return {"tweet_fields": TWEET_FIELDS}

    def cost_of(self, page: Page) -> float:
        """An upper bound: what was read before on the same UTC day is not billed again."""
        return self.prices.post * page.reads + self.prices.user * page.users


class Search:
    """The reads of one run. What became of them stands in the attributes afterwards."""

    def __init__(
        self, api: XApi, plan: Plan, meter: Meter, progress: Progress, now: datetime, end: datetime | None = None
    ) -> None:
        self._api = api
        self._plan = plan
        self._meter = meter
        self._now = now
        self._end = end  # read nothing newer (a stream has it)
        self.progress = progress
        self.requests = 0
        self.bought = 0
        self.unread = 0
        self.counted: int | None = None  # new posts by the counts, over all queries
        self.sampled = self.spent = self.capped = self.repeated = False
        self.gap: tuple[datetime, datetime] | None = None
        self.note = ""

    def read(self, queries: Sequence[Query]) -> Iterator[Batch]:
        """Yield what is new of each query; raise `CollectError`. Every batch is followed by its cursor."""
        self.progress.keep(queries)
        for query in queries:
            affordable = self._size() > 0
            pending = self.progress.windows.get(query.text)
            if pending and affordable:
                yield from self._pages(query, pending)
            if not affordable:
                yield from self._only_count(query)
            elif query.text not in self.progress.windows and not self.capped:
                yield from self._newest(query)

    def _newest(self, query: Query) -> Iterator[Batch]:
        window = self._opened(self.progress.reach(query))
        if self._plan.counts_first:
            window, total = self._count(query, window)
            if total == 0:
                self.progress.finish(query, Reach(window.since, window.at))
                yield Batch((), self.progress.as_json())
                return
        yield from self._pages(query, window)

    def _only_count(self, query: Query) -> Iterator[Batch]:
        """Without money for posts: the volume since the terms were last read to their end."""
        self.spent = True
        self._count(query, self._opened(self.progress.reach(query)))
        yield Batch((), self.progress.as_json())

    def _opened(self, reach: Reach) -> Window:
        """A window from where the terms were read to; by time where there is no id."""
        top = id_at(self._end) if self._end else None
        window = Window(reach, self._end or self._now, since=reach.since, until=top)
        return window if reach.since else self._by_time(window)

    def _by_time(self, window: Window) -> Window:
        """The window with a time below instead of an id that the platform no longer takes."""
        reached = window.reach.at or (time_of(window.since) if window.since else None)
        if reached is None:
            return replace(window, since=None, start=self._now - self._plan.backfill + MARGIN)
        start = reached - OVERLAP
        limit = self._now - WINDOW + MARGIN
        if not self._plan.archive and reached < limit:
            self.gap = (reached, limit)
        return replace(window, since=None, start=start if self._plan.archive else max(start, limit))

    def _pages(self, query: Query, window: Window) -> Iterator[Batch]:
        """Read a window from its newest end; its bounds stay as they were asked for as long as tokens lead on."""
        asked, token = window, None
        tokens, seen = set[str](), set[str]()
        while True:
            size = self._size()
            self.spent = self.spent or size == 0
            self.capped = self.capped or self.requests >= self._plan.max_requests
            if self.spent or self.capped:
                return
            asked, page = self._page(query, asked, size, token)
            repeated = bool(page.ids and seen.issuperset(page.ids)) or page.next_token in tokens
            self.repeated = self.repeated or repeated
            fresh = tuple(post for post in page.posts if post.native_id not in seen)
            seen.update(page.ids)
            token = page.next_token
            window = replace(asked, top=window.top, until=window.until).after(page.ids)
            self._advance(query, window, more=token is not None)
            yield Batch(fresh, self.progress.as_json(), page.deleted)
            if token is None or repeated or query.text not in self.progress.windows:
                return
            tokens.add(token)

    def _advance(self, query: Query, window: Window, *, more: bool) -> None:
        """Note what the page just read has reached; a sample ends the window before its end."""
        enough = bool(self._plan.sample) and self.bought >= self._plan.sample
        if more and not enough:
            self.progress.windows[query.text] = window
            return
        self.sampled = self.sampled or (more and enough)
        newest = max(filter(None, (window.top, window.since)), key=int, default=None)
        self.progress.finish(query, Reach(newest, window.at))

    def _page(self, query: Query, window: Window, size: int, token: str | None) -> tuple[Window, Page]:
        method = "search_all_tweets" if self._plan.archive else "search_recent_tweets"
        params = {"max_results": size, "next_token": token, **self._plan.fields()}
        window, answer = self._bounded(method, query, window, params)
        page = page_of(answer)
        self._meter.charge(self._plan.cost_of(page))
        self.bought += len(page.ids)
        self.unread += page.unread
        return window, page

    def _bounded(
        self, method: str, query: Query, window: Window, params: Mapping[str, object]
    ) -> tuple[Window, Mapping[str, Json]]:
        """Ask within the window; where X says that its `since_id` is too old, within the time it still serves."""
        try:
            self.requests += 1
            return window, self._api.ask(method, query.text, **window.bounds(), **params)
        except InvalidRequestError as error:
            if window.since is None or "since_id" not in error.about:
                raise _named(error, query) from error
        window = self._by_time(window)
        try:
            self.requests += 1
            return window, self._api.ask(method, query.text, **window.bounds(), **params)
        except InvalidRequestError as error:
            raise _named(error, query) from error

    def _count(self, query: Query, window: Window) -> tuple[Window, int | None]:
        """How many posts the window holds; None where X does not count for us, which is no reason not to read."""
        method = "get_all_tweets_count" if self._plan.archive else "get_recent_tweets_count"
        params: dict[str, object] = {"granularity": "day" if self._plan.archive else "hour"}
        total, hours = 0, dict[str, int]()
        try:
            for _ in range(MAX_COUNT_PAGES):
                self._meter.charge(self._plan.prices.count)
                window, answer = self._bounded(method, query, window, params)
                number, token = count_of(answer, hours)
                total += number
                if token is None or token == params.get("next_token") or not self._plan.archive:
                    break
                params["next_token"] = token
        except CollectError as error:
            if error.reason not in _OPTIONAL or (error.permanent and error.reason == "bad_answer"):
                raise
            self.note = f"The posts could not be counted: {error.detail}"
            return window, None
        self.counted = (self.counted or 0) + total
        self._note_hours(hours)
        return window, total

    def _note_hours(self, hours: Mapping[str, int]) -> None:
        known = record(self.progress.counted.get("hours"))
        joined = {hour: _whole(known.get(hour)) + hours.get(hour, 0) for hour in sorted({*known, *hours})[-HOURS_KEPT:]}
        self.progress.counted = {
            "at": iso(self._now), "posts": self.counted, "hours": {**joined}, "read": not self.spent
        }  # fmt: skip

    def _size(self) -> int:
        """Posts of the next page that budget and sample allow; 0: none."""
        left = self._meter.left
        dearest = self._plan.dearest
        size = self._plan.page_size
        if left is not None:
            size = min(size, int(left / dearest + 1e-9)) if dearest > 0 else size * (left > 0)
        if self._plan.sample:
            size = min(size, max(FEWEST, self._plan.sample - self.bought))
        return size if size >= FEWEST else 0


def count_of(answer: Mapping[str, Json], hours: dict[str, int]) -> tuple[int, str | None]:
    """The total of one page of counts and the token of the next; `hours` gets the counts by start of their bucket."""
    meta, buckets = record(answer.get("meta")), records(answer.get("data"))
    for one in buckets:
        if isinstance(one.get("start"), str):
            hours[str(one["start"])] = _whole(one.get("tweet_count"))
    total = meta.get("total_tweet_count")
    if not buckets and not isinstance(total, int):
        raise CollectError("bad_answer", "X counted without giving a number.")
    token = meta.get("next_token")
    number = total if isinstance(total, int) else sum(_whole(one.get("tweet_count")) for one in buckets)
    return number, token if isinstance(token, str) and token else None


def _named(error: InvalidRequestError, query: Query) -> CollectError:
    return CollectError("bad_answer", f"X refused the query {query.text}: {error.message}", permanent=True)


def _whole(value: Json) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
