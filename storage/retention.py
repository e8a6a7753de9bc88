"""What is kept for how long; called by upkeep, in small bites."""

from datetime import datetime, timedelta

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from config.settings import Settings
from storage.removal import remove_mentions

BITE = 1_000  # posts per call
_RUN_DAYS = 90
_BAND_DAYS = 60

# SKIP LOCKED: a post that is being edited or matched now is taken at the next call.
_OLD = text("""
SELECT p.id FROM posts p WHERE p.published_at < :mentions_before AND p.collected_at < :mentions_before
ORDER BY p.collected_at LIMIT :n FOR UPDATE SKIP LOCKED
""")
_UNMATCHED = text("""
SELECT p.id FROM posts p WHERE p.collected_at < :unmatched_before AND p.deleted_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM mentions m WHERE m.post_id = p.id)
ORDER BY p.collected_at LIMIT :n FOR UPDATE SKIP LOCKED
""")
_MENTIONS_IN = text("SELECT id FROM mentions WHERE post_id = ANY(CAST(:ids AS bigint[]))")
_DELETE = text("DELETE FROM posts WHERE id = ANY(CAST(:ids AS bigint[]))")
_SWEEP = (
    text("DELETE FROM collection_runs WHERE started_at < CAST(:now AS timestamptz) - CAST(:runs AS interval)"),
    # Near copies are looked for within 14 days; analysis may lag behind by a month.
    text("DELETE FROM story_bands WHERE first_at < CAST(:now AS timestamptz) - CAST(:bands AS interval)"),
    text("DELETE FROM sessions WHERE expires_at < :now"),
    text("DELETE FROM daily_salts WHERE day < (CAST(:now AS timestamptz) AT TIME ZONE 'UTC')::date"),
)


def delete_expired(session: Session, now: datetime, settings: Settings) -> int:
    """Delete what is older than the settings allow: at most `BITE` posts of each sort; stories and cells follow.

    Returns how many posts went; call again soon while there are any.
    """
    old = _delete(session, _OLD, {"mentions_before": now - timedelta(days=settings.mention_days)})
    unmatched = _delete(session, _UNMATCHED, {"unmatched_before": now - timedelta(days=settings.unmatched_days)})
    for statement in _SWEEP:
        names = statement.compile().params
        values = {"now": now, "runs": timedelta(days=_RUN_DAYS), "bands": timedelta(days=_BAND_DAYS)}
        session.execute(statement, {name: values[name] for name in names})
    return old + unmatched


def _delete(session: Session, query: TextClause, values: dict[str, object]) -> int:
    ids = session.scalars(query, values | {"n": BITE}).all()
    if ids:
        remove_mentions(session, session.scalars(_MENTIONS_IN, {"ids": ids}).all())
        session.execute(_DELETE, {"ids": ids})
    return len(ids)
