"""Reviews of an own app in Google Play by the developer API, which serves those of the last week only."""

import json
import re
from collections.abc import Generator, Mapping
from datetime import datetime, timedelta
from urllib.parse import quote, urlsplit

from collectors.base import Batch, Collector, CollectRequest, Option, Outcome
from collectors.errors import CollectError
from collectors.fields import counted, from_unix, number, record, several, text
from collectors.google_signing import access_token
from collectors.http import RETRY_WITHOUT_WORD, HttpAnswer, HttpClient, retry_at, status_error
from collectors.options import complete
from collectors.post import Json, RawAuthor, RawPost
from collectors.redistribution import WHOLE
from config.settings import get_settings

SCOPE = "https://www.googleapis.com/auth/androidpublisher"
PAGE = 100
MAX_PAGES = 100  # of one run; 200 requests an hour are allowed
WINDOW = timedelta(days=7)
OVERLAP = 86_400  # seconds before the last run that are read again
_REFUSED = (400, 401, 403, 404, 429)
_TOO_MUCH = frozenset(("rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded"))
_COMMENT_KEPT = (
    "text", "originalText", "lastModified", "starRating", "reviewerLanguage", "thumbsUpCount", "thumbsDownCount",
    "appVersionName", "appVersionCode", "androidOsVersion",
)  # fmt: skip
_MASK = "[author]"  # what the privacy door leaves of a text that holds its author's name


class GooglePlayCollector(Collector):
    """Reviews with text, new and edited ones, each with the company's reply in the raw payload."""

    kind = "google_play"
    about = "own"
    label = "Google Play reviews"
    redistribution = WHOLE
    access = "key"
    summary = "Reviews of your own app of the last seven days: what is older is not served."
    options: tuple[Option, ...] = (
        Option("package", "Package name", "Of an own app, such as com.example.app.", required=True),
    )
    credentials: tuple[Option, ...] = (
        Option(
            "service_account",
            "Service account",
            "The text of its JSON key file; it needs the permission to reply to reviews.",
            required=True,
            many_lines=True,
        ),
    )
    interval = timedelta(hours=6)
    needs_terms = False
    window = WINDOW

    def __init__(self, base_url: str | None = None, token_url: str | None = None, max_pages: int = MAX_PAGES) -> None:
        self._base_url = base_url
        self._token_url = token_url
        self._max_pages = max_pages

    def check_options(self, options: Mapping[str, Json]) -> dict[str, Json]:
        package = text(complete(options, self.options)["package"]).strip()
        if len(package) > 200 or not re.fullmatch(r"[A-Za-z]\w*(\.[A-Za-z]\w*)+", package, re.ASCII):
            raise ValueError("package: must be a package name such as com.example.app")
        return {"package": package}

    def host(self, options: Mapping[str, Json]) -> str | None:
        return urlsplit(self._base()).hostname

    def test(self, request: CollectRequest, http: HttpClient) -> str:
        token = self._signed_in(request, http)
        self._page(request, http, token, None, 1)
        return "Google Play lets the service account read the reviews of this app."

    def collect(self, request: CollectRequest, http: HttpClient) -> Generator[Batch, None, Outcome]:
        package = str(self.check_options(request.options)["package"])
        token = self._signed_in(request, http)
        now = int(request.now.timestamp())
        last_run = _last_run(request.cursor, now)
        asked: set[str | None] = set()
        page: str | None = None
        unread = 0
        for _ in range(self._max_pages):
            answer = self._page(request, http, token, page, PAGE)
            items = several(answer.get("reviews"))
            posts = [post for item in items if (post := post_of(item, package)) is not None]
            unread += len(items) - len(posts)
            asked.add(page)
            following = text(record(answer.get("tokenPagination")).get("nextPageToken")) or None
            known = last_run is not None and all(_before(post, last_run - OVERLAP) for post in posts)
            done = not items or following is None or following in asked or (known and bool(posts))
            yield Batch(tuple({post.native_id: post for post in posts}.values()), {"read": now} if done else None)
            if done:
                return _outcome(last_run, request.now, unread)
            page = following
        detail = (
            f"Stopped after {self._max_pages} pages; Google Play has more reviews of this week than are read at once."
        )
        return Outcome(False, "limit_reached", detail)

    def map_item(self, raw: Mapping[str, Json]) -> RawPost | None:
        return post_of(dict(raw), text(raw.get("packageName")))

    def _base(self) -> str:
        return (self._base_url or get_settings().google_play_url).rstrip("/")

    def _signed_in(self, request: CollectRequest, http: HttpClient) -> str:
        key = request.credentials.get("service_account", "")
        if not key.strip():
            detail = "Enter the JSON key of a service account that may read the reviews of this app."
            raise CollectError("needs_credentials", detail, permanent=True)
        return access_token(http, self._token_url or get_settings().google_token_url, key, SCOPE, request.now)

    def _page(
        self, request: CollectRequest, http: HttpClient, token: str, page: str | None, size: int
    ) -> dict[str, Json]:
        """One page; an app without reviews of this week answers with an empty object."""
        package = quote(str(self.check_options(request.options)["package"]))
        url = f"{self._base()}/androidpublisher/v3/applications/{package}/reviews"
        params = {"maxResults": str(size)} | ({"token": page} if page else {})
        answer = http.get(url, params, {"authorization": f"Bearer {token}"}, accept=_REFUSED)
        if answer.status in _REFUSED:
            raise _refusal(answer, request.now)
        found = answer.json()
        if not isinstance(found, dict) or not isinstance(found.get("reviews", []), list):
            raise CollectError("bad_answer", "Google Play answered without its list of reviews.")
        return found


def post_of(item: Json, package: str) -> RawPost | None:
    """A review as a post; None without a usable id, stars or the user's comment."""
    shape = record(item)
    native_id = text(shape.get("reviewId"))
    comments = [record(one) for one in several(shape.get("comments"))]
    said = next((record(one["userComment"]) for one in comments if isinstance(one.get("userComment"), dict)), {})
    stars = number(said.get("starRating"))
    if not re.fullmatch(r"[\w:.=-]{1,300}", native_id) or stars is None or not 1 <= stars <= 5:
        return None
    words = text(said.get("originalText")) or text(said.get("text"))
    if words == _MASK:
        return None
    title, tab, body = words.partition("\t")  # reviews of old had a title, and this is how it is kept
    name = " ".join(text(shape.get("authorName")).split())
    return RawPost(
        native_id=native_id,
        text=(body if tab else title).strip(),
        published_at=_moment(said),
        url=f"https://play.google.com/store/apps/details?id={package}&reviewId={quote(native_id)}" if package else None,
        title=title.strip() or None if tab else None,
        # The platform names no account. "A Google user" is everybody who hides their name.
        author=RawAuthor("google_play", display_name=name) if name and name.casefold() != "a google user" else None,
        # No `lang`: the platform gives the language of the device, which need not be that of the text.
        kind="review",
        rating=float(stars),
        counters=counted({"likes": said.get("thumbsUpCount")}),
        stated={"kind": "review", "stars": str(stars), "author_status": "customer"},
        raw={"reviewId": native_id, "packageName": package, "comments": _trimmed(comments)},
    )


def _trimmed(comments: list[dict[str, Json]]) -> list[Json]:
    """The user's comment without what tells of the device, and the reply."""
    kept: list[Json] = []
    for one in comments:
        said, reply = record(one.get("userComment")), record(one.get("developerComment"))
        if said:
            kept.append({"userComment": {name: said[name] for name in _COMMENT_KEPT if name in said}})
        elif reply:
            kept.append({"developerComment": {name: reply[name] for name in ("text", "lastModified") if name in reply}})
    return kept


def _moment(said: Mapping[str, Json]) -> datetime | None:
    """When it was last changed; the platform does not say when it was first written."""
    return from_unix(number(record(said.get("lastModified")).get("seconds")))


def _before(post: RawPost, seconds: int) -> bool:
    return post.published_at is not None and post.published_at.timestamp() < seconds


def _outcome(last_run: int | None, now: datetime, unread: int) -> Outcome:
    words = [f"{unread} reviews could not be read."] if unread else []
    since = from_unix(last_run)
    if since is not None and now - since > WINDOW:
        lost = f"Reviews from {since:%d %b %H:%M} to {now - WINDOW:%d %b %H:%M} UTC are no longer served."
        return Outcome(False, "gap", " ".join([lost, *words]))
    return Outcome(True, "ok", " ".join(words), unread=unread)


def _refusal(answer: HttpAnswer, now: datetime) -> CollectError:
    try:
        error = record(record(json.loads(answer.body)).get("error"))
    except (ValueError, RecursionError):
        error = {}
    reasons = {text(record(one).get("reason")) for one in several(error.get("errors"))}
    if answer.status == 429 or reasons & _TOO_MUCH:
        until = retry_at(answer.headers.get("retry-after"), now) or now + RETRY_WITHOUT_WORD
        return CollectError("rate_limited", f"Google Play asks to wait until {until:%H:%M} UTC.", retry_at=until)
    if answer.status in {401, 403}:
        detail = (
            "Google Play does not let this service account read the reviews: invite it in the Play Console with the "
            "permission to reply to reviews, and switch on the Google Play Android Developer API."
        )
        return CollectError("unauthorized", detail, permanent=True)
    if answer.status == 404:
        return CollectError("gone", "Google Play does not know an app of this package name.")
    return status_error(answer.status, answer.headers, answer.url, now)


def _last_run(cursor: Mapping[str, Json], now: int) -> int | None:
    known = number(cursor.get("read"))
    return known if known is not None and 0 < known <= now else None
