"""Sources: is every one alive, what went wrong in words, what it brought; add, change, pause, run, delete."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from api.auth import SignedIn
from api.dashboard.forms import Form, Posted, errors_of
from api.dashboard.render import page, redirect
from api.deps import Now, form_role, page_role
from collectors import registry
from collectors.base import Collector, Option
from collectors.post import Json
from storage import audit, db, sources
from storage.sources import SourceRow
from storage.viewer import NotFound, Viewer
from workers import app as queue

router = APIRouter()

Reader = Annotated[SignedIn, Depends(page_role("administrator"))]
Sender = Annotated[SignedIn, Depends(form_role("administrator"))]
_FIELD = "option-"
_RUNS = 30
_PROBLEMS = 50


@router.get("/sources")
def sources_page(request: Request, now: Now, who: Reader) -> Response:
    """The table of health."""
    with db.reading() as session:
        rows = sources.list_sources(session, who.viewer, now)
    return page(request, who, "sources.html", title="Sources", rows=rows, now=now)


@router.get("/sources/new")
def new_source(request: Request, who: Reader, kind: str = "") -> Response:
    """The form of a kind; without a kind, the choice of one."""
    found = _collector(kind)
    if found is None:
        return page(request, who, "source_kinds.html", title="Add a source", kinds=registry.all_collectors())
    typed = {"name": found.label, **{_FIELD + option.name: _typed(option.default) for option in found.options}}
    return _form(request, who, found, typed)


@router.post("/sources")
def add(request: Request, now: Now, who: Sender, form: Form) -> Response:
    """Make a source; it runs at once."""
    found = _collector(form.get("kind"))
    if found is None:
        return redirect("/sources/new", "Choose what kind of source to add.", "error")
    try:
        with db.transaction() as session:
            made = sources.add_source(session, who.viewer, found.kind, form.get("name"), _options(found, form), now)
            audit.record(session, who.viewer, "source.add", f"source {made}", now)
            db.after_commit(session, lambda: _collect(made))
    except ValueError as error:
        return _form(request, who, found, _values(found, form), _errors(found, error))
    return redirect(f"/sources/{made}", "The source is added. Its first run has begun.")


@router.get("/sources/{source_id}")
def source_page(request: Request, now: Now, who: Reader, source_id: int) -> Response:
    """One source: health, runs, options."""
    return _detail(request, now, who, source_id)


@router.post("/sources/{source_id}")
def change(request: Request, now: Now, who: Sender, source_id: int, form: Form) -> Response:
    """New name or options; they are tried at once."""
    with db.reading() as session:
        row = _one(session, who.viewer, source_id, now)
    found = _collector(row.kind)
    try:
        with db.transaction() as session:
            options = None if found is None else _options(found, form)
            sources.update_source(session, who.viewer, source_id, now, name=form.get("name"), options=options)
            audit.record(session, who.viewer, "source.change", f"source {source_id}", now)
    except ValueError as error:
        typed = {"name": form.get("name")} if found is None else _values(found, form)
        return _detail(request, now, who, source_id, typed, _errors(found, error))
    return redirect(f"/sources/{source_id}", "The source is changed.")


@router.post("/sources/{source_id}/run")
def run(now: Now, who: Sender, source_id: int) -> Response:
    """Collect now; also the way to try again after an error that waits for a person."""
    try:
        with db.transaction() as session:
            sources.run_now(session, who.viewer, source_id, now)
            audit.record(session, who.viewer, "source.run", f"source {source_id}", now)
            db.after_commit(session, lambda: _collect(source_id))
    except ValueError as error:
        return redirect(f"/sources/{source_id}", str(error), "error")
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
        name = _one(session, who.viewer, source_id, now).name
        sources.delete_source(session, who.viewer, source_id)
        audit.record(session, who.viewer, "source.delete", f"source {source_id}, {name}", now)
    return redirect("/sources", f"{name} is deleted, with all it had brought.")


def _enable(viewer: Viewer, source_id: int, now: datetime, *, enabled: bool) -> None:
    with db.transaction() as session:
        sources.set_enabled(session, viewer, source_id, enabled, now)
        audit.record(session, viewer, "source.resume" if enabled else "source.pause", f"source {source_id}", now)


def _form(
    request: Request, who: SignedIn, found: Collector, typed: Mapping[str, str], errors: dict[str, str] | None = None
) -> Response:
    return page(
        request,
        who,
        "source_new.html",
        title=f"Add {found.label}",
        status=422 if errors else 200,
        collector=found,
        options=[_shown(option) for option in found.options],
        typed=typed,
        errors=errors or {},
    )


def _detail(
    request: Request,
    now: datetime,
    who: SignedIn,
    source_id: int,
    typed: Mapping[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    with db.reading() as session:
        row = _one(session, who.viewer, source_id, now)
        runs = sources.runs(session, who.viewer, source_id, _RUNS)
        problems = sources.import_problems(session, who.viewer, source_id, _PROBLEMS)
    found = _collector(row.kind)
    given = {"name": row.name, **{_FIELD + name: _typed(value) for name, value in row.options.items()}}
    return page(
        request,
        who,
        "source.html",
        title=row.name,
        status=422 if errors else 200,
        row=row,
        runs=runs,
        problems=problems,
        kind=found.label if found else row.kind,
        options=[_shown(option) for option in found.options] if found else [],
        polled=found is not None,
        own=row.origin not in ("profile", "demo"),
        typed=given if typed is None else typed,
        errors=errors or {},
    )


def _shown(option: Option) -> dict[str, Any]:
    """An option as the form needs it; `type` follows from the default."""
    kind = {bool: "checkbox", int: "number"}.get(type(option.default), "text")
    return {"name": _FIELD + option.name, "option": option, "type": kind}


def _options(found: Collector, form: Posted) -> dict[str, Json]:
    given: dict[str, Json] = {}
    for option in found.options:
        text = form.get(_FIELD + option.name)
        if isinstance(option.default, bool):
            given[option.name] = bool(text)
        elif text:
            given[option.name] = text
    return given


def _values(found: Collector, form: Posted) -> dict[str, str]:
    return {"name": form.get("name"), **{_FIELD + each.name: form.get(_FIELD + each.name) for each in found.options}}


def _errors(found: Collector | None, error: ValueError) -> dict[str, str]:
    options = () if found is None else found.options
    return errors_of(error, {option.name: _FIELD + option.name for option in options}, "name")


def _typed(value: Json) -> str:
    if isinstance(value, bool):
        return "on" if value else ""
    return "" if value is None else str(value)


def _collector(kind: str) -> Collector | None:
    return next((each for each in registry.all_collectors() if each.kind == kind), None)


def _collect(source_id: int) -> None:
    queue.enqueue(queue.COLLECT_SOURCE, source_id)


def _one(session: Session, viewer: Viewer, source_id: int, now: datetime) -> SourceRow:
    for row in sources.list_sources(session, viewer, now):
        if row.id == source_id:
            return row
    raise NotFound("There is no such source.")
