"""All new posts of Bluesky by its Jetstream, filtered here: bounded runs that go on where the last one stopped."""

import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from collectors.base import Batch, Collector, CollectRequest, Option, Outcome
from collectors.bluesky_posts import is_uri, opted_out, plain_words, post_of, uri_of, view_of
from collectors.errors import CollectError
from collectors.fields import number, record, text
from collectors.http import HttpClient
from collectors.jetstream import POSTS, SilenceError, StreamBrokenError, events
from collectors.options import complete, whole_number
from collectors.post import Json, RawPost
from collectors.redistribution import WHOLE
from config.settings import get_settings
from config.tokens import line_of, tokens_of

SECOND = 1_000_000  # in the stream's microseconds
REWIND = 5 * SECOND  # read again after a pause, since two servers order events a little differently
GAP = 300 * SECOND  # between the cursor and the first event, from which on something is missing
LIVE = 30 * SECOND  # so near to the present a silent stream has simply nothing new
KEPT_HOURS = 24  # the stream can be read again this far back, at least
MAX_SECONDS = 240.0  # of one run; a job may take nine minutes
MAX_EVENTS = 2_000_000
MOST_TRIES = 3  # connections of one run
_FLUSH_POSTS, _FLUSH_DELETED, _FLUSH_EVENTS = 200, 2_000, 50_000


@dataclass(slots=True)
class _Basket:
    """What has been gathered since the last batch."""

    posts: dict[str, RawPost] = field(default_factory=dict)
    deleted: dict[str, None] = field(default_factory=dict)
    events: int = 0

    @property
    def full(self) -> bool:
        return (
            len(self.posts) >= _FLUSH_POSTS or len(self.deleted) >= _FLUSH_DELETED or self.events >= _FLUSH_EVENTS
        )  # fmt: skip


class BlueskyStreamCollector(Collector):
    """New, changed and deleted posts as they happen; of the new ones those that hold a term."""

    kind = "bluesky_stream"
    label = "Bluesky stream"
    redistribution = WHOLE
    summary = "All new posts of the network, filtered here; what nobody named leaves no trace."
    options: tuple[Option, ...] = (
        Option("backfill_hours", "Hours to look back", "How far the first run goes back, 0 to 24.", default=1),
    )
    interval = timedelta(minutes=5)
    needs_terms = True
    window = timedelta(hours=KEPT_HOURS)

    def __init__(self, base_url: str | None = None, silence: float = 20.0, max_seconds: float = MAX_SECONDS) -> None:
        self._base_url = base_url
        self._silence = silence
        self._max_seconds = max_seconds

    def check_options(self, options: Mapping[str, Json]) -> dict[str, Json]:
        return {"backfill_hours": whole_number(complete(options, self.options), "backfill_hours", 0, KEPT_HOURS)}

    def host(self, options: Mapping[str, Json]) -> str | None:
        return urlsplit(self._base()).hostname

    def test(self, request: CollectRequest, http: HttpClient) -> str:
        start = int((request.now.timestamp() - 60) * SECOND)
        with closing(events(http, self._base(), start, self._silence, request.now)) as stream:
            try:
                next(stream)
            except SilenceError as error:
                raise CollectError("unreachable", "The stream can be opened, but nothing came.") from error
        return "The stream answers."

    def collect(self, request: CollectRequest, http: HttpClient) -> Generator[Batch, None, Outcome]:
        options = self.check_options(request.options)
        needles = tuple(line_of(tokens) for term in request.terms if (tokens := tokens_of(term)))
        if not needles:
            return Outcome(complete=True, reason="ok", detail="There are no names to look for yet.")
        present = int(request.now.timestamp() * SECOND)
        back = max(whole_number(options, "backfill_hours", 0, KEPT_HOURS) * 3_600 * SECOND, REWIND)
        known = _cursor(request.cursor, present)
        reader = _Reader(needles, present - back if known is None else known, present, self._max_seconds)
        reader.watches_gap = known is not None  # a first run was promised nothing
        for attempt in range(1, MOST_TRIES + 1):
            failure = CollectError("unreachable", "The stream went silent before the present.")
            try:
                with closing(events(http, self._base(), reader.asked_from, self._silence, request.now)) as stream:
                    yield from reader.read(stream)
                break
            except SilenceError:
                pass  # told below, unless all is read
            except StreamBrokenError as error:
                failure = error
            if reader.near_present:
                break
            yield reader.batch()
            if attempt == MOST_TRIES:
                raise failure
        yield reader.batch()
        return reader.outcome()

    def map_item(self, raw: Mapping[str, Json]) -> RawPost | None:
        return post_of(dict(raw), stored=True)

    def _base(self) -> str:
        return (self._base_url or get_settings().jetstream_url).rstrip("/")


class _Reader:
    """One run: from the cursor to the present, over as many connections as it takes."""

    def __init__(self, needles: tuple[str, ...], cursor: int, present: int, max_seconds: float) -> None:
        self._needles = needles
        self._reached = cursor  # the time of the last event read
        self._present = present
        self._deadline = time.monotonic() + max_seconds
        self._basket = _Basket()
        self._read = self._unread = self._opted_out = 0
        self._lost: tuple[int, int] | None = None
        self._cut_short = False
        self.watches_gap = True

    @property
    def asked_from(self) -> int:
        return max(0, self._reached - REWIND)

    @property
    def near_present(self) -> bool:
        """Whether all up to about the present is read: then silence is no fault."""
        return self._reached >= self._present - LIVE

    def read(self, stream: Iterator[dict[str, Json] | None]) -> Iterator[Batch]:
        """Batches up to the present or the end of the run's time."""
        for event in stream:
            moment = number(event.get("time_us")) if event is not None else None
            if event is None or moment is None or not 0 < moment <= self._present + 86_400 * SECOND:
                self._unread += 1
            else:
                self._note_gap(moment)
                self._take(event, moment)
                self._reached = max(self._reached, moment)
            self._read += 1
            self._basket.events += 1
            if self._basket.full:
                yield self.batch()
            if self._reached >= self._present:
                return
            if self._read >= MAX_EVENTS or time.monotonic() >= self._deadline:
                self._cut_short = True
                return

    def batch(self) -> Batch:
        """What has been gathered, with the cursor that is true once it is stored."""
        done, self._basket = self._basket, _Basket()
        cursor: dict[str, Json] = {"time_us": min(self._reached, self._present)}
        return Batch(tuple(done.posts.values()), cursor, tuple(done.deleted))

    def outcome(self) -> Outcome:
        """How the run ended, in words."""
        if self._read and self._unread == self._read:
            raise CollectError("bad_answer", "The stream sends nothing that can be read.")
        notes = [
            (self._unread, "messages could not be read."),
            (self._opted_out, "posts that ask not to be shown outside of Bluesky were left out."),
        ]
        words = [f"{count} {what}" for count, what in notes if count]
        if self._lost:
            start, end = (datetime.fromtimestamp(when / SECOND, UTC) for when in self._lost)
            span = f"from {start:%d %b %H:%M} to {end:%d %b %H:%M} UTC"
            words.insert(0, f"The stream no longer has what was posted {span}.")
        if self._cut_short:
            words.insert(0, "Not yet at the present; the next run goes on from there.")
        if self._lost:
            return Outcome(False, "gap", " ".join(words))
        if self._cut_short:
            return Outcome(False, "limit_reached", " ".join(words), next_check=timedelta(seconds=10))
        return Outcome(True, "ok", " ".join(words))

    def _note_gap(self, moment: int) -> None:
        """A stream whose first event is much later than our cursor has forgotten what was between."""
        if self.watches_gap and moment - self._reached > GAP:
            self._lost = (self._reached, moment)
        self.watches_gap = False

    def _take(self, event: Mapping[str, Json], moment: int) -> None:
        commit = record(event.get("commit"))
        did, rkey = text(event.get("did")), text(commit.get("rkey"))
        uri = uri_of(did, rkey)
        if event.get("kind") != "commit" or commit.get("collection") != POSTS:
            return  # accounts and identities: whose posts they concern is not kept
        operation = text(commit.get("operation"))
        if not is_uri(uri) or operation not in {"create", "update", "delete"}:
            self._unread += 1
        elif operation == "delete":
            self._basket.posts.pop(uri, None)
            self._basket.deleted[uri] = None
        else:
            self._post(did, rkey, commit, moment, changed=operation == "update")

    def _post(self, did: str, rkey: str, commit: Mapping[str, Json], moment: int, *, changed: bool) -> None:
        """Keep a post that holds a term; a changed one always, since it may have held one before."""
        words = record(commit.get("record"))
        if not changed:
            line = line_of(tokens_of(plain_words(words)))
            if not any(needle in line for needle in self._needles):
                return
        view = view_of(did, rkey, commit, datetime.fromtimestamp(moment / SECOND, UTC))
        if opted_out(view):
            self._opted_out += 1
            return
        if (post := post_of(view)) is None:
            self._unread += 1
            return
        self._basket.posts[post.native_id] = post


def _cursor(stored: Mapping[str, Json], present: int) -> int | None:
    """Where the last run ended; a clock that once ran ahead must not silence the source."""
    known = number(stored.get("time_us"))
    return min(known, present) if known is not None and known > 0 else None
