"""Signing in by the company's own account (OpenID Connect), and out of it."""

from fastapi import APIRouter, Request, Response

from api import auth, oidc
from api.cookies import drop_cookie, read_cookie, set_cookie
from api.dashboard.render import redirect
from api.deps import Now
from api.oidc_line import ProviderDown
from config.settings import get_settings
from storage import db, identities, users
from storage.identities import Refused

router = APIRouter()

_SIGN_OUT_THERE = "The provider cannot be asked from here to sign you out. Do it on its own page, or close the browser."


@router.get("/sign-in/provider")
def to_provider(request: Request, now: Now, next: str = "/") -> Response:  # noqa: A002 - the name in the address
    """Send the browser to the provider."""
    if not get_settings().oidc_issuer:
        return redirect("/sign-in", "No sign-in provider is set up here.", "error")
    auth.limit_provider(request, now)
    try:
        begun = oidc.begin(auth.safe_next(next), now)
    except ProviderDown as error:
        return redirect("/sign-in", str(error), "error")
    response = redirect(begun.address)
    set_cookie(response, oidc.COOKIE, begun.cookie, int(oidc.TRY_FOR.total_seconds()))
    return response


@router.get(oidc.CALLBACK)
def from_provider(
    request: Request, now: Now, code: str = "", state: str = "", error: str = "", error_description: str = ""
) -> Response:
    """The browser comes back: sign it in, or say why not."""
    if not get_settings().oidc_issuer:
        return redirect("/sign-in", "No sign-in provider is set up here.", "error")
    auth.limit_provider(request, now)
    answer = oidc.Answer(code, state, error, error_description)
    try:
        claims, target = oidc.finish(read_cookie(request, oidc.COOKIE), answer, now)
        response = redirect(auth.safe_next(target))
        with db.transaction() as session:
            user = identities.sign_in(session, claims, get_settings().oidc_new_role or None, now)
            auth.start(session, request, response, user, now, users.PROVIDER)
            auth.count_no_steps(session, request, now)
    except (Refused, ProviderDown) as problem:
        response = redirect("/sign-in", str(problem), "error")
        if isinstance(problem, identities.Outside):
            with db.transaction() as session:
                identities.shut_out(session, problem, now)
    drop_cookie(response, oidc.COOKIE)
    return response


@router.get("/sign-out/provider")
def sign_out_there(request: Request, now: Now) -> Response:
    """Send the browser to where the provider signs people out: at a shared machine, or with another account."""
    if not get_settings().oidc_issuer:
        return redirect("/sign-in", "No sign-in provider is set up here.", "error")
    auth.limit_provider(request, now)
    try:
        address = oidc.farewell()
    except ProviderDown as error:
        return redirect("/sign-in", str(error), "error")
    return redirect(address) if address else redirect("/sign-in", _SIGN_OUT_THERE, "warning")
