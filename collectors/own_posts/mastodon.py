"""Own posts on a Mastodon server: the service introduces itself to each server, then OAuth; tokens have no end."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from collectors.errors import CollectError
from collectors.fields import count, counted, moment, record, record_in, text
from collectors.http import HttpClient, status_error
from collectors.mastodon_posts import id_of
from collectors.own_posts.oauth import ask_token, authorize_url, give_back
from collectors.own_posts.shapes import FOREIGN, GONE, UNREADABLE, App, Identity, OwnPosts, PostReading, Token
from collectors.post import Json

SCOPES = ("read:accounts", "read:statuses")
_HOST = re.compile(r"(?=.{4,253}$)(?:[a-z0-9-]{1,63}\.)+[a-z][a-z0-9-]{1,62}")
_COUNTERS = {
    "likes": "favourites_count", "reposts": "reblogs_count", "replies": "replies_count", "quotes": "quotes_count",
}  # fmt: skip
_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")


def checked_host(typed: str) -> str:
    """The server in what somebody typed: its name, its address, or a handle there. Raises `ValueError`."""
    words = typed.strip().lower().removeprefix("https://").removeprefix("http://")
    host = words.partition("/")[0].rpartition("@")[2].rstrip(".")
    if not _HOST.fullmatch(host):
        raise ValueError("host: write the name of your server, such as mastodon.social")
    return host


def register(http: HttpClient, base: str, host: str, redirect_uri: str, website: str) -> App:
    """Introduce this service to a server."""
    form = {
        "client_name": "Outspoken",
        "redirect_uris": redirect_uri,
        "scopes": " ".join(SCOPES),
        "website": website,
    }
    headers = {"content-type": "application/x-www-form-urlencoded"}
    found = record(http.post(f"{base}/api/v1/apps", urlencode(form).encode(), headers).json())
    client_id, client_secret = text(found.get("client_id")), text(found.get("client_secret"))
    if not client_id or not client_secret:
        raise CollectError("bad_answer", f"{host} did not let this service introduce itself.")
    return App(client_id, client_secret)


@dataclass(frozen=True, slots=True)
class MastodonOwnPosts(OwnPosts):
    """The posts of one advocate on one server."""

    http: HttpClient
    base: str
    host: str
    app: App
    now: datetime
    platform = "mastodon"
    scopes = SCOPES

    def authorize(self, redirect_uri: str, state: str, challenge: str) -> str:
        return authorize_url(f"{self.base}/oauth/authorize", self.app, redirect_uri, self.scopes, state, challenge)

    def exchange(self, code: str, verifier: str, redirect_uri: str) -> Token:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
            "scope": " ".join(self.scopes),
        }
        return ask_token(self.http, f"{self.base}/oauth/token", self.app, fields, self.now, who=self.host)

    def refresh(self, token: Token) -> Token:
        raise CollectError("unauthorized", f"Tokens of {self.host} are not renewed.", permanent=True)

    def revoke(self, token: Token) -> bool:
        return give_back(self.http, f"{self.base}/oauth/revoke", self.app, token.access)

    def identity(self, token: Token) -> Identity:
        found = self._get(token, "/api/v1/accounts/verify_credentials")
        me = record(found)
        native_id = id_of(me)
        if native_id is None:
            raise CollectError("bad_answer", f"{self.host} does not say whose account this is.")
        handle = f"{text(me.get('username'))}@{self.host}"
        return Identity(native_id, handle, count(me.get("followers_count")), self.host)

    def read(self, token: Token, account: Identity, refs: Sequence[str]) -> Iterator[PostReading]:
        for ref in dict.fromkeys(refs):
            host, _, number = ref.partition("/")
            if host != self.host or not _ID.fullmatch(number):
                yield PostReading(ref, UNREADABLE)  # an id counts only on the server that gave it
                continue
            status = self._get(token, f"/api/v1/statuses/{number}", may_be_gone=True)
            yield PostReading(ref, GONE) if status is None else _reading(ref, record(status), account)

    def _get(self, token: Token, path: str, *, may_be_gone: bool = False) -> Json:
        headers = {"authorization": f"Bearer {token.access}"}
        answer = self.http.get(f"{self.base}{path}", headers=headers, accept=(401, 403, 404, 410))
        if answer.status in {401, 403}:
            raise CollectError("unauthorized", f"{self.host} no longer accepts the permission.", permanent=True)
        if answer.status in {404, 410}:
            # A page instead of an answer is a fault of the server and no word about the post.
            if may_be_gone and "error" in record_in(answer.body):
                return None
            raise status_error(answer.status, answer.headers, answer.url, self.now)
        found = answer.json()
        if not isinstance(found, dict):
            raise CollectError("bad_answer", f"{self.host} answered with something else than what was asked for.")
        return found


def _reading(ref: str, status: Mapping[str, Json], account: Identity) -> PostReading:
    if id_of(record(status.get("account"))) != account.native_id:
        return PostReading(ref, FOREIGN)
    counters = counted({name: status.get(key) for name, key in _COUNTERS.items()})
    made, edited = moment(status.get("created_at")), moment(status.get("edited_at"))
    return PostReading(ref, counters=counters, published_at=made, edited_at=edited)
