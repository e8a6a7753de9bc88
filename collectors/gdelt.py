"""News of the world by GDELT's DOC 2.0 API: titles and links, at most 250 a question, so that time is sliced."""

import re
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from collectors.base import Batch, Collector, CollectRequest, Option, Outcome
from collectors.errors import CollectError
from collectors.fields import from_unix, number, record, text
from collectors.gdelt_answers import Articles, TermRefusedError, articles_of, post_of, volume_of
from collectors.http import RETRY_WITHOUT_WORD, HttpClient
from collectors.options import complete, whole_number
from collectors.post import Json, RawPost
from collectors.redistribution import QUOTED
from config.settings import get_settings

MOST_ARTICLES = 250  # of one question
STEP = 900  # seconds; GDELT takes in the news every quarter of an hour
OVERLAP = 7_200  # seconds looked at again in the next run: articles reach the index late
MAX_REQUESTS = 20  # of one run
DAYS_SERVED = 90


@dataclass(frozen=True, slots=True)
class Slice:
    """A stretch of one term that has been read up to `reached` (Unix seconds), with its articles."""

    reached: int
    articles: Articles


class GdeltCollector(Collector):
    """Articles whose text holds a term; title, link, language and source, without the text itself."""

    kind = "gdelt"
    label = "GDELT news"
    redistribution = QUOTED
    summary = "Discovers news articles in many languages, by title; good for volume, late by some minutes."
    options: tuple[Option, ...] = (
        Option("language", "Language", "Its English name, such as german. Empty: all.", default=""),
        Option("backfill_days", "Days to look back", "How far the first run of a term goes back, 0 to 90.", default=3),
    )
    interval = timedelta(minutes=30)
    needs_terms = True
    window = timedelta(days=DAYS_SERVED)
    pace = timedelta(seconds=6)  # GDELT asks for one request every five seconds

    def __init__(self, base_url: str | None = None, max_requests: int = MAX_REQUESTS) -> None:
        self._base_url = base_url
        self._max_requests = max_requests

    def check_options(self, options: Mapping[str, Json]) -> dict[str, Json]:
        values = complete(options, self.options)
        language = text(values["language"]).strip().lower()
        if values["language"] not in (None, "") and not re.fullmatch(r"[a-z]{3,20}", language):
            raise ValueError("language: must be the English name of a language, such as german")
        return {"language": language, "backfill_days": whole_number(values, "backfill_days", 0, DAYS_SERVED)}

    def host(self, options: Mapping[str, Json]) -> str | None:
        return urlsplit(self._base()).hostname

    def test(self, request: CollectRequest, http: HttpClient) -> str:
        term = next(iter(request.terms), "weather")
        present = int(request.now.timestamp())
        search = self._search(request, http)
        try:
            volume = search.volume(term, present - 86_400, present)
        except TermRefusedError as refused:
            return f"GDELT answers, but does not search for {term!r}: {refused.words}"
        return f"GDELT answers; it counts {'no' if volume is None else volume} articles of the last day for {term!r}."

    def collect(self, request: CollectRequest, http: HttpClient) -> Generator[Batch, None, Outcome]:
        options = self.check_options(request.options)
        terms = tuple(dict.fromkeys(name for term in request.terms if (name := " ".join(term.split()).casefold())))
        if not terms:
            return Outcome(complete=True, reason="ok", detail="There are no names to search for yet.")
        present = int(request.now.timestamp())
        first = present - max(whole_number(options, "backfill_days", 0, DAYS_SERVED) * 86_400, OVERLAP)
        reached = {term: _reached(request.cursor, term, first, present) for term in terms}
        search = self._search(request, http)
        for term in sorted(terms, key=lambda name: reached[name]):
            try:
                for part in search.read(term, reached[term], present):
                    reached[term] = part.reached
                    posts = search.posts(part.articles)
                    yield Batch(posts, {"terms": {name: {"reached": at} for name, at in reached.items()}})
            except TermRefusedError as refused:
                search.refused[term] = refused.words
        if len(search.refused) == len(terms):
            raise CollectError("bad_answer", search.refusals())
        return search.outcome()

    def map_item(self, raw: Mapping[str, Json]) -> RawPost | None:
        return post_of(dict(raw))

    def _base(self) -> str:
        return (self._base_url or get_settings().gdelt_url).rstrip("/")

    def _search(self, request: CollectRequest, http: HttpClient) -> "_Search":
        language = text(self.check_options(request.options)["language"])
        return _Search(http, self._base(), language, request, self._max_requests)


class _Search:
    """The questions of one run, under one cap."""

    def __init__(self, http: HttpClient, base: str, language: str, request: CollectRequest, cap: int) -> None:
        self._http = http
        self._url = f"{base}/api/v2/doc/doc"
        self._language = language
        self._now = request.now
        self._left = cap
        self._cap = cap
        self._unread = 0
        self._overfull: list[str] = []
        self._cut_short = False
        self.refused: dict[str, str] = {}

    def read(self, term: str, start: int, end: int) -> Iterator[Slice]:
        """The articles of a term, oldest slice first; a full slice is halved down to a quarter of an hour."""
        width = max(1, end - start)
        while start < end:
            if self._left <= 0:
                self._cut_short = True
                return
            until = min(start + width, end)
            found = articles_of(self._ask(term, start, until, "artlist"))
            full = len(found.items) + found.unread >= MOST_ARTICLES
            if full and until - start > STEP:
                width = max(STEP, (until - start) // 2)
                continue
            if full:
                self._note_overfull(term, start, until)
            start, width = until, max(STEP, min(width * 2, end - until))
            yield Slice(end - OVERLAP if until >= end else until, found)

    def volume(self, term: str, start: int, end: int) -> int | None:
        """How many articles GDELT counts in a stretch of time."""
        return volume_of(self._ask(term, start, end, "timelinevolraw"))

    def posts(self, found: Articles) -> tuple[RawPost, ...]:
        """The readable ones; the others are counted."""
        posts = [post for item in found.items if (post := post_of(item)) is not None]
        self._unread += found.unread + len(found.items) - len(posts)
        return tuple({post.native_id: post for post in posts}.values())

    def refusals(self) -> str:
        """Which terms GDELT does not search for, in its own words."""
        return " ".join(f"GDELT does not search for {term!r}: {words}" for term, words in self.refused.items())[:1_000]

    def outcome(self) -> Outcome:
        """How the run ended, in words."""
        words = [self.refusals()] if self.refused else []
        words += self._overfull
        if self._unread:
            words.append(f"{self._unread} articles could not be read.")
        if self._cut_short:
            words.insert(0, f"Stopped after {self._cap} requests; the next run goes on from there.")
            return Outcome(False, "limit_reached", " ".join(words), next_check=timedelta(minutes=5))
        reason = "limit_reached" if self._overfull else "ok"
        return Outcome(not self._overfull, reason, " ".join(words), unread=self._unread)

    def _note_overfull(self, term: str, start: int, until: int) -> None:
        """More in a quarter of an hour than is served: the timeline says how many there were."""
        try:
            counted = self.volume(term, start, until)
        except (CollectError, TermRefusedError):
            counted = None
        many = "more" if counted is None else str(counted)
        self._overfull.append(f"{MOST_ARTICLES} of {many} articles on {term!r} in a quarter of an hour are served.")

    def _ask(self, term: str, start: int, end: int, mode: str) -> bytes:
        self._left -= 1
        params = {
            "query": _query(term, self._language), "mode": mode, "format": "json",
            "startdatetime": _stamp(start), "enddatetime": _stamp(end),
        }  # fmt: skip
        if mode == "artlist":
            params |= {"maxrecords": str(MOST_ARTICLES), "sort": "datedesc"}
        body = self._http.get(self._url, params).body
        if b"equests" in body[:300] and body.lstrip()[:1] not in {b"{", b"<"}:  # a limit that comes with status 200
            until = self._now + RETRY_WITHOUT_WORD
            raise CollectError("rate_limited", "GDELT asks for fewer requests.", retry_at=until)
        return body


def _query(term: str, language: str) -> str:
    """A single word stands bare, since quoted ones are refused as too short; all else is a phrase."""
    words = term.replace('"', " ").strip()
    asked = words if words.isalnum() else f'"{words}"'
    return f"{asked} sourcelang:{language}" if language else asked


def _stamp(seconds: int) -> str:
    return f"{from_unix(seconds) or from_unix(0):%Y%m%d%H%M%S}"


def _reached(cursor: Mapping[str, Json], term: str, first: int, present: int) -> int:
    """Where a term goes on; a clock that once ran ahead must not silence it, nor is asked for what is not served."""
    known = number(record(record(cursor.get("terms")).get(term)).get("reached"))
    if known is None or known <= 0:
        return first
    return max(min(known, present - OVERLAP), present - DAYS_SERVED * 86_400)
