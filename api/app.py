"""The web application: API under `/api/v1`, pages of the dashboard, tracked links, probes.

Every module in `api.routes` and `api.dashboard.pages` that has a `router` is served; paths are complete in the module.
"""

import config.garbage  # noqa: F401  # before all else is loaded

# isort: split

import gc
import logging
import pkgutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.datastructures import MutableHeaders
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

from api import errors, routes
from api.dashboard import pages
from api.dashboard.render import error_page
from api.redirect import FastRedirects
from api.request_log import RequestLog
from api.security import BodyLimit, KnownHost, SameOrigin, SecurityHeaders
from api.tracker import Tracker
from config.logging import setup_logging
from config.settings import get_settings

VERSION = "0.1.0"
STATIC = Path(__file__).parent / "dashboard" / "static"
LARGEST_BODY = 1_000_000  # bytes
LARGER_BODIES = {
    "/api/v1/mentions": 10_000_000,
    "/api/v1/invitations": 20_000_000,
    "/hooks": 5_000_000,
    "/import": 52_000_000,
    "/content": 6_000_000,
    "/people/advocates": 20_000_000,
}
_ABOUT = """\
What people say in public about a company, as a brand and as an employer.

Every number comes with of how many, as of when and how complete. Unknown is `null`, never 0. Slices of employees and
alumni with fewer than five distinct authors are `null` with `suppressed: true`.
"""


@asynccontextmanager
async def _serving(app: FastAPI) -> AsyncIterator[None]:
    """Set logging up, unless whoever runs the application has done so; store clicks while it runs."""
    if not logging.getLogger().handlers:
        settings = get_settings()
        setup_logging(settings.log_level, settings.log_json)
    _freeze()
    tracker: Tracker = app.state.tracker
    tracker.start()
    yield
    tracker.stop()


@cache  # a process that holds several applications freezes once; asking gc whether it has would count each object
def _freeze() -> None:
    """What is loaded by now stays: looking through it again and again costs each request."""
    gc.collect()
    gc.freeze()


def create_app() -> FastAPI:
    """A complete application by the settings of this process."""
    settings = get_settings()
    app = FastAPI(
        title="Outspoken",
        version=VERSION,
        description=_ABOUT,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_serving,
    )
    errors.install(app)
    setattr(app.state, errors.ERROR_PAGE, error_page)
    app.state.tracker = Tracker(settings)
    _serve(app, routes, described=True)
    _serve(app, pages, described=False)
    app.mount("/static", _Static(directory=STATIC), name="static")
    hosts = [host.strip() for host in settings.trusted_hosts.split(",") if host.strip()]
    app.add_middleware(BodyLimit, usual=LARGEST_BODY, larger=LARGER_BODIES)
    app.add_middleware(SameOrigin, settings=settings)
    if "*" not in hosts:
        app.add_middleware(KnownHost, hosts=hosts)
    app.add_middleware(RequestLog)
    app.add_middleware(SecurityHeaders, settings=settings)
    app.add_middleware(FastRedirects, tracker=app.state.tracker)  # the last one added is the outermost
    return app


def _serve(app: FastAPI, package: ModuleType, described: bool) -> None:
    """Add the routes themselves, named in the description by their functions.

    `include_router` would take each function apart a second time, a second of work at the first request of a process,
    and ask router by router at each request, another half millisecond.
    """
    for router in _routers(package):
        for route in router.routes:
            if isinstance(route, APIRoute):
                route.unique_id = route.name
                route.include_in_schema = route.include_in_schema and described
            app.router.routes.append(route)


def _routers(package: ModuleType) -> Iterator[APIRouter]:
    for name in sorted(module.name for module in pkgutil.iter_modules(package.__path__)):
        router = getattr(import_module(f"{package.__name__}.{name}"), "router", None)
        if isinstance(router, APIRouter):
            yield router


class _Static(StaticFiles):
    """Files that may be kept for ever under the address with their version, else asked for again each time."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        versioned = b"v=" in scope.get("query_string", b"")

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = "public, max-age=31536000, immutable" if versioned else "no-cache"
                MutableHeaders(scope=message)["Cache-Control"] = kept
            await send(message)

        await super().__call__(scope, receive, keep)


app = create_app()
