"""Leaving the programme: what names a person goes, sums stay without a name, and there is a receipt of it."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from advocacy.links import CODE_BYTES, short_code
from storage import personal_mails
from storage.advocate_accounts import forget_all
from storage.advocates import owned_advocate
from storage.models.advocacy import Advocate, Click, Link, Share
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
    go; times become days; accounts, consents and mails about own figures are deleted; tokens are put aside to be given
    back, tied to nobody.
    """
    advocate = owned_advocate(session, viewer, advocate_id)
    joined_at = advocate.joined_at
    closed = session.execute(
        update(Link).where(Link.advocate_id == advocate.id, Link.closed_at.is_(None)).values(closed_at=now)
    )
    owned = select(Link.id).where(Link.advocate_id == advocate.id)
    session.execute(update(Click).where(Click.link_id.in_(owned)).values(visitor=None))
    _forget_codes(session, advocate.id)
    anonymised = session.execute(update(Share).where(Share.advocate_id == advocate.id).values(**_EMPTIED))
    gone = forget_all(session, advocate.id, now)
    mails = personal_mails.forget(session, _address(session, advocate))
    advocate.joined_at = _day_of(joined_at)
    advocate.user_id, advocate.left_at = None, now
    advocate.team, advocate.location = None, None
    advocate.visibility, advocate.on_leaderboard, advocate.weekly_mail = "me", False, False
    session.flush()
    return Receipt(now, joined_at, _count(anonymised), _count(closed), mails, gone)


_EMPTIED = {
    "url": None,
    "native_id": None,
    "title": None,
    "signature": None,
    "checked_at": None,
    "published_at": func.date_trunc("day", Share.published_at, "UTC"),
    "created_at": func.date_trunc("day", Share.created_at, "UTC"),
    "edited_at": func.date_trunc("day", Share.edited_at, "UTC"),
    "deleted_at": func.date_trunc("day", Share.deleted_at, "UTC"),
}


def _forget_codes(session: Session, advocate_id: int) -> None:
    """The codes stand in posts that anybody can read under their author's name: without them no post leads here."""
    for link in session.scalars(select(Link).where(Link.advocate_id == advocate_id)):
        link.code = short_code(secrets.token_bytes(CODE_BYTES))
        link.created_at = _day_of(link.created_at)


def _address(session: Session, advocate: Advocate) -> str:
    return session.scalar(select(User.email).where(User.id == advocate.user_id)) or ""


def _day_of(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _count(result: object) -> int:
    count: int = getattr(result, "rowcount", 0)
    return count
