"""The log of collections for administrators: how each run ended, and what an import could not take."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from storage.models.sources import CollectionRun, ImportProblem
from storage.viewer import Viewer, require_administrator


@dataclass(frozen=True, slots=True)
class RunRow:
    """One collection and how it ended. `cost` in the unit of the kind's budget; `purpose`: see `CollectionRun`."""

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
    purpose: str = "collect"


@dataclass(frozen=True, slots=True)
class Problem:
    """A row of an imported file that could not be taken."""

    line: int
    column: str | None
    reason: str


def runs(session: Session, viewer: Viewer, source_id: int, limit: int = 50) -> tuple[RunRow, ...]:
    """The latest runs of a source, newest first; for administrators."""
    require_administrator(viewer)
    query = select(CollectionRun).where(CollectionRun.source_id == source_id)
    rows = session.scalars(query.order_by(CollectionRun.started_at.desc(), CollectionRun.id.desc()).limit(limit))
    return tuple(_row(row) for row in rows)


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


def import_problems(session: Session, viewer: Viewer, source_id: int, limit: int = 200) -> tuple[Problem, ...]:
    """What the latest imports into a source could not take, newest first; for administrators."""
    require_administrator(viewer)
    query = select(ImportProblem).where(ImportProblem.source_id == source_id).order_by(ImportProblem.id.desc())
    return tuple(Problem(row.line, row.column, row.reason) for row in session.scalars(query.limit(limit)))


def _row(row: CollectionRun) -> RunRow:
    return RunRow(
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
        row.purpose,
    )
