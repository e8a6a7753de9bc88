"""The demo company: load it at the first start, take it away with one click."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api.auth import SignedIn
from api.dashboard.render import redirect
from api.deps import Now, form_role
from storage import audit, db, demo
from workers import app as queue

router = APIRouter()
Administrator = Annotated[SignedIn, Depends(form_role("administrator"))]


@router.post("/demo/load")
def load(now: Now, who: Administrator) -> Response:
    """Let a worker make it; the first page shows how it goes on."""
    with db.transaction() as session:
        found = demo.state(session)
        if not found.real and not found.loaded:
            audit.record(session, who.viewer, "demo.load", "demo", now)
    if found.real:
        return redirect("/overview", "A company of your own is set up, so the demo is not loaded.", "warning")
    if found.loaded:
        return redirect("/overview", "The demo company is there already.")
    if not queue.enqueue(queue.DEMO_LOAD):
        return redirect(
            "/start", "The job queue does not answer, so nothing was loaded. Try again in a minute.", "error"
        )
    return redirect("/start?loading=1")


@router.post("/demo/remove")
def remove(now: Now, who: Administrator) -> Response:
    """Take away every row of it; what is real stays."""
    with demo.loading() as held:
        if not held:
            return redirect("/overview", "The demo is still being loaded; try again in a minute.", "warning")
        with db.transaction() as session:
            demo.remove(session)
            audit.record(session, who.viewer, "demo.remove", "demo", now)
    return redirect("/", "The demo company is gone, with all its posts, people and figures.")
