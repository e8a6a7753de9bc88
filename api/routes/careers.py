"""What happens on the careers pages: reported by our script there, or by an applicant system with a token."""

import json
from dataclasses import replace
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from advocacy.clicks import screen, visitor_hash
from advocacy.links import MEDIUM
from api.click_limits import AddressLimit
from api.dashboard.render import STATIC
from api.deps import Now, require_viewer
from api.errors import ApiError, responses, wrong_field
from api.redirect import click_of
from api.schemas.careers import ApplicationsIn, ApplicationsOut, BeaconIn
from api.tracker import Tracker
from storage import careers, db, profile
from storage.careers import Event
from storage.clicks import day_salt
from storage.viewer import Viewer

router = APIRouter()

Sender = Annotated[Viewer, Depends(require_viewer("careers:write", "marketing", "hr", "administrator"))]
EVENTS = "/api/v1/careers/events"  # the one address that pages of other sites may post to, see `api.security`
LARGEST = 1_000  # bytes of a report
LIMIT = AddressLimit(120)
_FOREIGN = {"Cross-Origin-Resource-Policy": "cross-origin"}


@router.get("/careers.js", include_in_schema=False)
def script() -> Response:
    """The script for the careers pages: no cookie, nothing stored there, nothing sent under Do Not Track or GPC."""
    text = (STATIC / "careers.js").read_text(encoding="utf-8")
    return Response(text, 200, {**_FOREIGN, "Cache-Control": "public, max-age=3600"}, "text/javascript")


@router.options(EVENTS, include_in_schema=False)
def may_report(request: Request) -> Response:
    """What a browser asks before it reports: registered hosts may, others not."""
    return Response(status_code=204, headers=_cross_origin(request, _host(request)))


@router.post(EVENTS, include_in_schema=False)
async def report(request: Request, now: Now) -> Response:
    """One step of a visit. Machines, own networks and those who ask not to be tracked are answered and not noted."""
    address = request.client.host if request.client else ""
    if not LIMIT.take(address, now.timestamp()):
        raise ApiError(429, "Too many reports from this address.", headers={"Retry-After": "60"})
    body = await request.body()
    host = await run_in_threadpool(_host, request)
    click, tracked = click_of(request.scope, address, now)
    told = _read(body)
    tracker: Tracker = request.app.state.tracker
    if tracked and not screen(replace(click, method="GET"), tracker.scanners, tracker.company):
        code = told.content if told.medium == MEDIUM else None
        await run_in_threadpool(_note, Event(told.kind, now, host, code), address, click.user_agent)
    return Response(status_code=204, headers=_cross_origin(request, host))


@router.post(
    "/api/v1/careers/applications", name="note_applications", tags=["advocacy"], responses=responses(401, 403, 413, 422)
)
def applications(_viewer: Sender, sent: ApplicationsIn, now: Now) -> ApplicationsOut:
    """Applications that were started, from the applicant system, with the `utm_content` that the visitor came with.
    No personal data: `reference` is the sender's own id, of which only a hash is kept, so that sending twice counts
    once. Report applications by this call or by the script, not by both."""
    with db.transaction() as session:
        hosts = _hosts()
        for number, each in enumerate(sent.applications):
            if each.at > now:
                raise wrong_field(f"applications[{number}].at", "lies in the future")
            host = (each.host or (hosts[0] if hosts else "")).lower()
            if host not in hosts:
                raise wrong_field(f"applications[{number}].host", "is not a registered careers host")
            event = Event("application", each.at, host, each.utm_content, reference=each.reference)
            careers.note_event(session, event, "server")
    return ApplicationsOut(received=len(sent.applications))


def _read(body: bytes) -> BeaconIn:
    if len(body) > LARGEST:
        raise ApiError(413, "The report is too large.")
    try:
        return BeaconIn.model_validate(json.loads(body))
    except (ValueError, RecursionError):
        raise ApiError(422, "This is no report of the script.") from None


def _note(event: Event, address: str, agent: str) -> None:
    """The visitor's hash is another one than that of clicks, so that the two can't be joined."""
    with db.transaction() as session:
        salt = day_salt(session, event.at.date())
        visitor = bytes.fromhex(visitor_hash(address, f"careers {event.host} {agent}", salt))
        careers.note_event(session, Event(event.kind, event.at, event.host, event.code, visitor))


def _host(request: Request) -> str:
    """The registered host whose page reports; raises 403 for any other."""
    origin = request.headers.get("origin", "")
    try:
        parts = urlsplit(origin)
        host = parts.hostname or ""
    except ValueError:
        parts, host = urlsplit(""), ""
    local = host in ("localhost", "127.0.0.1")
    if host not in _hosts() or not (parts.scheme == "https" or (parts.scheme == "http" and local)):
        raise ApiError(403, "Only pages of the registered careers hosts report here.")
    return host


def _hosts() -> tuple[str, ...]:
    with db.reading() as session:
        return profile.registered_hosts(session)


def _cross_origin(request: Request, _host: str) -> dict[str, str]:
    return {
        **_FOREIGN,
        "Access-Control-Allow-Origin": request.headers.get("origin", ""),
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": "content-type",
        "Access-Control-Max-Age": "600",
        "Vary": "Origin",
    }
