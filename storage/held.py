"""Items in a form that nobody foresaw, kept for a person; and deliveries of hooks, each of which counts once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from collectors.post import Post
from storage import pseudonyms
from storage.models.sources import HeldItem, HookDelivery
from storage.viewer import NotFound, Viewer, require_administrator

WHY = "held"  # the key of the reason in `Post.stated`


@dataclass(frozen=True, slots=True)
class HeldRow:
    """One item that waits for a person, behind the privacy door."""

    id: int
    native_id: str
    title: str | None
    text: str
    reason: str
    held_at: datetime


def hold(session: Session, source_id: int, posts: Sequence[Post], now: datetime) -> int:
    """Keep items for a person; what is held or was resolved already stays so. Returns how many are new."""
    made = 0
    for post in posts:
        values = {
            "source_id": source_id,
            "native_id": pseudonyms.newest_id(session, post.native_id)[:600],
            "title": post.title,
            "text": post.text,
            "reason": post.stated.get(WHY, "Its form is not known."),
            "held_at": now,
        }
        added = insert(HeldItem).values(values).on_conflict_do_nothing().returning(HeldItem.id)
        made += session.scalar(added) is not None
    return made


def held_items(session: Session, viewer: Viewer, source_id: int, limit: int = 100) -> tuple[HeldRow, ...]:
    """What waits for a person, newest first; for administrators."""
    require_administrator(viewer)
    query = select(HeldItem).where(HeldItem.source_id == source_id, HeldItem.resolved_at.is_(None))
    rows = session.scalars(query.order_by(HeldItem.held_at.desc(), HeldItem.id.desc()).limit(limit))
    return tuple(HeldRow(row.id, row.native_id, row.title, row.text, row.reason, row.held_at) for row in rows)


def resolve_held(session: Session, viewer: Viewer, held_id: int, now: datetime) -> None:
    """A person has dealt with an item; raises `NotFound` where none waits."""
    require_administrator(viewer)
    done = update(HeldItem).where(HeldItem.id == held_id, HeldItem.resolved_at.is_(None)).values(resolved_at=now)
    if session.scalar(done.returning(HeldItem.id)) is None:
        raise NotFound("No such item waits for anybody.")


def seen_delivery(session: Session, source_id: int, digest: bytes, now: datetime) -> bool:
    """Whether this delivery was taken before; if not, it is noted as taken, in the caller's transaction.

    Two that come at once wait for each other here, so that one of them is a replay.
    """
    values = {"source_id": source_id, "digest": digest, "received_at": now}
    added = insert(HookDelivery).values(values).on_conflict_do_nothing().returning(HookDelivery.source_id)
    return session.scalar(added) is None
