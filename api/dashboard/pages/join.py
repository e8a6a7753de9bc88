"""An invitation link: make one's own account with it, once."""

from collections.abc import Mapping
from datetime import datetime

from fastapi import APIRouter, Request, Response

from api import auth
from api.dashboard.forms import Form, errors_of
from api.dashboard.render import redirect, solo
from api.deps import Now
from storage import audit, db, users

router = APIRouter()


@router.get("/join/{secret}")
def join_page(request: Request, now: Now, secret: str) -> Response:
    """The form, or why there is none."""
    return _page(request, now, secret)


@router.post("/join/{secret}")
def join(request: Request, now: Now, secret: str, form: Form) -> Response:
    """Make the account and sign in. The link itself is the proof here: nobody is signed in yet."""
    typed = {"name": form.get("name"), "email": form.get("email")}
    try:
        with db.transaction() as session:
            password = next(iter(form.all("password")), "")
            person = users.accept(session, secret, typed["name"], typed["email"], password, now)
            audit.record(session, person.id, "person.join", f"user {person.id} as {person.role}", now)
            response = redirect("/", f"Welcome, {person.name}. Your account is ready.")
            auth.start(session, request, response, person, now, users.INVITATION)
    except LookupError:
        return _page(request, now, secret)
    except ValueError as error:
        return _page(request, now, secret, typed, errors_of(error, otherwise="name"))
    return response


def _page(
    request: Request,
    now: datetime,
    secret: str,
    typed: Mapping[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    with db.reading() as session:
        found = users.invitation(session, secret, now)
    if found is None:
        return solo(request, "join_over.html", title="This invitation is over", status=404)
    return solo(
        request,
        "join.html",
        title="Join",
        status=422 if errors else 200,
        invitation=found,
        secret=secret,
        least=users.MIN_PASSWORD,
        typed=typed or {"name": "", "email": found.email or ""},
        errors=errors or {},
    )
