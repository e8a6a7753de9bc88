"""Who is to be told of an incident's event: the recipients of the profile, or whoever an escalation names."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from alerts.rules import ALL, SEVERITIES, SILENCE
from config.recipients import Recipient
from notify.routing import News, escalate_to, main_languages, unwanted
from storage import mail_states
from storage.incident_log import IncidentRow, add_event
from storage.models.incidents import Incident, IncidentEvent
from storage.models.mentions import Mention
from storage.profile import current_profile
from storage.viewer import FACET_LABELS

ESCALATED = "escalated"
_URGENT = ("high", "critical")


@dataclass(frozen=True, slots=True)
class Readers:
    """Those whom an event concerns. `at_once`: an escalation waits for no morning and counts against no cap."""

    news: News
    recipients: tuple[Recipient, ...]
    at_once: bool


def readers(session: Session, incident: IncidentRow, event: str, now: datetime) -> Readers:
    """Whom an event of this kind concerns; when each is told is the matter of `notify.routing`."""
    state = current_profile(session)
    if state is None:
        return Readers(_news(session, incident, languages=False), (), at_once=False)
    known = state.profile.recipients
    news = _news(session, incident, languages=any(each.languages for each in known))
    if event != ESCALATED:
        return Readers(news, tuple(each for each in known if not unwanted(news, each)), at_once=False)
    if state.profile.escalation is None:  # taken out of the profile meanwhile
        return Readers(news, (), at_once=True)
    by_address = {each.email: each for each in known}
    addresses = escalate_to(state.profile.escalation, state.profile.on_call, now)
    return Readers(news, tuple(by_address.get(each) or Recipient(email=each) for each in addresses), at_once=True)


def escalate(session: Session, now: datetime, limit: int = 50) -> list[int]:
    """Note an escalation in the timeline of each urgent incident that nobody acknowledged in time; the new events.

    Each incident is escalated once. What is snoozed, closed or made up for a demo is not; an incident counts as urgent
    from the event on that first told it as high or critical.
    """
    state = current_profile(session)
    if state is None or state.profile.escalation is None:
        return []
    minutes = state.profile.escalation.after_minutes
    addresses = escalate_to(state.profile.escalation, state.profile.on_call, now)
    if not addresses:
        return []
    away = mail_states.stopped(session, addresses)
    told = ", ".join(address for address in addresses if address not in away) or "nobody by mail"
    words = f"Nobody acknowledged it within {minutes} minute{'' if minutes == 1 else 's'}: told to {told}."
    if away:
        words += f" No mails go to {', '.join(sorted(away))} at present."
    found = session.scalars(_overdue(now, minutes).limit(limit).with_for_update(of=Incident, skip_locked=True))
    return [add_event(session, row.id, ESCALATED, now, None, words, _figures(row), tell=True) for row in found]


def _overdue(now: datetime, minutes: int) -> Select[Incident]:
    urgent = IncidentEvent.figures["severity"].as_float() >= SEVERITIES.index(_URGENT[0])
    since = (
        select(func.min(IncidentEvent.at))
        .where(IncidentEvent.incident_id == Incident.id, IncidentEvent.to_tell, urgent)
        .scalar_subquery()
    )
    done = select(IncidentEvent.id).where(IncidentEvent.incident_id == Incident.id, IncidentEvent.kind == ESCALATED)
    return (
        select(Incident)
        .where(Incident.closed_at.is_(None), Incident.acknowledged_at.is_(None), ~Incident.demo)
        .where(Incident.severity.in_(_URGENT), ~done.exists())
        .where((Incident.snoozed_until.is_(None)) | (Incident.snoozed_until <= now))
        .where(since <= now - timedelta(minutes=minutes))
        .order_by(Incident.id)
    )


def _figures(row: Incident) -> dict[str, float]:
    return {
        "observed": row.observed,
        "expected_low": row.expected_low,
        "expected_high": row.expected_high,
        "n": row.n,
        "authors": row.authors,
        "severity": SEVERITIES.index(row.severity),
    }


def _news(session: Session, incident: IncidentRow, *, languages: bool) -> News:
    spoken = _languages(session, incident) if languages else frozenset()
    return News(incident.kind, incident.facet, incident.audience, incident.severity, spoken)


def _languages(session: Session, incident: IncidentRow) -> frozenset[str]:
    """The main languages of the mentions in the incident's window and slice; empty where there are none."""
    if incident.kind == SILENCE:
        return frozenset()
    query = (
        select(Mention.lang, func.count())
        .where(Mention.company_id == incident.company_id, Mention.counted)
        .where(Mention.published_at >= incident.window_start, Mention.published_at <= incident.last_finding_at)
        .group_by(Mention.lang)
    )
    if incident.facet != ALL:
        query = query.where(Mention.facet.in_(FACET_LABELS[incident.facet]))
    if incident.audience != ALL:
        query = query.where(Mention.audience == incident.audience)
    counted = session.execute(query).all()
    return main_languages({row[0]: row[1] for row in counted})
