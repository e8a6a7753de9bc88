"""What is kept for how long; called by upkeep, in small bites.

A post leaves by the first of these rules: `MENTION_DAYS` after it was collected; `UNMATCHED_DAYS` after it where the
post is about nobody; the days that its source is told (`sources.keep_days`), counted from its collection too; the days
that its platform allows (`Collector.keep_days`), counted from the last look that found it there.

Sorts of posts may leave sooner: those of the employer side (`EMPLOYER_DAYS`), answers to surveys (`SURVEY_DAYS`), and
protected activity (`PROTECTED_DAYS`). Their places still offer them, so a tombstone without text and author stays until
`MENTION_DAYS` have passed: else the next run would bring them back, and their time would begin anew.

What goes is noted by rule and day in `storage.removals`, in the same transaction.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, Row, TextClause, text
from sqlalchemy.orm import Session

from collectors import registry
from config.settings import Settings
from storage import removals
from storage.intake import mark_deleted
from storage.removal import hold_mentions, remove_mentions

BITE = 1_000  # posts per call
_RUN_DAYS = 90
_BAND_DAYS = 60


@dataclass(frozen=True, slots=True)
class _Expired:
    """Posts (with their `id`) that leave by a rule; as tombstones they have `source_id` and `native_id`, too."""

    rule: str
    days: int | None
    posts: Sequence[Row[Any]]
    tombstones: bool = False


# SKIP LOCKED: a post that is being edited or matched now is taken at the next call.
_OLD = text("""
SELECT p.id FROM posts p WHERE p.published_at < :before AND p.collected_at < :before
ORDER BY p.collected_at LIMIT :n FOR UPDATE SKIP LOCKED
""")
_UNMATCHED = text("""
SELECT p.id FROM posts p WHERE p.collected_at < :before AND p.deleted_at IS NULL
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
# A mention is never younger than its post, so its own time is asked first: that has an index.
_OF_SORT = """
SELECT id, source_id, native_id FROM posts WHERE id IN ({ids}) AND deleted_at IS NULL FOR UPDATE SKIP LOCKED
"""
_OF_MENTIONS = """
SELECT m.post_id FROM mentions m JOIN posts p ON p.id = m.post_id
WHERE {sort} AND m.published_at < :before AND p.collected_at < :before AND p.deleted_at IS NULL LIMIT :n
"""
_SORTS = {
    "employer": text(_OF_SORT.format(ids=_OF_MENTIONS.format(sort="m.facet IN ('employer', 'both')"))),
    "protected": text(_OF_SORT.format(ids=_OF_MENTIONS.format(sort="m.protected"))),
    "surveys": text(
        _OF_SORT.format(
            ids="""
SELECT p.id FROM posts p WHERE p.source_id IN (SELECT id FROM sources WHERE kind IN ('survey', 'import', 'api'))
  AND p.kind = 'survey' AND p.collected_at < :before AND p.deleted_at IS NULL LIMIT :n
"""
        )
    ),
}
_MENTIONS_IN = text("SELECT id FROM mentions WHERE post_id = ANY(CAST(:ids AS bigint[]))")
_DELETE = text("DELETE FROM posts WHERE id = ANY(CAST(:ids AS bigint[]))")
# What goes is noted under its rule.
_NOTED = {
    "runs": "DELETE FROM collection_runs WHERE started_at < CAST(:now AS timestamptz) - CAST(:runs AS interval)",
    "held": "DELETE FROM held_items "
    "WHERE coalesce(resolved_at + interval '30 days', held_at + interval '1 year') < :now",
    "sessions": "DELETE FROM sessions WHERE expires_at < :now",
    # They hold quotes, so they go before the mentions do. What still waits to be handed over stays.
    "mails": "DELETE FROM outbox WHERE state NOT IN ('waiting', 'sending') AND created_at < :mails_before",
    "messages": "DELETE FROM deliveries WHERE state NOT IN ('waiting', 'sending') AND created_at < :mails_before",
    "visits": "UPDATE career_visits SET visitor = NULL "
    "WHERE visitor IS NOT NULL AND day < (CAST(:now AS timestamptz) AT TIME ZONE 'UTC')::date",
}
# Nobody is behind these.
_UNNOTED = (
    # Near copies are looked for within 14 days; analysis may lag behind by a month.
    "DELETE FROM story_bands WHERE first_at < CAST(:now AS timestamptz) - CAST(:bands AS interval)",
    "DELETE FROM hook_deliveries WHERE received_at < CAST(:now AS timestamptz) - interval '1 day'",
    "DELETE FROM hosts WHERE updated_at < CAST(:now AS timestamptz) - interval '30 days'",
    "DELETE FROM daily_salts WHERE day < (CAST(:now AS timestamptz) AT TIME ZONE 'UTC')::date",
    # A batch of clicks that a crash left on the disk of a machine that stood still for a year is stored a second time.
    "DELETE FROM click_batches WHERE stored_at < CAST(:now AS timestamptz) - interval '1 year'",
)
_SWEEP = (*((rule, text(query)) for rule, query in _NOTED.items()), *(("", text(query)) for query in _UNNOTED))


def delete_expired(session: Session, now: datetime, settings: Settings) -> int:
    """Delete what is kept long enough: at most `BITE` posts of each sort; stories and cells follow.

    Returns how many posts went; call again soon while there are any. Everything is found and locked first: what waited
    for a mention with a company's lock in hand would wait for the worker that holds it, and the worker for us.
    """
    expired = _without_repeats([*_expired(session, now, settings), *_of_sorts(session, now, settings)])
    hold_mentions(session, [post.id for each in expired for post in each.posts])
    for each in expired:
        _let_go(session, each, now)
        removals.note(session, each.rule, len(each.posts), each.days, now)
    _sweep(session, now, settings)
    return sum(len(each.posts) for each in expired)


def _sweep(session: Session, now: datetime, settings: Settings) -> None:
    values = {
        "now": now,
        "runs": timedelta(days=_RUN_DAYS),
        "bands": timedelta(days=_BAND_DAYS),
        "mails_before": now - timedelta(days=settings.mail_days),
    }
    days = {"runs": _RUN_DAYS, "mails": settings.mail_days, "messages": settings.mail_days}
    for rule, statement in _SWEEP:
        found = session.execute(statement, {name: values[name] for name in statement.compile().params})
        if rule and isinstance(found, CursorResult):
            removals.note(session, rule, found.rowcount, days.get(rule), now)


def _expired(session: Session, now: datetime, settings: Settings) -> Iterator[_Expired]:
    """Posts that leave for good."""
    yield _found(session, "mentions", _OLD, settings.mention_days, now)
    yield _found(session, "unmatched", _UNMATCHED, settings.unmatched_days, now)
    yield _found(session, "sources", _OF_SOURCES, None, now)
    for collector in registry.all_collectors():
        if collector.keep_days is not None:  # unless they were looked at again since
            yield _found(session, "platforms", _OF_PLATFORM, collector.keep_days, now, kind=collector.kind)


def _of_sorts(session: Session, now: datetime, settings: Settings) -> Iterator[_Expired]:
    """Posts of the sorts that are kept for a shorter time; their tombstones stay."""
    kept = {"employer": settings.employer_days, "surveys": settings.survey_days, "protected": settings.protected_days}
    for rule, days in kept.items():
        if days:
            rows = session.execute(_SORTS[rule], {"before": _whole_days(now, days), "n": BITE}).all()
            yield _Expired(rule, days, rows, tombstones=True)


def _whole_days(now: datetime, days: int) -> datetime:
    """All that was collected on a day goes together, on the day it is so old: hour by hour, the shrinking figures of a
    group would tell what its single mentions were."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=days - 1)


def _found(session: Session, rule: str, query: TextClause, days: int | None, now: datetime, **more: object) -> _Expired:
    """The posts that a rule finds, locked: older than `days` where it has a number."""
    before = None if days is None else now - timedelta(days=days)
    given = {**more, "before": before, "now": now, "n": BITE}
    rows = session.execute(query, {name: given[name] for name in query.compile().params}).all()
    return _Expired(rule, days, rows)


def _without_repeats(expired: Iterable[_Expired]) -> list[_Expired]:
    """Each post under the first rule that found it."""
    seen = set[int]()
    found = []
    for each in expired:
        found.append(replace(each, posts=[post for post in each.posts if post.id not in seen]))
        seen |= {post.id for post in each.posts}
    return found


def _let_go(session: Session, expired: _Expired, now: datetime) -> None:
    posts = expired.posts
    if expired.tombstones:
        for source_id in sorted({post.source_id for post in posts}):
            mark_deleted(session, source_id, [post.native_id for post in posts if post.source_id == source_id], now)
    elif posts:
        ids = [post.id for post in posts]
        remove_mentions(session, session.scalars(_MENTIONS_IN, {"ids": ids}).all())
        session.execute(_DELETE, {"ids": ids})
