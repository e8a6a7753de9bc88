"""One's own account: where one is signed in, and a new password."""

from datetime import datetime

from fastapi import APIRouter, Request, Response

from api import auth
from api.auth import SignedIn
from api.cookies import read_cookie
from api.dashboard.forms import Form, errors_of
from api.dashboard.render import page, redirect
from api.deps import FormUser, Now, PageUser
from api.errors import ApiError
from storage import audit, db, users

router = APIRouter()


@router.get("/account")
def account_page(request: Request, now: Now, who: PageUser) -> Response:
    """Who is signed in, and where."""
    return _page(request, now, who)


@router.post("/account/password")
def change_password(request: Request, now: Now, who: FormUser, form: Form) -> Response:
    """Every other browser of the account is signed out; this one goes on with a new session."""
    old, new = (next(iter(form.all(name)), "") for name in ("old", "password"))
    try:
        known = auth.check_password(request, who.user.email, old, now)
    except ApiError as error:
        return _page(request, now, who, {"old": error.detail})
    if known is None:
        return _page(request, now, who, {"old": "This is not your present password."})
    response = redirect("/account", "Your password is changed. Other browsers are signed out.")
    try:
        with db.transaction() as session:
            users.set_password(session, who.user.id, new)
            audit.record(session, who.viewer, "person.password", f"user {who.user.id}", now)
            auth.start(session, request, response, known, now, who.method)
    except ValueError as error:
        return _page(request, now, who, errors_of(error, otherwise="password"))
    return response


def _page(request: Request, now: datetime, who: SignedIn, errors: dict[str, str] | None = None) -> Response:
    with db.reading() as session:
        browsers = users.list_sessions(session, who.user.id, read_cookie(request, auth.COOKIE), now)
    return page(
        request,
        who,
        "account.html",
        title="Your account",
        status=422 if errors else 200,
        least=users.MIN_PASSWORD,
        browsers=browsers,
        errors=errors or {},
    )
