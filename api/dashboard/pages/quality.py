"""How good the tags are: what was unsure, what people corrected, what the model's card says."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.auth import SignedIn
from api.dashboard import figures, filters
from api.dashboard.figures import Figure
from api.dashboard.model_card import model_card
from api.dashboard.render import page
from api.dashboard.wording import count, percent
from api.deps import Now, page_role
from config.settings import get_settings
from metrics.stats import proportion
from storage import db, mentions, quality

router = APIRouter()


@router.get("/quality")
def quality_page(
    request: Request,
    now: Now,
    who: Annotated[SignedIn, Depends(page_role("marketing", "hr", "leadership", "administrator"))],
) -> Response:
    """The figures of a window, and the card."""
    span = figures.window(now, filters.period(request.query_params))
    with db.reading() as session:
        found = quality.tag_quality(session, who.viewer, span.start, span.end)
        pending = mentions.pending_count(session)
    return page(
        request,
        who,
        "quality.html",
        title="Quality",
        span=span,
        periods=filters.PERIODS,
        found=found,
        figures=_figures(found, pending),
        card=model_card(get_settings().model_dir),
    )


def _figures(found: quality.TagQuality, pending: int) -> tuple[Figure, ...]:
    return (
        _share("Sentiment unsure", found.unsure, found.mentions, "mentions"),
        _share("Standpoint unknown", found.unknown_audience, found.mentions, "mentions"),
        _share("Corrected when looked at", found.corrected, found.read, "mentions that somebody opened"),
        Figure("Waiting for tags", count(pending), ("in no figure yet",)),
    )


def _share(name: str, part: int, whole: int, of: str) -> Figure:
    share = proportion(part, whole)
    notes = [f"{count(part)} of {count(whole)} {of}"]
    if share.interval is not None:
        notes.append(f"95 % interval {percent(share.interval.low)} to {percent(share.interval.high)}")
    return Figure(name, percent(share.value), tuple(notes))
