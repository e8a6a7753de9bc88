"""Alerts: from series to incidents, from incidents to mails in the outbox, from the outbox to the mail server.

Deciding, writing and sending are three jobs. An event and its mails go into the outbox in one transaction, so that
nobody is told twice; a mail is claimed before it is handed over.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from alerts.detect import detect
from alerts.incident import decide
from alerts.retagged import decide_retagged
from config.settings import Settings, get_settings
from notify.email import SendError, SmtpConfig, send
from notify.message import compose_alert
from storage import db, incidents, outbox, profile, rollups, telling
from storage.outbox import ClaimedMail
from workers.app import DETECT_ALERTS, DETECT_ALL, SEND_MAILS, TELL, enqueue, enqueue_once, job
from workers.retag_state import comparable_since

log = logging.getLogger(__name__)

_DETECT_AGAIN = 2.0  # seconds until the next try when another process decides on the same company
_AT_ONCE = 10  # mails claimed together; a killed sender leaves no more than these to its successor


def detect_all() -> None:
    """Decide on every company: closes what went quiet, and covers detections that a crash dropped."""
    with db.reading() as session:
        rows = profile.companies(session)
    for company in rows:
        detect_alerts(company.id)


def detect_alerts(company_id: int) -> None:
    """Look at the series of a company, open, grow or close its incidents, enqueue what is to be told."""
    now = datetime.now(UTC)
    settings = get_settings()
    with db.transaction() as session:
        company = next((row for row in profile.companies(session) if row.id == company_id), None)
        if company is None:
            return
        if not incidents.deciding(session, company_id):
            db.after_commit(session, lambda: _detect_again(company_id))
            return
        findings = [
            finding
            for series in rollups.alert_series(session, company_id, now)
            for finding in detect(series, now, settings.alert_sensitivity, settings.alert_floor)
        ]
        unsettled = incidents.open_incidents(session, company_id)
        comparable = comparable_since(company_id)
        if comparable is None:
            intents = decide(findings, unsettled, now)
        else:
            intents = decide_retagged(findings, unsettled, now, comparable)
        events = incidents.save(session, intents, now, company.demo)
        db.after_commit(session, lambda: _tell_soon(events))


def tell(event_id: int) -> None:
    """Write the mails of an event into the outbox, once, however often this runs."""
    with db.transaction() as session:
        write_mails(session, event_id, datetime.now(UTC), get_settings())
        db.after_commit(session, _send_soon)


def write_mails(session: Session, event_id: int, now: datetime, settings: Settings) -> None:
    """Put an event's mails into the outbox, unless that was done or another process does it."""
    if not incidents.claim_event(session, event_id):
        return
    found = telling.facts(session, event_id, now)
    if found is not None:
        facts, recipients = found
        by_smtp = bool(settings.smtp_host) and not facts.demo  # made-up news go to nobody's mailbox
        for address in recipients:
            mail = compose_alert(telling.for_recipient(session, facts, address))
            outbox.put(session, mail, facts.incident_id, facts.facet, now, by_smtp)
    incidents.mark_told(session, event_id, now)


def send_mails() -> None:
    """Hand over what is due; each mail's fate is stored before the next one is sent."""
    settings = get_settings()
    if not settings.smtp_host:
        return
    while True:
        with db.transaction() as session:
            claimed = outbox.claim(session, datetime.now(UTC), _AT_ONCE)
        if not claimed:
            return
        for mail in claimed:
            _hand_over(mail, settings)


def _hand_over(mail: ClaimedMail, settings: Settings) -> None:
    config = SmtpConfig(
        settings.smtp_host,
        settings.smtp_port,
        settings.mail_from,
        settings.smtp_user,
        settings.smtp_password.get_secret_value(),
        settings.smtp_security,
    )
    failure: SendError | None = None
    try:
        send(mail.mail, config)
    except SendError as error:
        failure = error
        log.warning("Mail %d was not handed over: %s", mail.id, error.detail)
    with db.transaction() as session:
        if failure is None:
            outbox.mark_sent(session, mail.id, datetime.now(UTC))
        else:
            outbox.mark_failed(session, mail.id, failure.detail, failure.permanent, datetime.now(UTC))


def _tell_soon(events: Sequence[int]) -> None:
    for event_id in events:
        enqueue(TELL, event_id)


def _send_soon() -> None:
    enqueue(SEND_MAILS, expires=60)


def _detect_again(company_id: int) -> None:
    enqueue_once(DETECT_ALERTS, company_id, after=_DETECT_AGAIN)


job(DETECT_ALERTS, soft=50, hard=60)(detect_alerts)
job(DETECT_ALL, soft=110, hard=120)(detect_all)
job(TELL, soft=50, hard=60)(tell)
job(SEND_MAILS, soft=240, hard=300)(send_mails)
