"""Incidents and their timeline, as a viewer of their purpose reads them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from alerts.incident import EXPLAINED
from alerts.rules import NEGATIVE, POSITIVE, TOPIC, VOLUME
from metrics import coarse
from storage import keyset
from storage.models.incidents import Incident, IncidentEvent
from storage.models.sources import Company
from storage.models.users import User
from storage.viewer import (
    STAFF_AUDIENCES,
    SYSTEM,
    NotAllowed,
    NotFound,
    Viewer,
    incident_facets,
    may_see_incident,
)

KINDS = (VOLUME, NEGATIVE, POSITIVE, TOPIC)  # of findings that one incident may hold; their order is stored
ROUNDED, WIDER = "rounded", "wider"  # figures of an entry: counts in fives; of another slice than the incident's
_TOLD = ("opened", "grown")
_FIGURES = ("observed", "expected_low", "expected_high", "n", "authors")


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """An incident in a list. `observed` is the highest so far: stories, a share (0..1), hours of quiet, or people.

    Of employees, alumni and staff the figures are always `rounded` (`metrics.coarse`), and those that were last told:
    the minute at which a count passes a multiple of five would tell it exactly. `times_usual`: about so
    many times what is usual.
    """

    id: int
    company_id: int
    company: str
    kind: str
    facet: str
    audience: str
    subject: str
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
    snoozed_until: datetime | None
    times_usual: int | None = None

    def __post_init__(self) -> None:
        if not self.rounded:
            return
        told = coarse.Told(self.observed, self.expected_low, self.expected_high, self.n, self.authors)
        kept = coarse.rounded(self.kind, told)
        for name in _FIGURES:
            object.__setattr__(self, name, getattr(kept, name))
        object.__setattr__(self, "severity_reason", coarse.reason(self.severity))
        object.__setattr__(self, "notes", coarse.notes(self.notes))

    @property
    def rounded(self) -> bool:
        """Whether its figures are those of few people, rounded down."""
        return self.audience in STAFF_AUDIENCES

    @property
    def state(self) -> str:
        """open, acknowledged or closed."""
        if self.closed_at is not None:
            return "closed"
        return "open" if self.acknowledged_at is None else "acknowledged"


@dataclass(frozen=True, slots=True)
class EventRow:
    """One entry of the timeline: opened, absorbed, grown, closed, and the acts of people: acknowledged …"""

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
        query = query.where(tuple_(Incident.opened_at, Incident.id) < tuple_(*keyset.decode(after)))
    limit = max(1, min(limit, 200))
    rows = session.scalars(query.order_by(Incident.opened_at.desc(), Incident.id.desc()).limit(limit + 1)).all()
    items = _rows(session, rows[:limit])
    return IncidentPage(items, keyset.encode(items[-1].opened_at, items[-1].id) if len(rows) > limit else None)


def find(session: Session, viewer: Viewer, incident_id: int) -> IncidentRow:
    """One incident; raises `NotFound` or `NotAllowed`."""
    return _rows(session, [incident_of(session, viewer, incident_id)])[0]


def timeline(session: Session, viewer: Viewer, incident_id: int) -> tuple[EventRow, ...]:
    """What happened, oldest first. Of employees, alumni and staff only what was told, rounded: entries of each further
    post would count them."""
    incident = incident_of(session, viewer, incident_id)
    query = (
        select(IncidentEvent, User.name)
        .join(User, User.id == IncidentEvent.user_id, isouter=True)
        .where(IncidentEvent.incident_id == incident_id)
        .order_by(IncidentEvent.at, IncidentEvent.id)
    )
    staff = incident.audience in STAFF_AUDIENCES
    return tuple(
        EventRow(row.id, row.at, row.kind, name, row.text, shown_figures(incident, row.figures))
        for row, name in session.execute(query)
        if not (staff and row.kind == "absorbed" and not row.text.startswith(EXPLAINED))
    )


def incident_of(session: Session, viewer: Viewer, incident_id: int, *, lock: bool = False) -> Incident:
    """The row of an incident that the viewer may see; raises `NotFound` or `NotAllowed`."""
    incident = session.get(Incident, incident_id, with_for_update=lock or None, populate_existing=True)
    if incident is None:
        raise NotFound("There is no such incident.")
    if viewer is not SYSTEM and not may_see_incident(viewer, incident.facet):
        raise NotAllowed("This incident is not of your role's purpose.")
    return incident


def add_event(
    session: Session,
    incident_id: int,
    kind: str,
    now: datetime,
    user_id: int | None,
    words: str = "",
    figures: Mapping[str, float] | None = None,
    tell: bool = False,
) -> int:
    """Add an entry to the timeline; returns its id."""
    event = IncidentEvent(
        incident_id=incident_id,
        at=now,
        kind=kind,
        user_id=user_id,
        text=words,
        figures=numbers(figures or {}),
        to_tell=tell,
    )
    session.add(event)
    session.flush()
    return event.id


def _rows(session: Session, incidents: Sequence[Incident]) -> tuple[IncidentRow, ...]:
    names = {row.id: row.name for row in session.execute(select(Company.id, Company.name))}
    people = {person for incident in incidents for person in (incident.acknowledged_by, incident.assigned_to) if person}
    users = {row.id: row.name for row in session.execute(select(User.id, User.name).where(User.id.in_(people)))}
    told = _last_told(session, [row for row in incidents if row.audience in STAFF_AUDIENCES])
    return tuple(
        replace(_row(row, names, users), **told.get(row.id, {}))  # type: ignore[arg-type]
        for row in incidents
    )


def _row(row: Incident, names: Mapping[int, str], users: Mapping[int, str]) -> IncidentRow:
    return IncidentRow(
        row.id,
        row.company_id,
        names[row.company_id],
        row.kind,
        row.facet,
        row.audience,
        row.subject,
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
        row.snoozed_until,
    )


def _last_told(session: Session, incidents: Sequence[Incident]) -> dict[int, dict[str, float | int | None]]:
    """The figures of each incident's own slice that people were told last."""
    query = (
        select(IncidentEvent.incident_id, IncidentEvent.figures)
        .where(IncidentEvent.incident_id.in_([row.id for row in incidents]), IncidentEvent.kind.in_(_TOLD))
        .order_by(IncidentEvent.id)
    )
    rows = {row.id: row for row in incidents}
    found: dict[int, dict[str, float | int | None]] = {}
    for incident_id, figures in session.execute(query) if incidents else ():
        incident = rows[incident_id]
        known = shown_figures(incident, figures)
        if kind_of(figures, incident.kind) == incident.kind and set(_FIGURES) <= set(known):
            kept = {name: known[name] for name in _FIGURES} | {
                "n": round(known["n"]),
                "authors": round(known["authors"]),
            }
            found[incident_id] = {**kept, "times_usual": round(known["times"]) if "times" in known else None}
    return found


def shown_figures(incident: Incident | IncidentRow, figures: Mapping[str, object]) -> dict[str, float]:
    """The figures of an entry as they may leave storage: of employees, alumni and staff rounded down, the rest left
    out, and nothing where they are of a wider slice, which says nothing of these people."""
    found = numbers(figures)
    if incident.audience not in STAFF_AUDIENCES or "observed" not in found:
        return found
    return {} if WIDER in found else coarse_figures(kind_of(figures, incident.kind), found)


def coarse_figures(kind: str, figures: Mapping[str, float]) -> dict[str, float]:
    """The figures of an entry, rounded down."""
    observed, low, high, n, authors = (figures.get(name, 0.0) for name in _FIGURES)
    exact = coarse.Told(observed, low, high, round(n), round(authors))
    told = coarse.rounded(kind, exact)
    kept = {name: float(getattr(told, name)) for name in _FIGURES}
    kept |= {name: figures[name] for name in ("window_hours", "severity", "kind", "times") if name in figures}
    times = coarse.times(exact.observed, figures.get("expected", 0.0))
    return {**kept, **({} if times is None else {"times": float(times)}), ROUNDED: 1.0}


def kind_of(figures: Mapping[str, object], otherwise: str) -> str:
    """The kind of the finding that an entry's figures are of: an open spike takes in shares of sentiment, too."""
    number = figures.get("kind")
    known = isinstance(number, int | float) and 0 <= number < len(KINDS)
    return KINDS[int(number)] if known and isinstance(number, int | float) else otherwise


def numbers(figures: Mapping[str, object]) -> dict[str, float]:
    """The figures that a chart can draw and JSON can hold."""
    return {name: value for name, value in figures.items() if isinstance(value, int | float) and abs(value) < 1e300}
