"""Sources, as they are read: health, runs, coverage hour by hour, items that wait for a person."""

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field
from sqlalchemy.orm import Session

from api.deps import Now, require_viewer
from api.errors import ApiError, responses, wrong_field
from api.schemas.fields import MAX_SERIAL, Line, Question
from api.schemas.sources import HeldList, HeldOut, HourList, HourOut, RunList, RunOut, SourceList, SourceOut
from config.logging import redacted_text
from storage import db, sources
from storage.sources import SourceRow
from storage.viewer import NotFound, Viewer

router = APIRouter(prefix="/api/v1/sources", tags=["sources"])

Reader = Annotated[Viewer, Depends(require_viewer("sources:read"))]
Administrator = Annotated[Viewer, Depends(require_viewer("sources:read", "administrator"))]
SourceId = Annotated[int, Path(ge=1, le=MAX_SERIAL)]
_ERRORS = responses(401, 403, 404, 422)
_HOUR = timedelta(hours=1)


State = Literal[
    "ok", "waiting", "error", "silent", "paused", "never run", "needs keys", "needs approval", "over budget",
    "resting host",
]  # fmt: skip


class Wanted(Question):
    """Filters of the list, as query parameters."""

    q: Annotated[Line, Field(max_length=200, description="Words of the name.")] = ""
    kind: Annotated[str, Field(pattern="^[a-z0-9_]{0,40}$", description="As `/api/v1/source-kinds` names it.")] = ""
    state: State | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 200
    after: Annotated[Line | None, Field(max_length=1200, description="`next` of the page before.")] = None


@router.get("", name="list_sources", responses=responses(401, 403, 422))
def list_sources(viewer: Reader, now: Now, wanted: Annotated[Wanted, Query()]) -> SourceList:
    """Sources with their health in words, by kind and name."""
    after = None if wanted.after is None else _position(wanted.after)
    with db.reading() as session:
        rows = [row for row in sources.list_sources(session, viewer, now) if _fits(row, wanted)]
    rows.sort(key=lambda row: (row.kind, row.name))  # the database may sort by the rules of a language
    left = rows if after is None else [row for row in rows if (row.kind, row.name) > after]
    shown = left[: wanted.limit]
    following = _cursor(shown[-1]) if len(left) > len(shown) else None
    return SourceList(items=[source_out(row) for row in shown], next=following)


@router.get("/{source_id}", name="get_source", responses=_ERRORS)
def get_source(viewer: Reader, source_id: SourceId, now: Now) -> SourceOut:
    """One source with its health."""
    with db.reading() as session:
        return source_out(source_row(session, viewer, source_id, now))


@router.get("/{source_id}/runs", name="list_runs", responses=_ERRORS)
def list_runs(
    viewer: Administrator, source_id: SourceId, now: Now, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> RunList:
    """The latest runs of a source, newest first: what for, when, how many, what it cost, how it ended."""
    with db.reading() as session:
        source_row(session, viewer, source_id, now)
        return RunList(
            items=[_run(RunOut.model_validate(row)) for row in sources.runs(session, viewer, source_id, limit)]
        )


@router.get("/{source_id}/coverage", name="list_coverage", responses=_ERRORS)
def list_coverage(
    viewer: Reader, source_id: SourceId, now: Now, hours: Annotated[int, Query(ge=1, le=24 * 31)] = 48
) -> HourList:
    """The last hours one by one: an hour without a complete run is a gap in what is known."""
    with db.reading() as session:
        source_row(session, viewer, source_id, now)
        found: Sequence[sources.HourCover] = sources.coverage_hours(session, source_id, now - (hours - 1) * _HOUR, now)
    return HourList(items=[HourOut.model_validate(hour) for hour in found])


@router.get("/{source_id}/held", name="list_held", responses=_ERRORS)
def list_held(
    viewer: Administrator, source_id: SourceId, now: Now, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> HeldList:
    """Items in a form that nobody foresaw; they never become mentions by themselves."""
    with db.reading() as session:
        source_row(session, viewer, source_id, now)
        found = sources.held_items(session, viewer, source_id, limit)
    return HeldList(items=[HeldOut.model_validate(row) for row in found])


def source_out(row: SourceRow) -> SourceOut:
    """A source as the API shows it. An error may quote the address it happened at: without what signs in there."""
    left = None if row.window_left is None else round(row.window_left / _HOUR, 1)
    values = {name: getattr(row, name) for name in SourceOut.model_fields if name != "window_left_hours"}
    detail = None if row.error_detail is None else redacted_text(row.error_detail)
    return SourceOut.model_validate({**values, "error_detail": detail, "window_left_hours": left})


def source_row(session: Session, viewer: Viewer, source_id: int, now: datetime) -> SourceRow:
    """One source; 404 where there is none."""
    try:
        return sources.source_row(session, viewer, source_id, now)
    except NotFound as error:
        raise ApiError(404, f"There is no source {source_id}.") from error


def _run(run: RunOut) -> RunOut:
    return run if run.detail is None else run.model_copy(update={"detail": redacted_text(run.detail)})


def _fits(row: SourceRow, wanted: Wanted) -> bool:
    words = wanted.q.casefold()
    return words in row.name.casefold() and wanted.kind in ("", row.kind) and wanted.state in (None, row.state)


def _cursor(row: SourceRow) -> str:
    return base64.urlsafe_b64encode(json.dumps([row.kind, row.name]).encode()).decode().rstrip("=")


def _position(cursor: str) -> tuple[str, str]:
    try:
        kind, name = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise wrong_field("after", "this is not a cursor of this list") from error
    if not isinstance(kind, str) or not isinstance(name, str):
        raise wrong_field("after", "this is not a cursor of this list")
    return kind, name
