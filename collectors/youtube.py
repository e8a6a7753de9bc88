"""YouTube by its Data API: few searches a day, full videos with counters, comments of those that name a term."""

import re
from collections.abc import Generator, Mapping
from datetime import timedelta
from urllib.parse import urlsplit

from collectors.base import Batch, Budget, Collector, CollectRequest, Option, Outcome, Recheck
from collectors.fields import several, text
from collectors.http import HttpClient
from collectors.options import complete, whole_number, yes_or_no
from collectors.post import Json, RawPost
from collectors.redistribution import NO_YOUTUBE
from collectors.youtube_api import PAGE, ZONE, BudgetSpentError, NoCommentsError, YouTubeApi
from collectors.youtube_items import is_comment_id, is_video_id, post_of
from collectors.youtube_reading import YouTubeRun
from config.settings import get_settings

_MANY = 5  # so many posts do not all vanish at once: such an answer is not believed


class YouTubeCollector(Collector):
    """Videos found by a term, and the comments of those whose words hold it."""

    kind = "youtube"
    label = "YouTube"
    redistribution = NO_YOUTUBE
    access = "key"
    summary = "Videos that name you, their counts and the comments under them, within the daily quota."
    options: tuple[Option, ...] = (
        Option("searches_a_day", "Searches a day", "YouTube allows 100 a day per Google project.", default=24),
        Option("comments", "Comments too", "Read the comments of videos that name a term, for 14 days.", default=True),
        Option("language", "Language", "Two letters; prefers videos in it.", default=""),
        Option("region", "Region", "Two letters; only videos that can be seen there.", default=""),
        Option("backfill_days", "Days to look back", "How far the first search of a term goes back.", default=7),
        Option("budget", "Units a day", "Calls other than searches; YouTube gives 10,000.", default=10_000),
    )
    credentials: tuple[Option, ...] = (
        Option("api_key", "API key", "Of a Google project with the YouTube Data API v3.", required=True),
    )
    interval = timedelta(minutes=30)
    needs_terms = True
    budget = Budget("units", "day", ZONE)
    recheck = Recheck(PAGE, then=timedelta(days=25))
    keep_days = 30

    def __init__(self, base_url: str | None = None) -> None:
        self._base_url = base_url

    def check_options(self, options: Mapping[str, Json]) -> dict[str, Json]:
        values = complete(options, self.options)
        return {
            "searches_a_day": whole_number(values, "searches_a_day", 1, 100),
            "comments": yes_or_no(values, "comments"),
            "language": _two_letters(values, "language").lower(),
            "region": _two_letters(values, "region").upper(),
            "backfill_days": whole_number(values, "backfill_days", 0, 365),
            "budget": whole_number(values, "budget", 0, 10_000_000),
        }

    def host(self, options: Mapping[str, Json]) -> str | None:
        return urlsplit(self._base()).hostname

    def test(self, request: CollectRequest, http: HttpClient) -> str:
        try:
            self._api(request, http).try_key()
        except BudgetSpentError:
            return "The budget of the day is used up; the key was not tried."
        return "YouTube accepts the key."

    def collect(self, request: CollectRequest, http: HttpClient) -> Generator[Batch, None, Outcome]:
        options = self.check_options(request.options)
        api = self._api(request, http)
        terms = tuple(dict.fromkeys(name for term in request.terms if (name := " ".join(term.split()).casefold())))
        if not terms:
            return Outcome(complete=True, reason="ok", detail="There are no names to search for yet.")
        run = YouTubeRun(api, request, options, terms)
        try:
            yield from run.searches()
            if options["comments"]:
                yield from run.comments()
        except BudgetSpentError:
            return Outcome(False, "budget_spent", "The units of the day are used up; counters and comments wait.")
        if run.refused is not None:
            raise run.refused
        return run.outcome()

    def refresh(
        self, request: CollectRequest, refs: tuple[str, ...], http: HttpClient
    ) -> Generator[Batch, None, Outcome]:
        api = self._api(request, http)
        known = dict.fromkeys(refs)
        doubtful = 0
        for fits, ask in ((is_video_id, api.videos), (is_comment_id, api.comments)):
            ids = [ref for ref in known if fits(ref)]
            for start in range(0, len(ids), PAGE):
                asked = ids[start : start + PAGE]
                try:
                    found = [post for item in several(ask(asked)["items"]) if (post := post_of(item)) is not None]
                except BudgetSpentError:
                    return Outcome(False, "budget_spent", "The units of the day are used up; the rest waits.")
                except NoCommentsError:  # not to be had this time, which is not gone
                    continue
                posts = tuple(post for post in found if post.native_id in asked)
                gone = tuple(ref for ref in asked if ref not in {post.native_id for post in posts})
                if not posts and len(asked) >= _MANY:
                    doubtful += len(asked)
                    continue
                yield Batch(posts, None, gone)
        if doubtful:
            detail = f"{doubtful} posts were all said to be gone; that is not believed before they are asked for again."
            return Outcome(False, "bad_answer", detail)
        return Outcome(True, "ok")

    def map_item(self, raw: Mapping[str, Json]) -> RawPost | None:
        return post_of(dict(raw))

    def _base(self) -> str:
        return (self._base_url or get_settings().youtube_url).rstrip("/")

    def _api(self, request: CollectRequest, http: HttpClient) -> YouTubeApi:
        return YouTubeApi(http, self._base(), request.credentials.get("api_key", ""), request.meter, request.now)


def _two_letters(values: Mapping[str, Json], name: str) -> str:
    value = text(values[name]).strip()
    if values[name] not in (None, "") and not re.fullmatch(r"[A-Za-z]{2}", value):
        raise ValueError(f"{name}: must be two letters")
    return value
