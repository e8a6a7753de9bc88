"""Writing a campaign: begin one, change one."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from advocacy.campaign import EDITS
from api.auth import SignedIn
from api.dashboard import campaign_form
from api.dashboard.campaign_words import FACETS
from api.dashboard.forms import Form, Posted, errors_of
from api.dashboard.render import page, redirect
from api.deps import Now, form_role, page_role
from storage import audit, campaign_acts, campaigns, db
from storage.campaigns import CampaignRow
from storage.viewer import NotAllowed

router = APIRouter()

_ROLES = tuple(role for role in EDITS if role != "system")
Writer = Annotated[SignedIn, Depends(page_role(*_ROLES))]
Sender = Annotated[SignedIn, Depends(form_role(*_ROLES))]
CampaignId = Annotated[int, Path(ge=1, lt=2**31)]
_PAGE = "/campaigns"


@router.get(f"{_PAGE}/new")
def new_campaign(request: Request, who: Writer) -> Response:
    """The empty form."""
    return _form(request, who)


@router.post(_PAGE)
def add(request: Request, now: Now, who: Sender, form: Form) -> Response:
    """Begin a campaign as a draft."""
    try:
        with db.transaction() as session:
            made = campaigns.add(session, who.viewer, campaign_form.brief_of(session, form), now)
            audit.record(session, who.viewer, "campaign.add", f"campaign {made}", now)
    except ValueError as error:
        return _form(request, who, typed=form, errors=errors_of(error, campaign_form.FIELDS))
    return redirect(f"{_PAGE}/{made}", "The draft is stored. Nobody is told before you say so.")


@router.get(f"{_PAGE}/{{campaign_id}}/edit")
def edit(request: Request, now: Now, who: Writer, campaign_id: CampaignId) -> Response:
    """The form with what is stored."""
    return _form(request, who, _row(who, campaign_id, now))


@router.post(f"{_PAGE}/{{campaign_id}}/edit")
def change(request: Request, now: Now, who: Sender, campaign_id: CampaignId, form: Form) -> Response:
    """Put other values in the place of those stored."""
    row = _row(who, campaign_id, now)
    try:
        with db.transaction() as session:
            brief = campaign_form.brief_of(session, form)
            campaign_acts.change(session, who.viewer, campaign_id, brief, now)
    except ValueError as error:
        return _form(request, who, row, typed=form, errors=errors_of(error, campaign_form.FIELDS))
    return redirect(f"{_PAGE}/{campaign_id}", "The campaign is changed.")


def _row(who: SignedIn, campaign_id: int, now: Now) -> CampaignRow:
    with db.reading() as session:
        row = campaigns.find(session, who.viewer, campaign_id, now)
    if not row.editable:
        raise NotAllowed("This campaign is written by others.")
    return row


def _form(
    request: Request,
    who: SignedIn,
    row: CampaignRow | None = None,
    *,
    typed: Posted | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    facets = campaigns.may_edit(who.viewer)
    if row is not None and row.brief.facet not in facets:
        facets = (row.brief.facet,)
    with db.reading() as session:
        stored = campaign_form.values_of(session, row.brief if row is not None else None)
    return page(
        request,
        who,
        "campaign_edit.html",
        title="Change the campaign" if row is not None else "New campaign",
        status=422 if errors else 200,
        row=row,
        facets=[(facet, FACETS[facet]) for facet in facets],
        typed=stored if typed is None else campaign_form.typed_of(typed),
        fresh=typed is None,
        settled=row is not None and row.state in ("live", "closed"),
        errors=errors or {},
    )
