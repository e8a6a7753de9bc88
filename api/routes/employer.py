"""The employer side in depth, and what surveys say beside what is said in public."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import AfterValidator, Field

from api.dashboard.figures import before_is_known, window
from api.dashboard.filters import PERIODS
from api.deps import Now, require_viewer
from api.errors import responses
from api.schemas.employer import (
    AlumniOut,
    AudienceOut,
    EmployerOut,
    InsideOutsideOut,
    LifetimeOut,
    MonthOut,
    PairOut,
    PlacesOut,
    RivalOut,
    ThemeOut,
)
from api.schemas.fields import Audience, Question
from storage import db, rollups, sources
from storage.alumni import alumni_voice
from storage.employer import employer_voice
from storage.employer_places import TRAITS, places
from storage.employer_reviews import lifetime, month_ratings, rival_reviews
from storage.theme_voices import SIDES
from storage.viewer import Viewer
from storage.voice import inside_outside

router = APIRouter(prefix="/api/v1", tags=["series"])

_Employer = Annotated[Viewer, Depends(require_viewer("series:read", "hr", "leadership", "administrator"))]
_Reader = Annotated[Viewer, Depends(require_viewer("series:read", "marketing", "hr", "leadership", "administrator"))]
_ERRORS = responses(401, 403, 422)


def _shown(days: int) -> int:
    if days not in PERIODS:
        raise ValueError(f"must be one of {', '.join(map(str, PERIODS))}")
    return days


class Span(Question):
    """The last days with today (UTC), as the pages show them: windows that may begin anywhere would tell single people
    by what one has and the next has not."""

    days: Annotated[int, AfterValidator(_shown), Field(json_schema_extra={"enum": list(PERIODS)})] = PERIODS[1]


class EmployerSpan(Span):
    """The same; `audience` narrows the themes."""

    audience: Audience | None = None


class SideSpan(Span):
    """The same for a side: themes of work, or of the brand. Surveys carry their month only, so 90 days are usual."""

    days: Annotated[int, AfterValidator(_shown), Field(json_schema_extra={"enum": list(PERIODS)})] = PERIODS[-1]
    side: Annotated[Literal["employer", "brand"] | None, Field(description="Without it: the first of the role.")] = None


@router.get("/employer", name="employer", responses=_ERRORS)
def employer(viewer: _Employer, asked: Annotated[EmployerSpan, Query()], now: Now) -> EmployerOut:
    """Audiences, themes with their movement, current and former employees, candidates, stars, rivals, places, alumni.

    Groups are told in whole blocks of days with five people. What the window does not tell is `null` or in the audience
    `rest`; what no block holds is in no figure.
    """
    span = window(now, asked.days)
    start, end = span.start, span.end
    with db.reading() as session:
        before = span.before if before_is_known(session, span) else None
        found = employer_voice(session, viewer, start, end, before, asked.audience)
        return EmployerOut(
            start=start,
            end=end,
            as_of=rollups.as_of(session),
            coverage=sources.coverage(session, start, end),
            compared=before is not None,
            audiences=[AudienceOut.model_validate(row) for row in found.audiences],
            themes=[ThemeOut.model_validate(row) for row in found.themes],
            current_and_former=[PairOut.model_validate(pair) for pair in found.pairs],
            candidate_themes=[ThemeOut.model_validate(row) for row in (found.hiring, *found.candidate_themes) if row],
            ratings=[MonthOut.model_validate(each) for each in month_ratings(session, viewer, end)],
            lifetime=[LifetimeOut.model_validate(each) for each in lifetime(session, viewer, end)],
            rivals=[RivalOut.model_validate(each) for each in rival_reviews(session, viewer, start, end)],
            places=[PlacesOut.model_validate(places(session, viewer, trait, start, end)) for trait in TRAITS],
            alumni=AlumniOut.model_validate(alumni_voice(session, viewer, found)),
        )


@router.get("/inside-outside", name="inside_outside", responses=_ERRORS)
def inside_against_outside(viewer: _Reader, asked: Annotated[SideSpan, Query()], now: Now) -> InsideOutsideOut:
    """Negative shares of surveys beside those of public talk, by theme; HR reads work, marketing the brand."""
    span = window(now, asked.days)
    side: str = asked.side or next(name for name in SIDES if name in viewer.aggregate_facets)
    with db.reading() as session:
        return InsideOutsideOut.model_validate(inside_outside(session, viewer, side, span.start, span.end))
