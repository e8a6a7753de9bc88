"""Counters of posts: one snapshot per change, so that they can fall as well as rise."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from collectors.post import Post
from storage import pseudonyms
from storage.cleaning import clean, figure, key_of

_PRESENT = text("""
SELECT id, native_id FROM posts
WHERE source_id = :source AND native_id = ANY(CAST(:native_ids AS text[])) AND deleted_at IS NULL
""")

# One reading per post and counter, only when the value differs from the latest one.
_SNAPSHOTS = text("""
INSERT INTO counter_snapshots (post_id, counter, observed_at, value)
SELECT i.post_id, i.counter, :now, i.value
FROM unnest(CAST(:posts AS bigint[]), CAST(:counters AS text[]), CAST(:figures AS bigint[]))
    AS i(post_id, counter, value)
LEFT JOIN LATERAL (
    SELECT s.value FROM counter_snapshots s WHERE s.post_id = i.post_id AND s.counter = i.counter
    ORDER BY s.observed_at DESC LIMIT 1
) last ON true
WHERE last.value IS DISTINCT FROM i.value
ON CONFLICT (post_id, counter, observed_at) DO UPDATE SET value = excluded.value
""")


def read(session: Session, source_id: int, batch: Sequence[Post], now: datetime) -> None:
    """Note what the posts of a batch say of their counters, where that has changed."""
    note(session, source_id, {post.native_id: post.counters for post in batch if post.counters}, now)


def note(session: Session, source_id: int, readings: Mapping[str, Mapping[str, int]], now: datetime) -> None:
    """Note counters by native id, where they have changed; posts that are unknown or deleted are passed over."""
    if not readings:
        return
    keys = pseudonyms.current_ids(session, source_id, map(key_of, readings))
    ids = {
        row.native_id: row.id
        for row in session.execute(_PRESENT, {"source": source_id, "native_ids": [*keys.values()]})
    }
    found = sorted(
        (ids[key], clean(counter), count)
        for native_id, counters in readings.items()
        if (key := keys[key_of(native_id)]) in ids
        for counter, value in counters.items()
        if (count := figure(value)) is not None
    )
    if found:
        posts, names, figures = zip(*found, strict=True)
        values = {"posts": list(posts), "counters": list(names), "figures": list(figures), "now": now}
        session.execute(_SNAPSHOTS, values)
