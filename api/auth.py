"""Who asks: a signed-in browser (cookie) or a program (token). Dependencies that use this stand in `api.deps`."""

import hmac
from datetime import datetime, timedelta
from typing import TypeAlias
from urllib.parse import urlsplit

from fastapi import Request, Response

from api.errors import ApiError
from api.throttle import Throttle
from config.settings import get_settings
from storage import db, users
from storage.viewer import Viewer

COOKIE = "outspoken_session"
CSRF_FIELD = "csrf"
CSRF_HEADER = "X-CSRF-Token"

SIGN_IN_TRIES = Throttle(limit=20, window=timedelta(minutes=10))
_LONGEST_NEXT = 2000


# user, viewer, csrf; the last goes into every form as the hidden field `csrf`, into API calls as a header
SignedIn: TypeAlias = users.SignedIn


def signed_in(request: Request, now: datetime) -> SignedIn | None:
    """Who the cookie belongs to; None when there is none or it has ended. Looked up once per request."""
    if not hasattr(request.state, "signed_in"):
        request.state.signed_in = _look_up(request.cookies.get(COOKIE), now)
    found: SignedIn | None = request.state.signed_in
    return found


def token_viewer(request: Request, now: datetime) -> Viewer | None:
    """The viewer of `Authorization: Bearer osp_…`; None when the header is not there. Raises 401 for a bad one."""
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, secret = header.partition(" ")
    if scheme.casefold() != "bearer" or not secret.startswith(users.TOKEN_PREFIX):
        raise not_signed_in("Send the token as `Authorization: Bearer osp_…`.", "invalid_request")
    with db.transaction() as session:
        owner = users.token_user(session, secret, now)
    if owner is None:
        raise not_signed_in("The token is not valid: unknown, revoked or past its time.", "invalid_token")
    return owner.viewer


def not_signed_in(detail: str, error: str | None = None) -> ApiError:
    """401 with the header that the standard asks for (RFC 6750)."""
    challenge = 'Bearer realm="outspoken"' + (f', error="{error}"' if error else "")
    return ApiError(401, detail, headers={"WWW-Authenticate": challenge})


def sign_in(request: Request, email: str, password: str, now: datetime) -> str | None:
    """A new session's token for `give_cookie`; None for a wrong mail or password, or a locked account.

    Raises 429 when this client has failed too often.
    """
    client = request.client.host if request.client else ""
    wait = SIGN_IN_TRIES.take(client, now)
    if wait is not None:
        raise too_many(wait)
    if "\x00" in email:
        return None  # no address, and nothing that the database takes
    with db.transaction() as session:
        user = users.authenticate(session, email, password, now)
        token = None if user is None else users.start_session(session, user.id, now, get_settings().session_hours)
    if token is not None:
        SIGN_IN_TRIES.give_back(client)
    return token


def sign_out(request: Request, response: Response) -> None:
    """End the browser's session and take its cookie."""
    token = request.cookies.get(COOKIE)
    if token:
        with db.transaction() as session:
            users.end_session(session, token)
    response.delete_cookie(COOKIE, path="/")


def give_cookie(response: Response, token: str) -> None:
    """Set the session cookie: not for scripts, not for other sites, over HTTPS only where that is set."""
    settings = get_settings()
    response.set_cookie(
        COOKIE,
        token,
        max_age=settings.session_hours * 3600,
        path="/",
        httponly=True,
        samesite="lax",
        secure=settings.secure_cookies,
    )


def same_secret(given: str | None, expected: str) -> bool:
    """Whether a form's or header's CSRF value is the session's."""
    return given is not None and hmac.compare_digest(given.encode(), expected.encode())


def safe_next(path: str | None) -> str:
    """A path of our own to go to after sign-in; `/` for anything that could lead elsewhere."""
    if not path or len(path) > _LONGEST_NEXT or not path.startswith("/") or path.startswith("//"):
        return "/"
    if "\\" in path or any(ord(letter) < 33 or ord(letter) == 127 for letter in path):
        return "/"
    parts = urlsplit(path)
    if parts.scheme or parts.netloc or parts.path in ("/sign-in", "/sign-out"):
        return "/"
    return path


def too_many(wait: timedelta) -> ApiError:
    """429 with when to come back."""
    seconds = max(1, int(wait.total_seconds()) + 1)
    minutes = max(1, round(seconds / 60))
    detail = f"Too many tries from here. Try again in {minutes} minute{'s' if minutes > 1 else ''}."
    return ApiError(429, detail, headers={"Retry-After": str(seconds)})


def _look_up(token: str | None, now: datetime) -> SignedIn | None:
    if not token:
        return None
    with db.reading() as session:
        return users.session_user(session, token, now)
