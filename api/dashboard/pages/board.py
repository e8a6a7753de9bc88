"""The board of acts, where the company wants one: who did something, by their own wish; never who got most clicks."""

from fastapi import APIRouter, Request, Response

from api.dashboard.figures import window
from api.dashboard.filters import PERIODS, period
from api.dashboard.render import page
from api.deps import Now, ProgrammeReader
from api.errors import ApiError
from config.settings import get_settings
from storage import advocacy, db
from storage.board import POINTS, board

router = APIRouter()


@router.get("/board")
def board_page(request: Request, now: Now, who: ProgrammeReader) -> Response:
    """Points by acts; off by default."""
    if not get_settings().leaderboard:
        raise ApiError(404, "Your company keeps no board.")
    days = period(request.query_params)
    span = window(now, days)
    with db.reading() as session:
        joined = advocacy.advocate_of(session, who.user.id) is not None
        found = board(session, who.viewer, span.start, span.end)
    return page(
        request,
        who,
        "board.html",
        title="Board",
        found=found,
        days=days,
        periods=PERIODS,
        points=POINTS,
        joined=joined,
    )
