"""Who asks: a signed-in browser (cookie) or a program (token). Dependencies that use this stand in `api.deps`."""

import hmac
from datetime import datetime, timedelta
from typing import TypeAlias
from urllib.parse import urlsplit

from fastapi import Request, Response
from sqlalchemy.orm import Session

from api.cookies import drop_cookie, read_cookie, set_cookie
from api.devices import device_words
from api.errors import ApiError
from config.sealing import Seal, SealError
from config.settings import get_settings
from storage import audit, db, second_factor, sign_in_tries, users
from storage.viewer import Viewer

COOKIE = "outspoken_session"
PROVEN = "outspoken_proven"  # the password was right, the code is awaited
CSRF_FIELD = "csrf"
CSRF_HEADER = "X-CSRF-Token"

_LONGEST_NEXT = 2000


# user, viewer, csrf; the last goes into every form as the hidden field `csrf`, into API calls as a header
SignedIn: TypeAlias = users.SignedIn


def signed_in(request: Request, now: datetime) -> SignedIn | None:
    """Who the cookie belongs to; None when there is none or it has ended. Looked up once per request."""
    if not hasattr(request.state, "signed_in"):
        request.state.signed_in = _look_up(read_cookie(request, COOKIE), now)
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


def check_password(request: Request, email: str, password: str, now: datetime) -> users.UserRow | None:
    """The account; None for a wrong mail or password, or a locked account. Raises 429 after too many failures of this
    client, or for this address."""
    client = sign_in_tries.network(request.client.host if request.client else "")
    if "\x00" in email:
        return None  # no address, and nothing that the database takes
    with db.transaction() as session:
        waits = [
            sign_in_tries.take(session, sign_in_tries.CLIENT, client, now),
            sign_in_tries.take(session, sign_in_tries.ACCOUNT, email, now),
        ]
    if any(waits):
        raise too_many(max(filter(None, waits)))
    with db.transaction() as session:
        user = users.authenticate(session, email, password, now)
        if user is None:
            _note_failure(session, email, "password", now)
        else:
            sign_in_tries.give_back(session, sign_in_tries.CLIENT, client, now)
            sign_in_tries.give_back(session, sign_in_tries.ACCOUNT, email, now)
    return user


def limit_provider(request: Request, now: datetime) -> None:
    """Count a step of signing in by the provider; raise 429 when this client has come to no end too often."""
    client = sign_in_tries.network(request.client.host if request.client else "")
    with db.transaction() as session:
        wait = sign_in_tries.take(session, sign_in_tries.PROVIDER, client, now)
    if wait is not None:
        raise too_many(wait)


def count_no_steps(session: Session, request: Request, now: datetime) -> None:
    """Somebody is signed in: leaving for the provider and coming back do not count, or a company behind one address
    would keep itself out in the morning."""
    client = sign_in_tries.network(request.client.host if request.client else "")
    for _ in range(2):
        sign_in_tries.give_back(session, sign_in_tries.PROVIDER, client, now)


def check_code(request: Request, user_id: int, code: str, now: datetime) -> users.UserRow | None:
    """The account when the code of its authenticator app, or a recovery code, is right. Raises 429 as above."""
    client = sign_in_tries.network(request.client.host if request.client else "")
    with db.transaction() as session:
        wait = sign_in_tries.take(session, sign_in_tries.CLIENT, client, now)
    if wait is not None:
        raise too_many(wait)
    with db.transaction() as session:
        user = second_factor.check(session, user_id, code, now)
        if user is None:
            audit.record(session, None, "person.sign_in_failed", f"user {user_id}: code", now)
        else:
            sign_in_tries.give_back(session, sign_in_tries.CLIENT, client, now)
    return user


def start(session: Session, request: Request, response: Response, user: users.UserRow, now: datetime, how: str) -> None:
    """Sign the browser in: a new session always, and the one it had before ends."""
    before = read_cookie(request, COOKIE)
    if before:
        users.end_session(session, before)
    device = device_words(request.headers.get("user-agent"))
    hours = get_settings().session_hours
    token = users.start_session(session, user.id, now, hours, device=device, method=how)
    audit.record(session, user.id, "person.sign_in", f"user {user.id} by {how}, {device}", now)
    set_cookie(response, COOKIE, token, hours * 3600)


def sign_out(request: Request, response: Response) -> None:
    """End the browser's session and take its cookie."""
    token = read_cookie(request, COOKIE)
    if token:
        with db.transaction() as session:
            users.end_session(session, token)
    drop_cookie(response, COOKIE)


def ask_second_factor(response: Response, user: users.UserRow, next_path: str, now: datetime) -> None:
    """Remember for some minutes whose password was right, in a sealed cookie."""
    kept = f"{user.id}\n{int(now.timestamp())}\n{next_path}"
    set_cookie(response, PROVEN, _proven().close(kept), int(second_factor.PROVE_WITHIN.total_seconds()))


def proven(request: Request, now: datetime) -> tuple[int, str] | None:
    """Whose password was right just now, and where they want to go."""
    try:
        user_id, at, next_path = _proven().open(read_cookie(request, PROVEN) or "").split("\n")
    except (SealError, ValueError):
        return None
    if now.timestamp() - int(at) > second_factor.PROVE_WITHIN.total_seconds():
        return None
    return int(user_id), safe_next(next_path)


def lacks_second_factor(person: SignedIn) -> bool:
    """Whether the role needs an authenticator app that the account does not have; the provider has its own."""
    by_password = person.method in (users.PASSWORD, users.INVITATION)
    return by_password and not person.second_factor and second_factor.required(person.user.role)


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
        found = users.session_user(session, token, now)
    if found is not None and found.touch_due:
        with db.transaction() as session:
            users.touch(session, token, now)
    return found


def _note_failure(session: Session, email: str, what: str, now: datetime) -> None:
    """Of accounts that there are: what else people type is kept nowhere. It takes as long, since it writes, too."""
    known = users.find_user(session, email)
    if known is None:
        sign_in_tries.take(session, sign_in_tries.NOBODY, email, now)
    else:
        audit.record(session, None, "person.sign_in_failed", f"user {known.id}: {what}", now)


def _proven() -> Seal:
    return Seal(get_settings().secret().encode(), "password was right")
