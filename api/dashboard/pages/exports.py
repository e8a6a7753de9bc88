"""What a page shows, as a file: the mentions of a list, the figures of a chart."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response

from api import exports, figure_sheets
from api.auth import SignedIn
from api.dashboard import figures, filters
from api.dashboard.forms import Form
from api.dashboard.render import redirect
from api.deps import Now, form_role, page_role
from api.errors import ApiError
from api.routes import series
from storage.name_searches import NameSearch

router = APIRouter()

Taker = Annotated[SignedIn, Depends(form_role("marketing", "hr", "administrator"))]
FigureTaker = Annotated[SignedIn, Depends(page_role("marketing", "hr", "leadership", "administrator"))]
_LONGEST_REASON = 200
What = Literal["volume", "sentiment", "audience", "theme", "source"]
Side = Literal["brand", "employer"]


@router.post("/mentions/export")
def take_mentions(now: Now, who: Taker, form: Form) -> Response:
    """The list with its filters; one that could not be read would let more out than meant, so nothing is sent then."""
    picked = filters.chosen(dict(form.fields))
    kind = form.get("format", "xlsx")
    if picked.errors or kind not in exports.FORMATS:
        return redirect(picked.address("/mentions"), "No file was made: put the filters right first.", "error")
    try:
        return exports.mentions_file(who.viewer, picked.wanted, kind, form.get("reason")[:_LONGEST_REASON], now)
    except NameSearch as error:
        return redirect("/mentions", f"No file was made. {error}", "error")


@router.get("/figures")
def take_figures(
    request: Request, now: Now, who: FigureTaker, what: What = "volume", facet: Side | None = None
) -> Response:
    """Volume, sentiment or a breakdown of Brand or Employer as CSV, for the days and the audience of the page."""
    picked = filters.chosen(request.query_params)
    if picked.errors:
        raise ApiError(422, " ".join(picked.errors.values()))
    span = figures.window(now, filters.period(request.query_params))
    slices = {"facet": facet, "audience": picked.wanted.audience, "start": span.start, "end": span.end}
    if what in ("audience", "theme", "source"):
        found = figure_sheets.breakdown(
            series.breakdown(who.viewer, series.BreakdownSlice.model_validate({**slices, "by": what}), now)
        )
    elif what == "sentiment":
        found = figure_sheets.sentiment(series.sentiment(who.viewer, series.SeriesSlice.model_validate(slices), now))
    else:
        found = figure_sheets.volume(series.volume(who.viewer, series.SeriesSlice.model_validate(slices), now))
    return exports.figures_file(who.viewer, found, "csv", now)
