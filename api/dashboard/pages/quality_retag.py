"""Starting and stopping the re-tagging of older mentions, from the Quality page."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api.auth import SignedIn
from api.dashboard.render import redirect
from api.deps import Now, form_role
from workers import retag_state
from workers.retag_state import Run, StateUnknown

router = APIRouter()
Administrator = Annotated[SignedIn, Depends(form_role("administrator"))]
_PAGE = "/quality#retag"


@router.post("/quality/retag/start")
def start(now: Now, who: Administrator) -> Response:
    """All mentions with older tags, behind all new ones."""
    try:
        retag_state.ask(who.viewer, Run(now))
    except StateUnknown:
        return redirect(_PAGE, "The job queue does not answer, so nothing was started.", "error")
    return redirect(_PAGE, "Older mentions are being tagged again. You may leave this page.")


@router.post("/quality/retag/stop")
def stop(now: Now, who: Administrator) -> Response:
    """What is tagged again stays so; the rest keeps its tags."""
    try:
        stopped = retag_state.stop(who.viewer, now)
    except StateUnknown:
        return redirect(_PAGE, "The job queue does not answer, so nothing was stopped.", "error")
    return redirect(_PAGE, "Tagging again is stopped." if stopped else "It had come to its end already.")
