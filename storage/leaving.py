"""Leaving the programme: what names a person goes, sums stay without a name, and there is a receipt of it."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, text, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from advocacy.links import CODE_BYTES, short_code
from storage import personal_mails
from storage.advocate_accounts import forget_all
from storage.advocates import owned_advocate
from storage.models.advocacy import Advocate, Click, Link, Share
from storage.models.attribution import CareerVisit
from storage.models.topics import ShareTakeOff
from storage.models.users import User
from storage.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Receipt:
    """What leaving did. `accounts`: each platform that was connected, with the revocation of its token, if any."""

    left_at: datetime
    joined_at: datetime
    shares_anonymised: int
    links_closed: int
    mails_deleted: int
    accounts: tuple[tuple[str, int | None], ...] = ()


def leave(session: Session, viewer: Viewer, advocate_id: int, now: datetime) -> Receipt:
    """Leave, also in the middle of a campaign: its sums keep the figures, nothing leads from them to the person.

    Links are closed and lose their codes, which stand in public posts; addresses, ids, titles and fingerprints of texts
    go; times become days, also those of readings, clicks and visits, since a post that anybody can read shows its own;
    accounts, consents and mails about own figures are deleted; tokens are put aside to be given back, tied to nobody.
    """
    advocate = owned_advocate(session, viewer, advocate_id)
    joined_at = advocate.joined_at
    closed = session.execute(
        update(Link).where(Link.advocate_id == advocate.id, Link.closed_at.is_(None)).values(closed_at=now)
    )
    _forget_codes(session, advocate.id)
    _forget_times(session, advocate.id)
    anonymised = session.execute(update(Share).where(Share.advocate_id == advocate.id).values(**_EMPTIED))
    gone = forget_all(session, advocate.id, now)
    mails = personal_mails.forget(session, _address(session, advocate))
    advocate.joined_at = _day_of(joined_at)
    advocate.user_id, advocate.left_at = None, _day_of(now)
    advocate.team, advocate.location = None, None
    advocate.visibility, advocate.on_leaderboard, advocate.weekly_mail = "me", False, False
    session.flush()
    return Receipt(now, joined_at, _count(anonymised), _count(closed), mails, gone)


_EARLIER_READINGS = text("""
DELETE FROM share_readings r USING shares s WHERE s.id = r.share_id AND s.advocate_id = :advocate AND EXISTS (
    SELECT FROM share_readings later WHERE later.share_id = r.share_id AND later.counter = r.counter
        AND later.observed_at > r.observed_at
        AND date_trunc('day', later.observed_at, 'UTC') = date_trunc('day', r.observed_at, 'UTC'))
""")
_READINGS = text("""
UPDATE share_readings r SET observed_at = date_trunc('day', r.observed_at, 'UTC')
FROM shares s WHERE s.id = r.share_id AND s.advocate_id = :advocate
""")


def _days(times: InstrumentedAttribute[Any]) -> ColumnElement[Any]:
    return func.date_trunc("day", times, "UTC")


_EMPTIED = {
    "url": None,
    "native_id": None,
    "title": None,
    "signature": None,
    "checked_at": None,
    **{name: _days(getattr(Share, name)) for name in ("published_at", "created_at", "edited_at", "deleted_at")},
}


def _forget_codes(session: Session, advocate_id: int) -> None:
    """The codes stand in posts that anybody can read under their author's name: without them no post leads here."""
    for link in session.scalars(select(Link).where(Link.advocate_id == advocate_id)):
        link.code = short_code(secrets.token_bytes(CODE_BYTES))
        link.created_at = _day_of(link.created_at)
        link.closed_at = None if link.closed_at is None else _day_of(link.closed_at)
    session.flush()


def _forget_times(session: Session, advocate_id: int) -> None:
    """Readings, clicks and visits keep their days; of the readings of a day the last one stays."""
    for statement in (_EARLIER_READINGS, _READINGS):
        session.execute(statement, {"advocate": advocate_id})
    owned = select(Link.id).where(Link.advocate_id == advocate_id)
    clicks = {"visitor": None, "at": _days(Click.at)}
    session.execute(update(Click).where(Click.link_id.in_(owned)).values(**clicks))
    visits = {name: _days(getattr(CareerVisit, name)) for name in ("began_at", "jobs_at", "applied_at")}
    session.execute(update(CareerVisit).where(CareerVisit.link_id.in_(owned)).values(visitor=None, **visits))
    shared = select(Share.id).where(Share.advocate_id == advocate_id)
    found = {name: _days(getattr(ShareTakeOff, name)) for name in ("found_at", "told_at")}
    session.execute(update(ShareTakeOff).where(ShareTakeOff.share_id.in_(shared)).values(**found))


def _address(session: Session, advocate: Advocate) -> str:
    return session.scalar(select(User.email).where(User.id == advocate.user_id)) or ""


def _day_of(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _count(result: object) -> int:
    count: int = getattr(result, "rowcount", 0)
    return count
