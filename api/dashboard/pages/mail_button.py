"""The buttons of alert mails: looking shows a page with one button, only pressing that acts. Nobody is signed in."""

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from api.dashboard.forms import Form, sentence
from api.dashboard.incident_words import headline
from api.dashboard.pages.incident_care import thanks
from api.dashboard.render import solo
from api.deps import Now
from storage import db, mail_actions
from storage.incident_feedback import REASON_WORDS
from storage.mail_actions import ACKNOWLEDGE, EXPIRED, READY, USED, Button
from storage.viewer import NotAllowed, NotFound

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Ending:
    """Why there is nothing to press, or nothing more."""

    status: int
    title: str
    text: str


_FORGED = Ending(
    404,
    "This button is not ours",
    "The address is incomplete, or its incident was deleted. Press the button in the mail again, or sign in.",
)
_OVER = {
    USED: Ending(410, "This button was used already", "Each button of a mail works once. Sign in to do more."),
    EXPIRED: Ending(410, "This button is over", "Buttons of mails work for seven days. Sign in to look after it."),
}


@router.get("/m/{token}")
def look(request: Request, token: str, now: Now) -> Response:
    """What the button would do. Mail scanners come here too, so nothing is done."""
    with db.reading() as session:
        try:
            button = mail_actions.look(session, token, now)
        except NotFound:
            return _ended(request, _FORGED)
    return _asked(request, button, token) if button.state == READY else _ended(request, _OVER[button.state])


@router.post("/m/{token}")
def press(request: Request, token: str, now: Now, form: Form) -> Response:
    """Do it, once. The token is the secret that proves that the form is ours."""
    reason = form.get("reason")
    try:
        with db.transaction() as session:
            button = mail_actions.use(session, token, reason, form.get("note"), now)
    except NotFound:
        return _ended(request, _FORGED)
    except NotAllowed as error:
        return _ended(request, Ending(403, "This address may not do this any more", str(error)))
    except ValueError as error:
        with db.reading() as session:
            again = mail_actions.look(session, token, now)
        field, _, words = str(error).partition(": ")
        told = {field: "Choose a reason." if field == "reason" else sentence(words)}
        return _asked(request, again, token, reason, form.get("note"), told)
    if button.state != READY:
        return _ended(request, _OVER[button.state])
    if button.act == ACKNOWLEDGE:
        return _ended(request, Ending(200, "You look after it", "The others see it. Mails go on only if it grows."))
    return _ended(request, Ending(200, "Your answer is kept", thanks(False, reason, button.incident.kind)))


def _asked(
    request: Request, button: Button, token: str, reason: str = "", note: str = "", errors: dict[str, str] | None = None
) -> Response:
    return solo(
        request,
        "mail_button.html",
        title="Incident",
        status=422 if errors else 200,
        button=button,
        headline=headline(button.incident),
        token=token,
        reasons=[("", "Choose a reason"), *REASON_WORDS.items()],
        reason=reason,
        note=note,
        errors=errors or {},
    )


def _ended(request: Request, ending: Ending) -> Response:
    return solo(request, "mail_button_over.html", title=ending.title, status=ending.status, text=ending.text)
