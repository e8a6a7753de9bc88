"""Invitations: a secret by which one person makes their own account."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from storage.accounts import UserRow, checked_email, checked_role, create_user
from storage.models.users import Invitation, User
from storage.sign_ins import hashed
from storage.viewer import NotFound

INVITED_FOR = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """An invitation that may still be accepted."""

    id: int
    role: str
    email: str | None
    created_at: datetime
    expires_at: datetime


def invite(session: Session, role: str, created_by: int | None, now: datetime, email: str | None = None) -> str:
    """A secret by which one person makes their own account within 14 days."""
    secret = secrets.token_urlsafe(32)
    session.add(
        Invitation(
            token_hash=hashed(secret),
            role=checked_role(role),
            email=None if email is None else checked_email(email),
            created_by=created_by,
            created_at=now,
            expires_at=now + INVITED_FOR,
        )
    )
    session.flush()
    return secret


def invitation(session: Session, secret: str, now: datetime) -> InvitationRow | None:
    """The invitation of a secret while it is good."""
    row = session.scalars(_open_invitations(now).where(Invitation.token_hash == hashed(secret))).first()
    return None if row is None else InvitationRow(row.id, row.role, row.email, row.created_at, row.expires_at)


def open_invitations(session: Session, now: datetime) -> tuple[InvitationRow, ...]:
    """Those made one by one that may still be accepted; lists of many are in `invitation_lists`."""
    rows = session.scalars(_open_invitations(now).where(Invitation.nonce.is_(None)).order_by(Invitation.id))
    return tuple(InvitationRow(row.id, row.role, row.email, row.created_at, row.expires_at) for row in rows)


def revoke_invitation(session: Session, invitation_id: int, now: datetime) -> None:
    """Withdraw an invitation."""
    session.execute(update(Invitation).where(Invitation.id == invitation_id).values(revoked_at=now))


def accept(session: Session, secret: str, name: str, email: str, password: str, now: datetime) -> UserRow:
    """Make the account of an invitation; raises `NotFound` when it is used, over or unknown, `ValueError` as
    `create_user` does. An invitation to one address makes an account of that address only."""
    row = session.scalars(
        _open_invitations(now).where(Invitation.token_hash == hashed(secret)).with_for_update()
    ).first()
    if row is None:
        raise NotFound("This invitation was used already, has run out or was withdrawn.")
    if row.email is not None and row.email != email.strip().casefold():
        raise ValueError("email: this invitation is for another address.")
    user = create_user(session, email, name, row.role, password, now)
    groups = {"team": row.team, "location": row.location}
    session.execute(update(User).where(User.id == user.id).values(**groups))
    row.accepted_at, row.mail_due_at = now, None
    session.flush()
    return user


def _open_invitations(now: datetime) -> Select[Invitation]:
    return select(Invitation).where(
        Invitation.expires_at > now, Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None)
    )
