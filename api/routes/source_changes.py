"""Sources, as administrators change them: add, change, keys, try, run, delete, settle held items.

Values of keys come in and never go out: no answer, error or log line holds one.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, Path

from api import source_runs, source_trials
from api.deps import Now, require_viewer
from api.errors import ApiError, from_value_error, responses, wrong_field
from api.routes.sources import SourceId, source_out, source_row
from api.schemas.fields import MAX_BIG
from api.schemas.source_changes import KeysIn, SourceChange, SourceIn, TrialItemOut, TrialOut
from api.schemas.sources import SourceOut
from collectors.post import Json
from config.logging import redacted_text
from storage import audit, db, sources
from storage.kinds import collector_of
from storage.source_settings import UNCHANGED
from storage.sources import SourceRow
from storage.viewer import Viewer

router = APIRouter(prefix="/api/v1/sources", tags=["sources"])

Changer = Annotated[Viewer, Depends(require_viewer("sources:write", "administrator"))]
HeldId = Annotated[int, Path(ge=1, le=MAX_BIG)]
_ERRORS = responses(401, 403, 404, 409, 422)
_WITH_BODY = _ERRORS | responses(413)


@router.post("", name="add_source", status_code=201, responses=responses(401, 403, 409, 413, 422))
def add_source(viewer: Changer, new: SourceIn, now: Now) -> SourceOut:
    """Add a source; it runs at once, unless it is filled from outside or lacks a key."""
    if collector_of(new.kind) is None:
        raise wrong_field("kind", "must be one of the kinds of sources, see /api/v1/source-kinds")
    with db.transaction() as session:
        with _checked():
            made = sources.add_source(
                session, viewer, new.kind, new.name, new.options, now,
                credentials=new.credentials, keep_days=new.keep_days, about=new.about,
            )  # fmt: skip
        audit.record(session, viewer, "source.add", f"source {made}", now)
        row = source_row(session, viewer, made, now)
        if row.next_check_at is not None:
            db.after_commit(session, lambda: source_runs.start(new.kind, made))
        return source_out(row)


@router.patch("/{source_id}", name="change_source", responses=_WITH_BODY)
def change_source(viewer: Changer, source_id: SourceId, change: SourceChange, now: Now) -> SourceOut:
    """Change name, options, retention, or pause and resume. What is not named stays as it is."""
    with db.transaction() as session:
        row = source_row(session, viewer, source_id, now)
        if change.name is not None or change.options is not None:
            _must_be_own(row)
        keep = change.keep_days if "keep_days" in change.model_fields_set else UNCHANGED
        options = None if change.options is None else _merged(row.options, change.options)
        with _checked():
            sources.update_source(
                session, viewer, source_id, now, name=change.name, options=options, keep_days=keep, about=change.about
            )
        if change.enabled is not None:
            sources.set_enabled(session, viewer, source_id, change.enabled, now)
        fields = ", ".join(sorted(change.model_fields_set))
        audit.record(session, viewer, "source.change", f"source {source_id}: {fields}", now)
        session.flush()
        return source_out(source_row(session, viewer, source_id, now))


@router.put("/{source_id}/credentials", name="set_credentials", status_code=204, responses=_WITH_BODY)
def set_credentials(viewer: Changer, source_id: SourceId, keys: KeysIn, now: Now) -> None:
    """Replace or forget keys. They are stored sealed and never come back; the source is due at once."""
    with db.transaction() as session:
        source_row(session, viewer, source_id, now)
        with _checked("credentials"):
            sources.set_credentials(session, viewer, source_id, keys.credentials, now)
        names = ", ".join(sorted(keys.credentials))
        audit.record(session, viewer, "source.credentials", f"source {source_id}: {names}", now)


@router.post("/{source_id}/test", name="test_source", responses=_ERRORS)
def test_source(viewer: Changer, source_id: SourceId, now: Now) -> TrialOut:
    """Try the connection with the stored keys and wait for the answer, at most half a minute. Nothing is stored."""
    with db.transaction() as session:
        row = source_row(session, viewer, source_id, now)
        _must_have_collector(row)
        audit.record(session, viewer, "source.test", f"source {source_id}", now)
    result = source_trials.wait(source_trials.start(viewer, source_id, now))
    items = [TrialItemOut.model_validate(item) for item in result.items]
    return TrialOut(ok=result.ok, detail=redacted_text(result.detail), items=items)


@router.post("/{source_id}/run", name="run_source", status_code=202, responses=_ERRORS)
def run_source(viewer: Changer, source_id: SourceId, now: Now) -> SourceOut:
    """Collect now instead of at the planned time; also lets a source try again after a permanent error."""
    with db.transaction() as session:
        row = source_row(session, viewer, source_id, now)
        if not row.enabled:
            raise ApiError(409, "This source is paused; resume it first.")
        try:
            sources.run_now(session, viewer, source_id, now)
        except ValueError as error:
            raise ApiError(409, str(error)) from error
        audit.record(session, viewer, "source.run", f"source {source_id}", now)
        db.after_commit(session, lambda: source_runs.start(row.kind, source_id))
        return source_out(source_row(session, viewer, source_id, now))


@router.delete("/{source_id}", name="delete_source", status_code=204, responses=_ERRORS)
def delete_source(viewer: Changer, source_id: SourceId, now: Now) -> None:
    """Remove a source with all it brought; every figure follows. Pausing keeps it."""
    with db.transaction() as session:
        row = source_row(session, viewer, source_id, now)
        _must_be_own(row)
        sources.delete_source(session, viewer, source_id)
        audit.record(session, viewer, "source.delete", f"source {source_id}, {row.name}", now)


@router.post("/{source_id}/held/{held_id}/resolve", name="resolve_held", status_code=204, responses=_ERRORS)
def resolve_held(viewer: Changer, source_id: SourceId, held_id: HeldId, now: Now) -> None:
    """Say that a person has looked at a held item."""
    with db.transaction() as session:
        source_row(session, viewer, source_id, now)
        if all(row.id != held_id for row in sources.held_items(session, viewer, source_id, 1000)):
            raise ApiError(404, f"No item {held_id} of this source waits for anybody.")
        sources.resolve_held(session, viewer, held_id, now)
        audit.record(session, viewer, "source.held", f"source {source_id}, item {held_id}", now)


def _merged(before: Mapping[str, Json], given: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in {**before, **given}.items() if value is not None}


def _must_be_own(row: SourceRow) -> None:
    if row.origin == "profile":
        raise ApiError(409, "This source is written in the company profile; change it there.")
    if row.demo:
        raise ApiError(409, "This source belongs to the demo company; it goes when the demo is removed.")


def _must_have_collector(row: SourceRow) -> None:
    if collector_of(row.kind) is None:
        raise ApiError(409, "This source is filled from outside; there is no connection to test.")


@contextmanager
def _checked(prefix: str = "") -> Iterator[None]:
    """What storage refuses is 422 with the field's name; a name that is taken is 409."""
    try:
        yield
    except sources.NameTakenError as error:
        raise ApiError(409, "There already is a source of this kind with this name.") from error
    except ValueError as error:
        raise from_value_error(ValueError(f"{prefix}.{error}" if prefix else str(error))) from error
