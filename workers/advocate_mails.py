"""Mails of the programme: invitations in bites, the week of each advocate, the month for leadership."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from config.settings import get_settings
from metrics.reach import Factor
from notify.advocate_week import compose_week, something_to_say, week_key
from notify.digest import WEEKLY, Period, due_period
from notify.letters import invitation_letter
from notify.programme_month import compose_month
from storage import (
    advocate_week,
    db,
    invitation_lists,
    mail_states,
    own_posts,
    personal_mails,
    programme,
    programme_month,
)
from storage.profile import own_company
from workers.app import ADVOCATE_MAILS, SEND_MAILS, WRITE_INVITATIONS, enqueue, job

log = logging.getLogger(__name__)

_TOLD_FOR = timedelta(days=3)  # after that the month is no news any more


def write_invitations(now: datetime | None = None) -> None:
    """Write the next bite of invitations into the outbox; without a mail server they wait."""
    at, settings = now or datetime.now(UTC), get_settings()
    if not settings.smtp_host:
        return
    with db.transaction() as session:
        due = invitation_lists.take_due(session, at, settings.invitation_mails_per_minute)
        company = _company(session) if due else ""
        for each in due:
            link = f"{settings.base_url}/join/{each.secret}"
            key = invitation_lists.mail_key(each.id, each.mails)
            stop = mail_states.stop_url(each.email)
            mail = invitation_letter(each.email, company, link, each.expires_at, key, stop)
            personal_mails.put(session, mail, at)
    if due:
        log.info("%d invitations were put into the outbox.", len(due))
        enqueue(SEND_MAILS, expires=60)


def write_letters(now: datetime | None = None) -> None:
    """The week of each advocate on Mondays, the month for leadership on its first days, each once; old ones go."""
    at, settings = now or datetime.now(UTC), get_settings()
    if settings.smtp_host:
        week = due_period(WEEKLY, "UTC", at)
        written = 0 if week is None else _weeks(week, at)
        written += _month(at)
        if written:
            enqueue(SEND_MAILS, expires=60)
    with db.transaction() as session:
        personal_mails.forget_old(session, at)
        if settings.linkedin_figures_days:
            own_posts.forget_figures(session, "linkedin", at - timedelta(days=settings.linkedin_figures_days))


def _weeks(week: Period, now: datetime) -> int:
    """In bites, each a transaction: a killed run goes on where it was, since what is written stands in the outbox."""
    after, written = 0, 0
    with db.reading() as session:
        factors = programme.factors(session)
    while True:
        with db.transaction() as session:
            readers = advocate_week.readers(session, week.day, week.start, week.end, now, after)
            for reader in readers:
                written += _write_week(session, reader, week, now, factors)
        if not readers:
            return written
        after = readers[-1].id


def _write_week(
    session: Session, reader: advocate_week.WeekReader, week: Period, now: datetime, factors: Mapping[str, Factor]
) -> bool:
    facts = advocate_week.facts_of(session, reader, week.day, week.start, week.end, now, factors)
    stop = advocate_week.stop_url(reader.id)
    mail = compose_week(facts, reader.email, week_key(week.day, reader.id), get_settings().base_url, stop)
    return personal_mails.put(session, mail, now, nothing=not something_to_say(facts))


def _month(now: datetime) -> int:
    """To everybody of leadership, on the first three days of a month from 08:00 UTC on."""
    opens = datetime(now.year, now.month, 1, 8, tzinfo=UTC)
    if not opens <= now < opens + _TOLD_FOR:
        return 0
    end = opens.replace(hour=0)
    start = (end - timedelta(days=1)).replace(day=1)
    with db.transaction() as session:
        readers = programme_month.readers(session, start.date())
        facts = programme_month.facts(session, start, end, now) if readers else None
        if facts is None:
            return 0
        for address in readers:
            stop = mail_states.stop_url(address)
            personal_mails.put(session, compose_month(facts, address, get_settings().base_url, stop), now)
    return len(readers)


def _company(session: Session) -> str:
    own = own_company(session)
    return "" if own is None else own.name


job(ADVOCATE_MAILS, soft=540, hard=600)(write_letters)
job(WRITE_INVITATIONS, soft=110, hard=120)(write_invitations)
