"""What the monthly mail tells leadership, and who gets it."""

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from notify.programme_month import Careers, MonthFacts, may_be_told, month_key
from storage import careers, mail_states, outbox
from storage.models.users import User
from storage.profile import own_company
from storage.programme import programme
from storage.viewer import SYSTEM


def readers(session: Session, month: date) -> tuple[str, ...]:
    """Addresses of leadership to which this month's mail was not written yet and that get mails."""
    query = select(User.email).where(User.role == "leadership", User.active, ~User.demo).order_by(User.email)
    addresses = list(session.scalars(query))
    there = outbox.there(session, [month_key(month, address) for address in addresses])
    stopped = mail_states.stopped(session, addresses)
    return tuple(each for each in addresses if each not in stopped and month_key(month, each) not in there)


def facts(session: Session, start: datetime, end: datetime, now: datetime) -> MonthFacts | None:
    """The month's figures; None while fewer than five advocates stand behind them, or of a demo."""
    own = own_company(session)
    found = programme(session, SYSTEM, start, end, now)
    active = found.active.active
    demo = own is not None and own.demo
    if demo or found.shares is None or not may_be_told(found.joined_now, active, suppressed=found.suppressed):
        return None
    return MonthFacts(
        "" if own is None else own.name,
        start.date(),
        found.joined_now,
        found.adoption,
        found.active,
        found.shares,
        found.originals,
        found.reach.report,
        sum(day.filtered for day in found.clicks),
        _careers(session, start, end),
    )


def _careers(session: Session, start: datetime, end: datetime) -> Careers | None:
    found = careers.careers(session, SYSTEM, start, end)
    if all(count is None for _, count in found.days):
        return None
    by_links = found.total
    return Careers(
        found.visits,
        found.before,
        None if by_links is None else by_links.visits,
        None if by_links is None else by_links.applications,
        found.change,
    )
