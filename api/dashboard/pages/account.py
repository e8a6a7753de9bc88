"""One's own account: a new password."""

from fastapi import APIRouter, Request, Response

from api import auth
from api.auth import SignedIn
from api.dashboard.forms import Form, errors_of
from api.dashboard.render import page, redirect
from api.deps import FormUser, Now, PageUser
from config.settings import get_settings
from storage import audit, db, users

router = APIRouter()


@router.get("/account")
def account_page(request: Request, who: PageUser) -> Response:
    """Who is signed in, and the form for a new password."""
    return _page(request, who)


@router.post("/account/password")
def change_password(request: Request, now: Now, who: FormUser, form: Form) -> Response:
    """Every other browser of the account is signed out; this one goes on."""
    old, new = (next(iter(form.all(name)), "") for name in ("old", "password"))
    with db.transaction() as session:
        known = users.authenticate(session, who.user.email, old, now)
    if known is None:
        return _page(request, who, {"old": "This is not your present password."})
    try:
        with db.transaction() as session:
            users.set_password(session, who.user.id, new)
            audit.record(session, who.viewer, "person.password", f"user {who.user.id}", now)
            token = users.start_session(session, who.user.id, now, get_settings().session_hours)
    except ValueError as error:
        return _page(request, who, errors_of(error, otherwise="password"))
    response = redirect("/account", "Your password is changed. Other browsers are signed out.")
    auth.give_cookie(response, token)
    return response


def _page(request: Request, who: SignedIn, errors: dict[str, str] | None = None) -> Response:
    status = 422 if errors else 200
    least = users.MIN_PASSWORD
    return page(request, who, "account.html", title="Your account", status=status, least=least, errors=errors or {})
