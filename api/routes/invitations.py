"""Invitations to the advocates' programme: many at once, how they stand, mail again, withdraw."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field

from advocacy.invitees import Invitee
from api.deps import Now, require_viewer
from api.errors import ApiError, responses
from api.schemas.fields import MAX_SERIAL, Question
from api.schemas.invitations import InvitationOut, InvitationPage, InvitationsIn, RefusedOut, ReportOut, StateName
from storage import audit, db, invitation_lists
from storage.viewer import Viewer
from workers.app import WRITE_INVITATIONS, enqueue

router = APIRouter(prefix="/api/v1/invitations", tags=["advocacy"])

Administrator = Annotated[Viewer, Depends(require_viewer("people:write", "administrator"))]
InvitationId = Annotated[int, Path(ge=1, le=MAX_SERIAL)]


class Wanted(Question):
    """The page of the list."""

    state: StateName | None = None
    before: Annotated[int | None, Field(ge=1, le=MAX_SERIAL)] = None
    limit: Annotated[int, Field(ge=1, le=500)] = 50


@router.get("", name="list_invitations", responses=responses(401, 403, 422))
def list_invitations(viewer: Administrator, wanted: Annotated[Wanted, Query()], now: Now) -> InvitationPage:
    """Invitations by mail, the latest first, and how many are in each state."""
    with db.reading() as session:
        rows = invitation_lists.listed(
            session, viewer, now, state=wanted.state or "", before=wanted.before, limit=wanted.limit
        )
        counts = invitation_lists.counts(session, viewer, now)
    following = rows[-1].id if len(rows) == wanted.limit else None
    items = [InvitationOut.model_validate(each) for each in rows]
    return InvitationPage(items=items, next=following, counts=counts)


@router.post("", name="invite_advocates", responses=responses(401, 403, 413, 422))
def invite(viewer: Administrator, given: InvitationsIn, now: Now) -> ReportOut:
    """Invite everybody named who is not invited or here already; `line` is the place in the list, from 1."""
    people = [Invitee(line, each.email, each.team, each.location) for line, each in enumerate(given.people, 1)]
    with db.transaction() as session:
        report = invitation_lists.invite_list(session, viewer, people, now)
        audit.record(session, viewer, "advocates.invite", f"{report.invited} by the API", now)
    enqueue(WRITE_INVITATIONS, expires=60)
    refused = [RefusedOut(line=each.line, email=each.words, reason=each.reason) for each in report.refused]
    return ReportOut(invited=report.invited, grouped=report.grouped, refused=refused)


@router.post(
    "/{invitation_id}/resend", name="resend_invitation", status_code=202, responses=responses(401, 403, 404, 422)
)
def resend(viewer: Administrator, invitation_id: InvitationId, now: Now) -> None:
    """Mail it again; 404 where it was accepted, withdrawn, waits for its mail already, or was mailed three times."""
    with db.transaction() as session:
        if not invitation_lists.resend(session, viewer, now, [invitation_id]):
            raise ApiError(404, "There is no invitation of this number that may be mailed again.")
        audit.record(session, viewer, "advocates.invite", f"invitation {invitation_id} once more", now)
    enqueue(WRITE_INVITATIONS, expires=60)


@router.delete("/{invitation_id}", name="withdraw_invitation", status_code=204, responses=responses(401, 403, 404, 422))
def withdraw(viewer: Administrator, invitation_id: InvitationId, now: Now) -> None:
    """Withdraw it; its link opens nothing any more."""
    with db.transaction() as session:
        if not invitation_lists.withdraw(session, viewer, now, [invitation_id]):
            raise ApiError(404, "There is no invitation of this number that could be withdrawn.")
        audit.record(session, viewer, "advocates.uninvite", f"invitation {invitation_id}", now)
