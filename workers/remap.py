"""Mapping stored items anew after a collector's mapper has changed; can be interrupted at any time and run again."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from collectors import registry
from collectors.base import Collector
from collectors.post import Post
from collectors.privacy import PrivacyDoor
from config.settings import get_settings
from storage import db, profile, remapping
from storage.door import privacy_door
from storage.remapping import StoredItem
from workers.collect import analyze_later

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]  # posts looked at, of how many
_BITE = 200  # posts per transaction


def remap(kind: str | None, progress: Progress = lambda done, total: None) -> int:
    """Map every item of a kind (None: of all) that an older mapper made; returns how many were mapped.

    Raises `ValueError` for a kind that does not exist. Items that cannot be mapped stay as they are.
    """
    chosen = registry.all_collectors() if kind is None else (registry.get(kind),)
    with db.reading() as session:
        totals = [remapping.count_outdated(session, each.kind, each.mapper_version) for each in chosen]
    total, seen, mapped = sum(totals), 0, 0
    for collector, count in zip(chosen, totals, strict=True):
        after = 0
        while count:
            looked_at, made, after = _bite(collector, after)
            if not looked_at:
                break
            seen, mapped = seen + looked_at, mapped + made
            progress(min(seen, total), total)
    return mapped


def _bite(collector: Collector, after: int) -> tuple[int, int, int]:
    """One transaction: how many items it took, how many were mapped, and the last id."""
    settings = get_settings()
    version, now = collector.mapper_version, datetime.now(UTC)
    with db.transaction() as session:
        door = privacy_door(session, settings)
        items = remapping.outdated(session, collector.kind, version, after, _BITE)
        found = [(item, _mapped(collector, door, item, now)) for item in items]
        pending = _write(session, [(item, post) for item, post in found if post is not None], version, now)
        remapping.mark(session, [item.id for item, post in found if post is None], version)
        if pending:
            db.after_commit(session, lambda: analyze_later(pending))
    made = sum(post is not None for _, post in found)
    return len(items), made, items[-1].id if items else after


def _write(session: Session, made: list[tuple[StoredItem, Post]], version: int, now: datetime) -> list[int]:
    return remapping.write(session, made, version, profile.matcher(session), now) if made else []


def _mapped(collector: Collector, door: PrivacyDoor, item: StoredItem, now: datetime) -> Post | None:
    """The post that the mapper makes of a stored item now; None: it cannot be made."""
    try:
        raw = collector.map_item(item.raw)
        return None if raw is None else door.admit(raw, now, get_settings().max_text_chars)
    except Exception:
        log.exception("Post %d of kind %s could not be mapped anew", item.id, collector.kind)
        return None
