"""One's own reach, and how the programme is doing."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.deps import Now, require_viewer
from api.errors import ApiError, responses, wrong_field
from api.schemas.advocacy import ClickDayOut, MyReach, ProgrammeOut, ReachReportOut
from api.schemas.fields import Moment, Question
from storage import advocacy, db
from storage.viewer import Viewer

router = APIRouter(prefix="/api/v1/advocacy", tags=["advocacy"])

Person = Annotated[Viewer, Depends(require_viewer("advocacy:read"))]
Reader = Annotated[Viewer, Depends(require_viewer("advocacy:read", "marketing", "hr", "leadership", "administrator"))]
USUAL_WINDOW = timedelta(days=30)
LONGEST_WINDOW = timedelta(days=1100)


class Window(Question):
    """Without `start`, 30 days; without `end`, now. At most three years."""

    start: Moment | None = None
    end: Moment | None = None

    def given(self, now: datetime) -> tuple[datetime, datetime]:
        """The asked window, or the usual one; 422 when it ends before it starts or is too long."""
        end = self.end or (now if self.start is None else max(now, self.start))
        start = self.start or end - USUAL_WINDOW
        if not start <= end <= start + LONGEST_WINDOW:
            raise wrong_field("end", f"must lie at or after start and at most {LONGEST_WINDOW.days} days later")
        return start, end


@router.get("/me", name="my_reach", responses=responses(401, 403, 404, 422))
def my_reach(viewer: Person, asked: Annotated[Window, Query()], now: Now) -> MyReach:
    """The caller's own reach: measured, estimated and potential apart, and clicks. 404 for who is no advocate."""
    start, end = asked.given(now)
    with db.reading() as session:
        me = advocacy.advocate_of(session, viewer.user_id) if viewer.user_id is not None else None
        if me is None:
            raise ApiError(404, "You have not joined as an advocate.", code="not_an_advocate")
        mine = advocacy.reach(session, viewer, me.id, start, end)
        return MyReach(
            start=start,
            end=end,
            as_of=mine.as_of,
            standing=me.standing,
            joined_at=me.joined_at,
            report=ReachReportOut.model_validate(mine.report),
            clicks=[ClickDayOut.model_validate(day) for day in advocacy.clicks(session, viewer, me.id, start, end)],
        )


@router.get("/programme", name="programme", responses=responses(401, 403, 422))
def programme(viewer: Reader, asked: Annotated[Window, Query()], now: Now) -> ProgrammeOut:
    """Adoption, activation, shares, reach and clicks of the programme. No one person's figures, ever."""
    start, end = asked.given(now)
    with db.reading() as session:
        figures = advocacy.programme(session, viewer, start, end, now)
    plain = (
        "joined_now", "joined_demo", "suppressed", "days", "adoption", "activation", "active", "retention", "shares",
        "originals",
    )  # fmt: skip
    return ProgrammeOut.model_validate(
        {
            **{name: getattr(figures, name) for name in plain},
            "start": start,
            "end": end,
            "as_of": figures.reach.as_of,
            "report": figures.reach.report,
            "clicks": None if figures.suppressed else figures.clicks,
        }
    )
