"""Incidents: what is open, the arithmetic of one, and what people do about it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Request, Response
from sqlalchemy.orm import Session

from alerts.rules import NEGATIVE, POSITIVE, SILENCE, VOLUME
from alerts.severity import FORMULA
from api.auth import SignedIn
from api.dashboard import panels
from api.dashboard.incident_words import arithmetic, headline
from api.dashboard.post_mortem_words import post_mortem_lines, verdict_words
from api.dashboard.render import page, redirect
from api.deps import Now, form_role, page_role
from api.looks import note_quotes
from metrics.coarse import WHY
from storage import audit, db, highlights, incidents, mentions, planned_events, rollups, users
from storage.incident_feedback import REASON_WORDS
from storage.viewer import ALL, NotAllowed, Viewer, may_see_incident, viewer_for

router = APIRouter()

IncidentId = Annotated[int, Path(ge=1, lt=2**63)]
_ROLES = ("marketing", "hr", "leadership", "administrator")
Reader = Annotated[SignedIn, Depends(page_role(*_ROLES))]
Sender = Annotated[SignedIn, Depends(form_role(*_ROLES))]
_STATES = {"open": "open", "closed": "closed", "all": None}
_HOURS_BEFORE = timedelta(hours=48)
_DAYS_BEFORE = timedelta(days=14)
_AFTER = timedelta(hours=12)
_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Examples:
    """Mentions of the incident that the viewer may read, or why there are none."""

    items: tuple[mentions.MentionRow, ...]
    why_none: str = ""


@router.get("/incidents")
def incidents_page(request: Request, who: Reader, state: str = "open", after: str = "") -> Response:
    """Open ones first; closed ones by a tab."""
    state = state if state in _STATES else "open"
    with db.reading() as session:
        try:
            found = incidents.list_incidents(session, who.viewer, _STATES[state], 25, after or None)
        except ValueError:
            found = incidents.list_incidents(session, who.viewer, _STATES[state], 25)
    rows = [(row, headline(row)) for row in found.items]
    return page(request, who, "incidents.html", title="Incidents", rows=rows, state=state, next=found.next)


@router.get("/incidents/{incident_id}")
def incident_page(request: Request, now: Now, who: Reader, incident_id: IncidentId) -> Response:
    """One incident with its arithmetic."""
    return _incident(request, now, who, incident_id)


@router.post("/incidents/{incident_id}/acknowledge")
def acknowledge(now: Now, who: Sender, incident_id: IncidentId) -> Response:
    """Say that somebody looks after it."""
    with db.transaction() as session:
        incidents.acknowledge(session, who.viewer, incident_id, now)
        audit.record(session, who.viewer, "incident.acknowledge", f"incident {incident_id}", now)
    return redirect(f"/incidents/{incident_id}", "You look after this incident. Its mails go on only if it grows.")


@router.post("/incidents/{incident_id}/assign")
def assign(now: Now, who: Sender, incident_id: IncidentId, person: Annotated[str, Form()] = "") -> Response:
    """Give it to a colleague, or to nobody."""
    number = int(person) if person.isascii() and person.isdigit() and len(person) < 10 else None
    try:
        with db.transaction() as session:
            incidents.assign(session, who.viewer, incident_id, number, now)
            audit.record(session, who.viewer, "incident.assign", f"incident {incident_id}", now)
    except ValueError as error:
        return redirect(f"/incidents/{incident_id}", str(error), "error")
    return redirect(f"/incidents/{incident_id}", "The incident is assigned." if number else "It is nobody’s now.")


@router.post("/incidents/{incident_id}/close")
def close(now: Now, who: Sender, incident_id: IncidentId) -> Response:
    """Close it by hand."""
    with db.transaction() as session:
        incidents.close(session, who.viewer, incident_id, now)
        audit.record(session, who.viewer, "incident.close", f"incident {incident_id}", now)
    return redirect(f"/incidents/{incident_id}", "The incident is closed. Its story opens another only if it grows.")


@router.post("/incidents/{incident_id}/note")
def note(
    request: Request, now: Now, who: Sender, incident_id: IncidentId, text: Annotated[str, Form()] = ""
) -> Response:
    """Add words to the timeline."""
    try:
        with db.transaction() as session:
            incidents.note(session, who.viewer, incident_id, text, now)
            audit.record(session, who.viewer, "incident.note", f"incident {incident_id}", now)
    except ValueError as error:
        words = str(error).removeprefix("text: ").capitalize()
        return _incident(request, now, who, incident_id, text, {"text": words})
    return redirect(f"/incidents/{incident_id}#timeline", "The note is in the timeline.")


def _incident(
    request: Request,
    now: datetime,
    who: SignedIn,
    incident_id: int,
    typed: str = "",
    errors: dict[str, str] | None = None,
) -> Response:
    with db.reading() as session:
        row = incidents.find(session, who.viewer, incident_id)
        found = incidents.post_mortem(session, who.viewer, incident_id)
        examples = _examples(session, who.viewer, row, now)
        note_quotes(who.viewer, f"incident {incident_id}", examples.items, now)
        return page(
            request,
            who,
            "incident.html",
            title=headline(row),
            status=422 if errors else 200,
            row=row,
            headline=headline(row),
            arithmetic=arithmetic(row),
            formula=FORMULA,
            timeline=incidents.timeline(session, who.viewer, incident_id),
            panel=_panel(session, who.viewer, row, now),
            why_rounded=WHY if row.rounded else "",
            examples=examples,
            people=_people(session, row),
            lines=() if found is None else post_mortem_lines(row, found),
            verdict=verdict_words(incidents.verdict(session, who.viewer, incident_id)),
            given=incidents.given_answer(session, who.viewer, incident_id),
            reasons=REASON_WORDS,
            typed=typed,
            errors=errors or {},
        )


def _end(row: incidents.IncidentRow, now: datetime) -> datetime:
    return min(now, (row.closed_at or row.last_finding_at) + _AFTER)


def _panel(session: Session, viewer: Viewer, row: incidents.IncidentRow, now: datetime) -> panels.Panel | None:
    if row.kind not in (VOLUME, NEGATIVE, POSITIVE) or row.rounded:
        return None
    hourly = row.kind == VOLUME
    wanted = rollups.SeriesFilter(
        start=row.window_start - (_HOURS_BEFORE if hourly else _DAYS_BEFORE),
        end=_end(row, now),
        company_id=row.company_id,
        facet=None if row.facet == ALL else row.facet,
        audience=None if row.audience == ALL else row.audience,
        bucket="hour" if hourly else "day",
    )
    buckets = rollups.series(session, viewer, wanted, now=now)
    as_of = rollups.as_of(session)
    if hourly:
        whole = all(bucket.suppressed for bucket in buckets)  # where staff spoke, audiences are told by days only
        if whole:
            buckets = rollups.series(session, viewer, replace(wanted, audience=None), now=now)
        planned = planned_events.during(session, viewer, row.company_id, row.facet, wanted.start, wanted.end)
        return panels.incident("incident", buckets, as_of, row, planned, of_everybody=whole)
    return panels.sentiment("incident", buckets, as_of, "Net sentiment by day")


def _examples(session: Session, viewer: Viewer, row: incidents.IncidentRow, now: datetime) -> Examples:
    if row.kind == SILENCE:
        return Examples((), "A source that is silent has no examples.")
    unquoted = highlights.unquoted_audiences(row.facet)
    if row.audience in unquoted:
        return Examples((), "Texts of employees, alumni and unknown standpoints are never quoted here.")
    wanted = mentions.MentionFilter(
        company_id=row.company_id,
        facet=None if row.facet == ALL else row.facet,
        audience=None if row.audience == ALL else row.audience,
        sentiment="negative" if row.kind == NEGATIVE else None,
        start=row.window_start,
        end=_end(row, now),
    )
    try:
        found = mentions.search(session, viewer, wanted, limit=50)
    except NotAllowed:
        return Examples((), "Your role reads figures, no texts.")
    stories: dict[int, mentions.MentionRow] = {}
    for item in found.items:
        if item.audience not in unquoted and not item.own_account:
            stories.setdefault(item.story_id or -item.id, item)
    best = sorted(stories.values(), key=lambda item: -item.copies)[:_EXAMPLES]
    return Examples(tuple(best), "" if best else "No text of this window may be shown to your role.")


def _people(session: Session, row: incidents.IncidentRow) -> list[tuple[str, str]]:
    able = [
        (str(user.id), user.name)
        for user in users.list_users(session)
        if user.active and may_see_incident(viewer_for(user.role), row.facet)
    ]
    return [("", "Nobody"), *able]
