"""Planned events: launches, campaigns, announcements, entered by those whose side they are on.

Routers join in the order of their modules' names, so that `/incidents/planned` is asked before `/incidents/{id}`.
"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from api.auth import SignedIn
from api.dashboard.forms import Form, Posted, errors_of
from api.dashboard.local_time import field_value, moment_of
from api.dashboard.render import page, redirect
from api.deps import Now, form_role, page_role
from storage import audit, db, planned_events
from storage.planned_events import PLANNERS, Draft, PlannedRow

router = APIRouter()

EventId = Annotated[int, Path(ge=1, lt=2**63)]
Reader = Annotated[SignedIn, Depends(page_role("marketing", "hr", "leadership", "administrator"))]
Planner = Annotated[SignedIn, Depends(form_role(*PLANNERS))]
_PAGE = "/incidents/planned"
_FIELDS = {"starts_at": "starts", "ends_at": "ends"}
_NEW = {"name": "", "facet": "", "starts": "", "ends": "", "note": "", "zone": ""}


@router.get(_PAGE)
def planned_page(request: Request, now: Now, who: Reader, after: str = "", edit: str = "") -> Response:
    """What is planned, runs and is over, with what it explained; a form for those who plan."""
    return _shown(request, now, who, after=after, edit=int(edit) if edit.isdecimal() and len(edit) < 18 else None)


@router.post(_PAGE)
def add(request: Request, now: Now, who: Planner, form: Form) -> Response:
    """Enter an event."""
    try:
        with db.transaction() as session:
            made = planned_events.add(session, who.viewer, _draft(form), now)
            audit.record(session, who.viewer, "planned_event.add", f"planned event {made}", now)
    except ValueError as error:
        return _shown(request, now, who, typed=form, errors=errors_of(error, _FIELDS))
    return redirect(_PAGE, "The event is planned. A rise of its facet opens no incident meanwhile.")


@router.post("/incidents/planned/{event_id}")
def change(request: Request, now: Now, who: Planner, event_id: EventId, form: Form) -> Response:
    """Change an event."""
    try:
        with db.transaction() as session:
            planned_events.change(session, who.viewer, event_id, _draft(form), now)
            audit.record(session, who.viewer, "planned_event.change", f"planned event {event_id}", now)
    except ValueError as error:
        return _shown(request, now, who, edit=event_id, typed=form, errors=errors_of(error, _FIELDS))
    return redirect(_PAGE, "The event is changed.")


@router.post("/incidents/planned/{event_id}/delete")
def delete(now: Now, who: Planner, event_id: EventId) -> Response:
    """Take an event back."""
    with db.transaction() as session:
        planned_events.remove(session, who.viewer, event_id)
        audit.record(session, who.viewer, "planned_event.delete", f"planned event {event_id}", now)
    return redirect(_PAGE, "The event is gone: its hours alarm, and are part of what is normal, again.")


def _draft(form: Posted) -> Draft:
    """The event as typed; raises `ValueError` that names a field."""
    zone = form.get("zone")
    starts, ends = (moment_of(form.get(name), zone) for name in ("starts", "ends"))
    if starts is None or ends is None:
        raise ValueError(f"{'starts' if starts is None else 'ends'}: give the day and the time.")
    return Draft(form.get("name"), form.get("facet"), starts, ends, form.get("note"))


def _shown(
    request: Request,
    now: datetime,
    who: SignedIn,
    *,
    after: str = "",
    edit: int | None = None,
    typed: Posted | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    with db.reading() as session:
        try:
            found = planned_events.list_planned(session, who.viewer, now, 25, after or None)
        except ValueError:
            found = planned_events.list_planned(session, who.viewer, now, 25)
        own = None if edit is None else planned_events.find(session, who.viewer, edit, now)
    facets = planned_events.may_plan(who.viewer)
    if own is not None and own.facet not in facets:
        own = None
    values = _NEW if typed is None else {name: typed.get(name) for name in _NEW}
    if own is not None and typed is None:
        values = _values(own)
    return page(
        request,
        who,
        "planned_events.html",
        title="Planned events",
        status=422 if errors else 200,
        rows=[(row, row.state(now)) for row in found.items],
        next=found.next,
        facets=[(facet, "both sides" if facet == "all" else facet) for facet in facets],
        own=own,
        typed=values,
        fresh=typed is None,
        errors=errors or {},
    )


def _values(row: PlannedRow) -> dict[str, str]:
    """An event as the form holds it."""
    starts, ends = field_value(row.starts_at), field_value(row.ends_at)
    return {"name": row.name, "facet": row.facet, "starts": starts, "ends": ends, "note": row.note, "zone": ""}
