"""Own posts on X: OAuth 2.0 with PKCE, owned reads with the private figures of posts younger than 30 days."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from collectors.errors import CollectError
from collectors.fields import count, from_unix, moment, number, record, text
from collectors.http import LONGEST_RETRY, RETRY_WITHOUT_WORD, HttpClient
from collectors.own_posts.oauth import ask_token, authorize_url, give_back
from collectors.own_posts.shapes import FOREIGN, GONE, UNREADABLE, App, Identity, OwnPosts, PostReading, Token
from collectors.post import Json
from collectors.x_api import time_of
from collectors.x_posts import gone_in, items_of, owned_metrics, superseded

PRIVATE_FOR = timedelta(days=30) - timedelta(hours=1)
_PACK = 100
_PUBLIC = ("author_id", "created_at", "edit_history_tweet_ids", "public_metrics", "referenced_tweets", "text")
_PRIVATE = (*_PUBLIC, "non_public_metrics", "organic_metrics")


@dataclass(frozen=True, slots=True)
class XOwnPosts(OwnPosts):
    """The posts of one advocate on X."""

    http: HttpClient
    base: str
    authorize_base: str
    app: App
    now: datetime
    platform = "x"
    scopes = ("tweet.read", "users.read", "offline.access")  # what reading needs; posting is not among it

    def authorize(self, redirect_uri: str, state: str, challenge: str) -> str:
        return authorize_url(self.authorize_base, self.app, redirect_uri, self.scopes, state, challenge)

    def exchange(self, code: str, verifier: str, redirect_uri: str) -> Token:
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        return self._token(fields | {"code_verifier": verifier})

    def refresh(self, token: Token) -> Token:
        return self._token({"grant_type": "refresh_token", "refresh_token": token.refresh or ""})

    def revoke(self, token: Token) -> bool:
        url = f"{self.base}/2/oauth2/revoke"
        tokens = filter(None, (token.refresh, token.access))
        return False not in [give_back(self.http, url, self.app, each, basic=True) for each in tokens]

    def identity(self, token: Token) -> Identity:
        me = record(self._get(token, "/2/users/me", {"user.fields": "public_metrics,username"}).get("data"))
        if not text(me.get("id")):
            raise CollectError("bad_answer", "X does not say whose account this is.")
        followers = count(record(me.get("public_metrics")).get("followers_count"))
        return Identity(text(me.get("id")), text(me.get("username")), followers)

    def read(self, token: Token, account: Identity, refs: Sequence[str]) -> Iterator[PostReading]:
        known = [ref for ref in dict.fromkeys(refs) if ref.isascii() and ref.isdecimal() and len(ref) < 20]
        yield from (PostReading(ref, UNREADABLE) for ref in refs if ref not in known)
        young = [ref for ref in known if (made := time_of(ref)) and made > self.now - PRIVATE_FOR]
        left = [ref for ref in known if ref not in set(young)]
        for start in range(0, len(young), _PACK):
            # What is not the advocate's own is left out of this answer, so that it is asked for once more below.
            left += yield from self._pack(token, account, young[start : start + _PACK], _PRIVATE)
        for start in range(0, len(left), _PACK):
            unsaid = yield from self._pack(token, account, left[start : start + _PACK], _PUBLIC)
            yield from (PostReading(ref, UNREADABLE) for ref in unsaid)

    def _pack(
        self, token: Token, account: Identity, refs: Sequence[str], fields: Sequence[str]
    ) -> Generator[PostReading, None, list[str]]:
        """Readings of what the answer tells; returns the ids of which it tells nothing."""
        asked = {ref: ref for ref in refs}
        told: set[str] = set()
        for _ in range(2):  # once more for the newest versions of edited posts
            answer = self._get(token, "/2/tweets", {"ids": ",".join(asked), "tweet.fields": ",".join(fields)})
            newest: dict[str, str] = {}
            for item in items_of(answer):
                ref = asked.get(text(record(item).get("id")))
                if ref is None:
                    continue
                later = superseded(item)
                if later is not None and later not in asked:
                    newest[later] = ref
                else:
                    told.add(ref)
                    yield _reading(ref, record(item), account)
            for ref in {asked[each] for each in gone_in(answer) if each in asked} - told:
                told.add(ref)
                yield PostReading(ref, GONE)
            asked = newest
            if not asked:
                break
        return [ref for ref in refs if ref not in told]

    def _token(self, fields: Mapping[str, str]) -> Token:
        return ask_token(self.http, f"{self.base}/2/oauth2/token", self.app, fields, self.now, who="X", basic=True)

    def _get(self, token: Token, path: str, params: Mapping[str, str]) -> dict[str, Json]:
        headers = {"authorization": f"Bearer {token.access}"}
        answer = self.http.get(f"{self.base}{path}?{urlencode(params)}", headers=headers, accept=(401, 403, 429))
        if answer.status == 401:
            raise CollectError("unauthorized", "X no longer accepts the permission that was given.", permanent=True)
        if answer.status == 429:
            named = from_unix(number(answer.headers.get("x-rate-limit-reset")))
            until = min(max(named or self.now + RETRY_WITHOUT_WORD, self.now), self.now + LONGEST_RETRY)
            words = f"X asks to wait until {until:%Y-%m-%d %H:%M} UTC."
            raise CollectError("rate_limited", words, retry_at=until)
        if answer.status == 403:
            words = "X refuses this service's app (HTTP 403). An administrator has to check its access at X."
            raise CollectError("needs_credentials", words, permanent=True)
        return record(answer.json())


def _reading(ref: str, item: Mapping[str, Json], account: Identity) -> PostReading:
    if text(item.get("author_id")) != account.native_id:
        return PostReading(ref, FOREIGN)
    own = text(item.get("id"))
    versions = item.get("edit_history_tweet_ids")
    edited = time_of(own) if isinstance(versions, list) and len(versions) > 1 and own.isdecimal() else None
    made = moment(item.get("created_at")) or time_of(ref)
    return PostReading(ref, counters=owned_metrics(item), published_at=time_of(ref) or made, edited_at=edited)
