"""What collectors bring goes in: posts by natural key, mentions of companies in them, counters, edits and deletions.

`published_at` of a post never changes after it was first stored, so that a mention stays in its hour.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from collectors.post import Json, Post
from storage import counters, pseudonym_keys, pseudonyms, second_looks, vectors
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

_ADD_MENTIONS = text("""
INSERT INTO mentions (post_id, company_id, source_id, published_at, author_key, own_account, added_at)
SELECT p.id, i.company_id, p.source_id, p.published_at, p.author_key, p.own_account, :now
FROM unnest(CAST(:posts AS bigint[]), CAST(:companies AS smallint[])) AS i(post_id, company_id)
JOIN posts p ON p.id = i.post_id ORDER BY p.id, i.company_id
ON CONFLICT (post_id, company_id) DO NOTHING RETURNING id
""")

_MENTIONS_OF = text("""
SELECT id, post_id, company_id FROM mentions WHERE post_id = ANY(CAST(:posts AS bigint[])) ORDER BY id FOR UPDATE
""")

_RESET = text("""
UPDATE mentions SET analyzed_at = NULL, attempts = 0 WHERE id = ANY(CAST(:ids AS bigint[]))
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

_OUTDATED = text("""
SELECT id, title, text FROM posts WHERE matched_version < :version AND deleted_at IS NULL
ORDER BY matched_version, id LIMIT :limit FOR UPDATE SKIP LOCKED
""")

_MATCHED = text("UPDATE posts SET matched_version = :version WHERE id = ANY(CAST(:ids AS bigint[]))")


# A review or a survey answer hardly ever names the company: it is about the one that its source was set up for.
_MEANT = text("""
SELECT p.id AS post_id, c.id AS company_id
FROM posts p JOIN sources s ON s.id = p.source_id AND s.about <> 'text'
JOIN companies c ON c.active AND (c.key = s.about OR (s.about = 'own' AND c.is_own))
WHERE p.id = ANY(CAST(:posts AS bigint[])) AND p.kind IN ('review', 'survey')
""")


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
    pending, added, unmatched = _match(session, batch, written, matcher, now)
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


def rematch(session: Session, matcher: CompiledMatcher, now: datetime, limit: int = 500) -> int:
    """Match posts anew that were matched with an older profile; returns how many were looked at.

    Mentions of companies that the profile no longer names stay, so that naming them again brings nothing back twice.
    """
    pseudonym_keys.hold(session)
    rows = session.execute(_OUTDATED, {"version": matcher.version, "limit": limit}).all()
    if not rows:
        return 0
    ids = [row.id for row in rows]
    found = _with_meant(session, {row.id: matcher.match(_matched_text(row.title, row.text)) for row in rows})
    held = session.execute(_MENTIONS_OF, {"posts": ids}).all()
    if _add_missing(session, found, held, now):
        second_looks.schedule_matched(session, [post_id for post_id, companies in found.items() if companies], now)
    remove_mentions(session, _lost(found, held, matcher))
    session.execute(_MATCHED, {"version": matcher.version, "ids": ids})
    return len(ids)


def remapped(post: Post, title: str | None, body: str) -> dict[str, object]:
    """The columns that a new mapper decides."""
    columns = _columns(replace(post, title=title, text=body), post.published_at)
    wanted = {name: columns[name] for name in ("title", "body", "url", "lang", "rating", "stated")}
    return {**wanted, "hash": bytes.fromhex(str(columns["text_hash"])[2:])}


def match_again(
    session: Session, posts: Mapping[int, tuple[str | None, str]], matcher: CompiledMatcher, now: datetime
) -> list[int]:
    """Match stored posts whose words (title, text) have changed; returns the mentions that wait for their tags."""
    if not posts:
        return []
    named = {post_id: matcher.match(_matched_text(title, body)) for post_id, (title, body) in posts.items()}
    found = _with_meant(session, named)
    pending, _ = _follow(session, found, sorted(posts), matcher, now)
    second_looks.schedule_matched(session, list(posts), now)
    return pending


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


def _match(
    session: Session, batch: Sequence[Post], written: Sequence[_Written], matcher: CompiledMatcher, now: datetime
) -> tuple[list[int], int, int]:
    """Mentions of the written posts; returns ids to analyse, how many are new, and posts about nobody."""
    by_native = {key_of(post.native_id): post for post in batch}
    found = {
        row.id: matcher.match(_matched_text(by_native[row.native_id].title, by_native[row.native_id].text))
        for row in written
    }
    if any(post.kind in ("review", "survey") for post in batch):
        found = _with_meant(session, found)
    edited = [row.id for row in written if not row.inserted]
    pending, added = _follow(session, found, sorted(edited), matcher, now)
    return pending, added, sum(not companies for companies in found.values())


def _with_meant(session: Session, found: Mapping[int, frozenset[int]]) -> dict[int, frozenset[int]]:
    """The companies that posts name, and the one that the source of a review was set up for."""
    meant: dict[int, frozenset[int]] = dict(found)
    for row in session.execute(_MEANT, {"posts": list(found)}):
        meant[row.post_id] |= {row.company_id}
    return meant


def _follow(
    session: Session, found: Mapping[int, frozenset[int]], edited: list[int], matcher: CompiledMatcher, now: datetime
) -> tuple[list[int], int]:
    """Let the mentions follow what posts say now; returns ids to analyse, and how many of them are new."""
    held = session.execute(_MENTIONS_OF, {"posts": edited}).all() if edited else []
    added = _add_missing(session, found, held, now)
    lost = _lost(found, held, matcher)
    kept = [row.id for row in held if row.id not in lost]
    if kept:
        session.execute(_RESET, {"ids": kept})
        vectors.drop(session, kept)
    remove_mentions(session, lost)
    return added + kept, len(added)


def _add_missing(
    session: Session, found: Mapping[int, frozenset[int]], held: Sequence[Row[tuple[int, int, int]]], now: datetime
) -> list[int]:
    there = {(row.post_id, row.company_id) for row in held}
    pairs = [(post, company) for post, companies in found.items() for company in companies]
    missing = sorted(pair for pair in pairs if pair not in there)
    if not missing:
        return []
    values = {"posts": [post for post, _ in missing], "companies": [company for _, company in missing], "now": now}
    return list(session.scalars(_ADD_MENTIONS, values))


def _lost(
    found: Mapping[int, frozenset[int]], held: Sequence[Row[tuple[int, int, int]]], matcher: CompiledMatcher
) -> set[int]:
    """Ids of mentions whose post is no longer about their company, as far as the matcher knows the company."""
    return {
        row.id for row in held if row.company_id in matcher.company_ids and row.company_id not in found[row.post_id]
    }


def _matched_text(title: str | None, body: str) -> str:
    return f"{title}\n{body}" if title else body
