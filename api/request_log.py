"""Around all that works: a request id, a log line and figures for each request, and the answer to unforeseen faults.

Log lines name the route (`/l/{code}`), never the address itself: queries hold names of people and paths hold secrets.
"""

import logging
import re
import secrets
import time

from fastapi import Request
from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import errors

log = logging.getLogger("api.requests")

REQUESTS = Counter("outspoken_http_requests", "Requests answered.", ("method", "route", "status"))
SECONDS = Histogram(
    "outspoken_http_seconds",
    "Seconds until the answer was complete.",
    ("route",),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
_GIVEN_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_QUIET = frozenset({"/healthz", "/healthz/live", "/metrics", "/static"})  # machines and browsers ask all the time
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RequestLog:
    """Wraps everything but the security headers, which its own answers need, too."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; a fault becomes a 500 unless the answer has begun."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope).get("x-request-id"))
        scope.setdefault("state", {})["request_id"] = request_id
        started = time.perf_counter()
        status = 0

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        try:
            await self.app(scope, receive, note)
        except Exception:
            log.exception("request %s: fault in %s %s", request_id, scope["method"], route_of(scope))
            if status:
                raise
            await errors.unexpected(Request(scope))(scope, receive, note)
        finally:
            _note(scope, request_id, status, time.perf_counter() - started)


def route_of(scope: Scope) -> str:
    """The template of the route that answered, `(none)` where no route did."""
    return str(getattr(scope.get("route"), "path", None) or "(none)")


def _note(scope: Scope, request_id: str, status: int, seconds: float) -> None:
    method = scope["method"] if scope["method"] in _METHODS else "other"
    route = route_of(scope)
    REQUESTS.labels(method, route, str(status)).inc()
    SECONDS.labels(route).observe(seconds)
    level = logging.DEBUG if route in _QUIET and status < 400 else logging.INFO
    log.log(level, "request %s: %s %s %s in %.0f ms", request_id, method, route, status, seconds * 1000)


def _request_id(given: str | None) -> str:
    """A proxy's id goes on; anything else could forge log lines."""
    return given if given and _GIVEN_ID.fullmatch(given) else secrets.token_hex(8)
