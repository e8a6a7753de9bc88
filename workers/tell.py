"""Telling: an event of an incident becomes mails in the outbox and messages to channels, in one transaction.

Writing and handing over are different jobs: see `workers.tell_mail` and `workers.tell_channels`. Whom an event concerns
and when each is told is decided by `notify.routing`.
"""

import logging
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from config.recipients import Recipient
from config.settings import Settings, get_settings
from notify import routing
from notify.facts import AlertFacts
from notify.message import compose_alert, dedupe_key
from notify.routing import LATER, NEVER, NOW, SUMMARY, Decision
from notify.summary import Held, compose_summary
from storage import db, deliveries, incidents, mail_actions, mail_states, outbox, readers, summaries, telling
from storage.profile import current_profile
from storage.readers import Readers
from storage.summaries import DueSummary
from storage.viewer import SYSTEM
from workers.app import DELIVER, SEND_MAILS, TELL, TELL_LATER, enqueue, job

log = logging.getLogger(__name__)

_AT_ONCE = 25  # mails written in one transaction: drawing and composing 200 takes longer than a lock may be held


def tell(event_id: int) -> None:
    """Write the mails of an event into the outbox, each once, however often this runs."""
    settings = get_settings()
    done = False
    while not done:
        with db.transaction() as session:
            done = write_mails(session, event_id, datetime.now(UTC), settings, _AT_ONCE)
            db.after_commit(session, _hand_over_soon)


def write_mails(session: Session, event_id: int, now: datetime, settings: Settings, at_once: int | None = None) -> bool:
    """Put an event's mails into the outbox, unless that was done or another process does it.

    At most `at_once` of them; False: there are more to write, in a transaction of their own.
    """
    if not incidents.claim_event(session, event_id):
        return True
    found = telling.facts(session, event_id, now)
    if found is not None:
        facts = found[0]
        incident = incidents.find(session, SYSTEM, facts.incident_id)
        told = readers.readers(session, incident, facts.action, now)
        left = _not_yet(session, facts, told)
        for recipient in left[:at_once]:
            _write(session, facts, recipient, _decision(session, told, recipient, now), now, settings)
        if at_once is not None and len(left) > at_once:
            return False
        if not facts.demo:  # made-up news go to nobody
            deliveries.put_all(session, facts, event_id, now)
    incidents.mark_told(session, event_id, now)
    return True


def tell_later() -> None:
    """What the clock brings: escalations that are due, and the mails that sum up a day."""
    now, settings = datetime.now(UTC), get_settings()
    with db.transaction() as session:
        events = readers.escalate(session, now)
        db.after_commit(session, lambda: _tell(events))
    with db.transaction() as session:
        due = summaries.due_summaries(session, now)
        for summary in due:
            _sum_up(session, summary, now, settings)
        if due:
            db.after_commit(session, _hand_over_soon)


def _not_yet(session: Session, facts: AlertFacts, told: Readers) -> list[Recipient]:
    """Whom the event concerns and who has no mail about it in the outbox."""
    keys = {each.email: dedupe_key(telling.addressed(facts, each.email)) for each in told.recipients}
    there = outbox.there(session, keys.values())
    return [each for each in told.recipients if keys[each.email] not in there]


def _decision(session: Session, told: Readers, recipient: Recipient, now: datetime) -> Decision:
    stopped = bool(mail_states.stopped(session, [recipient.email]))
    if told.at_once:
        return Decision(NEVER if stopped else NOW, now)

    def count(start: datetime, end: datetime) -> int:
        return outbox.planned(session, recipient.email, start, end)

    return routing.decide(told.news, recipient, now, count, stopped=stopped)


_STATES = {NOW: "waiting", LATER: "waiting", SUMMARY: "summed", NEVER: "stopped"}


def _write(
    session: Session, facts: AlertFacts, recipient: Recipient, decided: Decision, now: datetime, settings: Settings
) -> None:
    """One mail, also where it is not to go out by itself: the Outbox says why."""
    by_smtp = bool(settings.smtp_host) and not facts.demo  # made-up news go to nobody's mailbox
    if by_smtp:
        outbox.replace_waiting(session, recipient.email, facts.incident_id, now)
    stop = mail_states.stop_url(recipient.email)
    told = replace(telling.for_recipient(session, facts, recipient.email), unsubscribe_url=stop)
    mail = compose_alert(mail_actions.with_buttons(session, told, now))
    state = _STATES[decided.action]
    outbox.put(session, mail, facts.incident_id, facts.facet, now, by_smtp, decided.at, state)


def _sum_up(session: Session, summary: DueSummary, now: datetime, settings: Settings) -> None:
    state = current_profile(session)
    if state is not None and not mail_states.stopped(session, [summary.recipient]):
        known = {each.email: each for each in state.profile.recipients}
        cap = known.get(summary.recipient, Recipient(email=summary.recipient)).daily_cap
        held = [Held(mail.subject, mail.written_at, _link(settings, mail.incident_id)) for mail in summary.mails]
        key = f"summary-{summary.recipient}-{summary.due.isoformat()}"
        stop = mail_states.stop_url(summary.recipient)
        mail = compose_summary(summary.recipient, state.profile.company.name, held, cap, key, stop)
        outbox.put(session, mail, None, summary.facet, now, bool(settings.smtp_host))
    summaries.mark_summed(session, summary.mails)


def _link(settings: Settings, incident_id: int | None) -> str:
    return "" if incident_id is None else f"{settings.base_url}/incidents/{incident_id}"


def _tell(events: list[int]) -> None:
    for event_id in events:
        enqueue(TELL, event_id)


def _hand_over_soon() -> None:
    enqueue(SEND_MAILS, expires=60)
    enqueue(DELIVER, expires=60)


job(TELL, soft=50, hard=60)(tell)
job(TELL_LATER, soft=50, hard=60)(tell_later)

__all__ = ["tell", "tell_later", "write_mails"]
