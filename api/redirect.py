"""The way of a click: known and fresh codes are answered before anything else of the application is asked.

Every other request of `/l/…` goes the usual way to `api.routes.links`, which asks the database and fills the cache of
`api.tracker`; it notes each click in the spool, and batches follow behind.
"""

import time
from datetime import UTC, datetime
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from advocacy.clicks import Click
from api.request_log import REQUESTS
from api.tracker import Tracker

PREFIX: Final = "/l/"
_WANTED: Final = frozenset({b"user-agent", b"sec-gpc", b"dnt", b"sec-purpose", b"purpose"})


class FastRedirects:
    """The outermost part of the application: known codes are answered here, everything else passes."""

    def __init__(self, app: ASGIApp, tracker: Tracker) -> None:
        self.app = app
        self.tracker = tracker
        self._followed = {method: REQUESTS.labels(method, "/l/{code}", "302") for method in ("GET", "HEAD")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """302 at once, or the usual way."""
        if scope["type"] == "http" and scope["path"].startswith(PREFIX) and scope["method"] in self._followed:
            now = time.time()
            tracker = self.tracker
            entry = tracker.cached(scope["path"][len(PREFIX) :], now)
            address = scope["client"][0] if scope.get("client") else ""
            if entry is not None and tracker.limit.take(address, now):
                click, tracked = click_of(scope, address, datetime.fromtimestamp(now, UTC))
                tracker.note(entry, click, tracked)
                self._followed[scope["method"]].inc()
                await send({"type": "http.response.start", "status": 302, "headers": entry.headers})
                await send({"type": "http.response.body", "body": b""})
                return
        await self.app(scope, receive, send)


def click_of(scope: Scope, address: str, at: datetime) -> tuple[Click, bool]:
    """The request as a click; and whether its visitor may be told apart: no Do Not Track, no Global Privacy Control."""
    told = {name: value for name, value in scope["headers"] if name in _WANTED}
    agent = told.get(b"user-agent", b"")[:1000].decode("latin-1")
    purpose = (told.get(b"sec-purpose") or told.get(b"purpose") or b"")[:100].decode("latin-1")
    tracked = told.get(b"sec-gpc") != b"1" and told.get(b"dnt") != b"1"
    return Click(at, scope["method"], agent, address, purpose), tracked
