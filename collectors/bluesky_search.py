"""Reading Bluesky's search window by window, around its wall and around pages that it fails on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from collectors.base import Outcome
from collectors.bluesky_posts import opted_out, post_of
from collectors.bluesky_session import BlueskySession, PageFaultError, items_of
from collectors.fields import from_unix, moment, number, record, text
from collectors.post import Json, RawPost

PAGE = 100
OVERLAP = 3_600  # seconds looked at again in the next run: posts reach the index late
WALL = 9_000  # places after which a window is asked for anew from the oldest post on: walks die near 10,000
DEEP = 1_000  # from here on a failing page is taken for the wall rather than for a broken post
MOST_BROKEN = 5  # posts in a row that are stepped over before the server is believed to be down


@dataclass(frozen=True, slots=True)
class Reach:
    """How far one term has been read, in Unix seconds.

    All before `reached`. A window that is not done goes to `end`; it is read down to `oldest`, asked for up to `until`
    and goes on at the server's cursor `page`.
    """

    reached: int
    end: int | None = None
    until: int | None = None
    page: str | None = None
    oldest: int | None = None

    def as_json(self) -> dict[str, Json]:
        window: dict[str, Json] = {"end": self.end, "until": self.until, "page": self.page, "oldest": self.oldest}
        return {"reached": self.reached} | {name: value for name, value in window.items() if value is not None}


class BlueskySearch:
    """The queries of one run, under one cap of requests."""

    def __init__(self, session: BlueskySession, cap: int) -> None:
        self._session = session
        self._cap = cap
        self._requests = 0
        self._unread = self._opted_out = self._broken = self._overfull = self._repeated = 0
        self._cut_short = False

    def read(self, term: str, reach: Reach, present: int) -> Iterator[tuple[Reach, list[Json]]]:
        """Yield the items of one page after the other with the reach that is true after each."""
        while True:
            end = present if reach.end is None else reach.end
            window = _Window(self, term, replace(reach, end=end, until=end if reach.until is None else reach.until))
            yield from window
            if not window.done or end >= present:
                return
            reach = Reach(end - OVERLAP)  # the window of an earlier run is done; now what came since

    def page(self, term: str, reach: Reach) -> tuple[list[Json], str | None] | None:
        """Items and the cursor of the next page (None: the last one). None: the cap of requests is reached."""
        if self._spent():
            return None
        try:
            return self._ask(term, reach, reach.page, PAGE)
        except PageFaultError as fault:
            place = number(reach.page or "0")
            if place is None or (place >= DEEP and reach.oldest is not None):
                raise
            return self._one_by_one(term, reach, place, fault)

    def _one_by_one(
        self, term: str, reach: Reach, place: int, fault: PageFaultError
    ) -> tuple[list[Json], str | None] | None:
        """A page with a post that the server fails on: all others of it, each by itself."""
        items: list[Json] = []
        in_row = 0
        for _ in range(PAGE):
            if self._spent():
                return (items, str(place)) if items else None
            try:
                found, following = self._ask(term, reach, str(place) if place else None, 1)
            except PageFaultError:
                in_row += 1
                if in_row > MOST_BROKEN:
                    raise fault from None
                place += 1
                continue
            self._broken += in_row
            in_row = 0
            items += found
            if not found or following is None:
                return items, None
            place = max(number(following) or 0, place + 1)
        return items, str(place)

    def _ask(self, term: str, reach: Reach, page: str | None, limit: int) -> tuple[list[Json], str | None]:
        self._requests += 1
        answer = self._session.search(term, iso(reach.reached), iso(reach.until or 0), page, limit)
        return items_of(answer), text(answer.get("cursor")) or None

    def _spent(self) -> bool:
        self._cut_short = self._cut_short or self._requests >= self._cap
        return self._cut_short

    def note_repeated(self) -> None:
        """A page came twice."""
        self._repeated += 1

    def note_overfull(self) -> None:
        """More posts fell into one second than are served."""
        self._overfull += 1

    def posts(self, items: list[Json]) -> tuple[RawPost, ...]:
        """The readable posts of accounts that did not opt out; the others are counted."""
        shown = [item for item in items if not opted_out(item)]
        found = [post for item in shown if (post := post_of(item)) is not None]
        self._opted_out += len(items) - len(shown)
        self._unread += len(shown) - len(found)
        return tuple({post.native_id: post for post in found}.values())

    def outcome(self) -> Outcome:
        """How the run ended, in words."""
        notes = [
            (self._unread, "posts could not be read."),
            (self._opted_out, "posts of accounts that asked not to be shown outside of Bluesky were left out."),
            (self._broken, "posts were stepped over because the server fails on them."),
            (self._overfull, "times more posts fell into one second than are served."),
        ]
        words = [f"{count} {what}" for count, what in notes if count]
        if self._repeated:
            words.insert(0, "The search gave the same page again; what is behind it is not served.")
        if self._cut_short:
            words.insert(0, f"Stopped after {self._requests} requests; the next run goes on from there.")
            return Outcome(False, "limit_reached", " ".join(words), next_check=timedelta(minutes=1))
        if self._repeated:
            return Outcome(False, "bad_answer", " ".join(words))
        reason = "limit_reached" if self._overfull else "ok"
        return Outcome(not self._overfull, reason, " ".join(words), unread=self._unread)


class _Window:
    """One window of one term, page by page. `done` says after the last one whether it was read to its end."""

    def __init__(self, search: BlueskySearch, term: str, reach: Reach) -> None:
        self._search = search
        self._term = term
        self._reach = reach
        self._asked: set[str | None] = set()
        self._last: list[str] = []
        self._read: set[str] = set()
        self.done = False

    def __iter__(self) -> Iterator[tuple[Reach, list[Json]]]:
        while not self.done:
            try:
                answer = self._search.page(self._term, self._reach)
            except PageFaultError:
                if number(self._reach.page or "0") in {0, None} or self._reach.oldest is None:
                    raise
                self._anchor()
                if self.done:
                    yield self._finished(), []
                continue
            if answer is None:
                return
            items, following = answer
            fresh = [item for item in items if _uri(item) not in self._read or not _uri(item)]
            self._read.update(map(_uri, items))
            yield self._after(items, following), fresh

    def _after(self, items: list[Json], following: str | None) -> Reach:
        """Move on; the reach of a window that is done has none any more."""
        ids = [_uri(item) for item in items]
        oldest = min([when for item in items if (when := _when(item)) is not None], default=None)
        known = self._reach.oldest
        if oldest is not None:
            self._reach = replace(self._reach, oldest=oldest if known is None else min(oldest, known))
        self._asked.add(self._reach.page)
        if following is not None and (following in self._asked or (ids and ids == self._last)):
            self._search.note_repeated()
            following = None
        self._last = ids
        self._reach = replace(self._reach, page=following)
        self.done = not items or following is None
        if not self.done and (number(following) or 0) >= WALL:
            self._anchor()
        return self._finished() if self.done else self._reach

    def _anchor(self) -> None:
        """Ask anew from the oldest post on: the second of that post is asked for again, since others may share it."""
        until = self._reach.until or 0
        oldest = until if self._reach.oldest is None else self._reach.oldest + 1
        if oldest >= until:
            self._search.note_overfull()
        target = min(oldest, until - 1)
        self._reach = replace(self._reach, until=target, page=None)
        self._asked, self._last = set(), []
        self.done = target <= self._reach.reached

    def _finished(self) -> Reach:
        return Reach((self._reach.end or 0) - OVERLAP)


def _uri(item: Json) -> str:
    return text(record(item).get("uri"))


def _when(item: Json) -> int | None:
    """Where the search sorts a post: by the earlier of its two times."""
    view = record(item)
    times = [moment(record(view.get("record")).get("createdAt")), moment(view.get("indexedAt"))]
    known = [one for one in times if one is not None]
    return int(min(known).timestamp()) if known else None


def iso(seconds: int) -> str:
    return f"{from_unix(seconds) or datetime(1970, 1, 1, tzinfo=UTC):%Y-%m-%dT%H:%M:%SZ}"


def reach_of(cursor: Mapping[str, Json], term: str, first: int, present: int) -> Reach:
    """What the cursor says of a term; one that it does not know starts with its own backfill."""
    known = record(record(cursor.get("terms")).get(term))
    reached = number(known.get("reached"))
    if reached is None or reached < 0:
        return Reach(first)
    reached = min(reached, present - OVERLAP)  # a clock that once ran ahead must not silence a term
    end, until = number(known.get("end")), number(known.get("until"))
    if end is None or until is None or not reached < until <= end <= present:
        return Reach(reached)
    return Reach(reached, end, until, text(known.get("page")) or None, number(known.get("oldest")))


__all__ = ["MOST_BROKEN", "OVERLAP", "BlueskySearch", "Reach", "iso", "reach_of"]
