"""Digests by the clock: at 08:00 of each recipient's time zone, exactly once per period."""

import logging
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from config.recipients import Recipient
from config.settings import Settings, get_settings
from notify.digest import DigestFacts, Period, compose_digest, dedupe_key, due_period, something_to_say
from storage import db, digests, mail_states, outbox
from storage.profile import current_profile
from storage.viewer import ALL
from workers.app import DIGESTS, SEND_MAILS, enqueue, job

log = logging.getLogger(__name__)

_Key = tuple[tuple[str, ...], str, Period]


def send_digests(now: datetime | None = None) -> None:
    """Write the digests that are due and not in the outbox yet, each in a transaction of its own."""
    at, settings = now or datetime.now(UTC), get_settings()
    gathered: dict[_Key, DigestFacts | None] = {}
    with db.reading() as session:
        todo = _due(session, at)
    for recipient, period in todo:
        with db.transaction() as session:
            _write(session, recipient, period, at, settings, gathered)
    if todo:
        enqueue(SEND_MAILS, expires=60)


def _due(session: Session, now: datetime) -> list[tuple[Recipient, Period]]:
    state = current_profile(session)
    recipients = () if state is None else state.profile.recipients
    wanted = [
        (each, period)
        for each in recipients
        if each.digest in ("daily", "weekly") and (period := due_period(each.digest, each.timezone, now)) is not None
    ]
    there = outbox.there(session, [dedupe_key(period, each.email) for each, period in wanted])
    stopped = mail_states.stopped(session, [each.email for each, _ in wanted])
    return [
        (each, period)
        for each, period in wanted
        if each.email not in stopped and dedupe_key(period, each.email) not in there
    ]


def _write(
    session: Session,
    recipient: Recipient,
    period: Period,
    now: datetime,
    settings: Settings,
    gathered: dict[_Key, DigestFacts | None],
) -> None:
    """What is gathered once serves everybody who reads the same sides at the same clock."""
    key = (recipient.facets, recipient.timezone, period)
    if key not in gathered:
        gathered[key] = digests.digest(session, *key, now)
    facts = gathered[key]
    if facts is None:
        return
    mail = compose_digest(facts, recipient.email, mail_states.stop_url(recipient.email))
    state = "waiting" if settings.digest_always or something_to_say(facts) else "nothing"
    facet = recipient.facets[0] if len(recipient.facets) == 1 else ALL
    by_smtp = bool(settings.smtp_host) and not facts.demo
    outbox.put(session, mail, None, facet, now, by_smtp, state=state)


job(DIGESTS, soft=240, hard=280)(send_digests)
