"""Reading the counters of advocates' shares over their own accounts: what is due, who reads it, what came of it.

A share is read at 1 h, 6 h, 24 h, 3 d and 7 d after its publication; one that is noted later is read once at once.
Counters are kept as they were read, also when they fell; one that the platform does not tell is no row. `checked_at` of
a share and the claim of an account are the whole state: what a run did not come to stays due.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from collectors.own_posts.shapes import GONE, READ, Identity, PostReading, Token
from storage.advocate_accounts import CONNECTED, RECONNECT, rename_share
from storage.advocate_tokens import open_token, seal_token
from storage.models.advocacy import Advocate, Share, ShareReading
from storage.models.people import AdvocateAccount
from storage.models.users import User

MARKS = tuple(timedelta(hours=hours) for hours in (1, 6, 24, 72, 168))
LEASE = timedelta(minutes=15)  # longer than a run may take: its process is gone
_BACKOFF = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=6))
_FIRST_YEAR = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Claimed:
    """An account whose shares this process is to read now. `token` None: it cannot be opened any more."""

    id: int
    platform: str
    who: Identity
    token: Token | None
    refs: tuple[tuple[int, str], ...]  # (share, native id)


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom to tell that an account must be connected anew."""

    account_id: int
    email: str
    name: str
    platform: str
    handle: str
    connected_at: datetime


_DUE = """
    s.advocate_id = a.advocate_id AND s.platform = a.platform AND s.native_id IS NOT NULL AND s.deleted_at IS NULL
    AND (a.platform <> 'mastodon' OR split_part(s.native_id, '/', 1) = a.host)
    AND s.published_at + interval '1 hour' <= :now
    AND (s.checked_at IS NULL OR EXISTS (
        SELECT 1 FROM unnest(CAST(:marks AS interval[])) AS mark
        WHERE s.published_at + mark <= :now AND s.checked_at < s.published_at + mark))
"""
_WAITING = """
    SELECT a.id FROM advocate_accounts a
    WHERE a.state = 'connected' AND (a.next_try_at IS NULL OR a.next_try_at <= :now)
    AND (a.claimed_at IS NULL OR a.claimed_at < :stale) AND EXISTS (SELECT 1 FROM shares s WHERE {due})
    AND EXISTS (SELECT 1 FROM advocates v JOIN users u ON u.id = v.user_id
        WHERE v.id = a.advocate_id AND v.left_at IS NULL AND u.active)
    ORDER BY a.checked_at NULLS FIRST, a.id LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_SHARES = """
    SELECT s.id, s.native_id FROM shares s, advocate_accounts a WHERE a.id = :account AND {due}
    ORDER BY s.checked_at NULLS FIRST, s.id LIMIT :limit
"""


def claim(session: Session, now: datetime, limit: int = 200) -> Claimed | None:
    """Take the account that waits longest and has shares to read; commit before asking the platform."""
    values = {"now": now, "stale": now - LEASE, "marks": list(MARKS)}
    found = session.execute(text(_WAITING.format(due=_DUE)), values).first()
    if found is None:
        return None
    account = session.get_one(AdvocateAccount, found.id)
    account.claimed_at = now
    asked = {"account": account.id, "now": now, "marks": list(MARKS), "limit": limit}
    due = session.execute(text(_SHARES.format(due=_DUE)), asked)
    refs = tuple((row.id, row.native_id) for row in due)
    who = Identity(account.native_id, account.handle, None, account.host)
    token = None if account.token is None else open_token(account.token)
    return Claimed(account.id, account.platform, who, token, refs)


def renewed(session: Session, account_id: int, token: Token) -> bool:
    """Keep a renewed token at once; False when the advocate has taken the account back meanwhile."""
    values = {"token": seal_token(token), "expires_at": None if token.refresh else token.expires_at}
    kept = update(AdvocateAccount).where(AdvocateAccount.id == account_id).values(**values)
    return session.execute(kept.returning(AdvocateAccount.id)).first() is not None


def store(session: Session, claimed: Claimed, share_id: int, reading: PostReading, now: datetime) -> None:
    """Keep one reading, while account and share are still there: whoever left or disconnected is not read."""
    account = session.get(AdvocateAccount, claimed.id, with_for_update={"read": True})
    share = session.get(Share, share_id, with_for_update=True)
    if account is None or share is None or share.native_id is None or share.deleted_at is not None:
        return
    share.checked_at = now
    if reading.state == GONE:
        share.deleted_at = now
    elif reading.state == READ:
        _put_readings(session, share, reading, now)
    if reading.native_id is not None and reading.native_id != share.native_id:
        rename_share(session, share, reading.native_id)
    session.flush()


def wants_followers(session: Session, claimed: Claimed, now: datetime) -> bool:
    """Whether one of the shares is of the last day and does not know how many followers there were."""
    return session.scalar(select(Share.id).where(*_young(claimed, now)).limit(1)) is not None


def note_followers(session: Session, claimed: Claimed, followers: int | None, now: datetime) -> None:
    """Followers as of now for shares of the last day that know none; older ones stay unknown."""
    if followers is not None:
        session.execute(update(Share).where(*_young(claimed, now)).values(followers=followers))


def _young(claimed: Claimed, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """The platform can only tell of today, so that yesterday's posts are the oldest it is told for."""
    mine = Share.id.in_([share_id for share_id, _ in claimed.refs])
    return mine, Share.followers.is_(None), Share.published_at > now - timedelta(days=1), Share.checked_at == now


def ended_well(session: Session, account_id: int, now: datetime) -> None:
    """The run came to its end."""
    values = {"claimed_at": None, "checked_at": now, "next_try_at": None, "failures": 0, "detail": None}
    session.execute(update(AdvocateAccount).where(AdvocateAccount.id == account_id).values(**values))


def failed(session: Session, account_id: int, detail: str, retry_at: datetime | None, now: datetime) -> None:
    """The run broke off: tried again when the platform says, or after a growing wait. What was read is kept."""
    account = session.get(AdvocateAccount, account_id, with_for_update=True)
    if account is None:
        return
    wait = _BACKOFF[min(account.failures, len(_BACKOFF) - 1)]
    account.failures = min(account.failures + 1, 30_000)
    account.next_try_at = retry_at or now + wait
    account.claimed_at, account.detail = None, detail[:500]
    session.flush()


def needs_owner(session: Session, account_id: int, detail: str) -> Owner | None:
    """The platform no longer accepts the token: the account waits for its owner. None: it does already, or is gone.

    What is due stays due, and is read once the account is connected again.
    """
    changed = (
        update(AdvocateAccount)
        .where(AdvocateAccount.id == account_id, AdvocateAccount.state == CONNECTED)
        .values(state=RECONNECT, token=None, claimed_at=None, next_try_at=None, detail=detail[:500])
        .returning(AdvocateAccount.id)
    )
    return _owner(session, account_id) if session.execute(changed).first() is not None else None


def over(session: Session, now: datetime) -> tuple[Owner, ...]:
    """Accounts whose token has ended and can be renewed by nobody but its owner; they wait for them from now on."""
    ended = select(AdvocateAccount.id).where(AdvocateAccount.state == CONNECTED, AdvocateAccount.expires_at <= now)
    ids = session.scalars(ended.with_for_update(skip_locked=True)).all()
    found = (
        needs_owner(session, each, "The permission has ended, as the platform told when it was given.") for each in ids
    )
    return tuple(owner for owner in found if owner is not None)


def forget_figures(session: Session, platform: str, before: datetime) -> int:
    """Delete figures that a platform lets us keep for a time only; how many."""
    shares = select(Share.id).where(Share.platform == platform)
    old = (ShareReading.origin == "platform", ShareReading.observed_at < before, ShareReading.share_id.in_(shares))
    return len(session.execute(delete(ShareReading).where(*old).returning(ShareReading.share_id)).all())


def connected_people(session: Session, *, demo: bool) -> int:
    """How many advocates have at least one account connected (A1)."""
    query = (
        select(func.count(func.distinct(AdvocateAccount.advocate_id)))
        .join(Advocate, Advocate.id == AdvocateAccount.advocate_id)
        .where(AdvocateAccount.state == CONNECTED, Advocate.left_at.is_(None), Advocate.demo == demo)
    )
    return session.scalar(query) or 0


def _put_readings(session: Session, share: Share, reading: PostReading, now: datetime) -> None:
    rows = [
        {"share_id": share.id, "counter": name, "observed_at": now, "value": value, "origin": "platform"}
        for name, value in sorted(reading.counters.items())
    ]
    if rows:
        add = insert(ShareReading).values(rows)
        same = {"value": add.excluded.value, "origin": add.excluded.origin}
        session.execute(add.on_conflict_do_update(index_elements=["share_id", "counter", "observed_at"], set_=same))
    share.edited_at = _plausible(reading.edited_at, now) or share.edited_at
    # The day that somebody typed is a guess; the platform knows the minute. Its clock may run ahead of ours.
    share.published_at = _plausible(reading.published_at, now) or share.published_at


def _plausible(moment: datetime | None, now: datetime) -> datetime | None:
    return None if moment is None or moment < _FIRST_YEAR else min(moment, now)


def _owner(session: Session, account_id: int) -> Owner | None:
    row = session.execute(
        select(AdvocateAccount, User.email, User.name)
        .join(Advocate, Advocate.id == AdvocateAccount.advocate_id)
        .join(User, User.id == Advocate.user_id)
        .where(AdvocateAccount.id == account_id, User.active)
    ).first()
    if row is None:
        return None
    account = row.AdvocateAccount
    return Owner(account.id, row.email, row.name, account.platform, account.handle, account.connected_at)
