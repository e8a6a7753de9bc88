"""Outbox: every mail as it was or will be sent, readable also where no mail server is set."""

import base64
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from api.auth import SignedIn
from api.dashboard.forms import number_in
from api.dashboard.render import page, redirect
from api.deps import Now, form_role, page_role
from config.settings import get_settings
from notify.message import Inline
from notify.wording import moment
from storage import audit, db, outbox
from storage.outbox import MailRow
from workers import app as queue

router = APIRouter()

_ROLES = ("marketing", "hr", "leadership", "administrator")
Reader = Annotated[SignedIn, Depends(page_role(*_ROLES))]
Sender = Annotated[SignedIn, Depends(form_role("administrator"))]
_LIMIT = 25
# The mail is somebody else's HTML to us: no script, no form, no request to anywhere, pictures from inside it only.
_MAIL_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; sandbox"
)


_UNSENT = {
    "summed": "It came beyond the most that its recipient gets in a day; the mail that sums the day up lists it.",
    "replaced": "A newer mail about the same incident took its place before it went out.",
    "stopped": "The address gets no mails at present: it unsubscribed, or its mails come back.",
    "nothing": "There was nothing to say, so it was not sent.",
}


@router.get("/outbox")
def outbox_page(request: Request, who: Reader, state: str = "", before: str = "") -> Response:
    """The list, newest first."""
    wanted = state if state in ("waiting", "sent", "failed", "kept", *_UNSENT) else ""
    with db.reading() as session:
        rows = outbox.list_mails(session, who.viewer, _LIMIT + 1, number_in(before), wanted or None)
    shown = rows[:_LIMIT]
    return page(
        request,
        who,
        "outbox.html",
        title="Outbox",
        rows=[(row, words(row)) for row in shown],
        state=wanted,
        next=shown[-1].id if len(rows) > _LIMIT else None,
        smtp=bool(get_settings().smtp_host),
    )


@router.get("/outbox/{mail_id}")
def mail_page(request: Request, now: Now, who: Reader, mail_id: int, part: str = "html") -> Response:
    """One mail."""
    with db.transaction() as session:
        mail = outbox.get_mail(session, who.viewer, mail_id)
        audit.record(session, who.viewer, "mail.read", f"mail {mail_id}", now)
    part = "text" if part == "text" or not mail.html else "html"
    smtp = bool(get_settings().smtp_host)
    told = words(mail.row)
    return page(request, who, "mail.html", title=mail.row.subject, mail=mail, told=told, part=part, smtp=smtp)


@router.get("/outbox/{mail_id}/html")
def mail_html(who: Reader, mail_id: int) -> Response:
    """The HTML part for the frame, with its pictures inside."""
    with db.reading() as session:
        mail = outbox.get_mail(session, who.viewer, mail_id)
    answer = HTMLResponse(_with_pictures(mail.html, mail.inlines))
    answer.headers["Content-Security-Policy"] = _MAIL_POLICY
    answer.headers["Cache-Control"] = "no-store"
    return answer


@router.post("/outbox/{mail_id}/retry")
def retry(now: Now, who: Sender, mail_id: int) -> Response:
    """Send a failed or kept mail after all."""
    if not get_settings().smtp_host:
        return redirect(f"/outbox/{mail_id}", "No mail server is set: give SMTP_HOST first.", "error")
    with db.transaction() as session:
        outbox.retry(session, who.viewer, mail_id, now)
        audit.record(session, who.viewer, "mail.retry", f"mail {mail_id}", now)
        db.after_commit(session, _send)
    return redirect(f"/outbox/{mail_id}", "The mail goes out in a moment.")


def words(row: MailRow) -> str:
    """What became of a mail, as a sentence."""
    if row.state == "kept":
        return "No mail server is set, so it is kept here to read."
    if row.state in _UNSENT:
        return _UNSENT[row.state]
    if row.state == "sent":
        return f"The mail server took it{'' if row.attempts < 2 else f' at try {row.attempts}'}."
    if row.state == "failed":
        return f"It was given up after {row.attempts} {'try' if row.attempts == 1 else 'tries'}: {_reason(row)}"
    if row.state == "waiting" and row.attempts:
        return f"Try {row.attempts} failed: {_reason(row)} It is tried again."
    if row.state == "waiting" and row.next_try_at is not None and row.next_try_at > row.created_at:
        return f"It waits for the end of quiet hours, {moment(row.next_try_at)}."
    return "It is on its way to the mail server."


def _reason(row: MailRow) -> str:
    return f"{(row.error or 'no reason was given').rstrip('.')}."


def _send() -> None:
    queue.enqueue(queue.SEND_MAILS)


def _with_pictures(html: str, pictures: tuple[Inline, ...]) -> str:
    for picture in pictures:
        if picture.cid:
            data = base64.b64encode(picture.png).decode("ascii")
            html = html.replace(f"cid:{picture.cid}", f"data:image/png;base64,{data}")
    return html
