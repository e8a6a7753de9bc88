"""Taking mentions away: their cells, stories and the next speaker of each story follow."""

from collections.abc import Collection

from sqlalchemy import text
from sqlalchemy.orm import Session

from storage.cells import changing, lock_companies

_BATCH = 5_000

_LOCK = text("""
SELECT id, company_id FROM mentions WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR UPDATE
""")
_LOCK_SOURCE = text("""
SELECT count(*) FROM (SELECT id FROM mentions WHERE source_id = :source ORDER BY id FOR UPDATE) held
""")
_DELETE = text("DELETE FROM mentions WHERE id = ANY(CAST(:ids AS bigint[]))")


def remove_mentions(session: Session, mention_ids: Collection[int]) -> int:
    """Delete mentions whose posts the caller has locked (or has no need to); returns how many there were."""
    rows = session.execute(_LOCK, {"ids": sorted(mention_ids)}).all()
    if not rows:
        return 0
    ids = [row.id for row in rows]
    lock_companies(session, {row.company_id for row in rows})
    with changing(session, ids):
        session.execute(_DELETE, {"ids": ids})
    return len(ids)


def remove_source_mentions(session: Session, source_id: int) -> int:
    """Delete all mentions of a source, in batches inside the caller's transaction."""
    # All rows first, then the companies' locks: the other way round a worker that holds a row would wait for us and
    # we for it.
    session.execute(_LOCK_SOURCE, {"source": source_id})
    removed = 0
    query = text("SELECT id FROM mentions WHERE source_id = :source ORDER BY id LIMIT :n")
    while ids := session.scalars(query, {"source": source_id, "n": _BATCH}).all():
        removed += remove_mentions(session, ids)
    return removed
