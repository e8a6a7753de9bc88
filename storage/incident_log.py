"""Incidents: carried-out intents, their timeline, and what a mail about them needs to know."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from alerts.rules import SEVERITIES, Finding, Intent, OpenIncident
from storage.models.incidents import Incident, IncidentEvent
from storage.models.sources import Company
from storage.models.users import User
from storage.viewer import SYSTEM, NotAllowed, NotFound, Viewer, incident_facets, may_see_incident, viewer_for

EVENTS = {"open": "opened", "absorb": "absorbed", "grow": "grown", "close": "closed"}
MAX_NOTE = 5_000
_ALERT_LOCK = 0x0576  # class of the advisory locks that let one process at a time decide on a company's alerts


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """An incident in a list. `observed` is the highest so far: stories, a share (0..1), or hours of quiet."""

    id: int
    company_id: int
    company: str
    kind: str
    facet: str
    audience: str
    severity: str
    severity_reason: str
    demo: bool
    opened_at: datetime
    last_finding_at: datetime
    closed_at: datetime | None
    observed: float
    expected_low: float
    expected_high: float
    n: int
    authors: int
    short_history: bool
    notes: tuple[str, ...]
    window_start: datetime
    window: timedelta
    last_told_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    assigned_to: int | None
    assignee: str | None

    @property
    def state(self) -> str:
        """open, acknowledged or closed."""
        if self.closed_at is not None:
            return "closed"
        return "open" if self.acknowledged_at is None else "acknowledged"


@dataclass(frozen=True, slots=True)
class EventRow:
    """One entry of the timeline: opened, absorbed, grown, closed, acknowledged, assigned, note."""

    id: int
    at: datetime
    kind: str
    by: str | None  # None: the service itself, or an account that is gone
    text: str
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """One page, newest first."""

    items: tuple[IncidentRow, ...]
    next: str | None


def deciding(session: Session, company_id: int) -> bool:
    """Take the right to decide on a company's alerts for this transaction; False: another process has it now."""
    query = text("SELECT pg_try_advisory_xact_lock(:cls, :obj)")
    return bool(session.scalar(query, {"cls": _ALERT_LOCK, "obj": company_id}))


def open_incidents(session: Session, company_id: int) -> list[OpenIncident]:
    """The open incidents of a company, as `alerts.incident.decide` needs them."""
    rows = session.scalars(
        select(Incident).where(Incident.company_id == company_id, Incident.closed_at.is_(None)).order_by(Incident.id)
    )
    return [
        OpenIncident(
            row.id,
            row.kind,
            row.company_id,
            row.facet,
            row.audience,
            row.severity,
            row.observed,
            row.told_observed,
            row.opened_at,
            row.last_finding_at,
            row.last_told_at,
        )
        for row in rows
    ]


def save(session: Session, intents: Sequence[Intent], now: datetime, demo: bool = False) -> list[int]:
    """Carry intents out; returns the ids of the events that are to be told by mail.

    Opening what is open already absorbs instead; an intent for an incident that was closed meanwhile does nothing.
    """
    told = []
    for intent in intents:
        event = _open(session, intent, now, demo) if intent.action == "open" else _update(session, intent, now)
        if event is not None:
            told.append(event)
    return told


def list_incidents(
    session: Session,
    viewer: Viewer,
    state: str | None = None,
    limit: int = 50,
    after: str | None = None,
    company_id: int | None = None,
) -> IncidentPage:
    """Incidents of the viewer's purpose, newest first. `state`: open (acknowledged included) or closed."""
    if state not in (None, "open", "closed"):
        raise ValueError(f"state: {state!r} is not one of open, closed")
    query = select(Incident).where(Incident.facet.in_(incident_facets(viewer)))
    if state is not None:
        query = query.where(Incident.closed_at.is_(None) if state == "open" else Incident.closed_at.is_not(None))
    if company_id is not None:
        query = query.where(Incident.company_id == company_id)
    if after is not None:
        query = query.where(tuple_(Incident.opened_at, Incident.id) < tuple_(*_decode(after)))
    limit = max(1, min(limit, 200))
    rows = session.scalars(query.order_by(Incident.opened_at.desc(), Incident.id.desc()).limit(limit + 1)).all()
    items = _rows(session, rows[:limit])
    return IncidentPage(items, _encode(items[-1]) if len(rows) > limit else None)


def find(session: Session, viewer: Viewer, incident_id: int) -> IncidentRow:
    """One incident; raises `NotFound` or `NotAllowed`."""
    return _rows(session, [_incident(session, viewer, incident_id)])[0]


def timeline(session: Session, viewer: Viewer, incident_id: int) -> tuple[EventRow, ...]:
    """What happened, oldest first."""
    _incident(session, viewer, incident_id)
    query = (
        select(IncidentEvent, User.name)
        .join(User, User.id == IncidentEvent.user_id, isouter=True)
        .where(IncidentEvent.incident_id == incident_id)
        .order_by(IncidentEvent.at, IncidentEvent.id)
    )
    return tuple(
        EventRow(row.id, row.at, row.kind, name, row.text, _numbers(row.figures))
        for row, name in session.execute(query)
    )


def acknowledge(session: Session, viewer: Viewer, incident_id: int, now: datetime) -> None:
    """Say that somebody looks after it; a second time changes nothing."""
    incident = _incident(session, viewer, incident_id, lock=True)
    if incident.acknowledged_at is None:
        incident.acknowledged_at, incident.acknowledged_by = now, viewer.user_id
        _event(session, incident_id, "acknowledged", now, viewer.user_id)


def assign(session: Session, viewer: Viewer, incident_id: int, user_id: int | None, now: datetime) -> None:
    """Give it to somebody who may see it (None: to nobody); raises `ValueError` where they may not."""
    incident = _incident(session, viewer, incident_id, lock=True)
    name = "nobody"
    if user_id is not None:
        user = session.get(User, user_id)
        if user is None or not user.active or not may_see_incident(viewer_for(user.role), incident.facet):
            raise ValueError("user: this person may not see the incident.")
        name = user.name
    incident.assigned_to = user_id
    _event(session, incident_id, "assigned", now, viewer.user_id, f"Assigned to {name}.")


def close(session: Session, viewer: Viewer, incident_id: int, now: datetime) -> None:
    """Close it by hand; it is not told by mail."""
    incident = _incident(session, viewer, incident_id, lock=True)
    if incident.closed_at is None:
        incident.closed_at = now
        _event(session, incident_id, "closed", now, viewer.user_id, "Closed by hand.")


def note(session: Session, viewer: Viewer, incident_id: int, words: str, now: datetime) -> None:
    """Add a note to the timeline."""
    words = words.replace("\x00", "").strip()
    if not words or len(words) > MAX_NOTE:
        raise ValueError(f"text: write 1 to {MAX_NOTE:,} characters.")
    _incident(session, viewer, incident_id, lock=True)
    _event(session, incident_id, "note", now, viewer.user_id, words)


def events_to_tell(session: Session, limit: int = 50) -> list[int]:
    """Events whose mails are not in the outbox yet, oldest first."""
    query = select(IncidentEvent.id).where(IncidentEvent.to_tell, IncidentEvent.told_at.is_(None))
    return list(session.scalars(query.order_by(IncidentEvent.id).limit(limit)))


def claim_event(session: Session, event_id: int) -> bool:
    """Take an event to put its mails into the outbox in this transaction; False: told, or being told elsewhere."""
    query = select(IncidentEvent.id).where(
        IncidentEvent.id == event_id, IncidentEvent.to_tell, IncidentEvent.told_at.is_(None)
    )
    return session.scalar(query.with_for_update(skip_locked=True)) is not None


def mark_told(session: Session, event_id: int, now: datetime) -> None:
    """The mails of an event stand in the outbox."""
    session.execute(update(IncidentEvent).where(IncidentEvent.id == event_id).values(told_at=now))


def _open(session: Session, intent: Intent, now: datetime, demo: bool) -> int | None:
    finding = _finding(intent)
    values = {
        "company_id": finding.company_id,
        "kind": finding.kind,
        "facet": finding.facet,
        "audience": finding.audience,
        "severity": intent.severity,
        "severity_reason": finding.severity_reason,
        "demo": demo,
        "opened_at": now,
        "last_finding_at": now,
        "observed": finding.observed,
        "expected_low": finding.expected_low,
        "expected_high": finding.expected_high,
        "n": finding.n,
        "authors": finding.authors,
        "short_history": finding.short_history,
        "notes": list(finding.notes),
        "window_start": finding.at,
        "window_minutes": round(finding.window / timedelta(minutes=1)),
        "told_observed": finding.observed if intent.tell else 0.0,
        "last_told_at": now if intent.tell else None,
    }
    made = session.scalar(
        insert(Incident)
        .values(**values)
        .on_conflict_do_nothing(
            index_elements=["company_id", "kind", "facet", "audience"], index_where=text("closed_at IS NULL")
        )
        .returning(Incident.id)
    )
    if made is None:
        same = [
            incident
            for incident in open_incidents(session, finding.company_id)
            if (incident.kind, incident.facet, incident.audience) == (finding.kind, finding.facet, finding.audience)
        ]
        absorbed = Intent("absorb", same[0].id, finding, same[0].severity, intent.reason, False) if same else None
        return _update(session, absorbed, now) if absorbed else None
    event = _event(session, made, "opened", now, None, intent.reason, _figures(finding, intent), intent.tell)
    return event if intent.tell else None


def _update(session: Session, intent: Intent, now: datetime) -> int | None:
    incident = session.get(Incident, intent.incident_id, with_for_update=True, populate_existing=True)
    if incident is None or incident.closed_at is not None:
        return None
    if intent.action == "close":
        incident.closed_at = now
        event = _event(session, incident.id, "closed", now, None, intent.reason, {}, intent.tell)
        return event if intent.tell else None
    finding = _finding(intent)
    rose = finding.kind == incident.kind and finding.observed > incident.observed
    incident.last_finding_at = now
    if SEVERITIES.index(intent.severity) > SEVERITIES.index(incident.severity):
        incident.severity, incident.severity_reason = intent.severity, finding.severity_reason
    if rose:
        incident.observed, incident.n, incident.authors = finding.observed, finding.n, finding.authors
        incident.expected_low, incident.expected_high = finding.expected_low, finding.expected_high
        incident.severity_reason = finding.severity_reason
        incident.window_start = min(incident.window_start, finding.at)
    if intent.tell:
        incident.last_told_at = now
        incident.told_observed = max(incident.told_observed, incident.observed)
    session.flush()
    if intent.action == "absorb" and not rose and not intent.tell:
        return None  # nothing new: the timeline must not grow by a line a minute
    kind = EVENTS[intent.action]
    event = _event(session, incident.id, kind, now, None, intent.reason, _figures(finding, intent), intent.tell)
    return event if intent.tell else None


def _finding(intent: Intent) -> Finding:
    if intent.finding is None:
        raise ValueError(f"an intent to {intent.action} needs its finding")
    return intent.finding


def _figures(finding: Finding, intent: Intent) -> dict[str, float]:
    return {
        **{name: float(value) for name, value in finding.figures.items()},
        "observed": finding.observed,
        "expected_low": finding.expected_low,
        "expected_high": finding.expected_high,
        "n": finding.n,
        "authors": finding.authors,
        "severity": SEVERITIES.index(intent.severity),
    }


def _event(
    session: Session,
    incident_id: int,
    kind: str,
    now: datetime,
    user_id: int | None,
    words: str = "",
    figures: Mapping[str, float] | None = None,
    tell: bool = False,
) -> int:
    event = IncidentEvent(
        incident_id=incident_id,
        at=now,
        kind=kind,
        user_id=user_id,
        text=words,
        figures=_numbers(figures or {}),
        to_tell=tell,
    )
    session.add(event)
    session.flush()
    return event.id


def _numbers(figures: Mapping[str, object]) -> dict[str, float]:
    return {name: value for name, value in figures.items() if isinstance(value, int | float) and abs(value) < 1e300}


def _incident(session: Session, viewer: Viewer, incident_id: int, *, lock: bool = False) -> Incident:
    incident = session.get(Incident, incident_id, with_for_update=lock or None, populate_existing=True)
    if incident is None:
        raise NotFound("There is no such incident.")
    if viewer is not SYSTEM and not may_see_incident(viewer, incident.facet):
        raise NotAllowed("This incident is not of your role's purpose.")
    return incident


def _rows(session: Session, incidents: Sequence[Incident]) -> tuple[IncidentRow, ...]:
    names = {row.id: row.name for row in session.execute(select(Company.id, Company.name))}
    people = {person for incident in incidents for person in (incident.acknowledged_by, incident.assigned_to) if person}
    users = {row.id: row.name for row in session.execute(select(User.id, User.name).where(User.id.in_(people)))}
    return tuple(
        IncidentRow(
            row.id,
            row.company_id,
            names[row.company_id],
            row.kind,
            row.facet,
            row.audience,
            row.severity,
            row.severity_reason,
            row.demo,
            row.opened_at,
            row.last_finding_at,
            row.closed_at,
            row.observed,
            row.expected_low,
            row.expected_high,
            row.n,
            row.authors,
            row.short_history,
            tuple(row.notes),
            row.window_start,
            timedelta(minutes=row.window_minutes),
            row.last_told_at,
            row.acknowledged_at,
            users.get(row.acknowledged_by or 0),
            row.assigned_to,
            users.get(row.assigned_to or 0),
        )
        for row in incidents
    )


def _encode(row: IncidentRow) -> str:
    return base64.urlsafe_b64encode(json.dumps([row.opened_at.isoformat(), row.id]).encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[datetime, int]:
    try:
        moment, incident_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return datetime.fromisoformat(moment).astimezone(UTC), int(incident_id)
    except (ValueError, TypeError, binascii.Error, OverflowError, RecursionError) as error:
        raise ValueError("after: this is not a cursor of this list.") from error
