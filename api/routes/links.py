"""Tracked links of advocates: count the click, send the visitor on. They lead to registered hosts and nowhere else."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from advocacy.clicks import Click
from advocacy.links import LinkError, check_destination
from api.deps import Now
from api.errors import ApiError
from storage import advocacy, db, profile

router = APIRouter()


@router.api_route("/l/{code}", methods=["GET", "HEAD"], include_in_schema=False)
def follow(request: Request, code: str, now: Now) -> Response:
    """302 to where the link leads, never kept by caches so that every click counts; else a friendly 404."""
    seen = Click(
        at=now,
        method=request.method,
        user_agent=request.headers.get("user-agent", "")[:1000],
        address=request.client.host if request.client else "",
        purpose=(request.headers.get("sec-purpose") or request.headers.get("purpose", ""))[:100],
    )
    with db.transaction() as session:
        destination = _registered(session, advocacy.add_click(session, code, seen))
    if destination is None:
        raise ApiError(404, "This link does not lead anywhere any more. It may have been closed, or mistyped.")
    return RedirectResponse(destination, 302, {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"})


def _registered(session: Session, destination: str | None) -> str | None:
    """The destination while its host is registered: a host that was taken off the list takes its links along."""
    state = profile.current_profile(session)
    if destination is None or state is None:
        return None
    try:
        return check_destination(destination, state.profile.company.careers_hosts)
    except LinkError:
        return None
