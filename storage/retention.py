"""What is kept for how long; called by upkeep, in small bites.

A post leaves by the first of these rules: `MENTION_DAYS` after it was collected; `UNMATCHED_DAYS` after it where the
post is about nobody; the days that its source is told (`sources.keep_days`), counted from its collection too; the days
that its platform allows (`Collector.keep_days`), counted from the last look that found it there.
"""

from datetime import datetime, timedelta

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from collectors import registry
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
# What a source is told to keep counts from the collection; what its platform allows, from the last fresh look.
_OF_SOURCES = text("""
SELECT id FROM posts WHERE id IN (
    SELECT old.id FROM sources s CROSS JOIN LATERAL (
        SELECT p.id FROM posts p
        WHERE p.source_id = s.id AND p.collected_at < CAST(:now AS timestamptz) - make_interval(days => s.keep_days)
        ORDER BY p.collected_at LIMIT :n
    ) old WHERE s.keep_days IS NOT NULL LIMIT :n
) FOR UPDATE SKIP LOCKED
""")
_OF_PLATFORM = text("""
SELECT p.id FROM posts p
WHERE p.source_id IN (SELECT id FROM sources WHERE kind = :kind) AND p.collected_at < :before
  AND coalesce(p.renewed_at, p.collected_at) < :before LIMIT :n FOR UPDATE SKIP LOCKED
""")
_MENTIONS_IN = text("SELECT id FROM mentions WHERE post_id = ANY(CAST(:ids AS bigint[]))")
_DELETE = text("DELETE FROM posts WHERE id = ANY(CAST(:ids AS bigint[]))")
_SWEEP = (
    text("DELETE FROM collection_runs WHERE started_at < CAST(:now AS timestamptz) - CAST(:runs AS interval)"),
    # Near copies are looked for within 14 days; analysis may lag behind by a month.
    text("DELETE FROM story_bands WHERE first_at < CAST(:now AS timestamptz) - CAST(:bands AS interval)"),
    text("DELETE FROM hook_deliveries WHERE received_at < CAST(:now AS timestamptz) - interval '1 day'"),
    text("DELETE FROM held_items WHERE coalesce(resolved_at + interval '30 days', held_at + interval '1 year') < :now"),
    text("DELETE FROM hosts WHERE updated_at < CAST(:now AS timestamptz) - interval '30 days'"),
    text("DELETE FROM sessions WHERE expires_at < :now"),
    # They hold quotes, so they go before the mentions do. What still waits to be handed over stays.
    text("DELETE FROM outbox WHERE state NOT IN ('waiting', 'sending') AND created_at < :mails_before"),
    text("DELETE FROM deliveries WHERE state NOT IN ('waiting', 'sending') AND created_at < :mails_before"),
    text("DELETE FROM daily_salts WHERE day < (CAST(:now AS timestamptz) AT TIME ZONE 'UTC')::date"),
    text(
        "UPDATE career_visits SET visitor = NULL "
        "WHERE visitor IS NOT NULL AND day < (CAST(:now AS timestamptz) AT TIME ZONE 'UTC')::date"
    ),
    # A batch of clicks that a crash left on the disk of a machine that stood still for a year is stored a second time.
    text("DELETE FROM click_batches WHERE stored_at < CAST(:now AS timestamptz) - interval '1 year'"),
)


def delete_expired(session: Session, now: datetime, settings: Settings) -> int:
    """Delete what is kept long enough: at most `BITE` posts of each sort; stories and cells follow.

    Returns how many posts went; call again soon while there are any.
    """
    old = _delete(session, _OLD, {"mentions_before": now - timedelta(days=settings.mention_days)})
    unmatched = _delete(session, _UNMATCHED, {"unmatched_before": now - timedelta(days=settings.unmatched_days)})
    sources = _delete(session, _OF_SOURCES, {"now": now}) + _delete_by_platform(session, now)
    for statement in _SWEEP:
        names = statement.compile().params
        values = {
            "now": now,
            "runs": timedelta(days=_RUN_DAYS),
            "bands": timedelta(days=_BAND_DAYS),
            "mails_before": now - timedelta(days=settings.mail_days),
        }
        session.execute(statement, {name: values[name] for name in names})
    return old + unmatched + sources


def _delete_by_platform(session: Session, now: datetime) -> int:
    """Posts that a platform lets us keep for so long only, unless they were looked at again since."""
    gone = 0
    for collector in registry.all_collectors():
        if collector.keep_days is not None:
            before = now - timedelta(days=collector.keep_days)
            gone += _delete(session, _OF_PLATFORM, {"kind": collector.kind, "before": before})
    return gone


def _delete(session: Session, query: TextClause, values: dict[str, object]) -> int:
    ids = session.scalars(query, values | {"n": BITE}).all()
    if ids:
        remove_mentions(session, session.scalars(_MENTIONS_IN, {"ids": ids}).all())
        session.execute(_DELETE, {"ids": ids})
    return len(ids)
