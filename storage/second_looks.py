"""Second looks at posts: when each is due, who takes them, what became of them.

Readings are due at `collectors.base.AGES` after publication, then every `Recheck.then` where the platform asks for it.
Only posts with a mention are looked at. `posts.recheck_at` is the whole state: taking a post puts it off by a lease, so
that what a killed worker had taken comes back by itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from collectors import registry
from collectors.base import AGES, Recheck

LEASE = timedelta(minutes=15)
_SOURCES = 500
# Errors that wait for a person: nothing is asked until the source works again.
_STOPPED = ("needs_credentials", "needs_approval", "unauthorized", "not_allowed")

_NEXT = """
CASE WHEN p.deleted_at IS NULL AND EXISTS (SELECT 1 FROM mentions m WHERE m.post_id = p.id) THEN coalesce(
    (SELECT min(p.published_at + age) FROM unnest(CAST(:ages AS interval[])) AS age
        WHERE p.published_at + age > CAST(:earliest AS timestamptz)),
    CAST(:now AS timestamptz) + CAST(:after AS interval)) END
"""
_SCHEDULE = text(f"""
UPDATE posts p SET recheck_at = {_NEXT} WHERE p.id = ANY(CAST(:ids AS bigint[])) AND p.recheck_at IS NULL
""")  # noqa: S608 - a constant
_SET = text(f"""
UPDATE posts p SET recheck_at = {_NEXT},
    renewed_at = CASE WHEN :renew THEN CAST(:now AS timestamptz) ELSE p.renewed_at END
WHERE p.id = ANY(CAST(:ids AS bigint[]))
""")  # noqa: S608 - a constant
_DUE = text("""
SELECT p.source_id FROM posts p JOIN sources s ON s.id = p.source_id
WHERE p.recheck_at <= :now AND s.enabled AND s.kind = ANY(CAST(:kinds AS text[]))
  AND coalesce(s.error_reason, '') <> ALL(CAST(:stopped AS text[]))
  AND NOT EXISTS (SELECT 1 FROM hosts h WHERE h.host = s.host AND h.open_until > :now)
GROUP BY p.source_id ORDER BY min(p.recheck_at), p.source_id LIMIT :limit
""")
# Shown posts first: their mentions stand in the counts and lists that people see.
_TAKE = text("""
WITH due AS (
    SELECT p.id FROM posts p
    WHERE p.source_id = :source AND p.recheck_at <= :now AND p.deleted_at IS NULL
    ORDER BY EXISTS (SELECT 1 FROM mentions m WHERE m.post_id = p.id AND m.counted) DESC, p.recheck_at, p.id
    LIMIT :limit FOR UPDATE OF p SKIP LOCKED
)
UPDATE posts SET recheck_at = CAST(:now AS timestamptz) + CAST(:lease AS interval) FROM due WHERE posts.id = due.id
RETURNING posts.id, posts.native_id, posts.sealed_ref
""")
_PUT_OFF = text("UPDATE posts SET recheck_at = :until WHERE source_id = :source AND recheck_at < :until")
_FAILURES = text("""
SELECT count(*) FROM collection_runs r WHERE r.source_id = :source AND r.purpose = 'recheck' AND r.complete IS FALSE
  AND r.started_at > coalesce((SELECT max(g.started_at) FROM collection_runs g
    WHERE g.source_id = :source AND g.purpose = 'recheck' AND g.complete), '-infinity')
""")


@dataclass(frozen=True, slots=True)
class DuePost:
    """A post to look at again. `sealed_ref` is set where its native id is a hash."""

    id: int
    native_id: str
    sealed_ref: str | None = field(default=None, repr=False)


def schedule(session: Session, post_ids: Sequence[int], recheck: Recheck, now: datetime) -> None:
    """Plan the next look at posts that have none planned; those that come late begin with the next age."""
    if post_ids:
        session.execute(_SCHEDULE, _values(post_ids, recheck, now, now))


def schedule_matched(session: Session, post_ids: Sequence[int], now: datetime) -> None:
    """The same for posts of any sources, those without second looks passed over."""
    query = text("SELECT p.id, s.kind FROM posts p JOIN sources s ON s.id = p.source_id WHERE p.id = ANY(:ids)")
    by_kind: dict[str, list[int]] = {}
    for row in session.execute(query, {"ids": list(post_ids)}) if post_ids else ():
        by_kind.setdefault(row.kind, []).append(row.id)
    for kind, recheck in _rechecked().items():
        schedule(session, by_kind.get(kind, []), recheck, now)


def due(session: Session, now: datetime) -> list[int]:
    """Ids of sources with posts to look at again, the longest overdue first."""
    values = {"now": now, "kinds": list(_rechecked()), "stopped": list(_STOPPED), "limit": _SOURCES}
    return list(session.scalars(_DUE, values)) if values["kinds"] else []


def take(session: Session, source_id: int, limit: int, now: datetime) -> list[DuePost]:
    """Take posts that are due; nobody else gets them until the lease is over."""
    rows = session.execute(_TAKE, {"source": source_id, "now": now, "limit": limit, "lease": LEASE})
    return [DuePost(row.id, row.native_id, row.sealed_ref) for row in rows]


def answered(
    session: Session, post_ids: Sequence[int], recheck: Recheck, now: datetime, *, renew: bool = False
) -> None:
    """These were seen: plan the next look. `renew`: the platform's retention begins anew."""
    if post_ids:
        session.execute(_SET, {**_values(post_ids, recheck, now, now), "renew": renew})


def unanswered(session: Session, post_ids: Sequence[int], recheck: Recheck, now: datetime) -> None:
    """These were not to be had this time: the next age that is an hour away or more, without renewal."""
    if post_ids:
        values = _values(post_ids, recheck, now, now + timedelta(hours=1))
        session.execute(_SET, {**values, "renew": False})


def forget(session: Session, post_ids: Sequence[int]) -> None:
    """Never ask for these again."""
    if post_ids:
        session.execute(text("UPDATE posts SET recheck_at = NULL WHERE id = ANY(:ids)"), {"ids": list(post_ids)})


def put_off(session: Session, source_id: int, until: datetime) -> None:
    """Ask for nothing of a source before `until`."""
    session.execute(_PUT_OFF, {"source": source_id, "until": until})


def failures_in_a_row(session: Session, source_id: int) -> int:
    """How many second looks at a source failed since the last one that worked."""
    return session.scalar(_FAILURES, {"source": source_id}) or 0


def _values(post_ids: Sequence[int], recheck: Recheck, now: datetime, earliest: datetime) -> dict[str, object]:
    return {"ids": list(post_ids), "ages": list(AGES), "after": recheck.then, "now": now, "earliest": earliest}


def _rechecked() -> Mapping[str, Recheck]:
    return {each.kind: each.recheck for each in registry.all_collectors() if each.recheck is not None}
