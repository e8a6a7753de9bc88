"""Alerts: from series to incidents; `workers.tell` writes of them, `workers.tell_mail` sends what was written."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from alerts.discovery import detect_company
from alerts.incident import decide
from alerts.rating import rating_drop
from alerts.retagged import decide_retagged
from alerts.rivals import VoiceShare, rival_events
from alerts.rules import Finding, Intent
from config.settings import get_settings
from metrics.stats import proportion
from storage import db, incidents, profile, rollups
from storage.profile import CompanyRow
from storage.viewer import SYSTEM
from workers.app import DETECT_ALERTS, DETECT_ALL, TELL, enqueue, enqueue_once, job
from workers.retag_state import comparable_since

log = logging.getLogger(__name__)

_HOUR, _DAY, _WEEKS = timedelta(hours=1), timedelta(hours=24), timedelta(days=28)
_DETECT_AGAIN = 2.0  # seconds until the next try when another process decides on the same company


def detect_all() -> None:
    """Decide on every company: closes what went quiet, and covers detections that a crash dropped."""
    with db.reading() as session:
        rows = profile.companies(session)
    for company in rows:
        detect_alerts(company.id, ratings=True)


def detect_alerts(company_id: int, *, ratings: bool = False) -> None:
    """Look at the series of a company, open, grow or close its incidents, enqueue what is to be told.

    Reviews come slowly: they are read by `detect_all` only (`ratings`), not after each batch of mentions.
    """
    now = datetime.now(UTC)
    settings = get_settings()
    with db.transaction() as session:
        company = next((row for row in profile.companies(session) if row.id == company_id), None)
        if company is None:
            return
        if not incidents.deciding(session, company_id):
            db.after_commit(session, lambda: _detect_again(company_id))
            return
        looked_at = rollups.alert_series(session, company_id, now)
        findings = list(detect_company(looked_at, now, settings.alert_sensitivity, settings.alert_floor))
        for reviews in rollups.rating_series(session, company_id, now) if ratings else ():
            drop = rating_drop(reviews, now, settings.alert_sensitivity)
            findings += [drop] if drop else []
        if not company.is_own:
            findings = list(rival_events(findings, _voice(session, company, now))) if findings else []
        carry_out(session, company, findings, now)


def _voice(session: Session, company: CompanyRow, now: datetime) -> VoiceShare:
    shares = []
    for start, end in ((now - _DAY, now + _HOUR), (now - _WEEKS, now - _DAY)):  # whole hours, the running one too
        rows = rollups.share_of_voice(session, SYSTEM, start, end)
        ours = sum(row.mentions for row in rows if row.company_id == company.id)
        shares.append(proportion(ours, sum(row.mentions for row in rows)))
    return VoiceShare(*shares)


def carry_out(session: Session, company: CompanyRow, findings: Sequence[Finding], now: datetime) -> tuple[Intent, ...]:
    """Decide on findings, save what follows and tell it after the commit; the caller has the right to decide."""
    unsettled = incidents.open_incidents(session, company.id)
    known = incidents.known(session, company.id, now)
    comparable = comparable_since(company.id)
    if comparable is None:
        intents = decide(findings, unsettled, now, known)
    else:
        intents = decide_retagged(findings, unsettled, now, comparable, known)
    events = incidents.save(session, intents, now, company.demo)
    db.after_commit(session, lambda: _tell_soon(events))
    return intents


def _tell_soon(events: Sequence[int]) -> None:
    for event_id in events:
        enqueue(TELL, event_id)


def _detect_again(company_id: int) -> None:
    enqueue_once(DETECT_ALERTS, company_id, after=_DETECT_AGAIN)


job(DETECT_ALERTS, soft=50, hard=60)(detect_alerts)
job(DETECT_ALL, soft=110, hard=120)(detect_all)
