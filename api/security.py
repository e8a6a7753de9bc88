"""What every answer carries and every request must satisfy, as plain ASGI: nobody can forget it on a new page."""

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import errors
from config.settings import Settings

CONTENT_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",  # pages hold what only some may see; static files say otherwise themselves
}
_STRICT_TRANSPORT = "max-age=31536000"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_OPEN_PATHS = frozenset({"/api/v1/careers/events"})  # pages of registered hosts report here; it asks who they are


class SecurityHeaders:
    """Adds the headers that an answer does not set itself (a mail shown in a frame sets its own policy)."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.headers = dict(HEADERS)
        if settings.https:
            self.headers["Strict-Transport-Security"] = _STRICT_TRANSPORT

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete the answer's headers."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def complete(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, complete)


class KnownHost:
    """Answers only to the configured names (`*.acme.example`: all under one); probes come by address and pass."""

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self.app = app
        self.names = frozenset(host.casefold() for host in hosts if not host.startswith("*."))
        self.endings = tuple(host.casefold()[1:] for host in hosts if host.startswith("*."))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 400, or pass the request on."""
        if scope["type"] == "http" and not scope["path"].startswith("/healthz"):
            host = _host_name(Headers(scope=scope).get("host", ""))
            if host not in self.names and not host.endswith(self.endings):
                detail = "The service does not go by this host name; see the setting TRUSTED_HOSTS."
                await errors.render(Request(scope), 400, detail, code="unknown_host")(scope, receive, send)
                return
        await self.app(scope, receive, send)


class BodyLimit:
    """Refuses requests whose body is larger than their address takes, announced or found out while it is read.

    `larger`: path → bytes, for that path and what lies under it.
    """

    def __init__(self, app: ASGIApp, usual: int, larger: Mapping[str, int]) -> None:
        self.app = app
        self.usual = usual
        self.larger = dict(larger)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 413, or pass the request on with its body counted."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self._limit(scope["path"])
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdecimal() and len(announced) < 20 and int(announced) <= limit:
            await self.app(scope, _counting(receive, limit), send)
            return
        await errors.render(Request(scope), 413, too_large(limit))(scope, receive, send)

    def _limit(self, path: str) -> int:
        fits = (limit for prefix, limit in self.larger.items() if path == prefix or path.startswith(f"{prefix}/"))
        return next(fits, self.usual)


def _host_name(host: str) -> str:
    """Without its port; empty for what is no host."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def too_large(limit: int) -> str:
    """The sentence for a body beyond the limit."""
    return f"The request is larger than the {limit / 1_000_000:g} MB that are possible here."


def _counting(receive: Receive, limit: int) -> Receive:
    read = 0

    async def counted() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > limit:
            raise HTTPException(413, too_large(limit))
        return message

    return counted


class SameOrigin:
    """Refuses state-changing requests that another site's page makes a browser send, sign-in included.

    Browsers say where a request comes from (`Sec-Fetch-Site`, else `Origin`); programs send neither and pass.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.public_host = urlsplit(settings.base_url).netloc

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403, or pass the request on."""
        if scope["type"] == "http" and scope["method"] not in _SAFE_METHODS and scope["path"] not in _OPEN_PATHS:
            request = Request(scope)
            if self._is_foreign(request):
                detail = "The request comes from another site's page."
                response = errors.render(request, 403, detail, code="cross_site")
                await response(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _is_foreign(self, request: Request) -> bool:
        site = request.headers.get("sec-fetch-site")
        if site is not None:
            return site not in ("same-origin", "none")
        origin = request.headers.get("origin")
        if origin is None:
            return False
        return urlsplit(origin).netloc not in (request.headers.get("host"), self.public_host)
