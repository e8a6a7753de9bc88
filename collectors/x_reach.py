"""How far X has been read: the cursor of its searches.

Pages come newest first. While a stretch of time is being read, the cursor holds a window: its newest id, and the oldest
id read so far, from which the next run goes on. When the window is read to its end, its newest id becomes the `since`
of the query's terms. Terms keep their own reach: a new name in the profile does not buy the others' posts again.
X takes ids or times as bounds, never both; where an id and a time would meet, the time becomes the id of its instant.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from collectors.fields import record
from collectors.post import Json
from collectors.x_api import id_at
from collectors.x_query import Query


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a term has been read: to the post `since`, in a window that began to be read at `at`."""

    since: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch being read, newest first: bounds below (`since` or `start`), what is read of it (`until` to `top`)."""

    reach: Reach  # of the terms before
    at: datetime
    since: str | None = None
    start: datetime | None = None
    until: str | None = None
    top: str | None = None

    def bounds(self) -> dict[str, object]:
        """The parameters of a search."""
        if self.until is None and self.since is None:
            return {"start_time": self.start}
        since = self.since or (id_at(self.start) if self.start else None)
        return {"since_id": since, "until_id": self.until}

    def after(self, ids: Sequence[str]) -> "Window":
        """The window once these posts are stored."""
        tops = [*ids, *([self.top] if self.top else [])]
        lows = [*ids, *([self.until] if self.until else [])]
        return replace(self, top=max(tops, key=int, default=None), until=min(lows, key=int, default=None))


class Progress:
    """The cursor: reach by term, windows by query, and what was counted. Damage costs a new start, never an error."""

    def __init__(self, cursor: Mapping[str, Json]) -> None:
        read = {term: _reach(value) for term, value in record(cursor.get("terms")).items()}
        self.terms = {term: reach for term, reach in read.items() if reach.at}
        found = {query: _window(value) for query, value in record(cursor.get("windows")).items()}
        self.windows = {query: window for query, window in found.items() if window}
        self.counted: dict[str, Json] = {}

    def finish(self, query: Query, reach: Reach) -> None:
        """The query is read up to `reach`."""
        self.windows.pop(query.text, None)
        self.terms |= dict.fromkeys(query.terms, reach)

    def reach(self, query: Query) -> Reach:
        """How far all terms of a query are read; by time where they were read to different posts."""
        reaches = [self.terms.get(term, Reach()) for term in query.terms]
        times = [reach.at for reach in reaches]
        since = {reach.since for reach in reaches}
        return Reach(since.pop() if len(since) == 1 else None, None if None in times else min(filter(None, times)))

    def keep(self, queries: Sequence[Query]) -> None:
        """Forget terms and windows that are no longer searched for."""
        terms, texts = {term for query in queries for term in query.terms}, {query.text for query in queries}
        self.terms = {term: reach for term, reach in self.terms.items() if term in terms}
        self.windows = {text: window for text, window in self.windows.items() if text in texts}

    def as_json(self) -> dict[str, Json]:
        return {
            "terms": {term: {"since": reach.since, "at": iso(reach.at)} for term, reach in self.terms.items()},
            "windows": {text: _window_json(window) for text, window in self.windows.items()},
            "counted": dict(self.counted),
        }


def _reach(value: Json) -> Reach:
    found = record(value)
    return Reach(_id(found.get("since")), _time(found.get("at")))


def _window(value: Json) -> Window | None:
    found = record(value)
    at, top, until = _time(found.get("at")), _id(found.get("top")), _id(found.get("until"))
    since, start = _id(found.get("since")), _time(found.get("start"))
    if at is None or until is None or (since is None and start is None):
        return None
    return Window(_reach(found.get("reach")), at, since, start, until, top)


def _window_json(window: Window) -> dict[str, Json]:
    return {
        "reach": {"since": window.reach.since, "at": iso(window.reach.at)},
        "at": iso(window.at),
        "since": window.since,
        "start": iso(window.start),
        "until": window.until,
        "top": window.top,
    }


def _id(value: Json) -> str | None:
    return value if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20 else None


def iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()


def _time(value: Json) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None
