"""Mastodon.py on our own HTTP client: its calls, our reading of what came back.

The library casts answers into its own types and can fail on one odd item; so the items are taken from the answer
itself, which a hook of its session sees first.
"""

import json
import re
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, cast

from collectors.errors import CollectError
from collectors.fields import from_unix, moment, number, record_in
from collectors.http import LONGEST_RETRY, HttpClient, status_error
from collectors.mastodon_posts import id_of
from collectors.post import Json

VERSION = "4.3.0"  # assumed, so that the library does not ask each server for its own
PAGE = 40
_SHORT_PAGE = 20  # the least that a full page holds
_ODD = (ValueError, TypeError, LookupError, AttributeError, RecursionError, OverflowError)  # of the library's casts
_HIDDEN = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "deprecation")
_NEXT = re.compile(r"<([^<>]{1,2000})>\s*;\s*rel=\"?next\"?")
_MAX_ID = re.compile(r"[?&]max_id=([0-9A-Za-z_-]{1,64})")


@dataclass(frozen=True, slots=True)
class Page:
    """Statuses, newest first, and the id below which the next page begins."""

    statuses: tuple[Json, ...]
    next_max: str | None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


class Instance:
    """One server. `host` names it in messages; `base` is where it is reached."""

    def __init__(self, http: HttpClient, base: str, host: str, token: str, now: datetime) -> None:
        self._host = host
        self._token = token
        self._now = now
        self._started = time.monotonic()
        self._free_at: datetime | None = None
        self._seen: _Seen | None = None
        self.requests = 0
        self._mastodon = self._connected(http, base.rstrip("/"))

    @property
    def signed_in(self) -> bool:
        return bool(self._token)

    def tag(self, tag: str, max_id: str | None, since_id: str | None) -> Page:
        """One page of a hashtag's public timeline."""
        ask = self._mastodon.timeline_hashtag
        return self._page(self._asked(lambda: ask(tag, max_id=max_id, since_id=since_id, limit=PAGE)))

    def search(self, words: str, max_id: str | None) -> Page:
        """One page of the full-text search: only where the server runs one, and of authors who agreed."""
        ask = self._mastodon.search_v2
        answer = self._asked(lambda: ask(words, resolve=False, result_type="statuses", max_id=max_id, limit=PAGE))
        return self._page(answer.get("statuses") if isinstance(answer, dict) else None)

    def statuses(self, ids: tuple[str, ...]) -> tuple[Json, ...] | None:
        """Several at once, those that are left; None: the server does not know how."""
        try:
            answer = self._asked(lambda: self._mastodon.statuses(list(ids)))
        except CollectError as error:
            if self._seen is not None and self._seen.status in {400, 404, 405, 422}:
                return None
            raise error from None
        return tuple(answer) if isinstance(answer, list) else None

    def status(self, status_id: str) -> Json:
        """One status; None: it is deleted, or no longer public."""
        try:
            return self._asked(lambda: self._mastodon.status(status_id))
        except CollectError as error:
            if self._seen is not None and self._seen.status in {404, 410} and "error" in record_in(self._seen.body):
                return None
            raise error from None

    def now(self) -> datetime:
        """The time of the run, moved on in whole seconds."""
        return self._now + timedelta(seconds=int(time.monotonic() - self._started))

    def _asked(self, ask: Callable[[], object]) -> Json:
        from mastodon.errors import MastodonError

        from collectors.library import cause_of

        if self._free_at is not None and self._free_at > self.now():
            raise self._wait_until(self._free_at)
        self._seen = None
        self.requests += 1
        failed: Exception | None = None
        with warnings.catch_warnings():  # the library warns of what servers say about themselves
            warnings.simplefilter("ignore")
            try:
                ask()
            except (MastodonError, *_ODD) as error:
                failed = error
        if self._seen is None:
            detail = f"The request to {self._host} could not be sent."
            raise (cause_of(failed) if failed else None) or CollectError("unreachable", detail) from failed
        return self._judged(self._seen)

    def _judged(self, seen: _Seen) -> Json:
        self._note_allowance(seen)
        if 200 <= seen.status < 300:
            try:
                return cast(Json, json.loads(seen.body))
            except (ValueError, RecursionError) as error:
                page = seen.body[:200].lstrip().lower().startswith((b"<!doctype html", b"<html"))
                what = "an HTML page" if page else "something that is not JSON"
                raise CollectError("bad_answer", f"{self._host} answered with {what}.") from error
        if seen.status == 429:
            until = self._reset(seen) if "retry-after" not in seen.headers else None
            raise self._wait_until(until) if until else status_error(429, seen.headers, seen.url, self.now())
        if seen.status in {401, 403} and self._token:
            detail = f"{self._host} does not accept the access token (HTTP {seen.status}). Enter a new one."
            raise CollectError("unauthorized", detail, permanent=True)
        if seen.status in {401, 403, 422} and "error" in record_in(seen.body) and not self._token:
            detail = f"{self._host} shows this to its members only (HTTP {seen.status}). Enter an access token."
            raise CollectError("needs_credentials", detail, permanent=True)
        raise status_error(seen.status, seen.headers, seen.url, self.now())

    def _note_allowance(self, seen: _Seen) -> None:
        left = seen.headers.get("x-ratelimit-remaining", "")
        if left.strip().isdecimal() and int(left) == 0:
            self._free_at = self._reset(seen)

    def _reset(self, seen: _Seen) -> datetime | None:
        """When the allowance begins anew, by our clock: servers' clocks differ, so their own date is taken off."""
        reset = _moment(seen.headers.get("x-ratelimit-reset", ""))
        if reset is None:
            return None
        wait = reset - (_http_date(seen.headers.get("date", "")) or self.now())
        return self.now() + min(wait, LONGEST_RETRY) if wait > timedelta(0) else None

    def _wait_until(self, moment: datetime) -> CollectError:
        detail = f"{self._host} asks to wait until {moment:%Y-%m-%d %H:%M} UTC."
        return CollectError("rate_limited", detail, retry_at=moment)

    def _page(self, answer: Json) -> Page:
        if not isinstance(answer, list):
            raise CollectError("bad_answer", f"{self._host} answered without its list of posts.")
        link = self._seen.headers.get("link", "") if self._seen else ""
        following = _NEXT.search(link)
        found = _MAX_ID.search(following[1]) if following else None
        if found:
            return Page(tuple(answer), found[1])
        ids = [each for status in answer if (each := id_of(status))]
        full = len(answer) >= _SHORT_PAGE and not link
        return Page(tuple(answer), ids[-1] if full and ids else None)

    def _connected(self, http: HttpClient, base: str) -> Any:
        from mastodon import Mastodon

        from collectors.library_requests import session as session_of

        session = session_of(http)
        session.hooks["response"].append(self._look)
        # Once a run the library would ask what the server is able to do; its timelines tell that themselves.
        for path in ("/api/v1/instance", "/api/v2/instance"):
            session.mount(base + path, _not_asked(http))
        made = Mastodon(
            api_base_url=base, session=session, ratelimit_method="throw", mastodon_version=VERSION,
            version_check_mode="created", request_timeout=http.timeout, user_agent=http.user_agent,
        )  # fmt: skip
        made.access_token = self._token or None  # given to the constructor it might be taken for the name of a file
        return made

    def _look(self, response: Any, **_: object) -> None:
        """Note the answer, and hide from the library what it would raise or warn about."""
        headers = {str(name).lower(): str(value) for name, value in response.headers.items()}
        self._seen = _Seen(int(response.status_code), headers, bytes(response.content), str(response.url))
        for name in _HIDDEN:
            response.headers.pop(name, None)
        if 200 <= response.status_code < 300:
            response._content = b"[]"  # casting a page into its own types would take four fifths of the run's time


def _not_asked(http: HttpClient) -> Any:
    """A transport in the way of requests that we can do without."""
    from collectors.library_requests import RequestsTransport

    class NotAsked(RequestsTransport):
        def send(self, request: Any, *args: object, **kwargs: object) -> Any:
            raise CollectError("not_allowed", "Not asked.")

    return NotAsked(http)


def _moment(text: str) -> datetime | None:
    """ISO time at Mastodon, Unix seconds at GoToSocial."""
    seconds = number(text.strip())
    return moment(text) if seconds is None else from_unix(seconds)


def _http_date(text: str) -> datetime | None:
    """None where there is none, or two."""
    try:
        moment = parsedate_to_datetime(text) if text.count(",") <= 1 else None
    except (ValueError, TypeError):
        return None
    return moment.replace(tzinfo=UTC) if moment and not moment.tzinfo else moment
