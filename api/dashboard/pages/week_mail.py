"""The page behind "No more weekly mails": looking changes nothing, pressing does; mail programs press by themselves."""

from fastapi import APIRouter, Request, Response

from api.dashboard.forms import Form
from api.dashboard.render import solo
from storage import advocate_week, db
from storage.viewer import NotFound

router = APIRouter()


@router.get("/mails/week/{token}")
def look(request: Request, token: str) -> Response:
    """A button. Nothing is told of the advocate: addresses of mails are passed on."""
    try:
        advocate_week.advocate_of_token(token)
    except NotFound:
        return _unknown(request)
    return solo(request, "week_mail.html", title="Weekly mail", token=token, done="")


@router.post("/mails/week/{token}")
def press(request: Request, token: str, form: Form) -> Response:
    """Turn the weekly mail off, or on again. The token is the proof that the person got one (RFC 8058)."""
    again = form.get("do") == "again"
    try:
        advocate_id = advocate_week.advocate_of_token(token)
    except NotFound:
        return _unknown(request)
    with db.transaction() as session:
        advocate_week.turn_off(session, advocate_id, on=again)
    return solo(request, "week_mail.html", title="Weekly mail", token=token, done="again" if again else "off")


def _unknown(request: Request) -> Response:
    text = "The address is incomplete. Copy it whole from the mail, or turn the mail off under My settings."
    return solo(request, "error.html", title="This address is not ours", status=404, text=text)
