"""Sources: health, runs, run one now."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from sqlalchemy.orm import Session

from api.deps import Now, require_viewer
from api.errors import ApiError, responses
from api.schemas.fields import MAX_SERIAL
from api.schemas.sources import RunList, RunOut, SourceList, SourceOut
from config.logging import redacted_text
from storage import audit, db, sources
from storage.sources import SourceRow
from storage.viewer import Viewer
from workers import app as queue

router = APIRouter(prefix="/api/v1/sources", tags=["sources"])

Reader = Annotated[Viewer, Depends(require_viewer("sources:read"))]
Administrator = Annotated[Viewer, Depends(require_viewer("sources:read", "administrator"))]
Starter = Annotated[Viewer, Depends(require_viewer("sources:write", "administrator"))]
SourceId = Annotated[int, Path(ge=1, le=MAX_SERIAL)]


@router.get("", name="list_sources", responses=responses(401, 403))
def list_sources(viewer: Reader, now: Now) -> SourceList:
    """All sources with their health in words."""
    with db.reading() as session:
        return SourceList(items=[_shown(row) for row in sources.list_sources(session, viewer, now)])


@router.get("/{source_id}", name="get_source", responses=responses(401, 403, 404, 422))
def get_source(viewer: Reader, source_id: SourceId, now: Now) -> SourceOut:
    """One source with its health."""
    with db.reading() as session:
        return _shown(_one(session, viewer, source_id, now))


@router.get("/{source_id}/runs", name="list_runs", responses=responses(401, 403, 404, 422))
def list_runs(
    viewer: Administrator, source_id: SourceId, now: Now, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> RunList:
    """The latest runs of a source, newest first: when, how many, what it cost, how it ended."""
    with db.reading() as session:
        _one(session, viewer, source_id, now)
        return RunList(items=[RunOut.model_validate(row) for row in sources.runs(session, viewer, source_id, limit)])


@router.post("/{source_id}/run", name="run_source", status_code=202, responses=responses(401, 403, 404, 409, 422))
def run_source(viewer: Starter, source_id: SourceId, now: Now) -> SourceOut:
    """Collect now instead of at the planned time; also lets a source try again after a permanent error."""
    with db.transaction() as session:
        if not _one(session, viewer, source_id, now).enabled:
            raise ApiError(409, "This source is paused; resume it first.")
        try:
            sources.run_now(session, viewer, source_id, now)
        except ValueError as error:
            raise ApiError(409, str(error)) from error
        audit.record(session, viewer, "source.run", f"source {source_id}", now)
        db.after_commit(session, lambda: _collect(source_id))
        return _shown(_one(session, viewer, source_id, now))


def _collect(source_id: int) -> None:
    queue.enqueue(queue.COLLECT_SOURCE, source_id)


def _shown(row: SourceRow) -> SourceOut:
    """An error may quote the address it happened at: without what signs in there."""
    shown = SourceOut.model_validate(row)
    detail = None if shown.error_detail is None else redacted_text(shown.error_detail)
    return shown.model_copy(update={"error_detail": detail})


def _one(session: Session, viewer: Viewer, source_id: int, now: datetime) -> SourceRow:
    for row in sources.list_sources(session, viewer, now):
        if row.id == source_id:
            return row
    raise ApiError(404, f"There is no source {source_id}.")
