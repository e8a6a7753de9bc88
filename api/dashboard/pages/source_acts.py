"""What an administrator does to a source: change, give keys, test, run, pause, resume, delete, settle held items."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api import source_runs, source_trials
from api.auth import SignedIn
from api.dashboard import source_form
from api.dashboard.forms import Form, Posted, number_in
from api.dashboard.pages.sources import detail
from api.dashboard.render import redirect
from api.deps import Now, form_role
from collectors.base import Collector
from collectors.post import Json
from storage import audit, db, sources
from storage.kinds import collector_of
from storage.sources import SourceRow
from storage.viewer import NotFound, Viewer

router = APIRouter()

Sender = Annotated[SignedIn, Depends(form_role("administrator"))]


@router.post("/sources/{source_id}")
def change(request: Request, now: Now, who: Sender, source_id: int, form: Form) -> Response:
    """New name, options or retention; new options are tried at once."""
    row, found = _source(who.viewer, source_id, now)
    try:
        days = source_form.keep_days_in(form)
        with db.transaction() as session:
            if row.origin in ("profile", "demo"):
                sources.update_source(session, who.viewer, source_id, now, keep_days=days)
            else:
                name, options = _new_settings(row, found, form)
                sources.update_source(
                    session, who.viewer, source_id, now,
                    name=name, options=options, keep_days=days, about=form.get(source_form.ABOUT) or None,
                )  # fmt: skip
            audit.record(session, who.viewer, "source.change", f"source {source_id}", now)
    except ValueError as error:
        typed = source_form.typed_again(found, form)
        return detail(request, now, who, source_id, typed=typed, errors=source_form.errors(found, error))
    return redirect(f"/sources/{source_id}", "The source is changed.")


@router.post("/sources/{source_id}/credentials")
def set_credentials(request: Request, now: Now, who: Sender, source_id: int, form: Form) -> Response:
    """New keys, or forgotten ones; what is left empty stays."""
    _, found = _source(who.viewer, source_id, now)
    given = {} if found is None else source_form.keys_in(found, form)
    if not given:
        return redirect(f"/sources/{source_id}#keys", "No key was entered, so nothing is changed.", "warning")
    try:
        with db.transaction() as session:
            sources.set_credentials(session, who.viewer, source_id, given, now)
            audit.record(session, who.viewer, "source.credentials", f"source {source_id}: {', '.join(given)}", now)
    except ValueError as error:
        return detail(request, now, who, source_id, errors=source_form.errors(found, error))
    return redirect(f"/sources/{source_id}", "The keys are stored. Test the connection to see whether they work.")


@router.post("/sources/{source_id}/test")
def test(now: Now, who: Sender, source_id: int) -> Response:
    """Have a worker try the connection; the page asks for the answer until it is there."""
    _, found = _source(who.viewer, source_id, now)
    if found is None:
        return redirect(f"/sources/{source_id}", "There is no connection to test.", "error")
    with db.transaction() as session:
        audit.record(session, who.viewer, "source.test", f"source {source_id}", now)
    token = source_trials.start(who.viewer, source_id, now)
    return redirect(f"/sources/{source_id}?trial={token}&since={int(now.timestamp())}")


@router.post("/sources/{source_id}/run")
def run(now: Now, who: Sender, source_id: int) -> Response:
    """Collect now; also the way to try again after an error that waits for a person."""
    row, found = _source(who.viewer, source_id, now)
    try:
        with db.transaction() as session:
            sources.run_now(session, who.viewer, source_id, now)
            audit.record(session, who.viewer, "source.run", f"source {source_id}", now)
            db.after_commit(session, lambda: source_runs.start(row.kind, source_id))
    except ValueError as error:
        return redirect(f"/sources/{source_id}", str(error), "error")
    if found is not None and found.long_running:
        return redirect(f"/sources/{source_id}", "The stream is listened to within a few seconds.")
    return redirect(f"/sources/{source_id}", "The run is queued. Reload this page in a moment to see what it brought.")


@router.post("/sources/{source_id}/pause")
def pause(now: Now, who: Sender, source_id: int) -> Response:
    """Collect nothing until it is resumed."""
    _enable(who.viewer, source_id, now, enabled=False)
    return redirect(f"/sources/{source_id}", "The source is paused. What it has brought stays.")


@router.post("/sources/{source_id}/resume")
def resume(now: Now, who: Sender, source_id: int) -> Response:
    """Collect again."""
    _enable(who.viewer, source_id, now, enabled=True)
    return redirect(f"/sources/{source_id}", "The source is on again and runs at once.")


@router.post("/sources/{source_id}/delete")
def delete(now: Now, who: Sender, source_id: int) -> Response:
    """Remove it with all it brought."""
    with db.transaction() as session:
        name = sources.source_row(session, who.viewer, source_id, now).name
        sources.delete_source(session, who.viewer, source_id)
        audit.record(session, who.viewer, "source.delete", f"source {source_id}, {name}", now)
    return redirect("/sources", f"{name} is deleted, with all it had brought.")


@router.post("/sources/{source_id}/held")
def looked_at(now: Now, who: Sender, source_id: int, form: Form) -> Response:
    """A person has looked at a held item."""
    held_id = number_in(form.get("item")) or 0
    try:
        with db.transaction() as session:
            waiting = {item.id for item in sources.held_items(session, who.viewer, source_id, 1000)}
            sources.resolve_held(session, who.viewer, held_id if held_id in waiting else 0, now)
            audit.record(session, who.viewer, "source.held", f"source {source_id}, item {held_id}", now)
    except NotFound:
        return redirect(f"/sources/{source_id}#held", "Somebody has looked at this item already.", "warning")
    return redirect(f"/sources/{source_id}#held", "The item is put away.")


def _source(viewer: Viewer, source_id: int, now: datetime) -> tuple[SourceRow, Collector | None]:
    with db.reading() as session:
        row = sources.source_row(session, viewer, source_id, now)
    return row, collector_of(row.kind)


def _new_settings(row: SourceRow, found: Collector | None, form: Posted) -> tuple[str | None, dict[str, Json] | None]:
    """What differs from what is stored: the same options again would start a run for nothing."""
    name = form.get("name")
    options = None if found is None else source_form.options_in(found, form)
    same = options is not None and found is not None and found.check_options(options) == dict(row.options)
    return (None if name == row.name else name), (None if same else options)


def _enable(viewer: Viewer, source_id: int, now: datetime, *, enabled: bool) -> None:
    with db.transaction() as session:
        sources.set_enabled(session, viewer, source_id, enabled, now)
        audit.record(session, viewer, "source.resume" if enabled else "source.pause", f"source {source_id}", now)
