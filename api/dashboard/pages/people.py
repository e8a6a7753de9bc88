"""People: accounts and roles, invitations, keys for programs, and what was done lately."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api import deps
from api.auth import SignedIn
from api.dashboard.forms import Form, errors_of
from api.dashboard.render import page, redirect
from api.deps import Now, form_role, page_role
from config.settings import get_settings
from storage import audit, db, mail_states, users
from storage.viewer import ROLES

router = APIRouter()

Reader = Annotated[SignedIn, Depends(page_role("administrator"))]
Sender = Annotated[SignedIn, Depends(form_role("administrator"))]
_LIFETIMES = {"30": 30, "90": 90, "365": 365, "": None}  # days
_ACTS = 30
_PEOPLE = 200  # accounts on the page; the search finds the others


@router.get("/people")
def people_page(request: Request, now: Now, who: Reader) -> Response:
    """Everybody."""
    return _page(request, now, who)


@router.post("/people/invite")
def invite(request: Request, now: Now, who: Sender, form: Form) -> Response:
    """Make an invitation link; it is on this answer and nowhere else."""
    typed = {"role": form.get("role"), "email": form.get("email")}
    try:
        with db.transaction() as session:
            secret = users.invite(session, typed["role"], who.user.id, now, typed["email"] or None)
            audit.record(session, who.viewer, "person.invite", f"as {typed['role']}", now)
    except ValueError as error:
        return _page(request, now, who, typed, errors_of(error, otherwise="email"))
    return _page(request, now, who, link=f"{get_settings().base_url}/join/{secret}")


@router.post("/people/invitations/{invitation_id}/withdraw")
def withdraw(now: Now, who: Sender, invitation_id: int) -> Response:
    """The link opens nothing any more."""
    with db.transaction() as session:
        users.revoke_invitation(session, invitation_id, now)
        audit.record(session, who.viewer, "person.uninvite", f"invitation {invitation_id}", now)
    return redirect("/people#invitations", "The invitation is withdrawn.")


@router.post("/people/{user_id}/role")
def set_role(now: Now, who: Sender, user_id: int, form: Form) -> Response:
    """Change what a person may see."""
    try:
        with db.transaction() as session:
            users.set_role(session, user_id, form.get("role"))
            audit.record(session, who.viewer, "person.role", f"user {user_id} becomes {form.get('role')}", now)
    except ValueError as error:
        return redirect("/people", *_told(error))
    return redirect("/people", "The role is changed; it counts from the next page on.")


@router.post("/people/{user_id}/deactivate")
def deactivate(now: Now, who: Sender, user_id: int) -> Response:
    """Nobody signs in with this account any more."""
    if user_id == who.user.id:
        return redirect("/people", "Another administrator has to deactivate your own account.", "error")
    try:
        with db.transaction() as session:
            users.deactivate(session, user_id, now)
            audit.record(session, who.viewer, "person.deactivate", f"user {user_id}", now)
    except ValueError as error:
        return redirect("/people", *_told(error))
    return redirect("/people", "The account is deactivated; its sign-ins and keys have ended.")


@router.post("/people/{user_id}/activate")
def activate(now: Now, who: Sender, user_id: int) -> Response:
    """Let somebody in again."""
    with db.transaction() as session:
        users.activate(session, user_id)
        audit.record(session, who.viewer, "person.activate", f"user {user_id}", now)
    return redirect("/people", "The account may sign in again. Its keys stay revoked.")


@router.post("/people/mails")
def resume_mails(now: Now, who: Sender, form: Form) -> Response:
    """Let mails go to an address again that unsubscribed, or whose mails came back."""
    with db.transaction() as session:
        mail_states.subscribe_again(session, form.get("address"), now, who.viewer)
    return redirect("/people#mails", "Mails go to this address again; the audit log tells who let them.")


@router.post("/people/keys")
def make_key(request: Request, now: Now, who: Sender, form: Form) -> Response:
    """Make a key that acts for the person who makes it; the secret is on this answer and nowhere else."""
    scopes = frozenset(form.all("scope"))
    typed = {"key_name": form.get("name"), "days": form.get("days")}
    if not scopes:
        return _page(request, now, who, typed, {"scope": "Choose what the key may do."})
    days = _LIFETIMES.get(typed["days"], 90)
    try:
        with db.transaction() as session:
            ends = None if days is None else now + timedelta(days=days)
            number, secret = users.create_token(session, who.user.id, typed["key_name"], scopes, now, ends)
            audit.record(session, who.viewer, "key.make", f"key {number}: {', '.join(sorted(scopes))}", now)
    except ValueError as error:
        wrong = errors_of(error, {"name": "key_name", "scopes": "scope"}, "key_name")
        return _page(request, now, who, typed, wrong, scopes=scopes)
    return _page(request, now, who, secret=secret)


@router.post("/people/keys/{token_id}/revoke")
def revoke_key(now: Now, who: Sender, token_id: int) -> Response:
    """End a key."""
    with db.transaction() as session:
        ended = users.revoke_token(session, token_id, now)
        if ended:
            audit.record(session, who.viewer, "key.revoke", f"key {token_id}", now)
    return redirect("/people#keys", "The key is revoked." if ended else "There is no open key of this number.")


def _page(
    request: Request,
    now: datetime,
    who: SignedIn,
    typed: Mapping[str, str] | None = None,
    errors: dict[str, str] | None = None,
    *,
    link: str = "",
    secret: str = "",
    scopes: frozenset[str] = frozenset(),
) -> Response:
    part = request.query_params.get("q", "").replace("\x00", "")[:100].strip()
    with db.reading() as session:
        everybody = users.list_users(session, part, _PEOPLE)
        accounts = users.count_users(session)
        invitations = users.open_invitations(session, now)
        keys = [key for key in users.list_tokens(session) if key.revoked_at is None]
        owners = users.names_of(session, {key.user_id for key in keys})
        acts = audit.entries(session, who.viewer, limit=_ACTS)
        addresses = mail_states.list_addresses(session, who.viewer)
    return page(
        request,
        who,
        "people.html",
        title="People",
        status=422 if errors else 200,
        people=everybody,
        accounts=accounts,
        part=part,
        names=owners,
        invitations=invitations,
        keys=[(key, key.expires_at is not None and key.expires_at <= now) for key in keys],
        acts=acts,
        addresses=addresses,
        roles=tuple(ROLES),
        scopes=deps.SCOPES,
        chosen=scopes,
        typed={"role": "", "email": "", "key_name": "", "days": "90", **(typed or {})},
        errors=errors or {},
        link=link,
        secret=secret,
    )


def _told(error: ValueError) -> tuple[str, str]:
    return next(iter(errors_of(error).values())), "error"
