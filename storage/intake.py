"""What collectors bring goes in: posts by natural key, their counters, edits and deletions; mentions follow.

`published_at` of a post never changes after it was first stored, so that a mention stays in its hour.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from collectors.post import Json, Post
from storage import counters, matching, pseudonyms, second_looks
from storage.cleaning import as_json, clean, figure, key_of
from storage.kinds import collector_of
from storage.profile import CompiledMatcher
from storage.removal import remove_mentions


@dataclass(frozen=True, slots=True)
class Added:
    """What a batch changed. `mention_ids_pending` wait for their analysis, new and edited ones."""

    posts_added: int
    posts_changed: int
    mentions_added: int
    unmatched: int  # of the added and changed posts
    mention_ids_pending: tuple[int, ...]
    native_ids_added: tuple[str, ...] = ()
    native_ids_changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Written:
    id: int
    native_id: str
    inserted: bool


# The source's row before those of its posts: whoever holds it waits for no other batch of the same source.
_KIND = text("SELECT kind FROM sources WHERE id = :source FOR NO KEY UPDATE")

_UPSERT = text("""
INSERT INTO posts (source_id, native_id, kind, url, title, text, text_hash, lang, author_key, followers, own_account,
    reply_to, rating, published_at, date_from, collected_at, stated, raw, matched_version, mapper_version, sealed_ref)
SELECT :source, i.native_id, i.kind, i.url, i.title, i.body, i.text_hash, i.lang, i.author_key, i.followers,
    i.own_account, i.reply_to, i.rating, i.published_at, i.date_from, :now, i.stated::jsonb, i.raw::jsonb, :version,
    :mapper, i.sealed_ref
FROM json_to_recordset(CAST(:rows AS json))
    AS i(native_id text, kind text, url text, title text, body text, text_hash bytea, lang text, author_key text,
         followers bigint, own_account boolean, reply_to text, rating double precision, published_at timestamptz,
         date_from text, stated text, raw text, sealed_ref text)
ON CONFLICT (source_id, native_id) DO UPDATE SET
    title = excluded.title, text = excluded.text, text_hash = excluded.text_hash, url = excluded.url,
    lang = excluded.lang, followers = coalesce(excluded.followers, posts.followers), rating = excluded.rating,
    stated = excluded.stated, raw = excluded.raw, edited_at = excluded.collected_at,
    matched_version = excluded.matched_version, mapper_version = excluded.mapper_version,
    sealed_ref = coalesce(excluded.sealed_ref, posts.sealed_ref)
WHERE posts.deleted_at IS NULL AND posts.text_hash <> excluded.text_hash
RETURNING id, native_id, (xmax = 0) AS inserted
""")

_TOUCH_SOURCE = text("""
UPDATE sources SET last_item_at = CASE WHEN :fresh THEN :now ELSE last_item_at END,
    cursor = coalesce(CAST(:cursor AS jsonb), cursor) WHERE id = :source
""")

_TOUCH_RUN = text("""
UPDATE collection_runs SET seen = seen + :seen, added = added + :added, changed = changed + :changed WHERE id = :run
""")

_REFUSED = text("SELECT author_key FROM refused_authors WHERE author_key = ANY(CAST(:keys AS text[]))")

_LOCK_POSTS = text("""
SELECT id FROM posts WHERE source_id = :source AND native_id = ANY(CAST(:native_ids AS text[])) AND deleted_at IS NULL
ORDER BY native_id FOR UPDATE
""")

_BURY = text("""
UPDATE posts SET deleted_at = :now, text = '', title = NULL, text_hash = '', url = NULL, author_key = NULL,
    followers = NULL, lang = NULL, reply_to = NULL, rating = NULL, stated = '{}', raw = '{}',
    sealed_ref = NULL, recheck_at = NULL
WHERE id = ANY(CAST(:ids AS bigint[]))
""")

_MENTIONS_IN = text("SELECT id FROM mentions WHERE post_id = ANY(CAST(:ids AS bigint[]))")


def add_new(
    session: Session,
    source_id: int,
    posts: Sequence[Post],
    matcher: CompiledMatcher,
    now: datetime,
    *,
    cursor: Mapping[str, Json] | None = None,
    run_id: int | None = None,
) -> Added:
    """Store a batch and its cursor; what is known and unchanged costs nothing, what was edited is analysed again.

    Duplicates inside the batch: the last one wins. Posts that the platform took away stay away; those of refused
    authors (`storage.erasures`) are not taken. Raises what
    PostgreSQL raises when it is not reachable; no single post can spoil the batch.
    """
    came = pseudonyms.current(session, source_id, posts, now)
    batch = _admitted(session, _distinct(came.posts), came.newest)
    collector = collector_of(session.scalar(_KIND, {"source": source_id}) or "")
    mapper = 1 if collector is None else collector.mapper_version
    written = _write(session, source_id, batch, (matcher.version, mapper), now)
    fresh = tuple(came.given.get(row.native_id, row.native_id) for row in written if row.inserted)
    edited = tuple(came.given.get(row.native_id, row.native_id) for row in written if not row.inserted)
    moved = None if cursor is None else as_json(dict(cursor))
    session.execute(_TOUCH_SOURCE, {"source": source_id, "now": now, "fresh": bool(fresh), "cursor": moved})
    by_native = {key_of(post.native_id): post for post in batch}
    kept = {row.id: by_native[row.native_id] for row in written}
    changed = [row.id for row in written if not row.inserted]
    pending, added, unmatched = matching.match_written(session, kept, changed, matcher, now)
    if collector is not None and collector.recheck is not None:
        second_looks.schedule(session, [row.id for row in written], collector.recheck, now)
    counters.read(session, source_id, batch, now)
    result = Added(len(fresh), len(edited), added, unmatched, tuple(pending), fresh, edited)
    if run_id is not None:
        counts = {"seen": len(posts), "added": result.posts_added, "changed": result.posts_changed, "run": run_id}
        session.execute(_TOUCH_RUN, counts)
    return result


def mark_deleted(session: Session, source_id: int, native_ids: Sequence[str], now: datetime) -> int:
    """Posts that the platform took away: only their key stays; mentions, cells and stories follow."""
    known = pseudonyms.current_ids(session, source_id, map(key_of, native_ids))
    wanted = {"source": source_id, "native_ids": sorted({*known.values()})}
    ids = list(session.scalars(_LOCK_POSTS, wanted))
    if not ids:
        return 0
    remove_mentions(session, session.scalars(_MENTIONS_IN, {"ids": ids}).all())
    session.execute(text("DELETE FROM counter_snapshots WHERE post_id = ANY(CAST(:ids AS bigint[]))"), {"ids": ids})
    session.execute(_BURY, {"ids": ids, "now": now})
    return len(ids)


def remapped(post: Post, title: str | None, body: str) -> dict[str, object]:
    """The columns that a new mapper decides."""
    columns = _columns(replace(post, title=title, text=body), post.published_at)
    wanted = {name: columns[name] for name in ("title", "body", "url", "lang", "rating", "stated")}
    return {**wanted, "hash": bytes.fromhex(str(columns["text_hash"])[2:])}


def _distinct(posts: Sequence[Post]) -> list[Post]:
    """By native id in one order for every process, so that two batches never wait for each other crosswise."""
    by_id = {key_of(post.native_id): post for post in posts}
    return [by_id[native_id] for native_id in sorted(by_id)]


def _admitted(session: Session, posts: Sequence[Post], newest: Mapping[str, str]) -> list[Post]:
    """Without the posts of people who asked not to be listened to; `newest`: how they stand among the refused."""
    keys = {post.author_key: newest.get(post.author_key, post.author_key) for post in posts if post.author_key}
    refused = set(session.scalars(_REFUSED, {"keys": sorted(keys.values())})) if keys else set()
    return [post for post in posts if post.author_key is None or keys[post.author_key] not in refused]


def _write(
    session: Session, source_id: int, batch: Sequence[Post], versions: tuple[int, int], now: datetime
) -> list[_Written]:
    if not batch:
        return []
    # One document instead of 16 arrays: its making and reading cost a fifth.
    document = json.dumps([_columns(post, now) for post in batch])
    values = {"rows": document, "source": source_id, "now": now, "version": versions[0], "mapper": versions[1]}
    rows = session.execute(_UPSERT, values)
    return [_Written(row.id, row.native_id, row.inserted) for row in rows]


def _columns(post: Post, now: datetime) -> dict[str, object]:
    title = None if post.title is None else clean(post.title)
    body = clean(post.text)
    return {
        "native_id": key_of(post.native_id),
        "kind": clean(post.kind),
        "url": None if post.url is None else clean(post.url),
        "title": title,
        "body": body,
        "text_hash": "\\x" + hashlib.sha256(f"{title or ''}\x00{body}".encode()).hexdigest(),
        "lang": None if post.lang is None else clean(post.lang),
        "author_key": None if post.author_key is None else clean(post.author_key),
        "followers": figure(post.followers),
        "own_account": post.own_account,
        "reply_to": None if post.reply_to is None else clean(post.reply_to),
        "rating": post.rating if post.rating is not None and math.isfinite(post.rating) else None,
        "published_at": min(post.published_at, now).isoformat(),
        "date_from": clean(post.date_from),
        "stated": as_json(dict(post.stated)),
        "raw": as_json(dict(post.raw)),
        "sealed_ref": post.sealed_ref,
    }
