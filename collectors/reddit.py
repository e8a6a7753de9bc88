"""Reddit by praw, once Reddit has approved the application: searches, communities, comment trees, second looks."""

from collections.abc import Generator, Mapping
from datetime import timedelta
from urllib.parse import urlsplit

from collectors.base import Batch, Collector, CollectRequest, Option, Outcome, Recheck
from collectors.errors import CollectError
from collectors.http import HttpClient
from collectors.masking import AUTHOR
from collectors.options import complete, whole_number, yes_or_no
from collectors.post import Json, RawPost
from collectors.reddit_api import CapReachedError, RedditApi
from collectors.reddit_posts import FULLNAME, fullname_of, is_gone, listing_of, post_of, sorted_items
from collectors.reddit_run import Run, places_of, subreddits_of
from collectors.redistribution import NO_REDDIT
from config.settings import get_settings

MAX_REQUESTS = 80  # of one run
ASKED_AT_ONCE = 100  # ids in one request
EMPTY_IS_NO_PROOF = 10  # so many posts rarely vanish all at once: then Reddit is asked for something that stays
STAYS = "t5_2r0ij"  # Reddit's own announcements


class RedditCollector(Collector):
    """Submissions that a search finds, and all of chosen communities. Whoever stores must match again."""

    kind = "reddit"
    label = "Reddit"
    redistribution = NO_REDDIT
    access = "approval"
    summary = "Submissions and comments of chosen subreddits, and search over the whole site."
    options: tuple[Option, ...] = (
        Option("subreddits", "Communities", "Names, separated by commas. Empty: search all of Reddit."),
        Option("search", "Search", "Search for the names of the company profile.", default=True),
        Option("new", "All new posts", "Take all new posts of the chosen communities.", default=True),
        Option("comments", "All new comments", "Take all new comments of the chosen communities.", default=False),
        Option("trees", "Comments of matching posts", "Read all comments of posts that name you.", default=True),
        Option("tree_comments", "Comments of one post", "At most so many at one look.", default=1_000),
        Option("backfill_days", "Days to look back", "How far the first run goes back.", default=7),
    )
    credentials = (
        Option("client_id", "Client id", "Of an application that Reddit has approved.", required=True),
        Option("client_secret", "Client secret", "Of the same application.", required=True),
    )
    interval = timedelta(minutes=15)
    needs_terms = True
    recheck = Recheck(pack=ASKED_AT_ONCE, then=timedelta(days=2))
    pace = timedelta(seconds=0.7)  # 100 requests a minute are allowed

    def __init__(self, url: str | None = None, oauth_url: str | None = None, max_requests: int = MAX_REQUESTS) -> None:
        self._url = url
        self._oauth_url = oauth_url
        self._max_requests = max_requests

    def check_options(self, options: Mapping[str, Json]) -> dict[str, Json]:
        values = complete(options, self.options)
        switches: dict[str, Json] = {name: yes_or_no(values, name) for name in ("search", "new", "comments", "trees")}
        subreddits = subreddits_of(values["subreddits"])
        if not subreddits and not switches["search"]:
            raise ValueError("search: must be on where no communities are chosen")
        return {
            "subreddits": ", ".join(subreddits), **switches,
            "tree_comments": whole_number(values, "tree_comments", 1, 10_000),
            "backfill_days": whole_number(values, "backfill_days", 0, 365),
        }  # fmt: skip

    def host(self, options: Mapping[str, Json]) -> str | None:
        return urlsplit(self._oauth_url or get_settings().reddit_oauth_url).hostname

    def collect(self, request: CollectRequest, http: HttpClient) -> Generator[Batch, None, Outcome]:
        options = self.check_options(request.options)
        places = places_of(options, request.terms)
        if not places:
            return Outcome(complete=True, reason="ok", detail="There are no names to search for yet.")
        run = Run(self._api(request, http), request, options, places)
        try:
            yield from run.listings()
            if options["trees"]:
                yield from run.comment_trees()
        except CapReachedError:
            run.cut_off = True
        return run.outcome()

    def test(self, request: CollectRequest, http: HttpClient) -> str:
        options = self.check_options(request.options)
        api = self._api(request, http)
        chosen = subreddits_of(options["subreddits"]) or ("all",)
        for subreddit in chosen[:10]:
            try:
                listing_of(api.get(f"r/{subreddit}/new", {"limit": "1"}))
            except CollectError as error:
                raise CollectError(error.reason, f"r/{subreddit}: {error.detail}", permanent=error.permanent,
                                   retry_at=error.retry_at) from error  # fmt: skip
        return "Reddit lets this application in."

    def refresh(
        self, request: CollectRequest, refs: tuple[str, ...], http: HttpClient
    ) -> Generator[Batch, None, Outcome]:
        """Counters, edits and deletions by `/api/info`; an id that Reddit leaves out is gone."""
        api = self._api(request, http)
        asked = [ref for ref in dict.fromkeys(refs) if FULLNAME.fullmatch(ref)]
        unread = doubtful = 0
        for start in range(0, len(asked), ASKED_AT_ONCE):
            pack = asked[start : start + ASKED_AT_ONCE]
            items = listing_of(api.get("api/info/", {"id": ",".join(pack)})).items
            found = sorted_items(items)
            unread += found.unread
            told = {name for item in items if (name := fullname_of(item))}
            if not items and len(pack) >= EMPTY_IS_NO_PROOF and not _knows_what_stays(api):
                doubtful += len(pack)
                continue
            missing = [name for name in pack if name not in told] if not found.unread else []
            posts = tuple(post for post in found.posts if post.native_id in pack)
            yield Batch(posts, None, deleted=tuple(name for name in found.gone if name in pack) + tuple(missing))
        notes = [f"{unread} items could not be read."] if unread else []
        if doubtful:
            notes.append(f"Reddit knew none of {doubtful} posts; that is taken for a fault of its own.")
        return Outcome(not notes, "bad_answer" if notes else "ok", " ".join(notes))

    def map_item(self, raw: Mapping[str, Json]) -> RawPost | None:
        if AUTHOR in (raw.get("title"), raw.get("selftext"), raw.get("body")):
            return None  # the text named its author and was not kept
        return None if is_gone(dict(raw)) else post_of(dict(raw))

    def _api(self, request: CollectRequest, http: HttpClient) -> RedditApi:
        keys = {name: request.credentials.get(name, "").strip() for name in ("client_id", "client_secret")}
        if not all(keys.values()):
            detail = (
                "Enter the client id and secret of an application that Reddit has approved; "
                "since November 2025 each one needs that approval."
            )
            raise CollectError("needs_credentials", detail, permanent=True)
        settings = get_settings()
        bases = (self._url or settings.reddit_url, self._oauth_url or settings.reddit_oauth_url)
        return RedditApi(http, keys, bases, request.now, self._max_requests)


def _knows_what_stays(api: RedditApi) -> bool:
    return bool(listing_of(api.get("api/info/", {"id": STAYS})).items)
