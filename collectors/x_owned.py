"""Posts of an own account on X with the figures that only their author may read.

Views, clicks on links and clicks on the profile come with a token of the account itself, for posts younger than 30
days. The keys are those of OAuth 1.0a, which do not run out; a user token of OAuth 2.0 works too, for two hours.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from collectors.base import Batch, Collector, CollectRequest, Option, Outcome, Recheck
from collectors.errors import CollectError
from collectors.http import HttpClient
from collectors.meter import Budget
from collectors.options import complete, yes_or_no
from collectors.post import Json, RawPost
from collectors.redistribution import NO_X
from collectors.x_api import InvalidRequestError, XApi, id_at, time_of
from collectors.x_options import amount
from collectors.x_posts import TWEET_FIELDS, USER_FIELDS, Page, owned_metrics, page_of, post_of
from config.settings import get_settings

PRIVATE_FOR = timedelta(days=30)
MARGIN = timedelta(hours=1)
PAGE = 100
MAX_PAGES = 32  # X serves an account's newest 3,200 posts
FEWEST = 5
_PRIVATE_FIELDS = [*TWEET_FIELDS, "non_public_metrics", "organic_metrics"]
_KEYS = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
_RECONNECT = "X no longer accepts the keys of this account (HTTP 401): reconnect it with new ones."


class XOwnedCollector(Collector):
    """All posts of the account whose keys are entered: of the company itself, or of somebody who agreed to it."""

    kind = "x_owned"
    label = "X, own account"
    redistribution = NO_X
    access = "key"
    summary = "The posts of an account of your own with what only its owner is told: impressions and link clicks."
    credentials = (
        Option("consumer_key", "Consumer key", "Of the app (OAuth 1.0a)."),
        Option("consumer_secret", "Consumer secret"),
        Option("access_token", "Access token", "Of the account, for this app."),
        Option("access_token_secret", "Access token secret"),
        Option("user_token", "OAuth 2.0 user token", "Instead of the four above; it runs out after two hours."),
    )
    options: tuple[Option, ...] = (
        Option("reposts", "Reposts too", "Posts of others that the account repeated.", default=False),
        Option("budget", "Budget", "USD a month.", default=5),
        Option("price_owned", "Price of an own post", "USD for one that is read.", default=0.001),
        Option("price_user", "Price of an author", "USD, once a page.", default=0.010),
    )
    interval = timedelta(hours=6)
    needs_terms = False
    budget = Budget("USD", "month")
    recheck = Recheck(pack=PAGE, then=timedelta(days=7))
    pace = timedelta(seconds=2)

    def __init__(self, base_url: str | None = None) -> None:
        self._base_url = base_url

    def check_options(self, options: Mapping[str, Json]) -> dict[str, Json]:
        values = complete(options, self.options)
        checked: dict[str, Json] = {name: amount(values, name) for name in ("budget", "price_owned", "price_user")}
        return checked | {"reposts": yes_or_no(values, "reposts")}

    def host(self, options: Mapping[str, Json]) -> str | None:
        return urlsplit(self._base()).hostname

    def collect(self, request: CollectRequest, http: HttpClient) -> Generator[Batch, None, Outcome]:
        options = self.check_options(request.options)
        account = _Account(request, http, self._base(), amount(options, "price_owned"), amount(options, "price_user"))
        return (yield from account.read(reposts=options["reposts"] is True))

    def test(self, request: CollectRequest, http: HttpClient) -> str:
        options = self.check_options(request.options)
        account = _Account(request, http, self._base(), 0.0, amount(options, "price_user"))
        name = account.me().get("username")
        return f"X answers as @{name}." if isinstance(name, str) else "X answers."

    def refresh(
        self, request: CollectRequest, refs: tuple[str, ...], http: HttpClient
    ) -> Generator[Batch, None, Outcome]:
        options = self.check_options(request.options)
        account = _Account(request, http, self._base(), amount(options, "price_owned"), amount(options, "price_user"))
        return (yield from account.look_again(refs))

    def map_item(self, raw: Mapping[str, Json]) -> RawPost | None:
        return owned_post_of(dict(raw))

    def _base(self) -> str:
        return self._base_url or get_settings().x_url


def owned_post_of(item: Json) -> RawPost | None:
    """An item of an own account as a post, with the private figures among its counters."""
    post = post_of(item)
    return replace(post, counters=owned_metrics(item)) if post and isinstance(item, dict) else None


@dataclass(frozen=True, slots=True)
class _Cursor:
    """Whose posts, how far they are read (`since`), and what is read of the stretch above (`until` to `top`)."""

    owner: str = ""
    since: str | None = None
    top: str | None = None
    until: str | None = None

    @classmethod
    def of(cls, cursor: Mapping[str, Json]) -> "_Cursor":
        known = {name: _id(cursor.get(name)) for name in ("since", "top", "until")}
        return cls(_id(cursor.get("owner")) or "", **known)

    def bounds(self, now: datetime) -> dict[str, object]:
        """Below: the last post read, or the age from which on private figures are kept back."""
        oldest = now - PRIVATE_FOR + MARGIN
        made = time_of(self.since) if self.since else None
        fresh = made is not None and made > oldest
        if self.until:
            return {"since_id": self.since if fresh else id_at(oldest), "until_id": self.until}
        return {"since_id": self.since} if fresh else {"start_time": oldest}

    def after(self, ids: tuple[str, ...], *, done: bool) -> "_Cursor":
        top = max((*ids, *filter(None, (self.top, self.since))), key=int, default=None)
        if done:
            return replace(self, since=top, top=None, until=None)
        return replace(self, top=top, until=min((*ids, *filter(None, (self.until,))), key=int, default=None))

    def as_json(self) -> dict[str, Json]:
        return {"owner": self.owner, "since": self.since, "top": self.top, "until": self.until}


def _id(value: Json) -> str | None:
    return value if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20 else None


class _Account:
    """Reads of one run with the keys of one account."""

    def __init__(self, request: CollectRequest, http: HttpClient, base: str, price: float, price_user: float) -> None:
        self._request = request
        self._price = price
        self._price_user = price_user
        keys = tuple(request.credentials.get(name, "").strip() for name in _KEYS)
        token = request.credentials.get("user_token", "").strip()
        if not all(keys) and not token:
            words = "Enter the four keys of the account (OAuth 1.0a), or a user token of OAuth 2.0."
            raise CollectError("needs_credentials", words, permanent=True)
        self._signed = all(keys)
        self._owner = keys[2].partition("-")[0] if self._signed else ""
        self._api = XApi(http, base, request.now, bearer=token or None, keys=keys if self._signed else ())

    def me(self) -> Mapping[str, Json]:
        """The account of the keys; one user read."""
        self._request.meter.charge(self._price_user)
        found = self._ask("get_me", user_fields=USER_FIELDS).get("data")
        if not isinstance(found, dict) or not isinstance(found.get("id"), str):
            raise CollectError("bad_answer", "X does not say whose keys these are.")
        return found

    def read(self, *, reposts: bool) -> Generator[Batch, None, Outcome]:
        """What is new, newest first; a run cut off goes on below what it has read."""
        cursor = _Cursor.of(self._request.cursor)
        owner = cursor.owner or (self._owner if self._owner.isdecimal() else str(self.me()["id"]))
        cursor = replace(cursor, owner=owner)
        bounds = cursor.bounds(self._request.now)
        token, tokens, unread = None, set[str](), 0
        for _ in range(MAX_PAGES):
            size = self._affordable()
            if size < FEWEST:
                return Outcome(False, "budget_spent", "The budget of this month is spent; the rest was not read.")
            params = {"max_results": size, "exclude": None if reposts else ["retweets"], "pagination_token": token}
            page = self._page("get_users_tweets", owner, _PRIVATE_FIELDS, params | bounds)
            unread += page.unread
            repeated, token = page.next_token in tokens, page.next_token
            cursor = cursor.after(page.ids, done=token is None)
            yield Batch(page.posts, cursor.as_json(), page.deleted)
            if token is None or repeated:
                return _ended(unread, repeated=repeated)
            tokens.add(token)
        return Outcome(True, "ok", f"X serves the newest {PAGE * MAX_PAGES:,} posts of an account.")

    def look_again(self, refs: tuple[str, ...]) -> Generator[Batch, None, Outcome]:
        """Known posts by id: the private figures of the young ones, the public ones of the others."""
        known = [ref for ref in dict.fromkeys(refs) if ref.isascii() and ref.isdecimal() and len(ref) < 20]
        limit = self._request.now - PRIVATE_FOR + MARGIN
        young = [ref for ref in known if (made := time_of(ref)) and made > limit]
        old = [ref for ref in known if ref not in set(young)]
        unread = 0
        for ids, fields in ((young, _PRIVATE_FIELDS), (old, TWEET_FIELDS)):
            for start in range(0, len(ids), PAGE):
                pack = ids[start : start + PAGE]
                if not self._request.meter.affords(self._price * len(pack) + self._price_user):
                    return Outcome(False, "budget_spent", "The budget of this month is spent; not all was looked at.")
                page = self._page("get_tweets", pack, fields, {})
                unread += page.unread
                yield Batch(page.posts, None, page.deleted)
        return _ended(unread, repeated=False)

    def _page(self, method: str, of: object, fields: list[str], params: Mapping[str, object]) -> Page:
        asked = {"tweet_fields": fields, "user_fields": USER_FIELDS, "expansions": ["author_id"]}
        page = page_of(self._ask(method, of, **asked, **params))
        self._request.meter.charge(self._price * page.reads + self._price_user * page.users)
        posts = tuple(owned for post in page.posts if (owned := owned_post_of(dict(post.raw))))
        return replace(page, posts=posts)

    def _ask(self, method: str, *args: object, **params: object) -> Mapping[str, Json]:
        try:
            return _present(self._api.ask(method, *args, user_auth=self._signed, **params))
        except InvalidRequestError as error:
            raise CollectError("bad_answer", error.detail, permanent=True) from error
        except CollectError as error:
            if error.reason == "unauthorized" and "401" in error.detail:
                raise CollectError("unauthorized", _RECONNECT, permanent=True) from error
            raise

    def _affordable(self) -> int:
        left = self._request.meter.left
        if left is None or self._price <= 0:
            return PAGE
        return max(0, min(PAGE, int((left - self._price_user) / self._price + 1e-9)))


def _present(answer: Mapping[str, Json]) -> Mapping[str, Json]:
    """The answer, unless it says that the account itself is not to be had; raise `CollectError`."""
    errors = answer.get("errors")
    for error in errors if isinstance(errors, list) and "data" not in answer else []:
        if isinstance(error, dict) and error.get("resource_type") == "user":
            raise CollectError("gone", f"X does not show this account ({str(error.get('title'))[:60]}).")
    return answer


def _ended(unread: int, *, repeated: bool) -> Outcome:
    if repeated:
        return Outcome(False, "bad_answer", "X gave the same page again; the rest was not read.")
    return Outcome(not unread, "bad_answer" if unread else "ok", f"{unread} posts could not be read." * bool(unread))


__all__ = ["XOwnedCollector", "owned_metrics", "owned_post_of"]
