"""Inviting many at once: a list goes in, its mails go out in bites, every state of an invitation can be counted."""

import base64
import hmac
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from advocacy.invitees import BadLine, Invitee
from config.settings import get_settings
from storage.accounts import checked_email
from storage.invitations import INVITED_FOR
from storage.mail_states import key_of
from storage.models.advocacy import Advocate
from storage.models.incidents import OutboxMail
from storage.models.telling import MailState
from storage.models.users import Invitation, User
from storage.personal_mails import PERSONAL
from storage.sign_ins import hashed
from storage.viewer import Viewer, require_administrator

MOST_MAILS = 3  # to one person; whoever does not answer then has answered
STATES = ("waiting", "mailed", "returned", "joined", "over", "withdrawn")
_LOCK = 7_312_006  # of the advisory lock: two lists at once must not invite anybody twice
_AHEAD = 5  # minutes of mails that may wait in the outbox; beyond that the mail server is the slower one
_LONGEST_GROUP = 80


@dataclass(frozen=True, slots=True)
class ListReport:
    """What became of a list: how many are invited now, whose groups were set, and every line that invites nobody."""

    invited: int
    grouped: int
    refused: tuple[BadLine, ...]


@dataclass(frozen=True, slots=True)
class ListedInvitation:
    """An invitation by mail and how it stands; see `STATES`."""

    id: int
    email: str
    team: str | None
    location: str | None
    state: str
    mails: int
    mailed_at: datetime | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class DueInvitation:
    """An invitation whose mail is to be written now, with the secret of its link."""

    id: int
    email: str
    secret: str
    expires_at: datetime
    mails: int


_STATE = """
    CASE WHEN i.accepted_at IS NOT NULL THEN 'joined' WHEN i.revoked_at IS NOT NULL THEN 'withdrawn'
    WHEN m.unsubscribed_at IS NOT NULL OR m.paused_at IS NOT NULL OR o.state = 'failed' THEN 'returned'
    WHEN i.mail_due_at IS NOT NULL THEN 'waiting' WHEN i.expires_at <= :now THEN 'over' ELSE 'mailed' END
"""
_FROM = """
    FROM invitations i LEFT JOIN mail_states m ON m.address = i.email
    LEFT JOIN outbox o ON o.dedupe_key = 'invitation-' || i.id || '-' || i.mails
    WHERE i.nonce IS NOT NULL
"""
_COUNTS = "SELECT {state} AS state, count(*) AS n {rows} GROUP BY 1"
_LIST = """
    SELECT * FROM (SELECT i.id, i.email, i.team, i.location, i.mails, i.mailed_at, i.expires_at, {state} AS state
    {rows} AND (CAST(:before AS int) IS NULL OR i.id < :before)
    AND (CAST(:part AS text) = '' OR i.email LIKE '%' || :part || '%')) AS listed
    WHERE CAST(:state AS text) = '' OR state = :state ORDER BY id DESC LIMIT :limit
"""
_PUT = """
    INSERT INTO invitations (token_hash, role, email, created_by, created_at, expires_at, team, location, nonce,
    mail_due_at)
    SELECT token_hash, 'advocate', email, :user, :now, :ends, nullif(team, ''), nullif(location, ''), nonce, :now
    FROM unnest(CAST(:hashes AS bytea[]), CAST(:emails AS text[]), CAST(:teams AS text[]),
    CAST(:locations AS text[]), CAST(:nonces AS bytea[])) AS t(token_hash, email, team, location, nonce)
"""


def invite_list(session: Session, viewer: Viewer, people: Sequence[Invitee], now: datetime) -> ListReport:
    """Invite everybody on a list who is not invited or here already; nobody is lost for another's bad line.

    Teams and locations of those who have an account are set; nobody is invited into another role than advocate.
    """
    require_administrator(viewer)
    session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    checked, refused = _checked(people)
    reasons = _known(session, list(checked), now)
    here = [person for email, person in checked.items() if reasons.get(email) == _HERE]
    grouped = _set_groups(session, here)
    refused += [BadLine(checked[email].line, email, reason) for email, reason in reasons.items()]
    fresh = [person for email, person in checked.items() if email not in reasons]
    _put(session, viewer, fresh, now)
    return ListReport(len(fresh), grouped, tuple(sorted(refused, key=lambda each: each.line)))


def counts(session: Session, viewer: Viewer, now: datetime) -> dict[str, int]:
    """How many invitations by mail are in each state."""
    require_administrator(viewer)
    found = {row.state: row.n for row in session.execute(text(_COUNTS.format(state=_STATE, rows=_FROM)), {"now": now})}
    return {state: found.get(state, 0) for state in STATES}


def listed(
    session: Session,
    viewer: Viewer,
    now: datetime,
    *,
    state: str = "",
    part: str = "",
    before: int | None = None,
    limit: int = 50,
) -> tuple[ListedInvitation, ...]:
    """Invitations by mail, the latest first; `part` of the address, `before` continues. Nothing of what they share."""
    require_administrator(viewer)
    if state and state not in STATES:
        raise ValueError(f"state: {state[:40]!r} is not one of {', '.join(STATES)}")
    cleaned = key_of(part).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    values = {"now": now, "state": state, "part": cleaned, "before": before, "limit": max(1, min(limit, 500))}
    return tuple(
        ListedInvitation(row.id, row.email, row.team, row.location, row.state, row.mails, row.mailed_at, row.expires_at)
        for row in session.execute(text(_LIST.format(state=_STATE, rows=_FROM)), values)
    )


def resend(session: Session, viewer: Viewer, now: datetime, ids: Collection[int] | None = None) -> int:
    """Mail again to those named, or to all who have not answered for three days; at most three mails to a person.

    An invitation that had run out is good again. How many will be mailed.
    """
    require_administrator(viewer)
    again = update(Invitation).where(
        Invitation.nonce.is_not(None),
        Invitation.accepted_at.is_(None),
        Invitation.revoked_at.is_(None),
        Invitation.mail_due_at.is_(None),
        Invitation.mails < MOST_MAILS,
        Invitation.email.not_in(select(User.email)),
    )
    if ids is not None:
        again = again.where(Invitation.id.in_(ids))
    else:
        again = again.where(Invitation.mailed_at < now - timedelta(days=3))
    values = {"mail_due_at": now, "expires_at": now + INVITED_FOR}
    return len(session.execute(again.values(**values).returning(Invitation.id)).all())


def withdraw(session: Session, viewer: Viewer, now: datetime, ids: Collection[int] | None = None) -> int:
    """Withdraw those named, or all that nobody accepted; mails that wait do not go out. How many."""
    require_administrator(viewer)
    gone = update(Invitation).where(
        Invitation.nonce.is_not(None), Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None)
    )
    if ids is not None:
        gone = gone.where(Invitation.id.in_(ids))
    done = session.execute(
        gone.values(revoked_at=now, mail_due_at=None).returning(Invitation.id, Invitation.mails)
    ).all()
    keys = [mail_key(row.id, row.mails) for row in done]
    for start in range(0, len(keys), 5_000):
        part = keys[start : start + 5_000]
        stop = update(OutboxMail).where(OutboxMail.dedupe_key.in_(part), OutboxMail.state == "waiting")
        session.execute(stop.values(state="stopped", next_try_at=None))
    return len(done)


def take_due(session: Session, now: datetime, per_minute: int) -> tuple[DueInvitation, ...]:
    """The next bite of invitations to be mailed, oldest first, at most so many a minute over all workers.

    They count as mailed from now on: put their mails into the outbox in the same transaction.
    """
    session.execute(select(func.pg_advisory_xact_lock(_LOCK + 1)))
    lately = select(func.count()).where(Invitation.mailed_at > now - timedelta(seconds=55))
    room = per_minute - (session.scalar(lately) or 0)
    waiting = select(func.count()).where(OutboxMail.facet == PERSONAL, OutboxMail.state == "waiting")
    if room <= 0 or (session.scalar(waiting) or 0) >= per_minute * _AHEAD:
        return ()
    query = select(Invitation).where(Invitation.mail_due_at <= now).order_by(Invitation.mail_due_at, Invitation.id)
    found, key = [], _key()
    for row in session.scalars(query.limit(room).with_for_update(skip_locked=True)):
        row.mail_due_at = None
        if row.email is None or row.nonce is None or row.accepted_at is not None or row.revoked_at is not None:
            continue
        secret = _secret_of(row.nonce, key)
        row.token_hash, row.mailed_at, row.expires_at = hashed(secret), now, now + INVITED_FOR
        row.mails += 1
        found.append(DueInvitation(row.id, row.email, secret, row.expires_at, row.mails))
    session.flush()
    return tuple(found)


def mail_key(invitation_id: int, mails: int) -> str:
    """The dedupe key of an invitation's mail."""
    return f"invitation-{invitation_id}-{mails}"


_HERE = "has an account already, and joins on the page My reach"


def _checked(people: Sequence[Invitee]) -> tuple[dict[str, Invitee], list[BadLine]]:
    """By address, the first of each; and the lines that invite nobody."""
    good: dict[str, Invitee] = {}
    bad: list[BadLine] = []
    for each in people:
        try:
            email = checked_email(each.email.replace("\x00", ""))
        except ValueError:
            bad.append(BadLine(each.line, each.email[:60], "this is no mail address"))
            continue
        if email in good:
            bad.append(BadLine(each.line, email, f"stands on line {good[email].line} already"))
        else:
            good[email] = Invitee(each.line, email, _group(each.team), _group(each.location))
    return good, bad


def _group(words: str | None) -> str | None:
    return " ".join((words or "").replace("\x00", "").split())[:_LONGEST_GROUP] or None


def _known(session: Session, emails: list[str], now: datetime) -> dict[str, str]:
    """Why some of the addresses are not invited."""
    asked = {"emails": emails, "now": now}
    of_list = "IN (SELECT unnest(CAST(:emails AS text[])))"
    reasons: dict[str, str] = {}
    stopped = session.execute(
        select(MailState.address, MailState.unsubscribed_at)
        .where(MailState.unsubscribed_at.is_not(None) | MailState.paused_at.is_not(None))
        .where(text(f"address {of_list}")),
        asked,
    )
    for row in stopped:
        reasons[row.address] = "asked for no mails" if row.unsubscribed_at else "mails to this address come back"
    invited = select(Invitation.email).where(
        Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None), text(f"email {of_list}"),
        text("expires_at > :now"),
    )  # fmt: skip
    reasons |= {str(email): "is invited already" for email in session.scalars(invited, asked)}
    people = select(User.email).where(text(f"email {of_list}"))
    return reasons | dict.fromkeys(session.scalars(people, asked), _HERE)


def _set_groups(session: Session, people: Sequence[Invitee]) -> int:
    """Teams and locations of accounts; advocates who count with theirs count with the new one."""
    changed = 0
    for each in people:
        if each.team is None and each.location is None:
            continue
        user = session.scalars(select(User).where(User.email == each.email).with_for_update()).one()
        user.team, user.location = each.team or user.team, each.location or user.location
        advocate = session.scalars(select(Advocate).where(Advocate.user_id == user.id)).first()
        if advocate is not None:
            advocate.team = user.team if advocate.team is not None else None
            advocate.location = user.location if advocate.location is not None else None
        changed += 1
    session.flush()
    return changed


def _put(session: Session, viewer: Viewer, people: Sequence[Invitee], now: datetime) -> None:
    if not people:
        return
    nonces, key = [secrets.token_bytes(16) for _ in people], _key()
    values = {
        "hashes": [hashed(_secret_of(nonce, key)) for nonce in nonces],
        "emails": [each.email for each in people],
        "teams": [each.team or "" for each in people],
        "locations": [each.location or "" for each in people],
        "nonces": nonces,
        "user": viewer.user_id,
        "now": now,
        "ends": now + INVITED_FOR,
    }
    session.execute(text(_PUT), values)


def _key() -> bytes:
    return hmac.new(get_settings().secret().encode(), b"invitations by mail", sha256).digest()


def _secret_of(nonce: bytes, key: bytes) -> str:
    """The secret of an invitation's link: it can be made again for another mail, and stands nowhere."""
    return base64.urlsafe_b64encode(hmac.new(key, nonce, sha256).digest()).rstrip(b"=").decode("ascii")
