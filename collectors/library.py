"""Platform libraries on our own HTTP client: bounded, guarded, counted and redirected to the configured address.

Libraries bring connections without time-outs, size caps or a guard against private addresses. Their sessions take a
transport; ours hands each of their requests to `HttpClient.exchange`. What goes wrong on the way is a `CollectError`
and passes through the library, bare or as the cause of its own exception (`cause_of`).
"""

from collections.abc import Mapping
from datetime import timedelta
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import httpx
from requests import PreparedRequest, Request, Response, Session
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers

from collectors.errors import CollectError
from collectors.http import HttpAnswer, HttpClient

_OURS = {"host", "connection", "accept-encoding", "content-length", "transfer-encoding", "user-agent"}
_UNPACKED = {"content-encoding", "content-length", "transfer-encoding"}


class RequestsTransport(BaseAdapter):
    """For libraries on `requests` (tweepy, praw, Mastodon.py). `bases` maps a host they name to the address to call."""

    def __init__(self, http: HttpClient, bases: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._http = http
        self._bases = dict(bases or {})

    def send(self, request: PreparedRequest, *args: object, **kwargs: object) -> Response:
        """One request; time-outs, proxies and certificates of the library are ours to decide."""
        answer = exchange(self._http, self._bases, request.method or "GET", request.url or "", request.headers,
                          _as_bytes(request.body))  # fmt: skip
        response = Response()
        response.status_code = answer.status
        response.headers = CaseInsensitiveDict(_kept(answer))
        response.raw = BytesIO(answer.body)
        response._content = answer.body
        response._content_consumed = True  # type: ignore[attr-defined]
        response.encoding = get_encoding_from_headers(response.headers)
        response.url = request.url or ""
        response.request = request
        response.reason = httpx.codes.get_reason_phrase(answer.status)
        response.elapsed = timedelta(0)
        return response

    def close(self) -> None:
        """The client belongs to the run."""


class _RebasedSession(Session):
    """Names the address that is really called before a library signs the request (OAuth 1.0a signs the address)."""

    def __init__(self, bases: Mapping[str, str]) -> None:
        super().__init__()
        self._bases = dict(bases)

    def prepare_request(self, request: Request) -> PreparedRequest:
        request.url = rebased(str(request.url or ""), self._bases)
        return super().prepare_request(request)


def session(http: HttpClient, bases: Mapping[str, str] | None = None) -> Session:
    """A `requests` session that reaches the network by `http` only and reads no proxy or netrc settings."""
    made = _RebasedSession(bases or {})
    made.trust_env = False
    transport = RequestsTransport(http, bases)
    made.mount("https://", transport)
    made.mount("http://", transport)
    return made


class HttpxTransport(httpx.BaseTransport):
    """For libraries on `httpx` (atproto)."""

    def __init__(self, http: HttpClient, bases: Mapping[str, str] | None = None) -> None:
        self._http = http
        self._bases = dict(bases or {})

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = exchange(self._http, self._bases, request.method, str(request.url), request.headers, request.read())
        return httpx.Response(answer.status, headers=_kept(answer), content=answer.body, request=request)


def exchange(
    http: HttpClient, bases: Mapping[str, str], method: str, url: str, headers: Mapping[str, Any], body: bytes | None
) -> HttpAnswer:
    """One request of a library at the address that the settings give for its host; any status is an answer."""
    sent = {name: _as_text(value) for name, value in headers.items() if name.lower() not in _OURS}
    return http.exchange(method, rebased(url, bases), sent, body or None)


def rebased(url: str, bases: Mapping[str, str]) -> str:
    """`url` with scheme, host and any leading path of the base that is configured for its host."""
    parts = urlsplit(url)
    base = bases.get(parts.hostname or "")
    if base is None:
        return url
    return base.rstrip("/") + parts.path + (f"?{parts.query}" if parts.query else "")


def cause_of(error: BaseException) -> CollectError | None:
    """Our own error inside an exception that a library wrapped around it."""
    seen: BaseException | None = error
    for _ in range(10):
        if seen is None or isinstance(seen, CollectError):
            return seen
        seen = seen.__cause__ or seen.__context__
    return None


def _kept(answer: HttpAnswer) -> dict[str, str]:
    """Headers of the answer as they are true of the unpacked body."""
    return {name: value for name, value in answer.headers.items() if name not in _UNPACKED}


def _as_text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _as_bytes(body: object) -> bytes | None:
    if body is None or isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else None
