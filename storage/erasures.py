"""Erasing what a person published, on their request: by their handle, without ever listing handles.

Who asks names themselves as the platform does. From that the keyed pseudonym is computed anew, and with it their posts
are found; nothing that is stored leads the other way. Posts are buried as if the platform had deleted them: a tombstone
without text, author and counters stays, so that a late copy brings nothing back. Rollups and stories follow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from operator import attrgetter

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from collectors.post import RawAuthor
from config.settings import Settings
from storage import audit, pseudonyms
from storage.door import privacy_door
from storage.intake import mark_deleted
from storage.models.mentions import Mention, Post
from storage.models.privacy import Erasure, RefusedAuthor
from storage.models.users import User
from storage.removal import hold_mentions
from storage.viewer import Viewer, require_administrator

BITE = 500  # posts per call of `mark_deleted`
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Found:
    """What is stored of a person."""

    posts: int
    mentions: int


@dataclass(frozen=True, slots=True)
class ErasureRow:
    """The proof of an erasure; it names nobody."""

    id: int
    at: datetime
    by: str | None  # None: the account is gone, or the command line
    platform: str
    reason: str
    posts: int
    mentions: int
    refused: bool


def keys_of(session: Session, settings: Settings, author: RawAuthor) -> tuple[str, ...]:
    """The pseudonyms of a person; raises `ValueError` where nothing tells them from others."""
    if not author.platform.strip():
        raise ValueError("platform: say where the person publishes, such as reddit")
    keys = privacy_door(session, settings).pseudonyms_of(author)
    if not keys:
        raise ValueError("handle: give a handle, an account's number or the address of the profile")
    return pseudonyms.known_as(session, keys)[0]


def find(session: Session, viewer: Viewer, keys: Sequence[str]) -> Found:
    """How much is stored of the person behind these pseudonyms."""
    require_administrator(viewer)
    posts = session.scalar(select(func.count()).select_from(Post).where(Post.author_key.in_(keys)))
    mentions = select(func.count()).select_from(Mention).join(Post, Post.id == Mention.post_id)
    return Found(posts or 0, session.scalar(mentions.where(Post.author_key.in_(keys))) or 0)


def erase(
    session: Session, viewer: Viewer, keys: Sequence[str], platform: str, reason: str, now: datetime, *, refuse: bool
) -> ErasureRow:
    """Bury all posts of the person, in this transaction; with `refuse` later ones are turned away.

    Asking again erases what came in meanwhile and writes a record of its own.
    """
    keys, newest = pseudonyms.known_as(session, keys)
    theirs = select(Post.id, Post.source_id, Post.native_id).where(Post.author_key.in_(keys))
    posts = session.execute(theirs.order_by(Post.source_id, Post.native_id).with_for_update()).all()
    hold_mentions(session, [post.id for post in posts])
    found = find(session, viewer, keys)
    for source_id, rows in groupby(posts, key=attrgetter("source_id")):
        while bite := [row.native_id for row in islice(rows, BITE)]:
            mark_deleted(session, source_id, bite, now)
    record = Erasure(
        at=now,
        by_user=viewer.user_id,
        platform=platform.strip()[:_LONGEST],
        reason=reason.strip()[:_LONGEST],
        posts=found.posts,
        mentions=found.mentions,
        refused=refuse,
    )
    session.add(record)
    session.flush()
    if refuse:
        rows_of_keys = [{"author_key": key, "erasure_id": record.id} for key in newest]
        session.execute(insert(RefusedAuthor).values(rows_of_keys).on_conflict_do_nothing())
    audit.record(session, viewer, "author.erase", f"erasure {record.id}: {found.posts} posts", now)
    return _row(record, None)


def erasures(session: Session, viewer: Viewer, limit: int = 100) -> tuple[ErasureRow, ...]:
    """The records, newest first."""
    require_administrator(viewer)
    query = select(Erasure, User.name).join(User, User.id == Erasure.by_user, isouter=True)
    return tuple(_row(row, name) for row, name in session.execute(query.order_by(Erasure.id.desc()).limit(limit)))


def _row(row: Erasure, by: str | None) -> ErasureRow:
    return ErasureRow(row.id, row.at, by, row.platform, row.reason, row.posts, row.mentions, row.refused)
