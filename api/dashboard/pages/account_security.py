"""One's own account: where one is signed in, and the authenticator app."""

import segno
from fastapi import APIRouter, Request, Response

from api import auth
from api.auth import SignedIn
from api.cookies import read_cookie
from api.dashboard.forms import Form, errors_of
from api.dashboard.render import page, redirect
from api.deps import FormUser, Now, PageUser
from api.errors import ApiError
from storage import audit, db, second_factor, users

router = APIRouter()

_HERE = "/account/second-factor"


@router.post("/account/sessions/revoke")
def revoke_session(now: Now, who: FormUser, form: Form) -> Response:
    """Sign one browser out."""
    with db.transaction() as session:
        gone = users.revoke_session(session, who.user.id, form.get("key"))
        if gone:
            audit.record(session, who.viewer, "person.sign_out", f"user {who.user.id}: one browser", now)
    return redirect("/account#sessions", "The browser is signed out." if gone else "It was signed out already.")


@router.post("/account/sessions/revoke-others")
def revoke_others(request: Request, now: Now, who: FormUser) -> Response:
    """Sign every browser out but this one."""
    with db.transaction() as session:
        number = users.revoke_others(session, who.user.id, read_cookie(request, auth.COOKIE))
        audit.record(session, who.viewer, "person.sign_out", f"user {who.user.id}: {number} other browsers", now)
    words = "Nobody else was signed in." if not number else f"Signed out elsewhere: {number}."
    return redirect("/account#sessions", words)


@router.get(_HERE)
def second_factor_page(request: Request, who: PageUser) -> Response:
    """The picture for the app while it is being set up, else the first step."""
    return _page(request, who)


@router.post(_HERE)
def begin(request: Request, who: FormUser, form: Form, now: Now) -> Response:
    """Make a secret for the app; the password is asked for again."""
    problem = _password_problem(request, who, form, now)
    if problem:
        return _page(request, who, {"old": problem})
    try:
        with db.transaction() as session:
            second_factor.enrol(session, who.user.id)
    except ValueError as error:
        return redirect(_HERE, *(next(iter(errors_of(error).values())), "error"))
    return redirect(_HERE)


@router.post(f"{_HERE}/confirm")
def confirm(request: Request, now: Now, who: FormUser, form: Form) -> Response:
    """The app works; the recovery codes are on this answer and nowhere else. Other browsers are signed out."""
    try:
        with db.transaction() as session:
            codes = second_factor.confirm(session, who.user.id, form.get("code")[:100], now)
            users.revoke_others(session, who.user.id, read_cookie(request, auth.COOKIE))
            audit.record(session, who.viewer, "person.second_factor", f"user {who.user.id}: app set up", now)
    except ValueError as error:
        return _page(request, who, errors_of(error, otherwise="code"))
    return _page(request, who, codes=codes)


@router.post(f"{_HERE}/remove")
def remove(request: Request, now: Now, who: FormUser, form: Form) -> Response:
    """Take the app away; the password is asked for again."""
    problem = _password_problem(request, who, form, now)
    if problem:
        return _page(request, who, {"old": problem})
    with db.transaction() as session:
        second_factor.remove(session, who.user.id)
        audit.record(session, who.viewer, "person.second_factor", f"user {who.user.id}: app taken away", now)
    return redirect("/account", "The authenticator app is taken away; your password alone signs in.")


def _password_problem(request: Request, who: SignedIn, form: Form, now: Now) -> str:
    if not who.user.password:
        return "You sign in by the provider; its own second factor counts."
    try:
        known = auth.check_password(request, who.user.email, next(iter(form.all("old")), ""), now)
    except ApiError as error:
        return error.detail
    return "" if known is not None else "This is not your present password."


def _page(
    request: Request, who: SignedIn, errors: dict[str, str] | None = None, codes: tuple[str, ...] = ()
) -> Response:
    with db.transaction() as session:
        waiting = second_factor.enrolling(session, who.user.id)
        left = second_factor.recovery_codes_left(session, who.user.id)
    picture = None if waiting is None else segno.make(waiting[0], micro=False).svg_data_uri(scale=5, border=3)
    return page(
        request,
        who,
        "second_factor.html",
        title="Authenticator app",
        status=422 if errors else 200,
        has=bool(codes) or who.second_factor,
        picture=picture,
        letters="" if waiting is None else waiting[1],
        codes=codes,
        left=left,
        needed=second_factor.required(who.user.role),
        errors=errors or {},
    )
