"""Tokens of advocates' accounts: sealed at rest, opened for one run, kept where they must still be given back."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from collectors.own_posts.shapes import App, Token
from config.sealing import Seal, SealError
from config.settings import get_settings
from storage.models.people import PlatformApp, TokenRevocation

TRIED_FOR = timedelta(days=7)  # to give a token back; then it is thrown away all the same
PURPOSE = "tokens of advocates"
_AGAIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Revocation:
    """A token that is to be given back."""

    id: int
    platform: str
    host: str
    token: Token


def seal_token(token: Token) -> str:
    """A token as it may be stored."""
    ends = None if token.expires_at is None else token.expires_at.isoformat()
    return seal_text(json.dumps([token.access, token.refresh, ends]))


def open_token(sealed: str) -> Token | None:
    """The token in clear, for one run; None where the seal does not open (another SECRET_KEY)."""
    try:
        access, refresh, ends = json.loads(open_text(sealed))
        return Token(access, refresh, None if ends is None else datetime.fromisoformat(ends))
    except (SealError, ValueError, TypeError):
        return None


def seal_text(text: str) -> str:
    """A small secret of a connection as it may be stored."""
    return _seal().close(text)


def open_text(sealed: str) -> str:
    """What was sealed; raises `SealError`."""
    return _seal().open(sealed)


def platform_app(session: Session, platform: str, host: str, redirect_uri: str | None = None) -> App | None:
    """How this service is known to a server, if it has introduced itself there: under this address, or at all."""
    query = select(PlatformApp.keys).where(PlatformApp.platform == platform, PlatformApp.host == host)
    if redirect_uri is not None:
        query = query.where(PlatformApp.redirect_uri == redirect_uri)
    sealed = session.scalar(query.order_by(PlatformApp.created_at.desc()).limit(1))
    try:
        return None if sealed is None else App(*json.loads(open_text(sealed)))
    except (SealError, ValueError, TypeError):
        return None


def keep_platform_app(session: Session, platform: str, host: str, redirect_uri: str, app: App, now: datetime) -> None:
    """Keep what a server calls this service; of two that introduce themselves at once the later one counts."""
    keys = seal_text(json.dumps([app.client_id, app.client_secret]))
    add = insert(PlatformApp).values(platform=platform, host=host, redirect_uri=redirect_uri, keys=keys, created_at=now)
    known = ["platform", "host", "redirect_uri"]
    session.execute(add.on_conflict_do_update(index_elements=known, set_={"keys": keys, "created_at": now}))


def to_give_back(session: Session, platform: str, host: str, sealed: str, now: datetime) -> int:
    """Put a token aside that is to be given back; nothing leads from it to a person."""
    row = TokenRevocation(platform=platform, host=host, token=sealed, created_at=now, next_try_at=now)
    session.add(row)
    session.flush()
    return row.id


def revocations(
    session: Session, now: datetime, ids: Collection[int] | None = None, limit: int = 20
) -> tuple[Revocation, ...]:
    """Tokens that are to be given back now; each is put off first, so that a killed run asks no sooner again."""
    session.execute(delete(TokenRevocation).where(TokenRevocation.created_at < now - TRIED_FOR))
    query = select(TokenRevocation).where(TokenRevocation.next_try_at <= now).order_by(TokenRevocation.id)
    if ids is not None:
        query = query.where(TokenRevocation.id.in_(ids))
    found = []
    for row in session.scalars(query.limit(limit).with_for_update(skip_locked=True)):
        row.next_try_at = now + _AGAIN
        token = open_token(row.token)
        if token is None:
            session.delete(row)
        else:
            found.append(Revocation(row.id, row.platform, row.host, token))
    session.flush()
    return tuple(found)


def given_back(session: Session, revocation_id: int) -> None:
    """The platform has ended the token, or has no way to: it is thrown away."""
    session.execute(delete(TokenRevocation).where(TokenRevocation.id == revocation_id))


def _seal() -> Seal:
    return Seal(get_settings().sealing_secrets(), PURPOSE)
