"""Platform libraries on our own HTTP client: bounded, guarded, counted and redirected to the configured address.

Libraries bring connections without time-outs, size caps or a guard against private addresses. Their sessions take a
transport; ours hands each of their requests to `HttpClient.exchange`. What goes wrong on the way is a `CollectError`
and passes through the library, bare or as the cause of its own exception (`cause_of`). What is for libraries on
`requests` stands in `collectors.library_requests`, so that listing collectors does not load it.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from collectors.errors import CollectError
from collectors.http import HttpAnswer, HttpClient

_OURS = {"host", "connection", "accept-encoding", "content-length", "transfer-encoding", "user-agent"}
_UNPACKED = {"content-encoding", "content-length", "transfer-encoding"}


class HttpxTransport(httpx.BaseTransport):
    """For libraries on `httpx` (atproto)."""

    def __init__(self, http: HttpClient, bases: Mapping[str, str] | None = None) -> None:
        self._http = http
        self._bases = dict(bases or {})

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = exchange(self._http, self._bases, request.method, str(request.url), request.headers, request.read())
        return httpx.Response(answer.status, headers=kept_headers(answer), content=answer.body, request=request)


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


def kept_headers(answer: HttpAnswer) -> dict[str, str]:
    """Headers of the answer as they are true of the unpacked body."""
    return {name: value for name, value in answer.headers.items() if name not in _UNPACKED}


def _as_text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
