"""Collections: which source is due, who has claimed it, how its runs ended, and what an import could not take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from collectors.base import CollectError, Outcome
from collectors.post import Json
from storage.models.sources import CollectionRun, ImportProblem, Source
from storage.source_settings import UNPOLLED
from storage.viewer import NotFound

STALE_CLAIM = timedelta(minutes=15)  # longer than any run may take: its process is gone
LONGEST_BACK_OFF = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ClaimedSource:
    """A source that this process may run now."""

    id: int
    kind: str
    name: str
    options: Mapping[str, Json]
    cursor: Mapping[str, Json]
    run_id: int


@dataclass(frozen=True, slots=True)
class RunRow:
    """One collection and how it ended."""

    id: int
    started_at: datetime
    finished_at: datetime | None
    complete: bool | None
    reason: str | None
    detail: str | None
    seen: int
    added: int
    changed: int
    requests: int
    cost: float


@dataclass(frozen=True, slots=True)
class Problem:
    """A row of an imported file that could not be taken."""

    line: int
    column: str | None
    reason: str


def due_sources(session: Session, now: datetime, limit: int = 50) -> list[int]:
    """Ids of sources to collect now, the longest overdue first."""
    query = select(Source.id).where(Source.enabled, Source.next_check_at <= now, _unclaimed(now))
    return list(session.scalars(query.order_by(Source.next_check_at, Source.id).limit(limit)))


def claim(session: Session, source_id: int, now: datetime, *, force: bool = False) -> ClaimedSource | None:
    """Take a source that is due (with `force`: at any time, even if paused) and open its run; None: not to be had."""
    query = update(Source).where(Source.id == source_id, _unclaimed(now))
    if not force:
        query = query.where(Source.enabled, Source.next_check_at <= now)
    row = session.execute(
        query.values(claimed_at=now).returning(Source.id, Source.kind, Source.name, Source.options, Source.cursor)
    ).first()
    if row is None:
        return None
    run_id = session.scalar(
        insert(CollectionRun).values(source_id=source_id, started_at=now).returning(CollectionRun.id)
    )
    if run_id is None:
        raise RuntimeError("the run was not stored")
    return ClaimedSource(row.id, row.kind, row.name, row.options, row.cursor, run_id)


def finish_run(
    session: Session, run_id: int, outcome: Outcome, now: datetime, *, requests: int = 0, cost: float = 0.0
) -> None:
    """Close a run that came to its end, complete or not, and set the next one; `retry_at` is obeyed."""
    run = _run(session, run_id)
    run.finished_at, run.complete = now, outcome.complete
    run.reason, run.detail = outcome.reason, outcome.detail or None
    run.requests, run.cost = requests, cost
    source = session.get_one(Source, run.source_id, with_for_update=True)
    source.last_success_at = now
    source.error_reason, source.error_detail, source.error_count = None, None, 0
    wait = outcome.next_check if outcome.next_check is not None else timedelta(minutes=source.interval_minutes)
    _release(source, run, _later(now + wait, outcome.retry_at))
    session.flush()


def fail_run(
    session: Session, run_id: int, error: CollectError, now: datetime, *, requests: int = 0, cost: float = 0.0
) -> None:
    """Close a run that failed: wait twice as long each time, a day at most; a permanent error waits for a person."""
    run = _run(session, run_id)
    run.finished_at, run.complete, run.reason, run.detail = now, False, error.reason, error.detail
    run.requests, run.cost = requests, cost
    source = session.get_one(Source, run.source_id, with_for_update=True)
    source.error_reason, source.error_detail = error.reason, error.detail
    source.error_count += 1
    wait = timedelta(minutes=max(1, source.interval_minutes)) * 2 ** min(source.error_count - 1, 12)
    next_check = None if error.permanent else _later(now + min(wait, LONGEST_BACK_OFF), error.retry_at)
    _release(source, run, next_check)
    session.flush()


def runs(session: Session, source_id: int, limit: int = 50) -> tuple[RunRow, ...]:
    """The latest runs of a source, newest first."""
    query = select(CollectionRun).where(CollectionRun.source_id == source_id)
    rows = session.scalars(query.order_by(CollectionRun.started_at.desc(), CollectionRun.id.desc()).limit(limit))
    return tuple(
        RunRow(
            row.id,
            row.started_at,
            row.finished_at,
            row.complete,
            row.reason,
            row.detail,
            row.seen,
            row.added,
            row.changed,
            row.requests,
            row.cost,
        )
        for row in rows
    )


def coverage(session: Session, start: datetime, end: datetime, source_ids: Sequence[int] | None = None) -> float | None:
    """Share (0..1) of the collections begun in [start, end) that succeeded; None: there was none.

    A run that was killed counts as failed once its claim is stale; one under way does not count yet.
    """
    query = (
        "SELECT avg((complete IS TRUE)::int) FROM collection_runs WHERE started_at >= :start AND started_at < :end "
        "AND (finished_at IS NOT NULL OR started_at < CAST(:end AS timestamptz) - CAST(:stale AS interval))"
    )
    values: dict[str, object] = {"start": start, "end": end, "stale": STALE_CLAIM}
    if source_ids is not None:
        query += " AND source_id = ANY(CAST(:sources AS integer[]))"
        values["sources"] = list(source_ids)
    share = session.scalar(text(query), values)
    return None if share is None else float(share)


def add_import_problems(
    session: Session, source_id: int, problems: Sequence[Problem], run_id: int | None = None
) -> None:
    """Keep what an import could not take."""
    if problems:
        rows = [
            {"source_id": source_id, "run_id": run_id, "line": each.line, "column": each.column, "reason": each.reason}
            for each in problems
        ]
        session.execute(insert(ImportProblem), rows)


def import_problems(session: Session, source_id: int, limit: int = 200) -> tuple[Problem, ...]:
    """What the latest imports into a source could not take, newest first."""
    query = select(ImportProblem).where(ImportProblem.source_id == source_id).order_by(ImportProblem.id.desc())
    return tuple(Problem(row.line, row.column, row.reason) for row in session.scalars(query.limit(limit)))


def _unclaimed(now: datetime) -> ColumnElement[bool]:
    return or_(Source.claimed_at.is_(None), Source.claimed_at < now - STALE_CLAIM)


def _run(session: Session, run_id: int) -> CollectionRun:
    run = session.get(CollectionRun, run_id)
    if run is None:
        raise NotFound("There is no such run; its source may have been deleted.")
    return run


def _release(source: Source, run: CollectionRun, next_check: datetime | None) -> None:
    """Give the claim back, unless another process has taken it over meanwhile."""
    if source.claimed_at == run.started_at:
        source.claimed_at = None
        if source.kind not in UNPOLLED:
            source.next_check_at = next_check


def _later(planned: datetime, retry_at: datetime | None) -> datetime:
    return planned if retry_at is None else max(planned, retry_at)
