"""One run over YouTube: searches under a share of the day, then the comments of watched videos."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from collectors.base import Batch, CollectRequest, Outcome
from collectors.errors import CollectError
from collectors.fields import from_unix, moment, number, record, several, text
from collectors.options import whole_number
from collectors.post import Json, RawPost
from collectors.youtube_api import PAGE, ZONE, BudgetSpentError, NoCommentsError, YouTubeApi
from collectors.youtube_items import (
    comments_of,
    is_comment_id,
    is_video_id,
    missing_replies,
    of_video,
    post_of,
    video_id,
)
from config.tokens import line_of, tokens_of

OVERLAP = 6 * 3_600  # seconds searched again: videos reach the index late
MOST_PAGES = 10  # of one window; the search serves about 500 videos a query
COMMENTS_FOR = 14 * 86_400  # seconds after publication in which comments are read
MOST_WATCHED = 200  # videos whose comments are read
MAX_COMMENT_CALLS = 60  # of one run
_COMMENT_PAGES = 5  # of one video in one run
_REPLY_CALLS = 5  # the same for replies that did not come with their comment


@dataclass(frozen=True, slots=True)
class Reach:
    """One term: all before `reached`; of the window up to `end` the pages before `token` (Unix seconds)."""

    reached: int
    end: int | None = None
    token: str | None = None
    pages: int = 0

    def as_json(self) -> dict[str, Json]:
        window: dict[str, Json] = {"end": self.end, "token": self.token, "pages": self.pages}
        return {"reached": self.reached} | (window if self.token else {})


@dataclass(frozen=True, slots=True)
class Watched:
    """A video whose comments are read: when published, its newest comment, when last asked (Unix seconds)."""

    published: int
    seen: int = 0
    checked: int = 0

    def due(self, present: int) -> bool:
        """Young videos are asked hourly, old ones daily."""
        age = present - self.published
        return present - self.checked >= min(max(age // 4, 3_600), 86_400)


class YouTubeRun:
    """What one run reads and how far it got."""

    def __init__(
        self, api: YouTubeApi, request: CollectRequest, options: Mapping[str, Json], terms: tuple[str, ...]
    ) -> None:
        self._api = api
        self._terms = terms
        self._present = int(request.now.timestamp())
        self._more = {
            name: str(options[option])
            for option, name in (("language", "relevanceLanguage"), ("region", "regionCode"))
            if options[option]
        }
        first = self._present - max(whole_number(options, "backfill_days", 0, 365) * 86_400, OVERLAP)
        self._reaches = {term: _reach(request.cursor, term, first, self._present) for term in terms}
        self._watched = _watched(request.cursor, self._present)
        self._needles = [line_of(tokens) for term in terms if (tokens := tokens_of(term))]
        self._day = request.now.astimezone(ZoneInfo(ZONE))
        same_day = request.cursor.get("day") == self._day.date().isoformat()
        self._used = max(0, number(request.cursor.get("searches")) or 0) if same_day else 0
        per_day = whole_number(options, "searches_a_day", 1, 100)
        self._allowed = _allowed_by_now(per_day, self._day, len(terms))
        self._pages_allowed = max(self._allowed, per_day // 4)  # the rest of a search that has begun need not wait
        self._asked: set[tuple[str, str | None]] = set()  # pages of this run: tokens may run in a circle
        self._found: set[str] = set()  # videos of this run: names are often found in the same ones
        self.refused: CollectError | None = None  # a limit that the search ran into
        self._unread = self._unfinished = self._repeated = self._waiting = self._comment_calls = 0

    def searches(self) -> Iterator[Batch]:
        """Search the terms, the one that waited longest first, as far as the share of the day goes."""
        for term in sorted(self._terms, key=lambda name: self._reaches[name].reached):
            known = self._reaches[term]
            self._waiting += not self._may_ask(known)
            reach: Reach | None = known if known.end is not None else replace(known, end=self._present)
            while reach is not None and self._may_ask(reach):
                try:
                    items, reach = self._search(term, reach)
                except CollectError as error:
                    if error.reason != "rate_limited":
                        raise
                    self.refused = error  # searches have a quota of their own: comments may still be read
                    return
                try:
                    posts = self._posts(self._detailed(items))
                except (BudgetSpentError, CollectError):
                    yield Batch(self._posts(items), self._cursor())  # what was found is kept, counters come later
                    raise
                yield Batch(posts, self._cursor())
            self._unfinished += self._reaches[term].token is not None

    def _may_ask(self, reach: Reach) -> bool:
        return self._used < (self._allowed if reach.token is None else self._pages_allowed)

    def comments(self) -> Iterator[Batch]:
        """Read the comments of the videos that are due, the one that waited longest first."""
        due = [(one.checked, name) for name, one in self._watched.items() if one.due(self._present)]
        for _, name in sorted(due):
            if self._comment_calls >= MAX_COMMENT_CALLS:
                return
            known = self._watched[name]
            try:
                items = self._comments(name, known.seen)
            except NoCommentsError:
                items = []
            posts = self._posts(items)
            times = [int(post.published_at.timestamp()) for post in posts if post.published_at is not None]
            seen = min(max([known.seen, *times]), self._present)
            self._watched[name] = replace(known, seen=seen, checked=self._present)
            yield Batch(posts, self._cursor())

    def outcome(self) -> Outcome:
        """How the run ended, in words."""
        words = []
        if self._unread:
            words.append(f"{self._unread} items could not be read.")
        if self._waiting:
            words.append(f"{self._waiting} names wait for their turn: searches are spread over the day.")
        if self._repeated:
            words.append("The search gave the same page again; what is behind it is not served.")
            return Outcome(False, "bad_answer", " ".join(words))
        if self._unfinished:
            words.insert(0, "More was found than the searches by now allow; the next run goes on from there.")
            return Outcome(False, "limit_reached", " ".join(words))
        return Outcome(True, "ok", " ".join(words), unread=self._unread)

    def _search(self, term: str, reach: Reach) -> tuple[list[Json], Reach | None]:
        """One page, and where the window goes on (None: it is done)."""
        self._used += 1
        answer = self._api.search(term, _iso(reach.reached), _iso(reach.end or 0), reach.token, self._more)
        items = [item for item in several(answer["items"]) if (video_id(item) or "") not in self._found]
        self._found.update(name for item in items if (name := video_id(item)) is not None)
        token = text(answer.get("nextPageToken")) or None
        self._asked.add((term, reach.token))
        repeated = token is not None and (term, token) in self._asked
        self._repeated += repeated
        if not answer["items"] or token is None or repeated or reach.pages + 1 >= MOST_PAGES:
            self._reaches[term] = Reach((reach.end or self._present) - OVERLAP)
            return items, None
        following = replace(reach, token=token, pages=reach.pages + 1)
        self._reaches[term] = following
        return items, following

    def _detailed(self, items: list[Json]) -> list[Json]:
        """The found videos with full text and counters; one that the second call does not know stays as found."""
        ids = list(dict.fromkeys(name for item in items if (name := video_id(item)) is not None))
        full: dict[str, Json] = {}
        for start in range(0, len(ids), PAGE):
            answer = self._api.videos(ids[start : start + PAGE])
            full |= {name: item for item in several(answer["items"]) if (name := video_id(item)) in ids and name}
        for item in full.values():
            self._watch(item)
        return [full.get(video_id(item) or "", item) for item in items]

    def _watch(self, item: Json) -> None:
        """Remember a young video that holds a term in its words: its comments are worth reading."""
        snippet, name = record(record(item).get("snippet")), video_id(item)
        published = moment(snippet.get("publishedAt"))
        if name is None or name in self._watched or published is None:
            return
        words = [text(snippet.get("title")), text(snippet.get("description")), *map(text, several(snippet.get("tags")))]
        line = line_of(tokens_of("\n".join(words)))
        young = self._present - COMMENTS_FOR < published.timestamp() <= self._present
        if young and any(needle in line for needle in self._needles):
            self._watched[name] = Watched(int(published.timestamp()))

    def _comments(self, video: str, seen: int) -> list[Json]:
        items: list[Json] = []
        token: str | None = None
        replies_left = _REPLY_CALLS
        for _ in range(_COMMENT_PAGES):
            self._comment_calls += 1
            answer = self._api.threads(video, token)
            threads = several(answer["items"])
            for thread in threads:
                items += comments_of(thread, video)
                if missing_replies(thread) and replies_left:
                    replies_left -= 1
                    items += self._replies(text(record(thread).get("id")), video)
            following = text(answer.get("nextPageToken")) or None
            if following in {None, token} or _oldest(threads) <= seen:
                break
            token = following
        return items

    def _replies(self, parent: str, video: str) -> list[Json]:
        if not is_comment_id(parent):
            return []
        self._comment_calls += 1
        try:
            return [of_video(item, video) for item in several(self._api.replies(parent, None)["items"])]
        except NoCommentsError:  # the comment went away meanwhile
            return []

    def _posts(self, items: list[Json]) -> tuple[RawPost, ...]:
        found = [post for item in items if (post := post_of(item)) is not None]
        self._unread += len(items) - len(found)
        return tuple({post.native_id: post for post in found}.values())

    def _cursor(self) -> dict[str, Json]:
        newest = sorted(self._watched.items(), key=lambda one: one[1].published, reverse=True)[:MOST_WATCHED]
        return {
            "day": self._day.date().isoformat(),
            "searches": self._used,
            "terms": {term: reach.as_json() for term, reach in self._reaches.items()},
            "videos": {name: [one.published, one.seen, one.checked] for name, one in newest},
        }


def _oldest(threads: list[Json]) -> float:
    """When the oldest comment of a page was written; unreadable times do not stop the walk."""
    tops = [record(record(record(thread).get("snippet")).get("topLevelComment")).get("snippet") for thread in threads]
    times = [found.timestamp() for top in tops if (found := moment(record(top).get("publishedAt"))) is not None]
    return min(times, default=math.inf if threads else -math.inf)


def _allowed_by_now(per_day: int, local: datetime, terms: int) -> int:
    """The share of the day's searches that may be used by now, and at the start of a day a few at once."""
    passed = (local.hour * 60 + local.minute + 1) / 1_440
    return min(per_day, max(math.ceil(per_day * passed), min(terms, max(1, per_day // 4))))


def _reach(cursor: Mapping[str, Json], term: str, first: int, present: int) -> Reach:
    known = record(record(cursor.get("terms")).get(term))
    reached = number(known.get("reached"))
    if reached is None or reached < 0:
        return Reach(first)
    reached = min(reached, present - OVERLAP)  # a clock that once ran ahead must not silence a term
    end, token = number(known.get("end")), text(known.get("token")) or None
    if end is None or token is None or not reached < end <= present:
        return Reach(reached)
    return Reach(reached, end, token, max(0, number(known.get("pages")) or 0))


def _watched(cursor: Mapping[str, Json], present: int) -> dict[str, Watched]:
    """The videos of the cursor that are young enough."""
    found = {}
    for name, known in record(cursor.get("videos")).items():
        values = [number(value) for value in several(known)]
        published, seen, checked = (*values, None, None, None)[:3]
        if is_video_id(name) and published is not None and present - COMMENTS_FOR < published <= present:
            found[name] = Watched(published, max(0, seen or 0), min(max(0, checked or 0), present))
    return found


def _iso(seconds: int) -> str:
    found = from_unix(seconds)
    return f"{found:%Y-%m-%dT%H:%M:%SZ}" if found else "1970-01-01T00:00:00Z"


__all__ = ["OVERLAP", "YouTubeRun"]
