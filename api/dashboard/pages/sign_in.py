"""Signing in and out."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from api import auth
from api.dashboard.render import redirect, solo
from api.deps import FormUser, Now
from api.errors import ApiError
from config.settings import get_settings
from storage import db, users

router = APIRouter()

_WRONG = (
    "This e-mail address and password do not belong together. After ten wrong tries an account rests for 15 minutes."
)
_OUT_HERE = "You are signed out of this service. This browser is still signed in at the provider."


@router.get("/sign-in")
def sign_in_form(request: Request, now: Now, next: str = "/") -> Response:  # noqa: A002 - the name in the address
    """The form; who is signed in already is sent on."""
    if auth.signed_in(request, now) is not None:
        return redirect(auth.safe_next(next))
    return _form(request, auth.safe_next(next))


@router.post("/sign-in")
def sign_in(
    request: Request,
    now: Now,
    email: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",  # noqa: A002 - the name in the form
) -> Response:
    """Start a session and go where the person wanted to go."""
    target = auth.safe_next(next)
    missing = {
        name: words
        for name, value, words in (
            ("email", email, "Type your e-mail address."),
            ("password", password, "Type your password."),
        )
        if not value.strip()
    }
    if missing:
        return _form(request, target, email, missing, 422)
    try:
        user = auth.check_password(request, email, password, now)
    except ApiError as error:
        return _form(request, target, email, {"password": error.detail}, error.status, error.headers)
    if user is None:
        return _form(request, target, email, {"password": _WRONG}, 401)
    if user.second_factor:
        response = redirect("/sign-in/code")
        auth.ask_second_factor(response, user, target, now)
        return response
    response = redirect(target)
    with db.transaction() as session:
        auth.start(session, request, response, user, now, users.PASSWORD)
    return response


@router.post("/sign-out")
def sign_out(request: Request, who: FormUser) -> Response:
    """End this browser's session; that at the provider goes on unless the person ends it there."""
    there = who.method == users.PROVIDER
    response = redirect("/sign-in", _OUT_HERE if there else "You are signed out.")
    auth.sign_out(request, response)
    return response


def _form(
    request: Request,
    target: str,
    email: str = "",
    errors: dict[str, str] | None = None,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    settings = get_settings()
    response = solo(
        request,
        "sign_in.html",
        title="Sign in",
        status=status,
        next=target,
        email=email,
        errors=errors or {},
        provider=settings.oidc_name if settings.oidc_issuer else "",
    )
    response.headers.update(headers or {})
    return response
