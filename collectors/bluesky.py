"""Bluesky by its search, signed in: what was posted about each term since the last run, and second looks."""

from collections.abc import Generator, Mapping
from datetime import timedelta
from urllib.parse import urlsplit

from collectors.base import Batch, Collector, CollectRequest, Option, Outcome, Recheck
from collectors.bluesky_posts import is_uri, opted_out, post_of
from collectors.bluesky_search import MOST_BROKEN, OVERLAP, BlueskySearch, iso, reach_of
from collectors.bluesky_session import BlueskySession, PageFaultError, items_of
from collectors.fields import record, text
from collectors.http import HttpClient
from collectors.options import complete, whole_number
from collectors.post import Json, RawPost
from collectors.redistribution import WHOLE
from config.settings import get_settings

MAX_REQUESTS = 60  # of one run
PACK = 25
_MANY = 5  # so many posts do not all vanish at once: such an answer is not believed


class BlueskyCollector(Collector):
    """Posts that hold a term as a phrase."""

    kind = "bluesky"
    label = "Bluesky search"
    redistribution = WHOLE
    access = "key"
    summary = "Search for the names of the profile with an account of yours; likes, reposts and replies included."
    options: tuple[Option, ...] = (
        Option("backfill_days", "Days to look back", "How far the first run of a term goes back.", default=7),
    )
    credentials: tuple[Option, ...] = (
        Option("handle", "Handle", "Of any account, such as listener.bsky.social.", required=True),
        Option("app_password", "App password", "Made at Bluesky under Settings, App passwords.", required=True),
    )
    interval = timedelta(minutes=10)
    needs_terms = True
    recheck = Recheck(PACK, then=timedelta(days=7))

    def __init__(self, base_url: str | None = None, max_requests: int = MAX_REQUESTS) -> None:
        self._base_url = base_url
        self._max_requests = max_requests

    def check_options(self, options: Mapping[str, Json]) -> dict[str, Json]:
        return {"backfill_days": whole_number(complete(options, self.options), "backfill_days", 0, 365)}

    def host(self, options: Mapping[str, Json]) -> str | None:
        return urlsplit(self._base()).hostname

    def test(self, request: CollectRequest, http: HttpClient) -> str:
        session = BlueskySession(http, self._base(), request.credentials, request.now)
        term = next(iter(request.terms), "bluesky")
        session.search(term, iso(int(request.now.timestamp()) - OVERLAP), iso(int(request.now.timestamp())), None, 1)
        return "Signed in; the search answers."

    def collect(self, request: CollectRequest, http: HttpClient) -> Generator[Batch, None, Outcome]:
        options = self.check_options(request.options)
        terms = tuple(dict.fromkeys(name for term in request.terms if (name := " ".join(term.split()).casefold())))
        session = BlueskySession(http, self._base(), request.credentials, request.now)
        if not terms:
            return Outcome(complete=True, reason="ok", detail="There are no names to search for yet.")
        present = int(request.now.timestamp())
        first = present - max(whole_number(options, "backfill_days", 0, 365) * 86_400, OVERLAP)
        search = BlueskySearch(session, self._max_requests)
        reaches = {term: reach_of(request.cursor, term, first, present) for term in terms}
        for term in sorted(terms, key=lambda name: reaches[name].reached):
            for reach, items in search.read(term, reaches[term], present):
                reaches[term] = reach
                cursor: dict[str, Json] = {"terms": {name: known.as_json() for name, known in reaches.items()}}
                yield Batch(search.posts(items), cursor)
        return search.outcome()

    def refresh(
        self, request: CollectRequest, refs: tuple[str, ...], http: HttpClient
    ) -> Generator[Batch, None, Outcome]:
        session = BlueskySession(http, self._base(), request.credentials, request.now)
        known = [ref for ref in dict.fromkeys(refs) if is_uri(ref)]
        doubtful = 0
        for start in range(0, len(known), PACK):
            asked = tuple(known[start : start + PACK])
            items, failed = _looked_up(session, asked)
            if not items and len(asked) >= _MANY:
                doubtful += len(asked)
                continue
            shown = [item for item in items if not opted_out(item)]
            there = {text(record(item).get("uri")) for item in shown}
            gone = tuple(uri for uri in asked if uri not in there and uri not in failed)
            posts = (post_of(item) for item in shown)
            yield Batch(tuple(post for post in posts if post is not None and post.native_id in asked), None, gone)
        if doubtful:
            detail = f"{doubtful} posts were all said to be gone; that is not believed before they are asked for again."
            return Outcome(False, "bad_answer", detail)
        return Outcome(True, "ok")

    def map_item(self, raw: Mapping[str, Json]) -> RawPost | None:
        return post_of(dict(raw), stored=True)

    def _base(self) -> str:
        return (self._base_url or get_settings().bluesky_url).rstrip("/")


def _looked_up(session: BlueskySession, asked: tuple[str, ...]) -> tuple[list[Json], tuple[str, ...]]:
    """The posts of these addresses, and the addresses that the server fails on: they are neither there nor gone."""
    try:
        return items_of(session.posts(asked)), ()
    except PageFaultError as fault:
        items: list[Json] = []
        failed: list[str] = []
        for uri in asked:
            try:
                items += items_of(session.posts((uri,)))
            except PageFaultError:
                failed.append(uri)
                if len(failed) > MOST_BROKEN:
                    raise fault from None
        return items, tuple(failed)
