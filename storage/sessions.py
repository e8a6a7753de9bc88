"""Signed-in browsers: a session ends by itself after a while, after a shorter while of silence, or when it is revoked.

The token is 256 random bits in a cookie; only its SHA-256 is kept, which also names the session on pages.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from config.settings import get_settings
from storage.accounts import account_row
from storage.models.users import User, UserSession
from storage.sign_ins import SignedIn, hashed, viewer_of

PASSWORD, PROVIDER, INVITATION = "password", "provider", "invitation"
_TOUCH = timedelta(minutes=5)  # `last_seen_at` is no finer than this, to spare a write per request
_MAX_DEVICE = 60


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A signed-in browser. `own`: the one that asks."""

    key: str
    device: str
    method: str
    created_at: datetime
    last_seen_at: datetime
    ends_at: datetime
    own: bool


def start_session(
    session: Session, user_id: int, now: datetime, hours: int, *, device: str = "", method: str = PASSWORD
) -> str:
    """Sign a browser in; returns the token for its cookie. `device`: in words, such as "Firefox on Linux"."""
    token = secrets.token_urlsafe(32)
    session.add(
        UserSession(
            token_hash=hashed(token),
            user_id=user_id,
            csrf=secrets.token_urlsafe(32),
            created_at=now,
            expires_at=now + timedelta(hours=hours),
            last_seen_at=now,
            device=device[:_MAX_DEVICE],
            method=method,
        )
    )
    session.flush()
    return token


def session_user(session: Session, token: str, now: datetime) -> SignedIn | None:
    """Who a cookie belongs to; None when it is unknown, over, silent for too long, or its account is deactivated."""
    row = session.execute(
        select(UserSession.csrf, UserSession.method, UserSession.last_seen_at, User)
        .join(User, User.id == UserSession.user_id)
        .where(
            UserSession.token_hash == hashed(token),
            UserSession.expires_at > now,
            UserSession.last_seen_at > now - _idle(),
            User.active,
        )
    ).first()
    if row is None:
        return None
    confirmed = row.User.totp_since is not None
    due = row.last_seen_at < now - _TOUCH
    return SignedIn(account_row(row.User), viewer_of(session, row.User), row.csrf, row.method, confirmed, due)


def touch(session: Session, token: str, now: datetime) -> None:
    """The browser is still there. Written every five minutes at most."""
    due = UserSession.last_seen_at < now - _TOUCH
    session.execute(update(UserSession).where(UserSession.token_hash == hashed(token), due).values(last_seen_at=now))


def list_sessions(session: Session, user_id: int, token: str | None, now: datetime) -> tuple[SessionRow, ...]:
    """The browsers that are signed in to an account, the latest first; `token` is the cookie of the one that asks."""
    own = None if token is None else hashed(token)
    good = (UserSession.expires_at > now, UserSession.last_seen_at > now - _idle())
    rows = session.scalars(
        select(UserSession)
        .where(UserSession.user_id == user_id, *good)
        .order_by(UserSession.last_seen_at.desc(), UserSession.created_at.desc())
    )
    return tuple(
        SessionRow(
            row.token_hash.hex(),
            row.device,
            row.method,
            row.created_at,
            row.last_seen_at,
            min(row.expires_at, row.last_seen_at + _idle()),
            row.token_hash == own,
        )
        for row in rows
    )


def end_session(session: Session, token: str) -> None:
    """Sign a browser out."""
    session.execute(delete(UserSession).where(UserSession.token_hash == hashed(token)))


def revoke_session(session: Session, user_id: int, key: str) -> bool:
    """Sign one browser of an account out by its row's key; whether there was one."""
    try:
        token_hash = bytes.fromhex(key)
    except ValueError:
        return False
    gone = delete(UserSession).where(UserSession.user_id == user_id, UserSession.token_hash == token_hash)
    return session.execute(gone.returning(UserSession.user_id)).first() is not None


def revoke_others(session: Session, user_id: int, token: str | None) -> int:
    """Sign every browser of an account out except the one with this cookie; returns how many that were."""
    kept = b"" if token is None else hashed(token)
    gone = delete(UserSession).where(UserSession.user_id == user_id, UserSession.token_hash != kept)
    return len(session.execute(gone.returning(UserSession.user_id)).all())


def forget_ended(session: Session, now: datetime) -> int:
    """Delete the rows of sessions that are over; returns how many."""
    over = (UserSession.expires_at <= now) | (UserSession.last_seen_at <= now - _idle())
    return len(session.execute(delete(UserSession).where(over).returning(UserSession.user_id)).all())


def _idle() -> timedelta:
    return timedelta(hours=get_settings().session_idle_hours)
