"""How the sources are doing, in words and figures, and which of them have gone silent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select, text
from sqlalchemy.orm import Session

from alerts.silence import WATCHED, SilentSource, judge_silence
from collectors.post import Json
from storage.collection import STALE_CLAIM
from storage.models.mentions import Post
from storage.models.sources import Source
from storage.viewer import NotAllowed, Viewer

_ARRIVALS = 5_000  # newest posts that the silence rule looks at


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One source with its health. `state`: ok, waiting, error, silent, paused, never run. `coverage_*` None: no run."""

    id: int
    kind: str
    name: str
    options: Mapping[str, Json]  # empty for everybody but administrators: options may hold secrets
    enabled: bool
    demo: bool
    origin: str
    state: str
    interval_minutes: int
    last_success_at: datetime | None
    last_item_at: datetime | None
    next_check_at: datetime | None
    error_reason: str | None
    error_detail: str | None
    error_count: int
    silent_since: datetime | None
    items_24h: int
    items_7d: int
    coverage_24h: float | None
    coverage_7d: float | None


def list_sources(session: Session, viewer: Viewer, now: datetime) -> tuple[SourceRow, ...]:
    """All sources with their health; raises `NotAllowed` for advocates."""
    if not viewer.aggregate_facets:
        raise NotAllowed("Your role does not see the sources.")
    items_day, items_week = _items(session, now, 1), _items(session, now, 7)
    cover_day, cover_week = _coverages(session, now, 1), _coverages(session, now, 7)
    show_options = viewer.role in ("administrator", "system")
    return tuple(
        SourceRow(
            row.id,
            row.kind,
            row.name,
            row.options if show_options else {},
            row.enabled,
            row.demo,
            row.origin,
            _state(row, now),
            row.interval_minutes,
            row.last_success_at,
            row.last_item_at,
            row.next_check_at,
            row.error_reason,
            row.error_detail,
            row.error_count,
            row.silent_since,
            items_day.get(row.id, 0),
            items_week.get(row.id, 0),
            cover_day.get(row.id),
            cover_week.get(row.id),
        )
        for row in session.scalars(select(Source).order_by(Source.kind, Source.name))
    )


def mark_silent(session: Session, now: datetime) -> list[SilentSource]:
    """Apply the silence rule to every polled source; returns those that have just gone silent.

    A source that worked and now waits for a person (its key was refused, its address is gone) is silent too.
    """
    stopped = Source.error_reason.is_not(None) & Source.last_success_at.is_not(None)
    polled = or_(Source.next_check_at.is_not(None), stopped)
    gone = []
    for source in session.scalars(select(Source).where(Source.enabled, polled).order_by(Source.id)):
        silent = _silence_of(session, source, now)
        if silent is not None and source.silent_since is None:
            source.silent_since = now
            gone.append(silent)
        elif silent is None and source.silent_since is not None and _speaks(session, source, now):
            source.silent_since = None
    session.flush()
    return gone


def silent_sources(session: Session, now: datetime) -> list[SilentSource]:
    """All that are silent now, those first that are silent longest."""
    found = []
    for source in session.scalars(select(Source).where(Source.enabled, Source.silent_since.is_not(None))):
        since = source.silent_since or now
        still = SilentSource(source.id, source.name, "Nothing came for a month.", now - since)
        found.append(_silence_of(session, source, now) or still)
    return sorted(found, key=lambda source: (-source.quiet, source.id))


def _silence_of(session: Session, source: Source, now: datetime) -> SilentSource | None:
    """The verdict on a source; None: it is not silent."""
    if source.next_check_at is None:
        reason = f"It collects no more until somebody looks after it. {source.error_detail or ''}".strip()
        return SilentSource(source.id, source.name, reason, now - (source.last_success_at or now))
    verdict = judge_silence(_arrivals(session, source, now), now)
    if not verdict.silent or verdict.quiet is None:
        return None
    return SilentSource(source.id, source.name, verdict.reason, verdict.quiet)


def _speaks(session: Session, source: Source, now: datetime) -> bool:
    """Whether a silence is over; a source from which nothing came for a month stays silent."""
    return source.last_item_at is None or bool(_arrivals(session, source, now))


def _arrivals(session: Session, source: Source, now: datetime) -> Sequence[datetime]:
    published = select(Post.published_at).where(Post.source_id == source.id, Post.published_at > now - WATCHED)
    return session.scalars(published.order_by(Post.published_at.desc()).limit(_ARRIVALS)).all()


def _state(source: Source, now: datetime) -> str:
    if not source.enabled:
        return "paused"
    if source.error_reason is not None:
        return "error"
    if source.silent_since is not None:
        return "silent"
    if source.last_success_at is None and source.last_item_at is None:
        return "never run"
    overdue = source.next_check_at is not None and source.next_check_at < now - STALE_CLAIM
    return "waiting" if overdue else "ok"


def _items(session: Session, now: datetime, days: int) -> dict[int, int]:
    query = select(Post.source_id, func.count()).where(Post.collected_at > now - timedelta(days=days))
    return {row[0]: row[1] for row in session.execute(query.group_by(Post.source_id))}


def _coverages(session: Session, now: datetime, days: int) -> dict[int, float]:
    rows = session.execute(
        text(
            "SELECT source_id, avg((complete IS TRUE)::int) FROM collection_runs WHERE started_at >= :start "
            "AND (finished_at IS NOT NULL OR started_at < :stale) GROUP BY source_id"
        ),
        {"start": now - timedelta(days=days), "stale": now - STALE_CLAIM},
    )
    return {source_id: float(share) for source_id, share in rows}
