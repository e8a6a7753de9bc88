"""X by recent or full-archive search: counts first, then the posts that the budget buys."""

from collections.abc import Generator, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from collectors.base import Batch, Collector, CollectRequest, Option, Outcome, Recheck
from collectors.errors import CollectError
from collectors.http import HttpClient
from collectors.meter import Budget, Meter
from collectors.options import complete, whole_number, yes_or_no
from collectors.post import Json, RawPost
from collectors.redistribution import NO_X
from collectors.x_api import XApi, time_of
from collectors.x_options import (
    AUTHORS,
    BEARER,
    BUDGET,
    LANGUAGE,
    PRICE_COUNT,
    PRICE_POST,
    PRICE_USER,
    QUERY,
    RETWEETS,
    own_query,
    prices,
    queries_of,
    watched,
)
from collectors.x_options import amount as usd
from collectors.x_posts import Page, is_whole, page_of, post_of
from collectors.x_query import ARCHIVE_CHARS, RECENT_CHARS
from collectors.x_reach import Progress
from collectors.x_search import WINDOW, Plan, Search, count_of
from config.settings import get_settings

PACK = 100  # ids of one lookup
COUNTING = timedelta(hours=1)  # between two runs that only count
POOR = timedelta(hours=6)  # until second looks are tried again with too little money


class XCollector(Collector):
    """Posts that match the names of the profile or an own query, newest first, as far as the budget reaches."""

    kind = "x"
    label = "X"
    redistribution = NO_X
    access = "key"
    summary = "Posts that match the names of the profile, counted first and bought within a monthly budget."
    credentials = (BEARER,)
    options: tuple[Option, ...] = (
        QUERY,
        LANGUAGE,
        RETWEETS,
        Option("archive", "Full archive", "Search all posts since 2006; the app needs access to it.", default=False),
        Option("backfill_days", "Days to look back", "At the first run; recent search reaches 7 days.", default=7),
        Option("counts_first", "Count first", "Nothing new, nothing read; volumes when money is short.", default=True),
        AUTHORS,
        BUDGET,
        Option("sample_posts", "Sample", "Most posts bought in one run, the rest is skipped. 0: no limit.", default=0),
        PRICE_POST,
        PRICE_USER,
        PRICE_COUNT,
    )
    interval = timedelta(minutes=30)
    needs_terms = True
    budget = Budget("USD", "month")
    # X wants deletions followed as soon as reasonably possible, and every look on a later day is paid again.
    recheck = Recheck(pack=PACK, then=timedelta(days=7))
    window = WINDOW
    pace = timedelta(seconds=2)  # 450 searches in 15 minutes

    def __init__(self, base_url: str | None = None, max_requests: int = 60) -> None:
        self._base_url = base_url
        self._max_requests = max_requests

    def check_options(self, options: Mapping[str, Json]) -> dict[str, Json]:
        values = complete(options, self.options)
        archive = yes_or_no(values, "archive")
        return watched(values) | {
            "query": own_query(values, ARCHIVE_CHARS if archive else RECENT_CHARS),
            "archive": archive,
            "backfill_days": whole_number(values, "backfill_days", 1, 7_300 if archive else WINDOW.days),
            "counts_first": yes_or_no(values, "counts_first"),
            "sample_posts": whole_number(values, "sample_posts", 0, 1_000_000),
            "price_count": usd(values, "price_count"),
        }

    def host(self, options: Mapping[str, Json]) -> str | None:
        return urlsplit(self._base()).hostname

    def collect(self, request: CollectRequest, http: HttpClient) -> Generator[Batch, None, Outcome]:
        options = self.check_options(request.options)
        api = self._api(request, http)
        progress = Progress(request.cursor)
        queries, unfit = queries_of(options, request.terms, progress.terms, _chars(options))
        if not queries:
            return Outcome(complete=not unfit, reason="ok", detail=_no_names(unfit))
        plan = plan_of(options, self._max_requests)
        search = Search(api, plan, request.meter, progress, request.now)
        yield from search.read(queries)
        return outcome(search, plan, request.meter, unfit)

    def test(self, request: CollectRequest, http: HttpClient) -> str:
        """One count: it tries key, query and access, and costs half a cent."""
        options = self.check_options(request.options)
        api = self._api(request, http)
        queries, unfit = queries_of(options, request.terms, {}, _chars(options))
        if not queries:
            return f"{_no_names(unfit)} The key was not tried."
        request.meter.charge(prices(options).count)
        method = "get_all_tweets_count" if options["archive"] else "get_recent_tweets_count"
        number, _ = count_of(api.ask(method, queries[0].text, granularity="day"), {})
        return f"X answers: {number:,} posts matched the first query in the days that it counts by itself."

    def refresh(
        self, request: CollectRequest, refs: tuple[str, ...], http: HttpClient
    ) -> Generator[Batch, None, Outcome]:
        options = self.check_options(request.options)
        return (yield from look_again(self._api(request, http), request, refs, plan_of(options, self._max_requests)))

    def map_item(self, raw: Mapping[str, Json]) -> RawPost | None:
        return post_of(dict(raw))

    def _api(self, request: CollectRequest, http: HttpClient) -> XApi:
        return XApi(http, self._base(), request.now, bearer=bearer_of(request))

    def _base(self) -> str:
        return self._base_url or get_settings().x_url


def bearer_of(request: CollectRequest) -> str:
    """The bearer token of the source; raise `CollectError` where there is none."""
    token = request.credentials.get("bearer_token", "").strip()
    if not token:
        raise CollectError("needs_credentials", "Enter the bearer token of an app at X.", permanent=True)
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise CollectError("unauthorized", "The bearer token has characters that no token has.", permanent=True)
    return token


def plan_of(options: Mapping[str, Json], max_requests: int) -> Plan:
    """How to read, by checked options; what an option set lacks takes the plan's default."""
    return Plan(
        prices=prices(options),
        archive=options.get("archive") is True,
        counts_first=options.get("counts_first", False) is True,
        authors=options["authors"] is True,
        retweets=options["retweets"] is True,
        sample=whole_number({"sample_posts": 0, **options}, "sample_posts", 0, 1_000_000),
        backfill=timedelta(days=whole_number({"backfill_days": 7, **options}, "backfill_days", 0, 7_300)),
        max_requests=max_requests,
    )


def look_again(
    api: XApi, request: CollectRequest, refs: tuple[str, ...], plan: Plan
) -> Generator[Batch, None, Outcome]:
    """Posts by id, as far as the budget reaches: counters, what is gone, and the newest versions of edited posts."""
    meter = request.meter
    left = list(dict.fromkeys(ref for ref in refs if ref.isascii() and ref.isdecimal() and len(ref) < 20))
    asked, edited, unread = set[str](), list[str](), 0
    while left and (size := _afforded(meter, plan.prices.post)):
        pack, left = left[:size], left[size:]
        asked.update(pack)
        page = page_of(api.ask("get_tweets", pack, **plan.counters_only()))
        _charge(plan, page, request)
        unread += page.unread
        edited += [newer for newer in page.newer if newer not in asked]
        yield Batch((), None, page.deleted, readings={post.native_id: post.counters for post in page.posts})
    while edited and (size := _afforded(meter, plan.dearest)):
        pack, edited = edited[:size], [newer for newer in edited[size:] if newer not in asked]
        asked.update(pack)
        page = page_of(api.ask("get_tweets", pack, **plan.fields()))
        _charge(plan, page, request)
        unread += page.unread
        edited += [newer for newer in page.newer if newer not in asked]
        yield Batch(tuple(post for post in page.posts if is_whole(post.raw)), None, page.deleted)
    if left or edited:
        detail = f"{len(left) + len(edited)} posts were not looked at again: the budget does not reach."
        return Outcome(False, "budget_spent", detail, retry_at=request.now + POOR)
    return Outcome(not unread, "bad_answer" if unread else "ok", f"{unread} posts could not be read." * bool(unread))


def _charge(plan: Plan, page: Page, request: CollectRequest) -> None:
    """What a lookup costs: the posts of today were paid for when they were first read."""
    known = sum(_made_on(one, request.now) for one in page.ids)
    request.meter.charge(plan.cost_of(page) - plan.prices.post * known)


def _afforded(meter: Meter, dearest: float) -> int:
    """How many posts of the next pack can be paid for."""
    if meter.left is None or dearest <= 0:
        return PACK
    return min(PACK, int(meter.left / dearest + 1e-9))


def _made_on(native_id: str, now: datetime) -> bool:
    """Whether a post is of this UTC day: then it was first read today too, and X bills a post once a day."""
    made = time_of(native_id)
    return made is not None and made.date() == now.astimezone(UTC).date()


def outcome(search: Search, plan: Plan, meter: Meter, unfit: int = 0) -> Outcome:
    """How a run of searches ended, in words for the Sources page."""
    notes = []
    if search.spent:
        notes.append(_spent_words(search, meter))
    if search.gap:
        notes.append(f"The time from {search.gap[0]:%Y-%m-%d %H:%M} to {search.gap[1]:%Y-%m-%d %H:%M} UTC is lost: "
                     f"X's recent search serves seven days.")  # fmt: skip
    if search.sampled:
        of = "" if search.counted is None else f" of {search.counted:,} counted"
        notes.append(f"A sample: {search.bought:,} posts{of} were read, the rest was skipped.")
    if search.capped:
        notes.append(f"Stopped after {search.requests} requests; the next run goes on from there.")
    if search.repeated:
        notes.append("X gave the same page again; the rest was not read.")
    if search.unread:
        notes.append(f"{search.unread} posts could not be read.")
    if unfit:
        notes.append(f"{unfit} names are too long for a query of X.")
    if meter.near_limit and not search.spent:
        notes.append(f"{meter.spent_before + meter.cost:.2f} of {meter.limit:.2f} USD of this month are spent.")
    notes += [search.note] if search.note else []
    complete, reason, wish = _verdict(search, meter)
    return Outcome(complete and not unfit, reason, " ".join(notes), next_check=wish, unread=search.unread)


def _verdict(search: Search, meter: Meter) -> tuple[bool, str, timedelta | None]:
    if search.repeated:
        return False, "bad_answer", None
    if search.spent:
        chosen = meter.limit == 0 or search.bought > 0
        return False, "sampled" if chosen else "budget_spent", COUNTING
    soon = timedelta(minutes=1) if search.capped else None
    if search.gap:
        return False, "gap", soon
    if search.sampled:
        return False, "sampled", soon
    return not search.capped, "limit_reached" if search.capped else "ok", soon


def _spent_words(search: Search, meter: Meter) -> str:
    counted = "" if search.counted is None else f" {search.counted:,} new posts were counted, not read."
    if meter.limit == 0:
        return f"Only counts are bought.{counted}"
    limit = meter.limit or 0.0
    return f"The budget of {limit:.2f} USD for this month is spent; until the next, posts are only counted.{counted}"


def _chars(options: Mapping[str, Json]) -> int:
    return ARCHIVE_CHARS if options["archive"] else RECENT_CHARS


def _no_names(unfit: int) -> str:
    return f"{unfit} names are too long for a query of X." if unfit else "There are no names to search for yet."
