"""Taking mentions away: their cells, stories and the next speaker of each story follow."""

from collections.abc import Collection

from sqlalchemy import text
from sqlalchemy.orm import Session

from storage.cells import changing, lock_companies

_BATCH = 5_000

_LOCK = text("""
SELECT id, company_id FROM mentions WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR UPDATE
""")
_OF_SOURCES = "source_id = ANY(CAST(:sources AS integer[]))"
# In the order in which everybody locks; the companies come after. A worker refers to the source whose post it tags.
_LOCK_SOURCES = [
    text(f"SELECT count(*) FROM (SELECT id FROM {rows}) held")  # noqa: S608 - constants
    for rows in (
        "sources WHERE id = ANY(CAST(:sources AS integer[])) ORDER BY id FOR NO KEY UPDATE",
        f"posts WHERE {_OF_SOURCES} ORDER BY source_id, native_id FOR UPDATE",
        f"mentions WHERE {_OF_SOURCES} ORDER BY id FOR UPDATE",
    )
]
_COMPANIES_OF_SOURCES = text(f"SELECT DISTINCT company_id FROM mentions WHERE {_OF_SOURCES}")  # noqa: S608 - a constant
_NEXT_OF_SOURCES = text(f"SELECT id FROM mentions WHERE {_OF_SOURCES} ORDER BY id LIMIT :n")  # noqa: S608 - a constant
_MENTIONS_OF_POSTS = text("SELECT id FROM mentions WHERE post_id = ANY(CAST(:posts AS bigint[])) ORDER BY id")
_DELETE = text("DELETE FROM mentions WHERE id = ANY(CAST(:ids AS bigint[]))")


def remove_mentions(session: Session, mention_ids: Collection[int]) -> int:
    """Delete mentions whose posts the caller has locked (or has no need to); returns how many there were."""
    ids = _hold(session, mention_ids)
    if not ids:
        return 0
    with changing(session, ids):
        session.execute(_DELETE, {"ids": ids})
    return len(ids)


def remove_source_mentions(session: Session, source_ids: Collection[int]) -> int:
    """Delete all mentions of sources, in batches inside the caller's transaction."""
    sources = {"sources": list(source_ids)}
    for lock in _LOCK_SOURCES:
        session.execute(lock, sources)
    lock_companies(session, session.scalars(_COMPANIES_OF_SOURCES, sources).all())
    removed = 0
    while ids := session.scalars(_NEXT_OF_SOURCES, {**sources, "n": _BATCH}).all():
        removed += remove_mentions(session, ids)
    return removed


def hold_mentions(session: Session, post_ids: Collection[int]) -> None:
    """Lock the mentions of posts that the caller has locked, and their companies, before it removes them bit by bit.

    All rows first, then the companies: who holds a company and then waits for a mention waits for a worker that holds
    the mention and waits for the company.
    """
    _hold(session, session.scalars(_MENTIONS_OF_POSTS, {"posts": list(post_ids)}).all())


def _hold(session: Session, mention_ids: Collection[int]) -> list[int]:
    rows = session.execute(_LOCK, {"ids": sorted(mention_ids)}).all()
    lock_companies(session, {row.company_id for row in rows})
    return [row.id for row in rows]
