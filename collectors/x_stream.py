"""X as a filtered stream: posts a few seconds after they are made.

tweepy's `StreamingClient` keeps the rules here. Its `filter()` is not used: it calls back from a loop of its own that
sleeps and reconnects without an end, and cannot hand out batches without a thread. The stream is read by
`HttpClient.lines` instead, which also notices a stream that has gone silent.
"""

from collections.abc import Generator, Mapping
from datetime import timedelta
from urllib.parse import urlsplit

from collectors.base import Batch, Collector, CollectRequest, Option, Outcome, Recheck
from collectors.http import HttpClient
from collectors.meter import Budget
from collectors.options import complete, yes_or_no
from collectors.post import Json, RawPost
from collectors.redistribution import NO_X
from collectors.x import PACK, bearer_of, look_again, plan_of
from collectors.x_api import XApi
from collectors.x_listening import Listening, Pace, XAddress, spent
from collectors.x_options import (
    AUTHORS,
    BEARER,
    BUDGET,
    LANGUAGE,
    PRICE_POST,
    PRICE_USER,
    QUERY,
    RETWEETS,
    queries_of,
    watched,
)
from collectors.x_posts import post_of
from collectors.x_query import ARCHIVE_CHARS
from collectors.x_rules import keep_rules
from collectors.x_search import WINDOW
from config.settings import get_settings


class XStreamCollector(Collector):
    """Posts that match the names of the profile or an own query, as they are made. One connection per app."""

    kind = "x_stream"
    label = "X, live"
    redistribution = NO_X
    access = "key"
    summary = "New posts within seconds, by the filtered stream; what a broken line missed is fetched by search."
    credentials = (BEARER,)
    options: tuple[Option, ...] = (
        QUERY,
        LANGUAGE,
        RETWEETS,
        Option("backfill", "Fill gaps", "Search for what was posted while the stream was down.", default=True),
        AUTHORS,
        BUDGET,
        PRICE_POST,
        PRICE_USER,
    )
    interval = timedelta(minutes=5)
    needs_terms = True
    long_running = True
    budget = Budget("USD", "month")
    recheck = Recheck(pack=PACK, then=timedelta(days=7))
    window = WINDOW
    pace = timedelta(seconds=2)

    def __init__(self, base_url: str | None = None, pace: Pace | None = None) -> None:
        self._base_url = base_url
        self._pace = pace or Pace()

    def check_options(self, options: Mapping[str, Json]) -> dict[str, Json]:
        values = complete(options, self.options)
        return watched(values) | {"backfill": yes_or_no(values, "backfill")}

    def host(self, options: Mapping[str, Json]) -> str | None:
        return urlsplit(self._base()).hostname

    def collect(self, request: CollectRequest, http: HttpClient) -> Generator[Batch, None, Outcome]:
        options = self.check_options(request.options)
        bearer = bearer_of(request)
        rules, unfit = queries_of(options, request.terms, {}, ARCHIVE_CHARS)
        if not rules:
            return Outcome(complete=not unfit, reason="ok", detail="There are no names to listen for yet.")
        plan = plan_of(options, max_requests=60)
        if not request.meter.affords(plan.dearest):
            return spent(request)
        keep_rules(XApi(http, self._base(), request.now, bearer=bearer, streaming=True), [one.text for one in rules])
        yield Batch((), None)
        listening = Listening(XAddress(self._base(), bearer), options, plan, self._pace, request, http)
        return (yield from listening.run(tuple(term for rule in rules for term in rule.terms)))

    def test(self, request: CollectRequest, http: HttpClient) -> str:
        """Reads the rules: that costs nothing and opens no connection that would shut the running one out."""
        api = XApi(http, self._base(), request.now, bearer=bearer_of(request), streaming=True)
        rules = api.ask("get_rules").get("data")
        return f"X answers; the stream has {len(rules) if isinstance(rules, list) else 0} rules now."

    def refresh(
        self, request: CollectRequest, refs: tuple[str, ...], http: HttpClient
    ) -> Generator[Batch, None, Outcome]:
        options = self.check_options(request.options)
        api = XApi(http, self._base(), request.now, bearer=bearer_of(request))
        return (yield from look_again(api, request, refs, plan_of(options, max_requests=60)))

    def map_item(self, raw: Mapping[str, Json]) -> RawPost | None:
        return post_of(dict(raw))

    def _base(self) -> str:
        return self._base_url or get_settings().x_url
