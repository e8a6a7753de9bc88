"""Own posts on Bluesky: signing in by an app password, of which only the session is kept.

OAuth of the AT protocol asks for DPoP keys, pushed requests and a client document at a public address, which a service
inside a company's network does not have; an app password works everywhere and can be taken back at Bluesky.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from collectors.bluesky_posts import is_uri
from collectors.errors import CollectError
from collectors.fields import count, counted, from_unix, moment, number, record, record_in, several, text
from collectors.http import LONGEST_RETRY, RETRY_WITHOUT_WORD, HttpAnswer, HttpClient, status_error
from collectors.own_posts.shapes import FOREIGN, GONE, UNREADABLE, Identity, OwnPosts, PostReading, Token
from collectors.post import Json

ENTRYWAY = "bsky.social"
_APP_PASSWORD = re.compile(r"[a-z0-9]{4}(?:-[a-z0-9]{4}){3}")
_HANDLE = re.compile(r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_REF = re.compile(r"at://([A-Za-z0-9.:%_-]{3,253})/app\.bsky\.feed\.post/([A-Za-z0-9._~:-]{1,512})")
_ENDED = frozenset(("ExpiredToken", "InvalidToken", "AuthMissing", "AuthenticationRequired", "AccountTakedown"))
_PACK = 25
_COUNTERS = {
    "likes": "likeCount", "reposts": "repostCount", "replies": "replyCount", "quotes": "quoteCount",
    "bookmarks": "bookmarkCount",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class BlueskyOwnPosts(OwnPosts):
    """The posts of one advocate on Bluesky."""

    http: HttpClient
    base: str
    host: str
    now: datetime
    platform = "bluesky"

    def sign_in(self, handle: str, app_password: str) -> tuple[Token, Identity]:
        """A session for handle and app password; neither is kept. Raises `ValueError` for what is none."""
        name, password = handle.strip().lstrip("@").lower(), app_password.strip().lower()
        if not _HANDLE.fullmatch(name):
            raise ValueError("handle: write it whole, such as ada.bsky.social")
        if not _APP_PASSWORD.fullmatch(password):
            raise ValueError(
                "app_password: make one at Bluesky under Settings, App passwords; never type your own here"
            )
        answer = self._post("createSession", None, {"identifier": name, "password": password})
        if answer.status in {400, 401}:
            words = f"{self.host} does not accept this handle with this app password."
            raise CollectError("unauthorized", words, permanent=True)
        token = self._session(answer)
        return token, self.identity(token)

    def authorize(self, redirect_uri: str, state: str, challenge: str) -> str:
        raise CollectError("not_allowed", "Bluesky is connected by an app password.", permanent=True)

    def exchange(self, code: str, verifier: str, redirect_uri: str) -> Token:
        raise CollectError("not_allowed", "Bluesky is connected by an app password.", permanent=True)

    def refresh(self, token: Token) -> Token:
        answer = self._post("refreshSession", token.refresh or "", None)
        if answer.status in {400, 401, 403}:
            raise CollectError("unauthorized", f"The session at {self.host} has ended.", permanent=True)
        return self._session(answer)

    def revoke(self, token: Token) -> bool:
        return self._post("deleteSession", token.refresh or "", None).status in {200, 204}

    def identity(self, token: Token) -> Identity:
        did = text(_claims(token.access).get("sub")) or self._own_did(token)
        profile = self._get(token, "app.bsky.actor.getProfile", [("actor", did)])
        return Identity(did, text(profile.get("handle")), count(profile.get("followersCount")), self.host)

    def read(self, token: Token, account: Identity, refs: Sequence[str]) -> Iterator[PostReading]:
        uris: dict[str, str] = {}
        for ref in dict.fromkeys(refs):
            did, rkey = self._owner(token, account, ref)
            if did is None:
                yield PostReading(ref, UNREADABLE)
            elif did != account.native_id:
                yield PostReading(ref, FOREIGN)
            else:
                uris[f"at://{did}/app.bsky.feed.post/{rkey}"] = ref
        asked = list(uris)
        for start in range(0, len(asked), _PACK):
            pack = asked[start : start + _PACK]
            answer = self._get(token, "app.bsky.feed.getPosts", [("uris", uri) for uri in pack])
            views = {text(record(view).get("uri")): record(view) for view in several(answer.get("posts"))}
            for uri in pack:
                view = views.get(uri)
                # Posts that are left out may be late or deleted: the account's own server knows which.
                if view is not None:
                    yield _reading(uris[uri], uri, view)
                elif self._is_deleted(token, account, uri):
                    yield PostReading(uris[uri], GONE, native_id=uri)
                else:
                    yield PostReading(uris[uri], UNREADABLE, native_id=uri)

    def _owner(self, token: Token, account: Identity, ref: str) -> tuple[str | None, str]:
        """Whose post an address names, which may stand by its handle in it."""
        found = _REF.fullmatch(ref)
        if found is None:
            return None, ""
        owner, rkey = found[1], found[2]
        if owner.startswith("did:"):
            return owner, rkey
        if owner.lower() == account.handle.lower():
            return account.native_id, rkey
        if not _HANDLE.fullmatch(owner.lower()):
            return None, ""
        answer = self._asked(token, "com.atproto.identity.resolveHandle", [("handle", owner.lower())])
        return (text(record_in(answer.body).get("did")) or None if answer.status == 200 else None), rkey

    def _is_deleted(self, token: Token, account: Identity, uri: str) -> bool:
        params = [("repo", account.native_id), ("collection", "app.bsky.feed.post"), ("rkey", uri.rpartition("/")[2])]
        answer = self._asked(token, "com.atproto.repo.getRecord", params)
        return answer.status == 400 and record_in(answer.body).get("error") == "RecordNotFound"

    def _own_did(self, token: Token) -> str:
        did = text(self._get(token, "com.atproto.server.getSession", []).get("did"))
        if not did:
            raise CollectError("bad_answer", f"{self.host} does not say whose account this is.")
        return did

    def _session(self, answer: HttpAnswer) -> Token:
        if answer.status != 200:
            raise self._refused(answer)
        found = record_in(answer.body)
        access, refresh = text(found.get("accessJwt")), text(found.get("refreshJwt"))
        if not access or not refresh:
            raise CollectError("bad_answer", f"{self.host} answered without a session.")
        return Token(access, refresh, from_unix(number(_claims(access).get("exp"))))

    def _get(self, token: Token, nsid: str, params: Sequence[tuple[str, str]]) -> dict[str, Json]:
        answer = self._asked(token, nsid, params)
        if answer.status != 200:
            raise self._refused(answer)
        return record(answer.json())

    def _asked(self, token: Token, nsid: str, params: Sequence[tuple[str, str]]) -> HttpAnswer:
        query = f"?{urlencode(params)}" if params else ""
        headers = {"authorization": f"Bearer {token.access}"}
        answer = self.http.get(f"{self.base}/xrpc/{nsid}{query}", headers=headers, accept=(400, 401, 403, 404, 429))
        if answer.status == 429 or record_in(answer.body).get("error") in _ENDED:
            raise self._refused(answer)
        return answer

    def _post(self, name: str, bearer: str | None, body: Mapping[str, str] | None) -> HttpAnswer:
        headers = {} if bearer is None else {"authorization": f"Bearer {bearer}"}
        headers |= {} if body is None else {"content-type": "application/json"}
        data = b"" if body is None else json.dumps(dict(body)).encode()
        return self.http.post(
            f"{self.base}/xrpc/com.atproto.server.{name}", data, headers, accept=(400, 401, 403, 404, 429)
        )

    def _refused(self, answer: HttpAnswer) -> CollectError:
        if answer.status == 429:
            named = from_unix(number(answer.headers.get("ratelimit-reset"))) or self.now + RETRY_WITHOUT_WORD
            until = min(max(named, self.now), self.now + LONGEST_RETRY)
            words = f"{self.host} asks to wait until {until:%Y-%m-%d %H:%M} UTC."
            return CollectError("rate_limited", words, retry_at=until)
        if answer.status in {401, 403} or record_in(answer.body).get("error") in _ENDED:
            return CollectError("unauthorized", f"The session at {self.host} has ended.", permanent=True)
        if answer.status == 400:
            return CollectError("bad_answer", f"{self.host} did not understand the question.")
        return status_error(answer.status, answer.headers, answer.url, self.now)


def canonical(native_id: str, handle: str, did: str) -> str:
    """The id of a post with the account's own identifier where it stands by its handle."""
    found = _REF.fullmatch(native_id)
    if found is None or found[1].lower() != handle.lower():
        return native_id
    uri = f"at://{did}/app.bsky.feed.post/{found[2]}"
    return uri if is_uri(uri) else native_id


def checked_host(typed: str) -> str:
    """The account server that somebody typed; empty: Bluesky's own. Raises `ValueError`."""
    host = typed.strip().lower().removeprefix("https://").partition("/")[0].rstrip(".")
    if host and not _HANDLE.fullmatch(host):
        raise ValueError("host: write the name of your account server, or leave it empty")
    return host or ENTRYWAY


def _reading(ref: str, uri: str, view: Mapping[str, Json]) -> PostReading:
    words = record(view.get("record"))
    known = [one for one in (moment(words.get("createdAt")), moment(view.get("indexedAt"))) if one is not None]
    counters = counted({name: view.get(key) for name, key in _COUNTERS.items()})
    return PostReading(ref, counters=counters, native_id=uri, published_at=min(known, default=None))


def _claims(jwt: str) -> dict[str, Json]:
    """What a token says of itself, unproved: only the server that gave it judges it."""
    part = jwt.split(".")[1] if jwt.count(".") == 2 else ""
    try:
        return record_in(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError):
        return {}
