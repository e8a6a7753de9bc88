"""Stored items that an older mapper made: read in bites, written back with what the new one says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from collectors.post import Json, Post
from storage import intake, matching
from storage.profile import CompiledMatcher

# What the privacy door writes where a value names the author: no text to put in the place of a better one.
MASKED = "[author]"

_OUTDATED = text("""
SELECT p.id, p.native_id, p.title, p.text, p.raw FROM posts p JOIN sources s ON s.id = p.source_id
WHERE s.kind = :kind AND p.mapper_version < :version AND p.deleted_at IS NULL AND p.id > :after
ORDER BY p.id LIMIT :limit FOR UPDATE OF p SKIP LOCKED
""")
_COUNT = text("""
SELECT count(*) FROM posts p JOIN sources s ON s.id = p.source_id
WHERE s.kind = :kind AND p.mapper_version < :version AND p.deleted_at IS NULL
""")
_WRITE = text("""
UPDATE posts SET title = :title, text = :body, text_hash = :hash, url = coalesce(:url, url), lang = :lang,
    rating = :rating, stated = CAST(:stated AS jsonb), mapper_version = :version
WHERE id = :id
""")
_MARK = text("UPDATE posts SET mapper_version = :version WHERE id = ANY(CAST(:ids AS bigint[]))")


@dataclass(frozen=True, slots=True)
class StoredItem:
    """A post with the platform's item that it was made from."""

    id: int
    native_id: str
    title: str | None
    text: str
    raw: Mapping[str, Json]


def count_outdated(session: Session, kind: str, version: int) -> int:
    """How many posts of a kind an older mapper made."""
    return session.scalar(_COUNT, {"kind": kind, "version": version}) or 0


def outdated(session: Session, kind: str, version: int, after: int, limit: int) -> list[StoredItem]:
    """The next of them by id, locked until the caller's transaction ends."""
    values = {"kind": kind, "version": version, "after": after, "limit": limit}
    rows = session.execute(_OUTDATED, values)
    return [StoredItem(row.id, row.native_id, row.title, row.text, row.raw) for row in rows]


def write(
    session: Session, made: Sequence[tuple[StoredItem, Post]], version: int, matcher: CompiledMatcher, now: datetime
) -> list[int]:
    """Put the new text, title, link, language, rating and statements in place of the old ones.

    Author, followers, dates and counters stay: the stored item does not have them. Returns the mentions that wait for
    new tags: those of posts whose words have changed, and of those only.
    """
    changed = {}
    for item, post in made:
        title = item.title if MASKED in (post.title or "").casefold() else post.title
        words = item.text if MASKED in post.text.casefold() else post.text
        session.execute(_WRITE, {"id": item.id, "version": version, **intake.remapped(post, title, words)})
        if (title, words) != (item.title, item.text):
            changed[item.id] = (title, words)
    return matching.match_again(session, changed, matcher, now)


def mark(session: Session, post_ids: Sequence[int], version: int) -> None:
    """These cannot be mapped anew; they stay as they are and are not tried again."""
    if post_ids:
        session.execute(_MARK, {"ids": list(post_ids), "version": version})
