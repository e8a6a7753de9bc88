"""Inside against outside: one page for HR (themes of work) and marketing (themes of the brand)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.auth import SignedIn
from api.dashboard import figures
from api.dashboard.heard_words import HIDDEN, ends, share
from api.dashboard.panels import Table
from api.dashboard.render import page
from api.dashboard.wording import UNKNOWN, count, interval, label, percent, signed
from api.deps import Now, page_role
from metrics.gaps import Gap, Heard
from storage import db
from storage.theme_voices import SIDES
from storage.voice import InsideOutside, inside_outside

router = APIRouter()

_TITLES = {"employer": "Themes of work", "brand": "Themes of the brand"}
_INSIDE = {"employer": "surveys of people who work or worked here", "brand": "surveys of customers"}
_NO_TYPE = "type not named"
_PERIODS = (30, 90)  # answers carry the first of their month: seven days hardly ever have one, 30 do not always


@dataclass(frozen=True, slots=True)
class SidePanel:
    """One side, worded."""

    side: str
    title: str
    inside: str
    gaps: Table
    hidden: str  # one sentence for the themes that are not told
    surveys: Table


@router.get("/inside-outside")
def inside_outside_page(
    request: Request,
    now: Now,
    who: Annotated[SignedIn, Depends(page_role("marketing", "hr", "leadership", "administrator"))],
    side: str = "",
) -> Response:
    """The sides of the role; `side` picks one of them."""
    span = figures.window(now, _period(request.query_params))
    open_to = [name for name in SIDES if name in who.viewer.aggregate_facets]
    picked = side if side in open_to else open_to[0]
    with db.reading() as session:
        found = inside_outside(session, who.viewer, picked, span.start, span.end)
    return page(
        request,
        who,
        "inside_outside.html",
        title="Inside against outside",
        span=span,
        periods=_PERIODS,
        panel=_panel(found),
        sides=[(name, _TITLES[name]) for name in open_to],
    )


def _period(params: Mapping[str, str]) -> int:
    """The days that the page shows."""
    return next((days for days in _PERIODS if params.get("days") == str(days)), max(_PERIODS))


def _panel(found: InsideOutside) -> SidePanel:
    columns = ("Theme", "Inside: negative", "Outside: negative", "Inside − outside (95 % interval)", "At least")
    surveys = tuple(
        (label(part.survey) if part.survey else _NO_TYPE, HIDDEN, UNKNOWN)
        if part.suppressed
        else (label(part.survey) if part.survey else _NO_TYPE, count(part.answers), count(part.people))
        for part in found.surveys
    )
    return SidePanel(
        found.side,
        _TITLES[found.side],
        _INSIDE[found.side],
        Table(
            columns, tuple(_row(each, each.inside, each.outside) for each in found.gaps if each.inside and each.outside)
        ),
        ", ".join(label(each.theme) for each in found.gaps if not (each.inside and each.outside)),
        Table(("Survey", "Answers", "People, at least"), surveys),
    )


def _row(each: Gap, *heard: Heard) -> tuple[str, ...]:
    told = (label(each.theme), *(f"{share(side)} ({ends(side.interval)})" for side in heard))
    if each.difference is None or each.interval is None or each.least is None:
        return *told, UNKNOWN, UNKNOWN
    low, high = 100 * each.interval.low, 100 * each.interval.high
    least = f"{percent(each.least).removesuffix(' %')} points" if each.least else "0: could be chance"
    return *told, f"{signed(100 * each.difference)} points ({interval(low, high)})", least
