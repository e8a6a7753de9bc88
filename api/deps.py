"""What endpoints ask for.

Pages:  `PageUser` (signed in, else sent to sign-in), `page_role("hr", …)` (one of these roles), `FormUser` and
        `form_role("hr", …)` (the same for a posted form, whose hidden field `csrf` is checked);
        `ProgrammeReader` and `ProgrammeSender` (the same for all who may join the advocates' programme).
API:    `require_viewer("mentions:read")` → `Viewer`, by token with that scope or by the browser's cookie.
Both:   `Now`.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPBearer

from api import auth
from api.auth import SignedIn
from api.errors import ApiError, SecondFactorNeeded, SignInNeeded
from storage.viewer import Viewer

SCOPES: dict[str, str] = {
    "mentions:read": "Read mentions.",
    "mentions:write": "Send posts in, correct tags.",
    "series:read": "Read volume, sentiment, breakdowns and share of voice.",
    "exports:read": "Download mentions and figures as files.",
    "incidents:read": "Read incidents.",
    "incidents:write": "Acknowledge, assign, snooze, judge, close and comment incidents; enter planned events.",
    "sources:read": "Read sources, their runs and what waits for a person.",
    "sources:write": "Add, change, try, run and delete sources, and give them keys.",
    "people:write": "Invite advocates and see how their invitations stand.",
    "advocacy:read": "Read the owner's reach and the programme's figures.",
    "contents:read": "Read what there is to share.",
    "contents:write": "Write, change and withdraw what there is to share.",
    "campaigns:read": "Read the campaigns that the owner may know of.",
    "campaigns:write": "Write campaigns and act in them, ask and answer questions, give feedback.",
    "careers:write": "Report applications that were started.",
    "audit:read": "Read the audit log.",
}
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_WITHOUT_SECOND_FACTOR = ("/account", "/sign-out")  # what somebody whose role needs one may do before they have it

bearer = HTTPBearer(auto_error=False, scheme_name="token", description="An API token: `osp_…`, made under People.")
cookie = APIKeyCookie(
    name=auth.COOKIE,
    auto_error=False,
    scheme_name="session",
    description=f"The signed-in browser. Calls that change something also need the header `{auth.CSRF_HEADER}`.",
)


async def utc_now() -> datetime:
    """The time of this request."""
    return datetime.now(UTC)


Now = Annotated[datetime, Depends(utc_now)]
PROGRAMME_ROLES = ("marketing", "hr", "leadership", "advocate", "administrator")  # who may join: all but auditors


def require_page_user(request: Request, now: Now) -> SignedIn:
    """The person at the browser; others are sent to the sign-in page and come back after it."""
    found = auth.signed_in(request, now)
    if found is None:
        raise SignInNeeded(_return_path(request))
    if auth.lacks_second_factor(found) and not request.url.path.startswith(_WITHOUT_SECOND_FACTOR):
        raise SecondFactorNeeded
    return found


PageUser = Annotated[SignedIn, Depends(require_page_user)]


async def csrf_protect(request: Request, person: PageUser) -> SignedIn:
    """The person who posted a form of ours; 403 when the form's `csrf` is not their session's."""
    form = await request.form()
    given = form.get(auth.CSRF_FIELD)
    if not auth.same_secret(given if isinstance(given, str) else None, person.csrf):
        raise ApiError(403, "This form is too old. Go back, reload the page and send it again.", code="csrf")
    return person


FormUser = Annotated[SignedIn, Depends(csrf_protect)]


def page_role(*roles: str) -> Callable[[SignedIn], SignedIn]:
    """A dependency: the person at the browser when they have one of the roles, else 403."""

    def check(person: PageUser) -> SignedIn:
        return _with_role(person, roles)

    return check


def form_role(*roles: str) -> Callable[[SignedIn], SignedIn]:
    """A dependency: the person who posted a form of ours when they have one of the roles, else 403."""

    def check(person: FormUser) -> SignedIn:
        return _with_role(person, roles)

    return check


ProgrammeReader = Annotated[SignedIn, Depends(page_role(*PROGRAMME_ROLES))]
ProgrammeSender = Annotated[SignedIn, Depends(form_role(*PROGRAMME_ROLES))]


def require_viewer(scope: str, *roles: str) -> Callable[..., Viewer]:
    """A dependency: the viewer behind an API call, whose token has the scope; with `roles`, one of these only.

    401 without a valid token or sign-in; 403 for a missing scope, another role, or a cookie call that would change
    something without the CSRF header.
    """
    if scope not in SCOPES:
        raise KeyError(scope)

    def find(
        request: Request,
        now: Now,
        _bearer_token: Annotated[object, Depends(bearer)],
        _session_cookie: Annotated[object, Depends(cookie)],
    ) -> Viewer:
        viewer = auth.token_viewer(request, now)
        if viewer is None:
            viewer = _cookie_viewer(request, now)
        if viewer.scopes is not None and scope not in viewer.scopes:
            raise ApiError(403, f"The token lacks the scope {scope}.", code="missing_scope")
        if roles and viewer.role not in roles:
            raise ApiError(403, f"Only for the role {' or '.join(roles)}.")
        return viewer

    return find


def _cookie_viewer(request: Request, now: datetime) -> Viewer:
    person = auth.signed_in(request, now)
    if person is None:
        raise auth.not_signed_in("Send a token (`Authorization: Bearer osp_…`) or sign in.")
    if auth.lacks_second_factor(person):
        raise ApiError(403, "Your role needs an authenticator app; set it up under Your account.", code="second_factor")
    if request.method not in _SAFE_METHODS and not auth.same_secret(request.headers.get(auth.CSRF_HEADER), person.csrf):
        raise ApiError(403, f"A signed-in browser must send the header {auth.CSRF_HEADER}.", code="csrf")
    return person.viewer


def _with_role(person: SignedIn, roles: tuple[str, ...]) -> SignedIn:
    if person.viewer.role not in roles:
        raise ApiError(403, "This page belongs to another role than yours.")
    return person


def _return_path(request: Request) -> str:
    if request.method not in _SAFE_METHODS:
        return "/"
    query = f"?{request.url.query}" if request.url.query else ""
    return auth.safe_next(request.url.path + query)
