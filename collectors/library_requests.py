"""Platform libraries on `requests` (tweepy, praw, Mastodon.py) on our own HTTP client; see `collectors.library`."""

from collections.abc import Mapping
from datetime import timedelta
from io import BytesIO

import httpx
from requests import PreparedRequest, Request, Response, Session
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers

from collectors.http import HttpClient
from collectors.library import exchange, kept_headers, rebased


class RequestsTransport(BaseAdapter):
    """Sends by our client. `bases` maps a host they name to the address to call."""

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
        response.headers = CaseInsensitiveDict(kept_headers(answer))
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


def _as_bytes(body: object) -> bytes | None:
    if body is None or isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else None
