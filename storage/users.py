"""Accounts, sign-ins, tokens and invitations. Secrets are 256 random bits; only their SHA-256 is kept."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from storage.models.advocacy import Advocate
from storage.models.users import ApiToken, Invitation, User, UserSession
from storage.viewer import ROLES, NotFound, Viewer, viewer_for

MAX_FAILED = 10
LOCKED_FOR = timedelta(minutes=15)
MIN_PASSWORD = 10
MAX_PASSWORD = 1_000  # argon2 reads all of it; a megabyte would be a way to keep the server busy
TOKEN_PREFIX = "osp_"  # noqa: S105 - tells scanners of leaked secrets what they found
SCOPES = (  # what each opens is said in `api.deps`
    "mentions:read",
    "mentions:write",
    "series:read",
    "incidents:read",
    "incidents:write",
    "sources:read",
    "sources:write",
    "advocacy:read",
)
INVITED_FOR = timedelta(days=14)
_TOUCH = timedelta(minutes=5)  # `last_used_at` of a token is no finer than this, to spare a write per request


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


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who a session or token belongs to, and as what they read. `csrf` is empty for tokens."""

    user: UserRow
    viewer: Viewer
    csrf: str


@dataclass(frozen=True, slots=True)
class TokenRow:
    """An API token; its secret was shown once."""

    id: int
    user_id: int
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """An invitation that may still be accepted."""

    id: int
    role: str
    email: str | None
    created_at: datetime
    expires_at: datetime


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
    session: Session, email: str, name: str, role: str, password: str, now: datetime, *, demo: bool = False
) -> UserRow:
    """Make an account; raises `ValueError` naming the field that is wrong or the mail that is taken."""
    values = {
        "email": _checked_email(email),
        "name": _checked_name(name),
        "role": _checked_role(role),
        "password_hash": _hasher().hash(_checked_password(password)),
        "created_at": now,
        "demo": demo,
    }
    user = session.scalars(insert(User).values(**values).on_conflict_do_nothing().returning(User)).first()
    if user is None:
        raise ValueError("email: there already is an account with this address.")
    return _row(user)


def authenticate(session: Session, email: str, password: str, now: datetime) -> UserRow | None:
    """The account, or None: unknown, wrong, deactivated or locked look and last the same.

    Ten failures in a row lock an account for 15 minutes. Commit also when None comes back: the failure counts.
    """
    user = session.scalars(select(User).where(User.email == email.strip().casefold()).with_for_update()).first()
    usable = user is not None and user.active and (user.locked_until is None or user.locked_until <= now)
    known = user.password_hash if user is not None and usable else _nobody()
    correct, renewed = _hasher().verify_and_update(password[:MAX_PASSWORD], known)
    if user is None or not usable:
        return None
    if not correct:
        user.failed_sign_ins += 1
        if user.failed_sign_ins >= MAX_FAILED:
            user.locked_until, user.failed_sign_ins = now + LOCKED_FOR, 0
        session.flush()
        return None
    user.failed_sign_ins, user.locked_until, user.last_sign_in_at = 0, None, now
    if renewed is not None:
        user.password_hash = renewed
    session.flush()
    return _row(user)


def set_password(session: Session, user_id: int, password: str) -> None:
    """A new password; every signed-in browser of the account is signed out."""
    user = _user(session, user_id)
    user.password_hash = _hasher().hash(_checked_password(password))
    user.failed_sign_ins, user.locked_until = 0, None
    session.execute(delete(UserSession).where(UserSession.user_id == user_id))
    session.flush()


def list_users(session: Session) -> tuple[UserRow, ...]:
    """All accounts by name."""
    return tuple(_row(user) for user in session.scalars(select(User).order_by(User.name, User.id)))


def find_user(session: Session, email: str) -> UserRow | None:
    """The account of a mail address."""
    user = session.scalars(select(User).where(User.email == email.strip().casefold())).first()
    return None if user is None else _row(user)


def set_role(session: Session, user_id: int, role: str) -> None:
    """Change what a person may see; the last administrator stays one."""
    user = _user(session, user_id)
    if user.role == "administrator" and role != "administrator":
        _keep_an_administrator(session, user_id)
    user.role = _checked_role(role)
    session.flush()


def deactivate(session: Session, user_id: int, now: datetime) -> None:
    """Nobody signs in with this account any more; its sessions and tokens end."""
    user = _user(session, user_id)
    if user.role == "administrator":
        _keep_an_administrator(session, user_id)
    user.active = False
    session.execute(delete(UserSession).where(UserSession.user_id == user_id))
    revoked = update(ApiToken).where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
    session.execute(revoked.values(revoked_at=now))
    session.flush()


def activate(session: Session, user_id: int) -> None:
    """Let a deactivated account sign in again; its keys stay revoked."""
    user = _user(session, user_id)
    user.active, user.failed_sign_ins, user.locked_until = True, 0, None
    session.flush()


def start_session(session: Session, user_id: int, now: datetime, hours: int) -> str:
    """Sign a browser in; returns the token for its cookie."""
    token = secrets.token_urlsafe(32)
    session.add(
        UserSession(
            token_hash=_hash(token),
            user_id=user_id,
            csrf=secrets.token_urlsafe(32),
            created_at=now,
            expires_at=now + timedelta(hours=hours),
        )
    )
    session.flush()
    return token


def session_user(session: Session, token: str, now: datetime) -> SignedIn | None:
    """Who a cookie belongs to; None when it is unknown, over, or its account is deactivated."""
    row = session.execute(
        select(UserSession.csrf, User)
        .join(User, User.id == UserSession.user_id)
        .where(UserSession.token_hash == _hash(token), UserSession.expires_at > now, User.active)
    ).first()
    return None if row is None else SignedIn(_row(row.User), _viewer(session, row.User, None), row.csrf)


def end_session(session: Session, token: str) -> None:
    """Sign a browser out."""
    session.execute(delete(UserSession).where(UserSession.token_hash == _hash(token)))


def create_token(
    session: Session,
    user_id: int,
    name: str,
    scopes: frozenset[str],
    now: datetime,
    expires_at: datetime | None = None,
) -> tuple[int, str]:
    """A key for programs: (id, secret); the secret can't be read again."""
    if unknown := scopes - set(SCOPES):
        raise ValueError(f"scopes: {', '.join(sorted(unknown))} is not one of {', '.join(SCOPES)}")
    _user(session, user_id)
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = ApiToken(
        user_id=user_id,
        name=_checked_name(name),
        token_hash=_hash(secret),
        scopes=sorted(scopes),
        created_at=now,
        expires_at=expires_at,
    )
    session.add(token)
    session.flush()
    return token.id, secret


def token_user(session: Session, secret: str, now: datetime) -> SignedIn | None:
    """Who a key acts for, narrowed to its scopes; None when it is unknown, over or revoked."""
    row = session.execute(
        select(ApiToken, User)
        .join(User, User.id == ApiToken.user_id)
        .where(ApiToken.token_hash == _hash(secret), ApiToken.revoked_at.is_(None), User.active)
    ).first()
    if row is None or (row.ApiToken.expires_at is not None and row.ApiToken.expires_at <= now):
        return None
    if row.ApiToken.last_used_at is None or now - row.ApiToken.last_used_at > _TOUCH:
        session.execute(update(ApiToken).where(ApiToken.id == row.ApiToken.id).values(last_used_at=now))
    return SignedIn(_row(row.User), _viewer(session, row.User, frozenset(row.ApiToken.scopes)), "")


def list_tokens(session: Session, user_id: int | None = None) -> tuple[TokenRow, ...]:
    """Tokens of one account, or of all."""
    query = select(ApiToken).order_by(ApiToken.id)
    if user_id is not None:
        query = query.where(ApiToken.user_id == user_id)
    return tuple(
        TokenRow(
            row.id,
            row.user_id,
            row.name,
            tuple(row.scopes),
            row.created_at,
            row.expires_at,
            row.last_used_at,
            row.revoked_at,
        )
        for row in session.scalars(query)
    )


def revoke_token(session: Session, token_id: int, now: datetime, user_id: int | None = None) -> bool:
    """End a key (with `user_id`: only one of that account); whether there was one to end."""
    query = update(ApiToken).where(ApiToken.id == token_id, ApiToken.revoked_at.is_(None))
    if user_id is not None:
        query = query.where(ApiToken.user_id == user_id)
    return session.execute(query.values(revoked_at=now).returning(ApiToken.id)).first() is not None


def invite(session: Session, role: str, created_by: int | None, now: datetime, email: str | None = None) -> str:
    """A secret by which one person makes their own account within 14 days."""
    secret = secrets.token_urlsafe(32)
    session.add(
        Invitation(
            token_hash=_hash(secret),
            role=_checked_role(role),
            email=None if email is None else _checked_email(email),
            created_by=created_by,
            created_at=now,
            expires_at=now + INVITED_FOR,
        )
    )
    session.flush()
    return secret


def invitation(session: Session, secret: str, now: datetime) -> InvitationRow | None:
    """The invitation of a secret while it is good."""
    row = session.scalars(_open_invitations(now).where(Invitation.token_hash == _hash(secret))).first()
    return None if row is None else InvitationRow(row.id, row.role, row.email, row.created_at, row.expires_at)


def open_invitations(session: Session, now: datetime) -> tuple[InvitationRow, ...]:
    """All that may still be accepted."""
    rows = session.scalars(_open_invitations(now).order_by(Invitation.id))
    return tuple(InvitationRow(row.id, row.role, row.email, row.created_at, row.expires_at) for row in rows)


def revoke_invitation(session: Session, invitation_id: int, now: datetime) -> None:
    """Withdraw an invitation."""
    session.execute(update(Invitation).where(Invitation.id == invitation_id).values(revoked_at=now))


def accept(session: Session, secret: str, name: str, email: str, password: str, now: datetime) -> UserRow:
    """Make the account of an invitation; raises `NotFound` when it is used, over or unknown, `ValueError` as
    `create_user` does. An invitation to one address makes an account of that address only."""
    row = session.scalars(
        _open_invitations(now).where(Invitation.token_hash == _hash(secret)).with_for_update()
    ).first()
    if row is None:
        raise NotFound("This invitation was used already, has run out or was withdrawn.")
    if row.email is not None and row.email != email.strip().casefold():
        raise ValueError("email: this invitation is for another address.")
    user = create_user(session, email, name, row.role, password, now)
    row.accepted_at = now
    session.flush()
    return user


def _open_invitations(now: datetime) -> Select[Invitation]:
    return select(Invitation).where(
        Invitation.expires_at > now, Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None)
    )


def _viewer(session: Session, user: User, scopes: frozenset[str] | None) -> Viewer:
    advocate = session.scalar(select(Advocate.id).where(Advocate.user_id == user.id, Advocate.left_at.is_(None)))
    return viewer_for(user.role, user.id, advocate, scopes)


def _row(user: User) -> UserRow:
    return UserRow(
        user.id, user.email, user.name, user.role, user.active, user.demo, user.created_at, user.last_sign_in_at
    )


def _user(session: Session, user_id: int) -> User:
    user = session.get(User, user_id, with_for_update=True)
    if user is None:
        raise NotFound("There is no such account.")
    return user


def _keep_an_administrator(session: Session, leaving: int) -> None:
    others = select(func.count()).where(User.role == "administrator", User.active, User.id != leaving)
    if not session.scalar(others):
        raise ValueError("role: somebody has to stay administrator.")


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def _checked_email(email: str) -> str:
    email = email.strip().casefold()
    name, at, host = email.partition("@")
    if not (name and at and host) or len(email) > 254 or any(c.isspace() or ord(c) < 33 or c in ",;<>" for c in email):
        raise ValueError("email: write one address, such as ada@acme.example.")
    return email


def _checked_name(name: str) -> str:
    name = " ".join(name.replace("\x00", "").split())
    if not name or len(name) > 200:
        raise ValueError("name: write a name of at most 200 characters.")
    return name


def _checked_role(role: str) -> str:
    if role not in ROLES:
        raise ValueError(f"role: {role!r} is not one of {', '.join(ROLES)}")
    return role


def _checked_password(password: str) -> str:
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise ValueError(f"password: use {MIN_PASSWORD} to {MAX_PASSWORD:,} characters.")
    return password
