"""The board of acts, where the company wants one: who did something, by their own wish; never who got most clicks."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.auth import SignedIn
from api.dashboard.figures import window
from api.dashboard.filters import PERIODS, period
from api.dashboard.render import page
from api.deps import Now, page_role
from api.errors import ApiError
from config.settings import get_settings
from storage import advocacy, db
from storage.board import POINTS, board

router = APIRouter()

Reader = Annotated[SignedIn, Depends(page_role("marketing", "hr", "leadership", "advocate", "administrator"))]


@router.get("/board")
def board_page(request: Request, now: Now, who: Reader) -> Response:
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
