"""Reviews of an app in the App Store, country by country, by the public feed: at most 500 newest ones each."""

import re
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import urlsplit

from collectors.app_store_feed import Page, dated, json_page, post_of, undated, xml_page
from collectors.base import Batch, Collector, CollectRequest, Option, Outcome
from collectors.errors import CollectError
from collectors.fields import number, record, text
from collectors.http import HttpClient
from collectors.options import complete, whole_number
from collectors.post import Json, RawPost
from collectors.redistribution import WHOLE
from config.settings import get_settings

MOST_PAGES = 10
MOST_COUNTRIES = 60
MAX_REQUESTS = 120  # of one run
OVERLAP = 86_400  # seconds before the newest known review that are read again
BELIEVED_AFTER = 3  # runs in which a page before the last one was empty, until that is taken for the end
_REFUSED = (400, 403, 404)
# Apple has more than one form of these addresses, and not every host of theirs serves each.
_FORMS = (
    "page={page}/id={app}/sortby=mostrecent/{shape}",
    "id={app}/sortby=mostrecent/{shape}",
    "id={app}/sortBy=mostRecent/page={page}/{shape}",
    "id={app}/{shape}",
)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one country (Unix seconds): its newest review, when it was last read, empty pages in a row."""

    newest: int | None = None
    read: int = 0
    doubts: int = 0

    def as_json(self) -> dict[str, Json]:
        return {"newest": self.newest, "read": self.read, "doubts": self.doubts}


class AppStoreCollector(Collector):
    """Customer reviews with stars, new and edited ones alike: an edited review moves to the top of the feed."""

    kind = "app_store"
    about = "own"
    label = "App Store reviews"
    redistribution = WHOLE
    summary = "Customer reviews of your app, country by country."
    options: tuple[Option, ...] = (
        Option("app_id", "App number", "The digits behind id in the address of the app.", required=True),
        Option("countries", "Countries", "Two letters each, separated by commas.", default="us"),
        Option("pages", "Pages", "Of 50 reviews, 1 to 10.", default=MOST_PAGES),
    )
    interval = timedelta(hours=2)
    needs_terms = False

    def __init__(self, base_url: str | None = None, max_requests: int = MAX_REQUESTS) -> None:
        self._base_url = base_url
        self._max_requests = max_requests

    def check_options(self, options: Mapping[str, Json]) -> dict[str, Json]:
        values = complete(options, self.options)
        app = values["app_id"]
        app = (str(app) if isinstance(app, int) and not isinstance(app, bool) else text(app)).strip()
        if not re.fullmatch(r"[0-9]{5,15}", app):
            raise ValueError("app_id: must be the digits behind id in the address of the app")
        return {
            "app_id": app,
            "countries": ",".join(_countries(values["countries"])),
            "pages": whole_number(values, "pages", 1, MOST_PAGES),
        }

    def host(self, options: Mapping[str, Json]) -> str | None:
        return urlsplit(self._base()).hostname

    def collect(self, request: CollectRequest, http: HttpClient) -> Generator[Batch, None, Outcome]:
        options = self.check_options(request.options)
        feed = _Feed(http, self._base(), str(options["app_id"]), self._max_requests)
        run = _Run(feed, request, _countries(options["countries"]), whole_number(options, "pages", 1, MOST_PAGES))
        yield from run.read()
        return run.outcome()

    def map_item(self, raw: Mapping[str, Json]) -> RawPost | None:
        return post_of(dict(raw))

    def _base(self) -> str:
        return (self._base_url or get_settings().app_store_url).rstrip("/")


class _Feed:
    """The pages of one app, under one cap of requests."""

    def __init__(self, http: HttpClient, base: str, app: str, cap: int) -> None:
        self._http = http
        self._base = base
        self._app = app
        self._left = cap
        self._cap = cap
        self._form = 0

    @property
    def spent(self) -> bool:
        """Whether no whole page can be asked for any more: a first one takes up to a request for each form, and XML."""
        return self._left < min(len(_FORMS) + 1, self._cap)

    def page(self, country: str, number_of_page: int) -> Page:
        """One page. Dates that the JSON lacks come from the same page as XML."""
        body = self._get(country, number_of_page, "json")
        page = json_page(body) if body else Page((), None)
        if not page.entries or not undated(page):
            return page
        try:
            return dated(page, xml_page(self._get(country, number_of_page, "xml")))
        except CollectError as error:
            if error.reason == "rate_limited":
                raise
            return page

    def _get(self, country: str, page: int, shape: str) -> bytes:
        """The body, empty where there is no such page. The first page finds out which form of address is served."""
        for form in _FORMS[self._form :] if page == 1 else _FORMS[self._form : self._form + 1]:
            if page > 1 and "{page}" not in form:
                form = _FORMS[0]
            url = f"{self._base}/{country}/rss/customerreviews/" + form.format(page=page, app=self._app, shape=shape)
            if (body := self._ask(url)) is not None:
                self._form = _FORMS.index(form)
                return body
        if page == 1 and shape == "json":
            detail = f"The App Store does not know the app {self._app} in {country.upper()}."
            raise CollectError("gone", detail)
        return b""

    def _ask(self, url: str) -> bytes | None:
        """The body, None where nothing is."""
        self._left -= 1
        answer = self._http.get(url, accept=_REFUSED)
        if answer.status == 403:
            raise CollectError("unreachable", "The App Store refuses for now, as it does when it is overloaded.")
        return None if answer.status in _REFUSED else answer.body


class _Run:
    """What one run reads and how far it got in each country."""

    def __init__(self, feed: _Feed, request: CollectRequest, countries: tuple[str, ...], pages: int) -> None:
        self._feed = feed
        self._pages = pages
        self._now = int(request.now.timestamp())
        self._known = {country: _known(request.cursor, country, self._now) for country in countries}
        self._failed: dict[str, CollectError] = {}
        self._empty: list[str] = []
        self._doubted: list[str] = []
        self._unread = self._undated = 0
        self._cut_short = False

    def read(self) -> Iterator[Batch]:
        """All countries, the one that waited longest first; one that fails does not stop the others."""
        for country in sorted(self._known, key=lambda name: self._known[name].read):
            if self._feed.spent:
                self._cut_short = True
                return
            try:
                yield from self._country(country)
            except CollectError as error:
                if error.reason == "rate_limited":
                    raise
                self._failed[country] = error

    def outcome(self) -> Outcome:
        """How the run ended, in words; raise when no country answered."""
        if self._failed and len(self._failed) == len(self._known):
            raise next(iter(self._failed.values()))
        words = [f"{country.upper()}: {error.detail}" for country, error in self._failed.items()]
        if self._doubted:
            names = ", ".join(self._doubted).upper()
            words.append(f"An empty page came where reviews were due ({names}); that is not taken for none.")
        if self._empty:
            words.append(f"No reviews are shown for {', '.join(self._empty).upper()}; that is no proof of none.")
        if self._unread:
            words.append(f"{self._unread} reviews could not be read.")
        if self._undated:
            words.append(f"{self._undated} reviews came without a date and count from now.")
        detail = " ".join(words)
        if self._cut_short:
            detail = " ".join(
                ["Stopped at the cap of requests; the next run goes on with the other countries.", *words]
            )
            return Outcome(False, "limit_reached", detail, next_check=timedelta(minutes=1))
        if self._failed:
            return Outcome(False, next(iter(self._failed.values())).reason, detail)
        nothing = len(self._empty) == len(self._known)
        if self._doubted or nothing:
            return Outcome(False, "bad_answer", detail)
        return Outcome(True, "ok", detail, unread=self._unread)

    def _country(self, country: str) -> Iterator[Batch]:
        """The pages of one country down to what is known; only a country read to there moves its newest review on."""
        known = self._known[country]
        newest, last, seen = known.newest, None, set[str]()
        for place in range(1, self._pages + 1):
            if self._feed.spent:
                self._cut_short = True
                return
            page = self._feed.page(country, place)
            if not page.entries and self._doubts(known, place, last):
                self._doubted.append(country)
                self._known[country] = replace(known, read=self._now, doubts=known.doubts + 1)
                yield Batch((), self._cursor())
                return
            if not page.entries and place == 1:
                self._empty.append(country)
            if seen.issuperset(page.ids):  # the end, or a page that comes again
                break
            posts = self._posts(page, country, seen)
            seen.update(page.ids)
            last = page.last
            times = [int(post.published_at.timestamp()) for post in posts if post.published_at is not None]
            newest = max([newest or 0, *(time for time in times if time <= self._now)]) or None
            yield Batch(posts, self._cursor())
            if known.newest is not None and times and max(times) <= known.newest - OVERLAP:
                break
        self._known[country] = Known(newest, self._now)
        yield Batch((), self._cursor())

    @staticmethod
    def _doubts(known: Known, place: int, last: int | None) -> bool:
        """Whether an empty page is not believed: reviews were known, or the feed itself names a later page."""
        if place == 1:
            return known.newest is not None
        return last is not None and place <= last and known.doubts < BELIEVED_AFTER

    def _posts(self, page: Page, country: str, seen: set[str]) -> tuple[RawPost, ...]:
        fresh = [entry for entry, name in zip(page.entries, page.ids, strict=True) if name not in seen or not name]
        named: list[Json] = [record(entry) | {"country": country} for entry in fresh]
        posts = [post for entry in named if (post := post_of(entry)) is not None]
        self._unread += len(fresh) - len(posts)
        self._undated += sum(post.published_at is None for post in posts)
        return tuple({post.native_id: post for post in posts}.values())

    def _cursor(self) -> dict[str, Json]:
        return {"countries": {country: known.as_json() for country, known in self._known.items()}}


def _countries(value: Json) -> tuple[str, ...]:
    """Two-letter names, in lower case; raise `ValueError`."""
    names = tuple(dict.fromkeys(name for part in text(value).split(",") if (name := part.strip().lower())))
    if not names or len(names) > MOST_COUNTRIES or not all(re.fullmatch(r"[a-z]{2}", name) for name in names):
        raise ValueError(f"countries: must be 1 to {MOST_COUNTRIES} names of two letters, separated by commas")
    return names


def _known(cursor: Mapping[str, Json], country: str, now: int) -> Known:
    found = record(record(cursor.get("countries")).get(country))
    newest, read, doubts = (number(found.get(name)) for name in ("newest", "read", "doubts"))
    if newest is not None and not 0 < newest <= now:
        newest = None  # a clock that once ran ahead must not silence a country
    return Known(newest, min(max(read or 0, 0), now), max(doubts or 0, 0))
