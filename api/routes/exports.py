"""Files to take away: mentions with the filters of their list, and figures. Each is one entry of the audit log."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import Field

from api import exports, figure_sheets
from api.deps import Now, require_viewer
from api.errors import responses
from api.export_formats import MEDIA
from api.routes import series
from api.routes.mentions import Filters
from api.schemas.fields import Line
from storage.viewer import Viewer

router = APIRouter(prefix="/api/v1/exports", tags=["exports"])

_SCOPE = "exports:read"  # apart from mentions:read: who reads a list need not carry all of it away
Reader = Annotated[Viewer, Depends(require_viewer(_SCOPE, "marketing", "hr", "administrator"))]
_FIGURES = ("marketing", "hr", "leadership", "administrator")
FigureReader = Annotated[Viewer, Depends(require_viewer(_SCOPE, *_FIGURES))]
Form = Annotated[
    Literal["csv", "xlsx", "jsonl"], Field(description="XLSX has a second sheet that tells what the file is.")
]
_ABOUT = {"X-Export-About": {"description": "What the file is, as JSON: filters, rows, what was left out and why.",
                             "schema": {"type": "string"}}}  # fmt: skip
_FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file.",
        "headers": _ABOUT,
        "content": {media.partition(";")[0]: {"schema": {"type": "string"}} for media in MEDIA.values()},
    },
    **responses(401, 403, 422),
}


class MentionsFile(Filters):
    """Which mentions, in which form, and for what."""

    format: Form = "csv"
    reason: Annotated[Line, Field(max_length=200, description="What it is for; goes into the audit log.")] = ""


class SeriesFile(series.SeriesSlice):
    """A series, in which form."""

    format: Form = "csv"


class BreakdownFile(series.BreakdownSlice):
    """A breakdown, in which form."""

    format: Form = "csv"


@router.get("/mentions", name="export_mentions", response_class=StreamingResponse, responses=_FILES)
def export_mentions(viewer: Reader, asked: Annotated[MentionsFile, Query()], now: Now) -> StreamingResponse:
    """The mentions of the list as a file, newest first, up to `EXPORT_ROWS`.

    What the caller may not read is not in it. Of platforms that forbid passing texts on it holds id, address and
    tags; `left_out` says why. Texts are cut as in the list. One export is one entry of the audit log.
    """
    return exports.mentions_file(viewer, asked.wanted(), asked.format, asked.reason, now)


@router.get("/volume", name="export_volume", response_class=StreamingResponse, responses=_FILES)
def export_volume(viewer: FigureReader, asked: Annotated[SeriesFile, Query()], now: Now) -> StreamingResponse:
    """Mentions and stories over time as a file. Buckets of small groups are empty."""
    found = series.volume(viewer, asked, now)
    return exports.figures_file(viewer, figure_sheets.volume(found), asked.format, now)


@router.get("/sentiment", name="export_sentiment", response_class=StreamingResponse, responses=_FILES)
def export_sentiment(viewer: FigureReader, asked: Annotated[SeriesFile, Query()], now: Now) -> StreamingResponse:
    """Sentiments over time as a file. Buckets of small groups are empty."""
    found = series.sentiment(viewer, asked, now)
    return exports.figures_file(viewer, figure_sheets.sentiment(found), asked.format, now)


@router.get("/breakdown", name="export_breakdown", response_class=StreamingResponse, responses=_FILES)
def export_breakdown(viewer: FigureReader, asked: Annotated[BreakdownFile, Query()], now: Now) -> StreamingResponse:
    """One window by one trait as a file. Small groups, and what would give them away, are empty."""
    found = series.breakdown(viewer, asked, now)
    return exports.figures_file(viewer, figure_sheets.breakdown(found), asked.format, now)
