"""The page behind "Change or stop these mails": looking changes nothing, pressing does. Nobody is signed in.

Mail programs press by themselves when their user asks them to (RFC 8058): a POST without cookie, answered without a
redirect.
"""

from fastapi import APIRouter, Request, Response

from api.dashboard.forms import Form
from api.dashboard.render import solo
from api.deps import Now
from storage import db, mail_states
from storage.mail_states import AddressRow
from storage.viewer import NotFound

router = APIRouter()


@router.get("/mails/{token}")
def look(request: Request, token: str) -> Response:
    """Whether this address gets mails, and a button."""
    try:
        address = mail_states.address_of(token)
    except NotFound:
        return _unknown(request)
    with db.reading() as session:
        state = mail_states.state_of(session, address)
    return _page(request, token, state)


@router.post("/mails/{token}")
def press(request: Request, token: str, now: Now, form: Form) -> Response:
    """Stop the mails, or take that back. The token is the proof that the person got one of them."""
    try:
        address = mail_states.address_of(token)
    except NotFound:
        return _unknown(request)
    with db.transaction() as session:
        if form.get("do") == "again":
            mail_states.subscribe_again(session, address, now)
        else:
            mail_states.unsubscribe(session, address, now)
        session.flush()
        state = mail_states.state_of(session, address)
    return _page(request, token, state, done=True)


def _page(request: Request, token: str, state: AddressRow, *, done: bool = False) -> Response:
    return solo(request, "mails.html", title="Mails", token=token, state=state, done=done)


def _unknown(request: Request) -> Response:
    return solo(
        request,
        "error.html",
        title="This address is not ours",
        status=404,
        text="The address is incomplete. Copy it whole from the mail, or ask your administrator to stop the mails.",
    )
