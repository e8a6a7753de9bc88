"""What detection does to incidents: decisions of `alerts.incident` carried out, and which of them are to be told."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from alerts.incident import QUIET, Known
from alerts.rules import SEVERITIES, Finding, Intent, OpenIncident
from metrics import coarse
from storage import incident_feedback, planned_events, post_mortem
from storage.incident_log import KINDS, ROUNDED, WIDER, add_event
from storage.models.incidents import Incident, IncidentEvent
from storage.viewer import STAFF_AUDIENCES

EVENTS = {"open": "opened", "absorb": "absorbed", "grow": "grown", "close": "closed"}
_JUDGED = timedelta(hours=48)  # longer than any window that a finding of now may have
_ALERT_LOCK = 0x0576  # class of the advisory locks that let one process at a time decide on a company's alerts


def deciding(session: Session, company_id: int) -> bool:
    """Take the right to decide on a company's alerts for this transaction; False: another process has it now."""
    query = text("SELECT pg_try_advisory_xact_lock(:cls, :obj)")
    return bool(session.scalar(query, {"cls": _ALERT_LOCK, "obj": company_id}))


def open_incidents(session: Session, company_id: int) -> list[OpenIncident]:
    """The open incidents of a company, as `alerts.incident.decide` needs them."""
    return _known(session, company_id, Incident.closed_at.is_(None))


def known(session: Session, company_id: int, now: datetime) -> Known:
    """What people have said beforehand about a company: answers, planned events, what they closed by hand lately."""
    # An incident that closes by itself has been quiet for that long; these had not.
    by_hand = and_(Incident.closed_at > now - QUIET, Incident.closed_at < Incident.last_finding_at + QUIET)
    return Known(
        incident_feedback.bars(session, company_id, now),
        planned_events.planned(session, company_id, now - _JUDGED, now),
        _known(session, company_id, by_hand),
    )


def _known(session: Session, company_id: int, which: ColumnElement[bool]) -> list[OpenIncident]:
    rows = session.scalars(select(Incident).where(Incident.company_id == company_id, which).order_by(Incident.id))
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
            row.subject,
            row.snoozed_until,
        )
        for row in rows
    ]


def save(session: Session, intents: Sequence[Intent], now: datetime, demo: bool = False) -> list[int]:
    """Carry intents out; returns the ids of the events that are to be told by mail.

    Opening what is open already absorbs instead; an intent for an incident that was closed meanwhile does nothing. What
    a planned event explains is one line in the timeline of an open incident, and nothing without one.
    """
    told = []
    for intent in intents:
        if intent.action == "explain":
            _explain(session, intent, now)
            continue
        event = _open(session, intent, now, demo) if intent.action == "open" else _update(session, intent, now)
        if event is not None:
            told.append(event)
    return told


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
        "subject": finding.subject,
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
            index_elements=["company_id", "kind", "facet", "audience", "subject"], index_where=text("closed_at IS NULL")
        )
        .returning(Incident.id)
    )
    if made is None:
        same = [
            incident
            for incident in open_incidents(session, finding.company_id)
            if (incident.kind, incident.facet, incident.audience, incident.subject)
            == (finding.kind, finding.facet, finding.audience, finding.subject)
        ]
        absorbed = Intent("absorb", same[0].id, finding, same[0].severity, intent.reason, False) if same else None
        return _update(session, absorbed, now) if absorbed else None
    event = add_event(session, made, "opened", now, None, intent.reason, _figures(finding, intent), intent.tell)
    return event if intent.tell else None


def _update(session: Session, intent: Intent, now: datetime) -> int | None:
    incident = session.get(Incident, intent.incident_id, with_for_update=True, populate_existing=True)
    if incident is None or incident.closed_at is not None:
        return None
    if intent.action == "close":
        incident.closed_at = now
        event = add_event(session, incident.id, "closed", now, None, intent.reason, {}, intent.tell)
        post_mortem.write(session, incident, now, by_hand=False)
        return event if intent.tell else None
    finding = _as_told_in(incident, _finding(intent))
    rose = finding.kind == incident.kind and finding.observed > incident.observed
    incident.last_finding_at = now
    if SEVERITIES.index(intent.severity) > SEVERITIES.index(incident.severity):
        incident.severity, incident.severity_reason = intent.severity, finding.severity_reason
    if rose:
        incident.observed, incident.n, incident.authors = finding.observed, finding.n, finding.authors
        incident.expected_low, incident.expected_high = finding.expected_low, finding.expected_high
        incident.severity_reason = finding.severity_reason
        incident.window_minutes = round(finding.window / timedelta(minutes=1))
        incident.window_start = min(incident.window_start, finding.at)
    if intent.tell:
        incident.notes = list(finding.notes)
        incident.last_told_at, incident.snoozed_until = now, None
        incident.told_observed = max(incident.told_observed, incident.observed)
    session.flush()
    if intent.action == "absorb" and not rose and not intent.tell:
        return None  # nothing new: the timeline must not grow by a line a minute
    kind = EVENTS[intent.action]
    figures = _figures_in(incident, finding, intent)
    event = add_event(session, incident.id, kind, now, None, intent.reason, figures, intent.tell)
    return event if intent.tell else None


def _as_told_in(incident: Incident, finding: Finding) -> Finding:
    """The finding as an incident of everybody may keep it: of employees or alumni rounded down, since its page and
    mails tell exact figures."""
    if finding.audience not in STAFF_AUDIENCES or incident.audience in STAFF_AUDIENCES:
        return finding
    exact = coarse.Told(finding.observed, finding.expected_low, finding.expected_high, finding.n, finding.authors)
    told = coarse.rounded(finding.kind, exact)
    times = coarse.times(finding.observed, finding.figures.get("expected", 0.0))
    return replace(
        finding,
        observed=told.observed,
        expected_low=told.expected_low,
        expected_high=told.expected_high,
        n=told.n,
        authors=told.authors,
        severity_reason=coarse.reason(finding.severity),
        notes=coarse.notes(finding.notes),
        figures={"times": times, ROUNDED: 1.0} if times else {ROUNDED: 1.0},
    )


def _figures_in(incident: Incident, finding: Finding, intent: Intent) -> dict[str, float]:
    """The figures of a finding in the timeline of an incident, marked where they are of a wider slice."""
    wider = incident.audience in STAFF_AUDIENCES and finding.audience not in STAFF_AUDIENCES
    return {**_figures(finding, intent), **({WIDER: 1.0} if wider else {})}


def _explain(session: Session, intent: Intent, now: datetime) -> None:
    """The incident lives on as long as the rise does, its peak stays its own, and its timeline says why it is quiet."""
    if intent.incident_id is None:
        return
    incident = session.get(Incident, intent.incident_id, with_for_update=True, populate_existing=True)
    if incident is None or incident.closed_at is not None:
        return
    incident.last_finding_at = now
    said = select(IncidentEvent.id).where(IncidentEvent.incident_id == incident.id, IncidentEvent.text == intent.reason)
    if session.scalar(said.limit(1)) is None:
        figures = _figures_in(incident, _as_told_in(incident, _finding(intent)), intent)
        add_event(session, incident.id, "absorbed", now, None, intent.reason, figures, False)


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
        "window_hours": finding.window / timedelta(hours=1),
        "severity": SEVERITIES.index(intent.severity),
        "kind": float(KINDS.index(finding.kind)) if finding.kind in KINDS else -1.0,
    }
