"""Own posts on LinkedIn: member post analytics of those who agreed (`memberCreatorPostAnalytics`).

The product is vetted by LinkedIn, and its answers were never seen by us: shapes are those of its documentation. Tokens
last 60 days and ordinary apps cannot renew them, so reconnecting is a normal state.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from urllib.parse import quote

from collectors.errors import CollectError
from collectors.fields import count, records, text
from collectors.http import HttpAnswer, HttpClient, retry_at
from collectors.own_posts.oauth import ask_token, authorize_url, give_back
from collectors.own_posts.shapes import GONE, UNREADABLE, App, Identity, OwnPosts, PostReading, Token
from collectors.post import Json

METRICS = {
    "IMPRESSION": "impressions",
    "MEMBERS_REACHED": "unique_viewers",
    "REACTION": "likes",
    "COMMENT": "comments",
    "RESHARE": "reposts",
}
_KINDS = {"share": "share", "ugcPost": "ugc"}  # kind in the URN → its name in the question


@dataclass(frozen=True, slots=True)
class LinkedInOwnPosts(OwnPosts):
    """The posts of one advocate on LinkedIn."""

    http: HttpClient
    base: str
    oauth_base: str
    version: str
    app: App
    now: datetime
    platform = "linkedin"
    scopes = ("openid", "r_member_postAnalytics")  # `openid` alone tells an opaque id, no name

    def authorize(self, redirect_uri: str, state: str, challenge: str) -> str:
        # LinkedIn's flow for web servers knows no PKCE; the client secret and `state` protect it.
        return authorize_url(f"{self.oauth_base}/authorization", self.app, redirect_uri, self.scopes, state, None)

    def exchange(self, code: str, verifier: str, redirect_uri: str) -> Token:
        return self._token({"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri})

    def refresh(self, token: Token) -> Token:
        return self._token({"grant_type": "refresh_token", "refresh_token": token.refresh or ""})

    def revoke(self, token: Token) -> bool:
        return give_back(self.http, f"{self.oauth_base}/revoke", self.app, token.access)

    def identity(self, token: Token) -> Identity:
        answer = self._get(token, "/v2/userinfo")
        if answer.status != 200:
            raise self._refused(answer)
        native_id = text(_record(answer).get("sub"))
        if not native_id:
            raise CollectError("bad_answer", "LinkedIn does not say whose account this is.")
        return Identity(native_id, "")

    def read(self, token: Token, account: Identity, refs: Sequence[str]) -> Iterator[PostReading]:
        for ref in dict.fromkeys(refs):
            kind, _, number = ref.removeprefix("urn:li:").partition(":")
            if kind not in _KINDS or not number.isdecimal():
                yield PostReading(ref, UNREADABLE)  # such as an activity: analytics do not know it
            else:
                yield self._reading(token, ref, f"({_KINDS[kind]}:{quote(ref, safe='')})")

    def _reading(self, token: Token, ref: str, entity: str) -> PostReading:
        """One question per counter. One that is refused, as some tokens are, stays unknown."""
        counters: dict[str, int] = {}
        refused: HttpAnswer | None = None
        for metric, name in METRICS.items():
            query = f"q=entity&entity={entity}&queryType={metric}&aggregation=TOTAL"
            answer = self._get(token, f"/rest/memberCreatorPostAnalytics?{query}")
            if answer.status in {404, 410}:
                return PostReading(ref, GONE)
            if answer.status in {400, 403}:
                refused = answer
                continue
            if answer.status != 200:
                raise self._refused(answer)
            value = _total(_record(answer))
            counters |= {} if value is None else {name: value}
        if not counters and refused is not None and refused.status == 403:
            raise self._refused(refused)
        return PostReading(ref, counters=counters) if counters else PostReading(ref, UNREADABLE)

    def _token(self, fields: dict[str, str]) -> Token:
        return ask_token(self.http, f"{self.oauth_base}/accessToken", self.app, fields, self.now, who="LinkedIn")

    def _get(self, token: Token, path: str) -> HttpAnswer:
        headers = {
            "authorization": f"Bearer {token.access}",
            "linkedin-version": self.version,
            "x-restli-protocol-version": "2.0.0",
        }
        return self.http.get(f"{self.base}{path}", headers=headers, accept=(400, 401, 403, 404, 410, 426, 429))

    def _refused(self, answer: HttpAnswer) -> CollectError:
        if answer.status == 429:  # limits are per day and begin anew at midnight UTC
            midnight = datetime.combine(self.now.date() + timedelta(days=1), time(), self.now.tzinfo)
            until = retry_at(answer.headers.get("retry-after"), self.now) or midnight
            words = f"LinkedIn asks to wait until {until:%Y-%m-%d %H:%M} UTC."
            return CollectError("rate_limited", words, retry_at=until)
        if answer.status == 426:
            words = "LinkedIn no longer serves this version. An administrator has to raise LINKEDIN_VERSION."
            return CollectError("needs_credentials", words, permanent=True)
        if answer.status in {401, 403}:
            return CollectError("unauthorized", "LinkedIn no longer accepts the permission.", permanent=True)
        return CollectError("bad_answer", f"LinkedIn did not answer the question (HTTP {answer.status}).")


def _record(answer: HttpAnswer) -> dict[str, Json]:
    found = answer.json()
    if not isinstance(found, dict):
        raise CollectError("bad_answer", "LinkedIn answered with something else than what was asked for.")
    return found


def _total(answer: dict[str, Json]) -> int | None:
    """The one element of a TOTAL; an empty list, or a negative number by which LinkedIn hides one, is unknown."""
    elements = records(answer.get("elements"))
    return count(elements[0].get("count")) if elements else None
