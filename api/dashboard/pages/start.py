"""The first address: everybody's own first page, or the choice at the first start."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.auth import SignedIn
from api.dashboard.frame import facts, home
from api.dashboard.render import page, redirect
from api.deps import PageUser, page_role
from storage import db, demo

router = APIRouter()


@router.get("/")
def first_page(who: PageUser) -> Response:
    """Where the role starts; administrators set up a company first."""
    if who.user.role == "administrator" and not facts(who.viewer).set_up:
        return redirect("/start")
    return redirect(home(who.user.role))


@router.get("/start")
def start(
    request: Request, who: Annotated[SignedIn, Depends(page_role("administrator"))], loading: int = 0
) -> Response:
    """Set up a company, or look around with the invented one."""
    with db.reading() as session:
        found = demo.state(session)
    making = found.begun and not found.loaded and not found.real
    if facts(who.viewer).set_up and not making:
        return redirect("/overview")
    return page(request, who, "start.html", title="Welcome", loading=making or bool(loading), begun=making)
