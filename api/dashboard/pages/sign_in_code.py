"""The second step of signing in with a password: the code of the authenticator app, or a recovery code."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from api import auth
from api.cookies import drop_cookie
from api.dashboard.render import redirect, solo
from api.deps import Now
from api.errors import ApiError
from storage import db, users

router = APIRouter()

_OVER = "Type your password again: the code was asked for more than five minutes ago."
_WRONG = "This is not the code that the app shows now, or it was used already. After ten wrong tries an account rests."


@router.get("/sign-in/code")
def code_form(request: Request, now: Now) -> Response:
    """The form; without a right password just before it there is none."""
    if auth.proven(request, now) is None:
        return redirect("/sign-in", _OVER, "error")
    return _form(request)


@router.post("/sign-in/code")
def sign_in_with_code(request: Request, now: Now, code: Annotated[str, Form()] = "") -> Response:
    """Start the session when the code is right."""
    known = auth.proven(request, now)
    if known is None:
        return redirect("/sign-in", _OVER, "error")
    user_id, target = known
    try:
        user = auth.check_code(request, user_id, code[:100], now)
    except ApiError as error:
        return _form(request, error.detail, error.status)
    if user is None:
        return _form(request, _WRONG, 401)
    response = redirect(target)
    with db.transaction() as session:
        auth.start(session, request, response, user, now, users.PASSWORD)
    drop_cookie(response, auth.PROVEN)
    return response


def _form(request: Request, error: str = "", status: int = 200) -> Response:
    errors = {"code": error} if error else {}
    return solo(request, "sign_in_code.html", title="Sign in: the code", status=status, errors=errors)
