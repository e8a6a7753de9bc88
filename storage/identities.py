"""Accounts of people who sign in by a provider (OpenID Connect).

Who they are is the provider's (issuer, subject), never the mail address: that is looked at once, when the two are tied
together, and only if the provider says that it is verified. So nobody takes an account over by an address they typed.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from storage import audit
from storage.accounts import UserRow, account, account_row, checked_email, create_user, find_user, set_role
from storage.models.users import Identity, User
from storage.sessions import revoke_others

_AT_ONCE = "Somebody signed in with this account at the same moment. Begin the sign-in again."


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


class Outside(Refused):
    """The provider names the person, and no group of theirs that has a role."""

    def __init__(self, issuer: str, subject: str) -> None:
        super().__init__("You are in no group that may use Outspoken. Ask your administrator.")
        self.issuer, self.subject = issuer, subject


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


def shut_out(session: Session, person: Outside, now: datetime) -> None:
    """Somebody whom the provider has taken out of all groups is signed in nowhere any more."""
    query = select(Identity.user_id).where(Identity.issuer == person.issuer, Identity.subject == person.subject)
    user_id = session.scalar(query)
    if user_id is not None:
        number = revoke_others(session, user_id, None)
        audit.record(session, None, "person.sign_in_failed", f"user {user_id}: in no group, {number} signed out", now)


def untie(session: Session, user_id: int) -> bool:
    """Let the account be tied anew, by its verified address, at the next sign-in: people of a provider get other names
    when it, or this service's registration there, is set up anew. Whether it was tied."""
    gone = delete(Identity).where(Identity.user_id == user_id).returning(Identity.user_id)
    return session.execute(gone).first() is not None


def tied(session: Session) -> dict[int, str]:
    """Accounts that a provider's person is tied to, and the issuer."""
    return {row.user_id: row.issuer for row in session.scalars(select(Identity))}


def _tie(session: Session, claims: Claims, role: str | None, now: datetime) -> int:
    email = _own_address(claims)
    found = find_user(session, email)
    if found is None and role is None:
        raise Refused("There is no account for you yet. Ask an administrator of Outspoken for one.")
    if found is not None and session.scalar(select(Identity.user_id).where(Identity.user_id == found.id)) is not None:
        raise Refused("The account with this mail address belongs to another person of the provider.")
    if found is None:
        user_id = _make(session, email, claims.name, role or "", now)
        audit.record(session, user_id, "person.join", f"user {user_id} as {role}, by the provider", now)
    else:
        user_id = found.id
        audit.record(session, user_id, "person.tie", f"user {user_id}, to a person of the provider", now)
    tie = insert(Identity).values(issuer=claims.issuer, subject=claims.subject, user_id=user_id, created_at=now)
    if session.execute(tie.on_conflict_do_nothing().returning(Identity.user_id)).first() is None:
        raise Refused(_AT_ONCE)
    return user_id


def _make(session: Session, email: str, name: str, role: str, now: datetime) -> int:
    name = " ".join(name.replace("\x00", "").split()) or email.partition("@")[0]
    try:
        return create_user(session, email, name[:200], role, None, now).id
    except ValueError as error:
        raise Refused(_AT_ONCE) from error


def _own_address(claims: Claims) -> str:
    """The address as accounts have it. Letters that only fold alike (K, the sign of kelvin) are not the same."""
    if not claims.email or not claims.verified:
        raise Refused("The provider does not say that your mail address is verified, so it opens no account here.")
    try:
        email = checked_email(claims.email)
    except ValueError as error:
        raise Refused("The provider sent no usable mail address.") from error
    if claims.email.strip().encode("utf-8", "replace").lower() != email.encode("utf-8", "replace"):
        raise Refused("The provider sent no usable mail address.")
    return email


def _follow_groups(session: Session, user: User, role: str, now: datetime) -> None:
    before = user.role
    try:
        set_role(session, user.id, role)
    except ValueError as error:  # the last administrator
        audit.record(session, user.id, "person.role", f"user {user.id} stays {before}: {error}", now)
        return
    audit.record(session, user.id, "person.role", f"user {user.id} becomes {role}, by the provider's groups", now)
