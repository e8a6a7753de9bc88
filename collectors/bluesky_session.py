"""A signed-in Bluesky client: the library `atproto` on our own connections, its many failures in our few words."""

import contextlib
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from collectors.errors import CollectError
from collectors.fields import from_unix, number, record
from collectors.http import LONGEST_RETRY, RETRY_WITHOUT_WORD, HttpClient, retry_at
from collectors.library import HttpxTransport, cause_of
from collectors.post import Json

if TYPE_CHECKING:
    from atproto import Client, Session, SessionEvent

ENTRYWAY = "bsky.social"  # signs accounts in for the servers that really hold them
BLOCKED_FOR = timedelta(hours=1)
_SEARCH, _POSTS = "app.bsky.feed.searchPosts", "app.bsky.feed.getPosts"
_ENDED = frozenset(("ExpiredToken", "InvalidToken"))
# Signing in is limited to few times a day (10 were recorded, 300 are stated), so each process keeps its sessions.
# They stay in memory: tokens do not belong into a cursor, which is stored in clear.
_SESSIONS: dict[str, str] = {}


class PageFaultError(CollectError):
    """The server failed on this very page (HTTP 500 or 502); others may be well."""


class _SessionEndedError(CollectError):
    """The token has ended before its time; signing in again helps."""


class _Unread(HttpxTransport):
    """Leaves the reading of posts to us: the library's reader loses a page for one character that is none."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        if request.url.path.endswith((_SEARCH, _POSTS)) and response.is_success:
            response.headers["content-type"] = "application/octet-stream"
        return response


class BlueskySession:
    """One account of Bluesky for the length of a run; signs in at the first call."""

    def __init__(self, http: HttpClient, base: str, credentials: Mapping[str, str], now: datetime) -> None:
        self._http = http
        self._base = base
        self._handle = credentials.get("handle", "").strip().lstrip("@")
        self._password = credentials.get("app_password", "").strip()
        self._now = now
        self._client: Client | None = None
        if not self._handle or not self._password:
            detail = "Enter the handle of a Bluesky account and an app password made for this service."
            raise CollectError("needs_credentials", detail, permanent=True)

    def search(self, term: str, since: str, until: str, page: str | None, limit: int) -> dict[str, Json]:
        """One page of posts that hold `term` as a phrase, newest first; times are ISO 8601."""
        from atproto import models

        phrase = '"' + term.replace('"', " ") + '"'
        params = {"q": phrase, "sort": "latest", "since": since, "until": until, "limit": limit, "cursor": page}
        return self._ask(_SEARCH, models.AppBskyFeedSearchPosts.Params, params)

    def posts(self, uris: tuple[str, ...]) -> dict[str, Json]:
        """Up to 25 posts by address; those that are gone are left out silently."""
        from atproto import models

        return self._ask(_POSTS, models.AppBskyFeedGetPosts.Params, {"uris": list(uris)})

    def _ask(self, nsid: str, params: type, values: Mapping[str, object]) -> dict[str, Json]:
        """The answer as plain JSON: the library's own models would lose a whole page for one post of a wrong shape."""
        for again in (False, True):
            try:
                client = self._signed_in(again=again)
                answer = client.invoke_query(nsid, params=params(**values), output_encoding="application/json")
                return self._object(answer.content)
            except CollectError:
                raise
            except _faults() as error:
                failure = self._failure(error)
                if self._client is None and isinstance(failure, PageFaultError):  # of the sign-in, which is scarce
                    raise CollectError("unreachable", f"The sign-in failed. {failure.detail}") from error
                if again or not isinstance(failure, _SessionEndedError):
                    raise failure from error
        raise AssertionError("the second try returns or raises")

    def _object(self, content: object) -> dict[str, Json]:
        with contextlib.suppress(ValueError, RecursionError):
            found = json.loads(content) if isinstance(content, bytes) else None
            if isinstance(found, dict):
                return found
        kind = "an HTML page" if isinstance(content, bytes) and content.lstrip()[:1] == b"<" else "something unreadable"
        raise CollectError("bad_answer", f"Bluesky answered with {kind} where JSON was due.")

    def _signed_in(self, *, again: bool) -> "Client":
        """The client of this run, with the session that this process already has if there is one."""
        if self._client is not None and not again:
            return self._client
        from atproto import Client, Request

        self._client = None
        client = Client(base_url=self._base, request=Request(transport=_Unread(self._http), trust_env=False))
        key = hashlib.sha256("\0".join((self._base, self._handle, self._password)).encode()).hexdigest()

        def keep(_: "SessionEvent", session: "Session") -> None:
            _SESSIONS[key] = session.encode()
            if not self._follows(session.pds_endpoint):
                client.update_base_url(self._base)

        client.on_session_change(keep)
        kept = _SESSIONS.pop(key, None)
        if kept is not None and not again:
            client.login(session_string=kept, fetch_bsky_profile=False)
        else:
            self._sign_in(client)
        self._client = client
        return client

    def _sign_in(self, client: "Client") -> None:
        """Sign in, where there is a sign-in: an operator's own base address may be a server that only searches."""
        from atproto import exceptions

        try:
            client.login(self._handle, self._password, fetch_bsky_profile=False)
        except exceptions.RequestErrorBase as error:
            missing = error.response is not None and error.response.status_code in {404, 405, 501}
            if not missing or urlsplit(self._base).hostname == ENTRYWAY:
                raise

    def _follows(self, endpoint: str | None) -> bool:
        """Whether to go on at the server that holds the account; an operator's own base address is never left."""
        return urlsplit(self._base).hostname == ENTRYWAY and urlsplit(endpoint or "").scheme == "https"

    def _failure(self, error: Exception) -> CollectError:
        from atproto import exceptions

        if (known := cause_of(error)) is not None:
            return known
        if not isinstance(error, exceptions.RequestErrorBase) or error.response is None:
            return CollectError("bad_answer", f"Bluesky's answer cannot be read ({type(error).__name__}).")
        name, message = _said(error.response.content)
        return self._refusal(error.response.status_code, error.response.headers, name, message)

    def _refusal(self, status: int, headers: Mapping[str, str], name: str, message: str) -> CollectError:
        """What a status means here; `name` is "" where a page came instead of an answer of the protocol."""
        if name in _ENDED:
            return _SessionEndedError("unauthorized", "The session at Bluesky has ended; the next run signs in again.")
        if status == 429:
            until = self._reset(headers)
            return CollectError(
                "rate_limited", f"Bluesky asks to wait until {until:%Y-%m-%d %H:%M} UTC.", retry_at=until
            )
        if status == 403 and not name:
            detail = (
                "The host blocks search at its edge (HTTP 403 with a page instead of an answer). "
                "That is not about the sign-in; it is tried again later."
            )
            return CollectError("unreachable", detail, retry_at=self._now + BLOCKED_FOR)
        if status in {401, 403}:
            return CollectError("unauthorized", _sign_in_advice(status, name), permanent=True)
        if status in {500, 502}:
            return PageFaultError("unreachable", f"Bluesky has a fault of its own (HTTP {status}).")
        if status > 500 or status == 408:
            back = retry_at(headers.get("retry-after"), self._now)
            return CollectError("unreachable", f"Bluesky has a fault of its own (HTTP {status}).", retry_at=back)
        said = f": {message[:200]}" if message else ""
        return CollectError("bad_answer", f"Bluesky did not accept the request (HTTP {status}{said}).")

    def _reset(self, headers: Mapping[str, str]) -> datetime:
        """When the window of the limit ends: Unix seconds, at most a day away."""
        named = from_unix(number(headers.get("ratelimit-reset")))
        until = named or retry_at(headers.get("retry-after"), self._now) or self._now + RETRY_WITHOUT_WORD
        return min(max(until, self._now + timedelta(seconds=1)), self._now + LONGEST_RETRY)


def items_of(answer: Mapping[str, Json]) -> list[Json]:
    """The posts of an answer; raise `CollectError` when it holds no list of them."""
    posts = answer.get("posts")
    if not isinstance(posts, list):
        raise CollectError("bad_answer", "Bluesky answered without its list of posts.")
    return posts


def _said(content: object) -> tuple[str, str]:
    """Name and message of an error of the protocol; empty for pages and empty bodies."""
    if isinstance(content, dict):
        content = record(content)
        return str(content.get("error") or ""), str(content.get("message") or "")
    return str(getattr(content, "error", "") or ""), str(getattr(content, "message", "") or "")


def _sign_in_advice(status: int, name: str) -> str:
    if name == "AuthFactorTokenRequired":
        return "This account asks for a second factor: enter an app password, not the account's own."
    if name in {"AccountTakedown", "AccountDeactivated", "AccountSuspended"}:
        return "Bluesky has closed or paused this account; enter another one."
    return f"Bluesky does not accept handle and app password (HTTP {status}). Make a new app password and enter it."


def _faults() -> tuple[type[Exception], ...]:
    """What the library is known to raise, its slips over answers of a wrong shape included."""
    from atproto.exceptions import AtProtocolError

    slips = (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError)
    return (AtProtocolError, httpx.HTTPError, httpx.InvalidURL, *slips)


__all__ = ["BlueskySession", "PageFaultError", "items_of"]
