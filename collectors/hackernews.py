"""Hacker News by the Algolia search: no key, at most 1,000 hits a query, so that time is sliced until a slice fits.

Second looks go to the database itself, item by item: the search tells of no deletion.
"""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import urlsplit

from collectors.base import Batch, Collector, CollectRequest, Option, Outcome, Recheck
from collectors.errors import CollectError
from collectors.fields import number, record
from collectors.hackernews_posts import Page, is_gone, page_of, post_of, post_of_item, post_of_raw
from collectors.http import HttpClient
from collectors.options import complete, whole_number, yes_or_no
from collectors.post import Json, RawPost
from collectors.redistribution import WHOLE
from config.settings import get_settings

MOST_HITS = 1_000  # of one query; the search serves no page beyond
OVERLAP = 3_600  # seconds looked at again in the next run: hits reach the index late
ASKED_AT_ONCE = 20  # items of one batch of second looks, each a request of its own
MANY = 5  # of one pack that are not there
OLDEST = 1  # the first item of Hacker News
MAX_REQUESTS = 60  # of one run; far below the 10,000 an hour that are said to be the limit


@dataclass(frozen=True, slots=True)
class Reach:
    """How far one term has been read: all before `reached`, and of the slice up to `until` the pages before `page`."""

    reached: int
    until: int | None = None
    page: int = 0
    present: bool = False  # read up to the time of the run, so that the next one looks back by the overlap

    def as_json(self) -> dict[str, Json]:
        return {"reached": self.reached - OVERLAP * self.present, "until": self.until, "page": self.page}


class HackerNewsCollector(Collector):
    """Stories and comments that hold a term as a phrase. Matching is fuzzy: whoever stores must match again."""

    kind = "hackernews"
    label = "Hacker News"
    redistribution = WHOLE
    summary = "Stories and comments that name you."
    options: tuple[Option, ...] = (
        Option("comments", "Comments too", "Collect comments beside stories.", default=True),
        Option("backfill_days", "Days to look back", "How far the first run of a term goes back.", default=30),
    )
    interval = timedelta(minutes=10)
    needs_terms = True
    recheck = Recheck(pack=ASKED_AT_ONCE)  # no duty beyond the readings: the site hardly deletes
    pace = timedelta(seconds=0.4)  # about 10,000 an hour are said to be the limit

    def __init__(
        self, base_url: str | None = None, max_requests: int = MAX_REQUESTS, items_url: str | None = None
    ) -> None:
        self._base_url = base_url
        self._items_url = items_url
        self._max_requests = max_requests

    def check_options(self, options: Mapping[str, Json]) -> dict[str, Json]:
        values = complete(options, self.options)
        days = whole_number(values, "backfill_days", 0, 3650)
        return {"comments": yes_or_no(values, "comments"), "backfill_days": days}

    def host(self, options: Mapping[str, Json]) -> str | None:
        return urlsplit(self._base_url or get_settings().hackernews_url).hostname

    def refresh(
        self, request: CollectRequest, refs: tuple[str, ...], http: HttpClient
    ) -> Generator[Batch, None, Outcome]:
        """Counters, edits and deletions by single items. A comment's story is not among what an item tells."""
        base = (self._items_url or get_settings().hackernews_items_url).rstrip("/")
        asked = [ref for ref in dict.fromkeys(refs) if ref.isascii() and ref.isdecimal()]
        unread = 0
        for start in range(0, len(asked), ASKED_AT_ONCE):
            look = _Look(http, base)
            yield from look.batches(asked[start : start + ASKED_AT_ONCE])
            unread += look.unread
        detail = f"{unread} items could not be read." if unread else ""
        return Outcome(not unread, "bad_answer" if unread else "ok", detail)

    def map_item(self, raw: Mapping[str, Json]) -> RawPost | None:
        return post_of_raw(raw)

    def collect(self, request: CollectRequest, http: HttpClient) -> Generator[Batch, None, Outcome]:
        options = self.check_options(request.options)
        base = (self._base_url or get_settings().hackernews_url).rstrip("/")
        first = int((request.now - timedelta(days=whole_number(options, "backfill_days", 0, 3650))).timestamp())
        terms = tuple(dict.fromkeys(name for term in request.terms if (name := " ".join(term.split()).casefold())))
        if not terms:
            return Outcome(complete=True, reason="ok", detail="There are no names to search for yet.")
        search = _Search(http, base, with_comments=bool(options["comments"]), budget=self._max_requests)
        present = int(request.now.timestamp())
        reaches = {term: _reach(request.cursor, term, first, present) for term in terms}
        unread, failures = 0, list[CollectError]()
        for term in sorted(terms, key=lambda name: reaches[name].reached):
            try:
                for reach, hits in search.read(term, reaches[term], present + 1):
                    found = [post for hit in hits if (post := post_of(hit)) is not None]
                    unread += len(hits) - len(found)
                    reaches[term] = reach
                    posts = {post.native_id: post for post in found}
                    yield Batch(
                        tuple(posts.values()), {"terms": {name: known.as_json() for name, known in reaches.items()}}
                    )
            except CollectError as error:  # one may come of the question; two, or all, do not
                if failures or len(terms) == 1 or error.reason not in {"bad_answer", "unreachable"}:
                    raise
                failures.append(error)
        outcome = _outcome(search, unread)
        return replace(outcome, complete=False, reason=failures[0].reason,
                       detail=f"{failures[0].detail} {outcome.detail}".strip()) if failures else outcome  # fmt: skip


def _outcome(search: "_Search", unread: int) -> Outcome:
    notes = [f"{unread} hits could not be read."] if unread else []
    if search.overfull:
        notes.append(
            f"{search.overfull} times more than {MOST_HITS:,} hits fell into one second; the rest is not served."
        )
    if search.budget_spent:
        notes.insert(0, f"Stopped after {search.requests} requests; the next run goes on from there.")
        return Outcome(False, "limit_reached", " ".join(notes), next_check=timedelta(minutes=1))
    if search.unfiltered:
        notes.append("The search answers alike whatever time it is asked for; its answer was taken once.")
        return Outcome(False, "bad_answer", " ".join(notes))
    reason = "limit_reached" if search.overfull else "ok"
    return Outcome(not search.overfull, reason, " ".join(notes), unread=unread)


class _Look:
    """One pack of second looks; what was read before a failure is handed over first."""

    def __init__(self, http: HttpClient, base: str) -> None:
        self._http = http
        self._base = base
        self.unread = 0

    def batches(self, names: list[str]) -> Iterator[Batch]:
        posts: list[RawPost] = []
        gone: list[str] = []
        missing: list[str] = []
        failure: CollectError | None = None
        for name in names:
            try:
                item = self._http.get(f"{self._base}/v0/item/{name}.json").json()
            except CollectError as error:
                if error.reason != "bad_answer":
                    failure = error
                    break
                self.unread += 1
                continue
            if item is None:
                missing.append(name)
            elif is_gone(item):
                gone.append(name)
            elif (post := post_of_item(item)) is not None and post.native_id == name:
                posts.append(post)
            else:
                self.unread += 1
        if len(missing) < MANY or self._knows_the_oldest():
            gone += missing
        else:
            self.unread += len(missing)
        if posts or gone:
            yield Batch(tuple(posts), None, deleted=tuple(gone))
        if failure is not None:
            raise failure

    def _knows_the_oldest(self) -> bool:
        """So many do not vanish at once: whether the database answers at all is seen by an item that stays."""
        try:
            return isinstance(self._http.get(f"{self._base}/v0/item/{OLDEST}.json").json(), dict)
        except CollectError:
            return False


class _Search:
    """The queries of one run, under one budget of requests."""

    def __init__(self, http: HttpClient, base: str, *, with_comments: bool, budget: int) -> None:
        self._http = http
        self._base = base
        self._tags = "(story,comment)" if with_comments else "story"
        self._budget = budget
        self.requests = 0
        self.overfull = 0
        self.budget_spent = False
        self.unfiltered = False

    def read(self, term: str, reach: Reach, end: int) -> Iterator[tuple[Reach, tuple[Json, ...]]]:
        """Yield the hits of one page after the other, oldest slice first, with the reach that is true after each."""
        width = max(1, end - reach.reached)
        last: tuple[Json, ...] = ()
        while reach.reached < end:
            if self.requests >= self._budget:
                self.budget_spent = True
                return
            until = min(reach.until or reach.reached + width, end)
            page = self._page(term, reach.reached, until, reach.page)
            repeated, last = bool(page.hits) and page.hits == last, page.hits
            if repeated and _any_outside(page.hits, reach.reached, until):  # asking on would never end
                self.unfiltered = True
                yield Reach(end, present=True), page.hits
                return
            if self._too_many(page) and reach.page == 0 and until - reach.reached > 1:
                width = (until - reach.reached) // 2
                reach = replace(reach, until=None)
                continue
            stuck = repeated and reach.page > 0
            reach = Reach(until, present=until >= end) if stuck else self._after(reach, until, page, end)
            if reach.until is None:
                width = max(1, min(width * 2, end - reach.reached))
            yield reach, page.hits

    def _too_many(self, page: Page) -> bool:
        """A count is believed only if the page is full or more pages are served: some servers miscount."""
        return page.total > MOST_HITS and (len(page.hits) >= MOST_HITS or page.pages > 1)

    def _after(self, reach: Reach, until: int, page: Page, end: int) -> Reach:
        read = reach.page + 1
        if page.hits and read < page.pages and read * len(page.hits) < MOST_HITS:
            return Reach(reach.reached, until, read)
        self.overfull += self._too_many(page)
        return Reach(until, present=until >= end)

    def _page(self, term: str, start: int, until: int, page: int) -> Page:
        self.requests += 1
        params = {
            "query": '"' + term.replace('"', " ") + '"',
            "tags": self._tags,
            "numericFilters": f"created_at_i>={start},created_at_i<{until}",
            "hitsPerPage": str(MOST_HITS),
            "page": str(page),
        }
        return page_of(self._http.get(f"{self._base}/api/v1/search_by_date", params).json())


def _any_outside(hits: tuple[Json, ...], start: int, until: int) -> bool:
    """Whether the search gave hits of another time than it was asked for."""
    moments = (number(record(hit).get("created_at_i")) for hit in hits)
    return any(moment is not None and not start <= moment < until for moment in moments)


def _reach(cursor: Mapping[str, Json], term: str, first: int, present: int) -> Reach:
    """What the cursor says of a term; one that it does not know starts with its own backfill."""
    known = record(record(cursor.get("terms")).get(term))
    reached = number(known.get("reached"))
    if reached is None:
        return Reach(first)
    reached = min(reached, present + 1 - OVERLAP)  # a clock that once ran ahead must not silence a term
    until, page = number(known.get("until")), number(known.get("page")) or 0
    return Reach(reached, until, page) if until is not None and until > reached else Reach(reached)
