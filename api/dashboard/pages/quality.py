"""How good the tags are, and the check of mentions drawn at random that tells it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.auth import SignedIn
from api.dashboard import figures, filters, quality_panels
from api.dashboard.forms import Form, number_in
from api.dashboard.model_card import model_card
from api.dashboard.render import page, redirect
from api.dashboard.retag_panel import retag_panel
from api.deps import Now, form_role, page_role
from config.settings import get_settings
from storage import db, mentions, quality, quality_sample

router = APIRouter()

_READERS = ("marketing", "hr", "administrator")
CANT_TELL = "cant_tell"
Reader = Annotated[SignedIn, Depends(page_role(*_READERS))]
Sender = Annotated[SignedIn, Depends(form_role(*_READERS))]


@router.get("/quality")
def quality_page(
    request: Request,
    now: Now,
    who: Annotated[SignedIn, Depends(page_role("marketing", "hr", "leadership", "administrator"))],
) -> Response:
    """The figures of a window, and the card."""
    span = figures.window(now, filters.period(request.query_params))
    with db.reading() as session:
        found = quality.report(session, who.viewer, span.start, span.end)
        pending = mentions.pending_count(session)
        done = quality_sample.progress(session, who.viewer, now)
        retag = retag_panel(session)
    return page(
        request,
        who,
        "quality.html",
        retag=retag,
        title="Quality",
        span=span,
        periods=filters.PERIODS,
        found=found,
        tags=found.tags,
        checked=found.checked,
        checks=who.user.role in _READERS,
        done=done,
        enough=quality_panels.ENOUGH,
        agreed=any(each.agreement.same.n for each in found.checked.heads),
        heads=[quality_panels.head_card(each) for each in found.checked.heads],
        right=[quality_panels.head_figure(each) for each in found.checked.heads],
        figures=quality_panels.window_figures(found.tags, pending),
        voluntary=quality_panels.share(
            "Corrected when looked at", found.tags.corrected, found.tags.read, "mentions that somebody opened"
        ),
        drift=quality_panels.drift_panel(found.weeks),
        unsure=quality_panels.unsure_panel(found.weeks),
        card=model_card(get_settings().model_dir),
    )


@router.get("/quality/check")
def check_page(request: Request, now: Now, who: Reader) -> Response:
    """The next mention, without its tags; above it what the model had said of the one before."""
    return _check_page(request, now, who, number_in(request.query_params.get("seen", "")))


@router.post("/quality/check")
def check(request: Request, now: Now, who: Sender, form: Form) -> Response:
    """Store what a person says, then show what the model had said."""
    mention_id = number_in(form.get("mention"))
    if mention_id is None:
        return redirect("/quality/check", "Nothing was saved: the form named no mention.", "error")
    given = {head: form.get(head) for head in quality_sample.CHOICES}
    if form.get("skip"):
        given = dict.fromkeys(given, CANT_TELL)
    missing = {head: "Choose one, or say that you can’t tell." for head, label in given.items() if not label}
    if missing:
        return _check_page(request, now, who, None, given, missing)
    said = {head: label for head, label in given.items() if label != CANT_TELL}
    try:
        with db.transaction() as session:
            quality_sample.enter(session, who.viewer, mention_id, said, now)
    except ValueError as error:
        return redirect("/quality/check", f"Nothing was saved. {error}", "warning")
    return redirect(f"/quality/check?seen={mention_id}", "" if said else "Skipped; here is another one.")


def _check_page(
    request: Request,
    now: datetime,
    who: SignedIn,
    seen: int | None,
    given: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> Response:
    with db.transaction() as session:
        drawn = quality_sample.draw(session, who.viewer, now)
        done = quality_sample.progress(session, who.viewer, now)
        before = quality_sample.own_check(session, who.viewer, seen) if seen is not None else ()
    return page(
        request,
        who,
        "quality_check.html",
        status=422 if errors else 200,
        title="Check a few",
        drawn=drawn,
        done=done,
        seen=seen,
        before=before,
        choices={head: (*labels, CANT_TELL) for head, labels in quality_sample.CHOICES.items()},
        cant_tell=CANT_TELL,
        given=given or {},
        errors=errors or {},
    )
