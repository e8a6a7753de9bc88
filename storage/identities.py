"""Accounts of people who sign in by a provider (OpenID Connect).

Who they are is the provider's (issuer, subject), never the mail address: that is looked at once, when the two are tied
together, and only if the provider says that it is verified. So nobody takes an account over by an address they typed.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage import audit
from storage.accounts import UserRow, account, account_row, checked_email, create_user, find_user, set_role
from storage.models.users import Identity, User


@dataclass(frozen=True, slots=True)
class Claims:
    """What the provider says of a person. `role`: by their groups; None where groups are not mapped."""

    issuer: str
    subject: str
    email: str | None
    verified: bool
    name: str
    role: str | None


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    """The provider's person gets in nowhere here; the words are for them."""


def sign_in(session: Session, claims: Claims, new_role: str | None, now: datetime) -> UserRow:
    """The account of a person, tied or made at the first sign-in; raises `Refused`. `new_role`: of somebody new where
    groups are not mapped; None lets nobody new in."""
    user_id = session.scalar(
        select(Identity.user_id).where(Identity.issuer == claims.issuer, Identity.subject == claims.subject)
    )
    if user_id is None:
        user_id = _tie(session, claims, claims.role or new_role, now)
    user = account(session, user_id)
    if not user.active:
        raise Refused("This account is deactivated. Ask an administrator of Outspoken.")
    if claims.role is not None and claims.role != user.role:
        _follow_groups(session, user, claims.role, now)
    user.last_sign_in_at = now
    session.flush()
    return account_row(user)


def tied(session: Session) -> dict[int, str]:
    """Accounts that a provider's person is tied to, and the issuer."""
    return {row.user_id: row.issuer for row in session.scalars(select(Identity))}


def _tie(session: Session, claims: Claims, role: str | None, now: datetime) -> int:
    if not claims.email or not claims.verified:
        raise Refused("The provider does not say that your mail address is verified, so it opens no account here.")
    try:
        email = checked_email(claims.email)
    except ValueError as error:
        raise Refused("The provider sent no usable mail address.") from error
    found = find_user(session, email)
    if found is None and role is None:
        raise Refused("There is no account for you yet. Ask an administrator of Outspoken for one.")
    if found is not None and session.scalar(select(Identity.user_id).where(Identity.user_id == found.id)) is not None:
        raise Refused("The account with this mail address belongs to another person of the provider.")
    if found is None:
        name = " ".join(claims.name.replace("\x00", "").split()) or email.partition("@")[0]
        found = create_user(session, email, name, role or "", None, now)
        audit.record(session, found.id, "person.join", f"user {found.id} as {role}, by the provider", now)
    else:
        audit.record(session, found.id, "person.tie", f"user {found.id}, to a person of the provider", now)
    session.add(Identity(issuer=claims.issuer, subject=claims.subject, user_id=found.id, created_at=now))
    session.flush()
    return found.id


def _follow_groups(session: Session, user: User, role: str, now: datetime) -> None:
    before = user.role
    try:
        set_role(session, user.id, role)
    except ValueError as error:  # the last administrator
        audit.record(session, user.id, "person.role", f"user {user.id} stays {before}: {error}", now)
        return
    audit.record(session, user.id, "person.role", f"user {user.id} becomes {role}, by the provider's groups", now)
