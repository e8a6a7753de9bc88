"""Which companies stored posts are about: mentions follow what posts say, also when the profile or a text changes."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from collectors.post import Post
from storage import pseudonym_keys, second_looks, vectors
from storage.profile import CompiledMatcher
from storage.removal import remove_mentions

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


def match_written(
    session: Session, posts: Mapping[int, Post], edited: Sequence[int], matcher: CompiledMatcher, now: datetime
) -> tuple[list[int], int, int]:
    """Mentions of just written posts by id; returns ids to analyse, how many are new, and posts about nobody."""
    found = {post_id: matcher.match(_matched_text(post.title, post.text)) for post_id, post in posts.items()}
    if any(post.kind in ("review", "survey") for post in posts.values()):
        found = _with_meant(session, found)
    pending, added = _follow(session, found, sorted(edited), matcher, now)
    return pending, added, sum(not companies for companies in found.values())


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
