"""Tracked links of advocates: count the click, send the visitor on. They lead to registered hosts and nowhere else."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.deps import Now
from api.errors import ApiError
from api.redirect import click_of
from api.tracker import Entry, Tracker
from storage import db

router = APIRouter()


@router.api_route("/l/{code}", methods=["GET", "HEAD"], include_in_schema=False)
def follow(request: Request, code: str, now: Now) -> Response:
    """302 to where the link leads, never kept by caches so that every click counts; else a friendly page.

    `api.redirect.FastRedirects` answers before this where the code is known and fresh.
    """
    tracker: Tracker = request.app.state.tracker
    address = request.client.host if request.client else ""
    if not tracker.allow(address, now.timestamp()):
        raise _too_many()
    with db.transaction() as session:
        found = tracker.find(session, code, now)
        tracker.know_salt(session, now)
    if found is None:
        if not tracker.unknown.take(address, now.timestamp()):
            raise _too_many()
        raise ApiError(404, "There is no such link. It may have been mistyped.")
    if not isinstance(found, Entry):
        raise ApiError(
            410, "This link does not lead anywhere any more: it was closed or its time is over.", code="gone"
        )
    tracker.note(found, *click_of(request.scope, address, now))
    return RedirectResponse(found.location, 302, {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"})


def _too_many() -> ApiError:
    return ApiError(
        429, "Too many links were followed from here. Try again in a minute.", headers={"Retry-After": "60"}
    )
