"""praw on our own HTTP client: its sign-in and requests, our pacing and our judgement of what a status means."""

import configparser
import json
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any, cast
from urllib.parse import urlsplit

from collectors.errors import CollectError
from collectors.http import HttpClient, status_error
from collectors.post import Json

TOKEN_PATH = "/api/v1/access_token"  # noqa: S105 - a path
OWN_HOSTS = frozenset(("www.reddit.com", "reddit.com", "oauth.reddit.com"))
LONGEST_WINDOW = 600  # seconds over which Reddit averages
_RATE_HEADERS = ("x-ratelimit-remaining", "x-ratelimit-used", "x-ratelimit-reset")
APPROVAL = (
    "Reddit has not let this application in. Since November 2025 each application needs Reddit's approval, which is "
    "asked for at Reddit's developer support; commercial use needs a contract. Check the client id and secret too."
)


class TokenRefusedError(Exception):
    """A token that was good is no longer: a new one may help once."""


class CapReachedError(Exception):
    """The run has used up its requests."""


class Watch:
    """Looks at every answer before praw does: praw would sleep, and ask again after faults."""

    def __init__(self, now: datetime, *, own: bool) -> None:
        self._now = now
        self._own = own  # whether the sign-in is Reddit's own, and no stand-in of the operator's
        self._started = time.monotonic()
        self._free_at: datetime | None = None  # nothing may be sent before

    def now(self) -> datetime:
        """The time of the run, moved on in whole seconds."""
        return self._now + timedelta(seconds=int(time.monotonic() - self._started))

    def before(self) -> None:
        """Raise where the allowance of this window is used up."""
        if self._free_at is not None and self._free_at > self.now():
            raise _wait_until(self._free_at)

    def passed(self, response: Any) -> Any:
        """The answer without its rate headers if it is a good one; raise `CollectError` otherwise."""
        status = int(response.status_code)
        headers = {str(name).lower(): str(value) for name, value in response.headers.items()}
        left, reset = _number(headers.get(_RATE_HEADERS[0])), _number(headers.get(_RATE_HEADERS[2]))
        for name in _RATE_HEADERS:
            response.headers.pop(name, None)
        if left is not None and left < 1 and reset is not None:
            self._free_at = self.now() + timedelta(seconds=max(1, min(int(reset), LONGEST_WINDOW)))
        if 200 <= status < 300:
            return response
        url = str(response.url)
        if status == 429 and "retry-after" not in headers and reset is not None:
            headers["retry-after"] = str(max(1, min(int(reset), LONGEST_WINDOW)))
        if TOKEN_PATH in url and status in {400, 401, 403}:
            raise CollectError("needs_approval", f"{APPROVAL} (HTTP {status} at sign-in.)", permanent=True)
        if TOKEN_PATH in url and status in {404, 405, 501}:
            return self._without_sign_in(response)
        if status == 401:
            raise TokenRefusedError
        raise refusal(status, headers, bytes(response.content), url, self.now())

    def _without_sign_in(self, response: Any) -> Any:
        """A stand-in for Reddit, such as a proxy or recorded answers, may have no sign-in: its API decides then."""
        if self._own:
            raise CollectError("bad_answer", f"Reddit's sign-in is not at its address (HTTP {response.status_code}).")
        response.status_code = 200
        response._content = json.dumps({"access_token": "none", "expires_in": 3600, "scope": "*"}).encode()
        return response


class RedditApi:
    """Plain JSON by praw. One per run; `limit` requests at most, sign-in not counted."""

    def __init__(
        self, http: HttpClient, credentials: Mapping[str, str], bases: tuple[str, str], now: datetime, limit: int
    ) -> None:
        self._http = http
        self._credentials = credentials
        self._bases = bases  # of the sign-in, of the API
        self._watch = Watch(now, own=urlsplit(bases[0]).hostname in OWN_HOSTS)
        self._limit = limit
        self.requests = 0
        self._praw = self._connected()

    def get(self, path: str, params: Mapping[str, str]) -> Json:
        """Ask for `path`; raise `CollectError` or `CapReachedError`."""
        return self._asked("GET", path, params=dict(params))

    def post(self, path: str, data: Mapping[str, str]) -> Json:
        """Ask with a form: for lists of ids that are too long for an address."""
        return self._asked("POST", path, data=dict(data))

    def _asked(self, method: str, path: str, **sent: Any) -> Json:
        if self.requests >= self._limit:
            raise CapReachedError
        self.requests += 1
        try:
            return self._request(method, path, sent)
        except TokenRefusedError:
            self._praw = self._connected()
        try:
            return self._request(method, path, sent)
        except TokenRefusedError as error:
            detail = "Reddit gave a token and then refused it (HTTP 401). Check the client id and secret."
            raise CollectError("unauthorized", detail, permanent=True) from error

    def _request(self, method: str, path: str, sent: dict[str, Any]) -> Json:
        from praw.exceptions import PRAWException
        from prawcore.exceptions import BadJSON, OAuthException, PrawcoreException

        from collectors.library import cause_of

        self._watch.before()
        try:
            return cast(Json, self._praw.request(method=method, path=path, **sent))
        except OAuthException as error:
            raise CollectError("needs_approval", f"{APPROVAL} ({_word(error.error)}.)", permanent=True) from error
        except BadJSON as error:
            raise CollectError("bad_answer", "Reddit answered with something that is not JSON.") from error
        except (PrawcoreException, PRAWException) as error:
            detail = f"Reddit's answer could not be used ({type(error).__name__})."
            raise cause_of(error) or CollectError("bad_answer", detail) from error
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError) as error:
            raise CollectError("bad_answer", "Reddit's sign-in gave an answer that is no token.") from error

    def _connected(self) -> Any:
        """A praw client that reads no files, calls nobody at start and never sleeps."""
        import praw
        import praw.config
        import prawcore

        from collectors.library import cause_of
        from collectors.library_requests import session

        watch = self._watch

        class Requestor(prawcore.Requestor):
            """praw's own, with our eyes on each answer."""

            def request(self, *args: Any, timeout: float | None = None, **kwargs: Any) -> Any:
                try:
                    response = super().request(*args, timeout=timeout, **kwargs)
                except prawcore.RequestException as error:
                    detail = "The request to Reddit could not be sent."
                    raise cause_of(error.original_exception) or CollectError("unreachable", detail) from error
                return watch.passed(response)

        if len(self._http.user_agent) < prawcore.Requestor.MIN_USER_AGENT_LENGTH:
            raise CollectError("bad_answer", "USER_AGENT: Reddit asks for a name that says more.", permanent=True)
        _read_no_files(praw.config.Config)
        return praw.Reddit(
            "DEFAULT",
            requestor_class=Requestor,
            requestor_kwargs={"session": session(self._http)},
            client_id=self._credentials["client_id"],
            client_secret=self._credentials["client_secret"],
            user_agent=self._http.user_agent,
            username=None, password=None, refresh_token=None, redirect_uri=None,
            reddit_url=self._bases[0].rstrip("/"), oauth_url=self._bases[1].rstrip("/") + "/",
            check_for_updates=False, check_for_async=False,
        )  # fmt: skip


def _read_no_files(config: Any) -> None:
    """A praw.ini in the working or home folder could lead our keys elsewhere: only praw's own defaults are taken."""
    with config.LOCK:
        if config.CONFIG is None:
            parser = configparser.ConfigParser(interpolation=None)
            parser.read_string(files("praw").joinpath("praw.ini").read_text(encoding="utf-8"))
            config.CONFIG = parser


def refusal(status: int, headers: Mapping[str, str], body: bytes, url: str, now: datetime) -> CollectError:
    """What a refused request means at Reddit. `gone` and `not_allowed` are about the place asked for only."""
    if status in {301, 302}:
        place = "The community does not exist." if "/subreddits/search" in headers.get("location", "") else ""
        return CollectError("gone", place or "Reddit has moved the address elsewhere.")
    told = _told(body)
    if status == 403 and told is None:
        return CollectError("unauthorized", "Reddit's front door refuses this application (HTTP 403).", permanent=True)
    if status == 403:
        return CollectError("not_allowed", _forbidden(str(told.get("reason") or "") if told else ""))
    if status == 404:
        banned = told is not None and told.get("reason") == "banned"
        return CollectError("gone", "Reddit has banned the community." if banned else "It is not there (HTTP 404).")
    if status == 451:
        return CollectError("not_allowed", "Reddit does not show it here for legal reasons (HTTP 451).")
    if status == 414:
        return CollectError("bad_answer", "Reddit found the address too long (HTTP 414).")
    if status == 520:
        return CollectError("unreachable", "Reddit has a fault of its own (HTTP 520).")
    return status_error(status, headers, url, now)


def _forbidden(reason: str) -> str:
    known = {
        "private": "The community is private.",
        "quarantined": "The community is quarantined; reading it needs a person's consent, which is never given here.",
        "gold_only": "The community is for paying members only.",
    }
    return known.get(reason, "Reddit refuses it (HTTP 403): the community may be private or quarantined.")


def _told(body: bytes) -> dict[str, Json] | None:
    """The JSON object of an error; None for an HTML page."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {} if not body.strip() else None
    return found if isinstance(found, dict) else {}


def _wait_until(moment: datetime) -> CollectError:
    detail = f"Reddit's allowance is used up until {moment:%Y-%m-%d %H:%M} UTC."
    return CollectError("rate_limited", detail, retry_at=moment)


def _word(value: object) -> str:
    return value[:60] if isinstance(value, str) and value.replace("_", "").isalnum() else "no reason given"


def _number(value: str | None) -> float | None:
    try:
        found = float(value or "")
    except ValueError:
        return None
    return found if 0 <= found < 1e9 else None
