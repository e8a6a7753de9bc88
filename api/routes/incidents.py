"""Incidents: list, one with its timeline, acknowledge, assign, snooze, answer, close, note."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field
from sqlalchemy.orm import Session

from alerts.snooze import end_of, zone
from api.deps import Now, require_viewer
from api.errors import ApiError, fields_named, responses, wrong_field
from api.known import known
from api.schemas.fields import MAX_BIG, Cursor, Question, SmallId
from api.schemas.incidents import (
    AssignIn,
    EventOut,
    FeedbackIn,
    IncidentDetailOut,
    IncidentOut,
    IncidentPage,
    NoteIn,
    PostMortemOut,
    SnoozeIn,
    VerdictOut,
)
from storage import audit, db, incidents
from storage.incidents import EventRow, IncidentRow
from storage.viewer import NotAllowed, Viewer

router = APIRouter(prefix="/api/v1/incidents", tags=["incidents"])

_ROLES = ("marketing", "hr", "leadership", "administrator")
Reader = Annotated[Viewer, Depends(require_viewer("incidents:read", *_ROLES))]
Writer = Annotated[Viewer, Depends(require_viewer("incidents:write", *_ROLES))]
IncidentId = Annotated[int, Path(ge=1, le=MAX_BIG)]
_ERRORS = responses(401, 403, 404, 422)


class Wanted(Question):
    """Filters of the list, as query parameters."""

    state: Annotated[Literal["open", "closed"] | None, Field(description="open includes acknowledged.")] = None
    company: SmallId | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    after: Cursor | None = None


@router.get("", name="list_incidents", responses=responses(401, 403, 422))
def list_incidents(viewer: Reader, wanted: Annotated[Wanted, Query()]) -> IncidentPage:
    """Incidents of the viewer's purpose, newest first."""
    with db.reading() as session:
        try:
            page = incidents.list_incidents(session, viewer, wanted.state, wanted.limit, wanted.after, wanted.company)
        except ValueError as error:
            raise wrong_field("after", "this is not a cursor of this list") from error
    return IncidentPage(items=[_shown(row) for row in page.items], next=page.next)


@router.get("/{incident_id}", name="get_incident", responses=_ERRORS)
def get_incident(viewer: Reader, incident_id: IncidentId) -> IncidentDetailOut:
    """One incident with its timeline."""
    with db.reading() as session:
        return _detail(session, viewer, incident_id)


@router.post("/{incident_id}/acknowledge", name="acknowledge_incident", responses=_ERRORS)
def acknowledge(viewer: Writer, incident_id: IncidentId, now: Now) -> IncidentDetailOut:
    """Say that somebody looks after it. A second time changes nothing."""
    return _act(viewer, incident_id, "acknowledge", now, incidents.acknowledge)


@router.post("/{incident_id}/assign", name="assign_incident", responses=_ERRORS | responses(413))
def assign(viewer: Writer, incident_id: IncidentId, to: AssignIn, now: Now) -> IncidentDetailOut:
    """Give it to somebody whose role may see it."""

    def give(session: Session, viewer: Viewer, incident_id: int, now: datetime) -> None:
        try:
            incidents.assign(session, viewer, incident_id, to.user_id, now)
        except ValueError as error:
            raise wrong_field("user_id", "is not a person who may see this incident") from error

    return _act(viewer, incident_id, "assign", now, give)


@router.post("/{incident_id}/snooze", name="snooze_incident", responses=_ERRORS | responses(413))
def snooze(viewer: Writer, incident_id: IncidentId, wanted: SnoozeIn, now: Now) -> IncidentDetailOut:
    """Tell nobody for a while, unless it becomes critical; afterwards it is told again if it still holds."""

    def sleep(session: Session, viewer: Viewer, incident_id: int, now: datetime) -> None:
        with fields_named():
            incidents.snooze(session, viewer, incident_id, _end(wanted, now), now)

    return _act(viewer, incident_id, "snooze", now, sleep)


@router.post("/{incident_id}/feedback", name="answer_incident", responses=_ERRORS | responses(413))
def answer(viewer: Writer, incident_id: IncidentId, said: FeedbackIn, now: Now) -> IncidentDetailOut:
    """Say whether it was worth telling. A later answer of the same person replaces the earlier one."""

    def keep(session: Session, viewer: Viewer, incident_id: int, now: datetime) -> None:
        with fields_named():
            incidents.answer(session, viewer, incident_id, said.useful, said.reason, said.note, now)

    return _act(viewer, incident_id, "answer", now, keep)


@router.post("/{incident_id}/close", name="close_incident", responses=_ERRORS)
def close(viewer: Writer, incident_id: IncidentId, now: Now) -> IncidentDetailOut:
    """Close it by hand; nobody is mailed. A second time changes nothing."""
    return _act(viewer, incident_id, "close", now, incidents.close)


@router.post("/{incident_id}/notes", name="note_incident", responses=_ERRORS | responses(413))
def add_note(viewer: Writer, incident_id: IncidentId, words: NoteIn, now: Now) -> IncidentDetailOut:
    """Add a note to the timeline."""

    def write(session: Session, viewer: Viewer, incident_id: int, now: datetime) -> None:
        incidents.note(session, viewer, incident_id, words.text, now)

    return _act(viewer, incident_id, "note", now, write)


def _act(
    viewer: Viewer,
    incident_id: int,
    action: str,
    now: datetime,
    do: Callable[[Session, Viewer, int, datetime], None],
) -> IncidentDetailOut:
    with db.transaction() as session:
        _find(session, viewer, incident_id)
        do(session, viewer, incident_id, now)
        audit.record(session, viewer, f"incident.{action}", f"incident {incident_id}", now)
        session.flush()
        return _detail(session, viewer, incident_id)


def _find(session: Session, viewer: Viewer, incident_id: int) -> IncidentRow:
    """The incident; what is outside the role's purpose does not exist for it."""
    try:
        return incidents.find(session, viewer, incident_id)
    except NotAllowed as error:
        raise ApiError(404, "There is no such incident for you.") from error


def _detail(session: Session, viewer: Viewer, incident_id: int) -> IncidentDetailOut:
    shown = _shown(_find(session, viewer, incident_id))
    found = incidents.post_mortem(session, viewer, incident_id)
    return IncidentDetailOut(
        **shown.model_dump(),
        timeline=[_event(event) for event in incidents.timeline(session, viewer, incident_id)],
        verdict=VerdictOut.model_validate(incidents.verdict(session, viewer, incident_id)),
        post_mortem=None if found is None else PostMortemOut.model_validate(found),
    )


def _event(row: EventRow) -> EventOut:
    values = {name: getattr(row, name) for name in EventOut.model_fields if name != "known"}
    return EventOut.model_validate({**values, "known": known(row.figures)})


def _end(wanted: SnoozeIn, now: datetime) -> datetime | None:
    if wanted.span is None:
        return wanted.until
    if wanted.until is not None:
        raise ValueError("span: give a time or a span, not both.")
    return end_of(wanted.span, now, zone(wanted.zone))


def _shown(row: IncidentRow) -> IncidentOut:
    names = [name for name in IncidentOut.model_fields if name != "window_minutes"]
    values = {name: getattr(row, name) for name in names}
    return IncidentOut.model_validate({**values, "window_minutes": round(row.window / timedelta(minutes=1))})
