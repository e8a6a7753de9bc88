"""Adding a source: the choice of a kind, its form, and a look at what it would bring before it is saved."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api import source_kinds, source_runs, source_trials
from api.auth import SignedIn
from api.dashboard import source_form
from api.dashboard.forms import Form, Posted
from api.dashboard.pages.source_acts import Sender
from api.dashboard.render import page, redirect
from api.deps import Now, page_role
from collectors import registry
from collectors.base import CollectError, Collector
from storage import audit, db, profile, sources
from storage.kinds import collector_of
from workers.trials import TrialResult

router = APIRouter()

Reader = Annotated[SignedIn, Depends(page_role("administrator"))]
_TYPED_BEFORE = "typed-keys"  # keys typed before a preview, sealed: they must not stand readable in a page


@router.get("/sources/new")
def new_source(request: Request, who: Reader, kind: str = "") -> Response:
    """The form of a kind; without a kind, the choice of one."""
    found = collector_of(kind)
    if found is None:
        groups = source_kinds.groups(registry.all_collectors())
        return page(request, who, "source_kinds.html", title="Add a source", groups=groups, never=source_kinds.NEVER)
    return _form(request, who, found, source_form.defaults(found))


@router.post("/sources")
def add(request: Request, now: Now, who: Sender, form: Form) -> Response:
    """Make a source, which runs at once; or look at what it would bring, and come back to the form."""
    found = collector_of(form.get("kind"))
    if found is None:
        return redirect("/sources/new", "Choose what kind of source to add.", "error")
    typed = source_form.typed_again(found, form)
    try:
        keys = {**_typed_before(form), **source_form.keys_in(found, form)}
        options, days = source_form.options_in(found, form), source_form.keep_days_in(form)
        if form.get("do") == "look":
            return _preview(request, who, found, typed, keys)
        with db.transaction() as session:
            made = sources.add_source(
                session, who.viewer, found.kind, form.get("name"), options, now,
                credentials=keys, keep_days=days, about=form.get(source_form.ABOUT) or None,
            )  # fmt: skip
            audit.record(session, who.viewer, "source.add", f"source {made}", now)
            if not _lacks(found, keys):
                db.after_commit(session, lambda: source_runs.start(found.kind, made))
    except ValueError as error:
        return _form(request, who, found, typed, source_form.errors(found, error))
    return redirect(f"/sources/{made}", _added(found, keys))


def _preview(
    request: Request, who: SignedIn, found: Collector, typed: Mapping[str, str], keys: Mapping[str, str]
) -> Response:
    """The form again, with what a worker found above it."""
    options = found.check_options(source_form.options_of(found, typed))
    with db.reading() as session:
        sealed = sources.sealed_for_trial(session, who.viewer, None, found.kind, keys)
    result = source_trials.preview(found.kind, options, sealed)
    return _form(request, who, found, typed, trial=result, sealed=sealed or "", given=keys)


def _form(
    request: Request,
    who: SignedIn,
    found: Collector,
    typed: Mapping[str, str],
    errors: dict[str, str] | None = None,
    *,
    trial: TrialResult | None = None,
    sealed: str = "",
    given: Mapping[str, str] | None = None,
) -> Response:
    with db.reading() as session:
        companies = profile.companies(session)
    return page(
        request,
        who,
        "source_new.html",
        title=f"Add {found.label}",
        status=422 if errors else 200,
        collector=found,
        about=source_kinds.kind_of(found),
        options=source_form.option_fields(found),
        keys=source_form.key_fields(found, given or {}),
        abouts=source_form.about_choices(found, companies),
        platform_days=found.keep_days,
        sealed=sealed,
        typed=typed,
        trial=trial,
        errors=errors or {},
    )


def _typed_before(form: Posted) -> dict[str, str]:
    """The keys that were typed before a preview; none where the seal does not open."""
    sealed = form.get(_TYPED_BEFORE)
    if not sealed:
        return {}
    try:
        return sources.open_credentials(sealed)
    except CollectError:
        return {}


def _lacks(found: Collector, keys: Mapping[str, str]) -> bool:
    return any(option.required and not keys.get(option.name) for option in found.credentials)


def _added(found: Collector, keys: Mapping[str, str]) -> str:
    if _lacks(found, keys):
        return "The source is added. It begins once its keys are entered."
    return "The source is added. Its first run has begun." if found.polled else "The source is added."
