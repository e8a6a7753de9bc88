"""A collector's batch goes in by the privacy door: posts, deletions, held items, cursor, all in one transaction."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.orm import Session

from collectors.base import Batch
from collectors.post import Json, Post, RawPost
from collectors.privacy import PrivacyDoor
from storage import collection, counters, held, intake, profile
from storage.intake import Added
from storage.models.sources import Source

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AdmittedBatch:
    """A batch behind the privacy door. `deleted` and `readings` go by every key under which a post may be stored."""

    posts: tuple[Post, ...]
    deleted: tuple[str, ...]
    held: tuple[Post, ...]
    cursor: Mapping[str, Json] | None
    seen: int  # items that the collector handed over
    readings: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def admit_all(door: PrivacyDoor, raw: Sequence[RawPost], now: datetime, max_chars: int) -> list[Post]:
    """The posts behind the door; one that cannot pass is left out and named in the log."""
    posts = []
    for one in raw:
        try:
            posts.append(door.admit(one, now, max_chars))
        except ValueError as error:
            log.warning("A post was left out: %s", error)
    return posts


def admit(
    door: PrivacyDoor, batch: Batch, now: datetime, max_chars: int, known: Mapping[str, str] | None = None
) -> AdmittedBatch:
    """A batch behind the door. `known`: the keys under which posts are stored, by the ids that the platform gives."""
    keys = known or {}
    posts = [
        replace(post, native_id=keys.get(raw.native_id, post.native_id))
        for raw in batch.posts
        for post in admit_all(door, [raw], now, max_chars)
    ]
    deleted = [key for native_id in batch.deleted for key in door.keys_of(native_id)]
    readings = {key: counts for native_id, counts in batch.readings.items() for key in door.keys_of(native_id)}
    return AdmittedBatch(
        tuple(posts),
        tuple(dict.fromkeys(deleted)),
        tuple(admit_all(door, batch.held, now, max_chars)),
        batch.cursor,
        len(batch.posts),
        readings,
    )


def store(session: Session, source_id: int, batch: AdmittedBatch, now: datetime, run_id: int | None = None) -> Added:
    """Store a batch in the caller's transaction; a cursor of None leaves the stored one as it is."""
    added = intake.add_new(
        session, source_id, batch.posts, profile.matcher(session), now, cursor=batch.cursor, run_id=run_id
    )
    if batch.readings:
        counters.note(session, source_id, batch.readings, now)
    if batch.deleted:
        intake.mark_deleted(session, source_id, batch.deleted, now)
    if batch.held:
        held.hold(session, source_id, batch.held, now)
    return added


def take_delivery(session: Session, source_id: int, batch: AdmittedBatch, now: datetime, detail: str = "") -> Added:
    """Store what a hook brought, and note it as a run of its own that counts for no coverage.

    `detail`: what the Sources page says of it, such as how many items could not be taken.
    """
    run_id = collection.begin_run(session, source_id, "hook", now)
    added = store(session, source_id, batch, now, run_id)
    collection.end_run(session, run_id, True, "ok", detail, now)
    session.get_one(Source, source_id).last_success_at = now
    session.flush()
    return added
