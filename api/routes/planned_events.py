"""Planned events: list, one, enter, change, take back; and what answers to incidents changed, with its reset."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field

from api.deps import Now, require_viewer
from api.errors import fields_named, responses, wrong_field
from api.schemas.fields import MAX_BIG, Cursor, Question
from api.schemas.planned_events import (
    PlannedIn,
    PlannedNewIn,
    PlannedOut,
    PlannedPageOut,
    SensitivityList,
    SensitivityOut,
    SliceIn,
)
from storage import audit, db, incidents, planned_events
from storage.planned_events import Draft
from storage.viewer import Viewer

router = APIRouter(prefix="/api/v1", tags=["incidents"])

_ROLES = ("marketing", "hr", "leadership", "administrator")
Reader = Annotated[Viewer, Depends(require_viewer("incidents:read", *_ROLES))]
Writer = Annotated[Viewer, Depends(require_viewer("incidents:write", *_ROLES))]
Planner = Annotated[Viewer, Depends(require_viewer("incidents:write", *planned_events.PLANNERS))]
EventId = Annotated[int, Path(ge=1, le=MAX_BIG)]
_ERRORS = responses(401, 403, 404, 422)


class Wanted(Question):
    """The page of the list, as query parameters."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    after: Cursor | None = None


@router.get("/planned-events", name="list_planned_events", responses=responses(401, 403, 422))
def list_events(viewer: Reader, wanted: Annotated[Wanted, Query()], now: Now) -> PlannedPageOut:
    """Planned events of the viewer's purpose, the latest end first."""
    with db.reading() as session:
        try:
            found = planned_events.list_planned(session, viewer, now, wanted.limit, wanted.after)
        except ValueError as error:
            raise wrong_field("after", "this is not a cursor of this list") from error
    return PlannedPageOut.model_validate(found)


@router.get("/planned-events/{event_id}", name="get_planned_event", responses=_ERRORS)
def get_event(viewer: Reader, event_id: EventId, now: Now) -> PlannedOut:
    """One planned event, with the stories that it explains."""
    with db.reading() as session:
        return PlannedOut.model_validate(planned_events.find(session, viewer, event_id, now))


@router.post("/planned-events", name="add_planned_event", status_code=201, responses=responses(401, 403, 413, 422))
def add_event(viewer: Planner, new: PlannedNewIn, now: Now) -> PlannedOut:
    """Enter what is planned: marketing on the brand side, HR on the employer side, administrators anywhere."""
    with db.transaction() as session:
        with fields_named():
            made = planned_events.add(session, viewer, _draft(new), now, new.company_id)
        audit.record(session, viewer, "planned_event.add", f"planned event {made}", now)
        return PlannedOut.model_validate(planned_events.find(session, viewer, made, now))


@router.put("/planned-events/{event_id}", name="change_planned_event", responses=_ERRORS | responses(413))
def change_event(viewer: Planner, event_id: EventId, change: PlannedIn, now: Now) -> PlannedOut:
    """Put other values in the place of all of its own."""
    with db.transaction() as session:
        with fields_named():
            planned_events.change(session, viewer, event_id, _draft(change), now)
        audit.record(session, viewer, "planned_event.change", f"planned event {event_id}", now)
        return PlannedOut.model_validate(planned_events.find(session, viewer, event_id, now))


@router.delete("/planned-events/{event_id}", name="delete_planned_event", status_code=204, responses=_ERRORS)
def delete_event(viewer: Planner, event_id: EventId, now: Now) -> None:
    """Take it back: its hours alarm, and are part of what is normal, again."""
    with db.transaction() as session:
        planned_events.remove(session, viewer, event_id)
        audit.record(session, viewer, "planned_event.delete", f"planned event {event_id}", now)


@router.get("/sensitivity", name="list_sensitivity", responses=responses(401, 403))
def list_sensitivity(viewer: Reader, now: Now) -> SensitivityList:
    """What the answers of the past year changed in the slices of the viewer's purpose."""
    with db.reading() as session:
        rows = incidents.sensitivity(session, viewer, now)
    return SensitivityList(items=[SensitivityOut.model_validate(row) for row in rows])


@router.post("/sensitivity/reset", name="reset_sensitivity", responses=_ERRORS | responses(413))
def reset_sensitivity(viewer: Writer, of: SliceIn, now: Now) -> SensitivityList:
    """Let the earlier answers of a slice count no more; they stay readable."""
    slice_ = (of.kind, of.facet, of.audience)
    with db.transaction() as session:
        incidents.reset(session, viewer, of.company_id, slice_, now)
        audit.record(session, viewer, "sensitivity.reset", f"company {of.company_id}: {' / '.join(slice_)}", now)
        rows = incidents.sensitivity(session, viewer, now)
    return SensitivityList(items=[SensitivityOut.model_validate(row) for row in rows])


def _draft(given: PlannedIn) -> Draft:
    return Draft(given.name, given.facet, given.starts_at, given.ends_at, given.note)
