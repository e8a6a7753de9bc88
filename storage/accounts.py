"""Accounts and their passwords: made, signed in to, changed, deactivated."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from storage.models.users import ApiToken, User, UserSession
from storage.viewer import ROLES, NotFound

MAX_FAILED = 10
LOCKED_FOR = timedelta(minutes=15)
MIN_PASSWORD = 10
MAX_PASSWORD = 1_000  # argon2 reads all of it; a megabyte would be a way to keep the server busy


@dataclass(frozen=True, slots=True)
class UserRow:
    """An account; never with its password."""

    id: int
    email: str
    name: str
    role: str
    active: bool
    demo: bool
    created_at: datetime
    last_sign_in_at: datetime | None
    second_factor: bool = False  # a confirmed authenticator app is asked for after the password
    password: bool = True  # False: signs in by the provider only


@lru_cache(maxsize=1)
def _hasher() -> PasswordHash:
    # What OWASP's password storage page asks for at least; a small machine still signs people in at once.
    return PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19_456, parallelism=1),))


@lru_cache(maxsize=1)
def _nobody() -> str:
    """A hash to check passwords of unknown mails against, so that they take as long as known ones."""
    return _hasher().hash(secrets.token_hex(16))


def any_administrator(session: Session) -> bool:
    """Whether anybody can run the service; False at the first start, also when only the demo was loaded."""
    wanted = select(User.id).where(User.role == "administrator", User.active, ~User.demo)
    return session.scalar(wanted.limit(1)) is not None


def create_user(
    session: Session, email: str, name: str, role: str, password: str | None, now: datetime, *, demo: bool = False
) -> UserRow:
    """Make an account; raises `ValueError` naming the field that is wrong or the mail that is taken. `password` None:
    it signs in by the provider only."""
    values = {
        "email": checked_email(email),
        "name": checked_name(name),
        "role": checked_role(role),
        "password_hash": None if password is None else _hasher().hash(_checked_password(password)),
        "created_at": now,
        "demo": demo,
    }
    user = session.scalars(insert(User).values(**values).on_conflict_do_nothing().returning(User)).first()
    if user is None:
        raise ValueError("email: there already is an account with this address.")
    return account_row(user)


def authenticate(session: Session, email: str, password: str, now: datetime) -> UserRow | None:
    """The account, or None: unknown, wrong, deactivated or locked look and last the same.

    Ten failures in a row lock an account for 15 minutes; where a second factor follows, only that ends the row.
    Commit also when None comes back: the failure counts.
    """
    user = session.scalars(select(User).where(User.email == email.strip().casefold()).with_for_update()).first()
    usable = user is not None and user.active and (user.locked_until is None or user.locked_until <= now)
    known = (user.password_hash if user is not None and usable else None) or _nobody()
    correct, renewed = _hasher().verify_and_update(password[:MAX_PASSWORD], known)
    if user is None or not usable:
        return None
    if not correct:
        user.failed_sign_ins += 1
        if user.failed_sign_ins >= MAX_FAILED:
            user.locked_until, user.failed_sign_ins = now + LOCKED_FOR, 0
        session.flush()
        return None
    if user.totp_since is None:
        user.failed_sign_ins, user.locked_until, user.last_sign_in_at = 0, None, now
    if renewed is not None:
        user.password_hash = renewed
    session.flush()
    return account_row(user)


def set_password(session: Session, user_id: int, password: str) -> None:
    """A new password; every signed-in browser of the account is signed out."""
    user = account(session, user_id)
    user.password_hash = _hasher().hash(_checked_password(password))
    user.failed_sign_ins, user.locked_until = 0, None
    session.execute(delete(UserSession).where(UserSession.user_id == user_id))
    session.flush()


def list_users(session: Session, part: str = "", limit: int | None = None) -> tuple[UserRow, ...]:
    """Accounts by name, those who may sign in first; `part` of name or address narrows them."""
    query = select(User).order_by(User.active.desc(), User.name, User.id).limit(limit)
    if part:
        query = query.where(User.name.icontains(part, autoescape=True) | User.email.icontains(part, autoescape=True))
    return tuple(account_row(user) for user in session.scalars(query))


def count_users(session: Session) -> int:
    """How many accounts there are."""
    return session.scalar(select(func.count()).select_from(User)) or 0


def names_of(session: Session, user_ids: Collection[int]) -> dict[int, str]:
    """Names by account; who is deleted is left out."""
    rows = session.execute(select(User.id, User.name).where(User.id.in_(user_ids)))
    return {row.id: row.name for row in rows}


def groups_of(session: Session, user_id: int) -> tuple[str | None, str | None]:
    """Team and location of an account, as administrators set them."""
    user = session.get(User, user_id)
    return (None, None) if user is None else (user.team, user.location)


def find_user(session: Session, email: str) -> UserRow | None:
    """The account of a mail address."""
    user = session.scalars(select(User).where(User.email == email.strip().casefold())).first()
    return None if user is None else account_row(user)


def set_role(session: Session, user_id: int, role: str) -> None:
    """Change what a person may see; the last administrator stays one."""
    user = account(session, user_id)
    if user.role == "administrator" and role != "administrator":
        _keep_an_administrator(session, user_id)
    user.role = checked_role(role)
    session.flush()


def deactivate(session: Session, user_id: int, now: datetime) -> None:
    """Nobody signs in with this account any more; its sessions and tokens end."""
    user = account(session, user_id)
    if user.role == "administrator":
        _keep_an_administrator(session, user_id)
    user.active = False
    session.execute(delete(UserSession).where(UserSession.user_id == user_id))
    revoked = update(ApiToken).where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
    session.execute(revoked.values(revoked_at=now))
    session.flush()


def activate(session: Session, user_id: int) -> None:
    """Let a deactivated account sign in again; its keys stay revoked."""
    user = account(session, user_id)
    user.active, user.failed_sign_ins, user.locked_until = True, 0, None
    session.flush()


def account(session: Session, user_id: int) -> User:
    """The locked row of an account; raises `NotFound`."""
    user = session.get(User, user_id, with_for_update=True)
    if user is None:
        raise NotFound("There is no such account.")
    return user


def account_row(user: User) -> UserRow:
    """The account as others may see it."""
    return UserRow(
        user.id,
        user.email,
        user.name,
        user.role,
        user.active,
        user.demo,
        user.created_at,
        user.last_sign_in_at,
        user.totp_since is not None,
        user.password_hash is not None,
    )


def checked_email(email: str) -> str:
    """The address as it is kept; raises `ValueError` naming the field."""
    email = email.strip().casefold()
    name, at, host = email.partition("@")
    if not (name and at and host) or len(email) > 254 or any(c.isspace() or ord(c) < 33 or c in ",;<>" for c in email):
        raise ValueError("email: write one address, such as ada@acme.example.")
    return email


def checked_name(name: str) -> str:
    """The name as it is kept; raises `ValueError` naming the field."""
    name = " ".join(name.replace("\x00", "").split())
    if not name or len(name) > 200:
        raise ValueError("name: write a name of at most 200 characters.")
    return name


def checked_role(role: str) -> str:
    """The role; raises `ValueError` naming the field."""
    if role not in ROLES:
        raise ValueError(f"role: {role!r} is not one of {', '.join(ROLES)}")
    return role


def _checked_password(password: str) -> str:
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise ValueError(f"password: use {MIN_PASSWORD} to {MAX_PASSWORD:,} characters.")
    return password


def _keep_an_administrator(session: Session, leaving: int) -> None:
    others = select(func.count()).where(User.role == "administrator", User.active, User.id != leaving)
    if not session.scalar(others):
        raise ValueError("role: somebody has to stay administrator.")
