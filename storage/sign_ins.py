"""Tokens of programs. Secrets are 256 random bits; only their SHA-256 is kept."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from storage.accounts import UserRow, account, account_row, checked_name
from storage.models.advocacy import Advocate
from storage.models.users import ApiToken, User
from storage.viewer import Viewer, viewer_for

TOKEN_PREFIX = "osp_"  # noqa: S105 - tells scanners of leaked secrets what they found
SCOPES = (  # docs/api.md says what each opens
    "mentions:read",
    "mentions:write",
    "series:read",
    "exports:read",
    "incidents:read",
    "incidents:write",
    "sources:read",
    "sources:write",
    "people:write",
    "advocacy:read",
    "contents:read",
    "contents:write",
    "campaigns:read",
    "campaigns:write",
    "careers:write",
    "audit:read",
)
MAX_TOKENS = 25  # open ones of an account
_TOUCH = timedelta(minutes=5)  # `last_used_at` of a token is no finer than this, to spare a write per request


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who a session or token belongs to, and as what they read. `csrf` and the rest are empty for tokens."""

    user: UserRow
    viewer: Viewer
    csrf: str
    method: str = ""  # how the browser was signed in: password, provider, invitation
    second_factor: bool = False  # whether the account has a confirmed authenticator app
    touch_due: bool = False  # whether to note that the browser is still there


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
    account(session, user_id)
    unended = select(func.count()).where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
    if (session.scalar(unended.where(~(ApiToken.expires_at <= now).is_(True))) or 0) >= MAX_TOKENS:
        raise ValueError(f"name: an account has at most {MAX_TOKENS} open keys; revoke one that nobody uses.")
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = ApiToken(
        user_id=user_id,
        name=checked_name(name),
        token_hash=hashed(secret),
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
        .where(ApiToken.token_hash == hashed(secret), ApiToken.revoked_at.is_(None), User.active)
    ).first()
    if row is None or (row.ApiToken.expires_at is not None and row.ApiToken.expires_at <= now):
        return None
    if row.ApiToken.last_used_at is None or now - row.ApiToken.last_used_at > _TOUCH:
        session.execute(update(ApiToken).where(ApiToken.id == row.ApiToken.id).values(last_used_at=now))
    return SignedIn(account_row(row.User), viewer_of(session, row.User, frozenset(row.ApiToken.scopes)), "")


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


def hashed(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def viewer_of(session: Session, user: User, scopes: frozenset[str] | None = None) -> Viewer:
    """As what an account reads. For this package."""
    advocate = session.scalar(select(Advocate.id).where(Advocate.user_id == user.id, Advocate.left_at.is_(None)))
    return viewer_for(user.role, user.id, advocate, scopes)
