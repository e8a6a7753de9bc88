"""One's own tracked links: make, close, show as a QR code."""

import io
from datetime import timedelta

import segno
from fastapi import APIRouter, Request, Response

from advocacy.links import LinkError
from api.dashboard.forms import Form, errors_of, sentence
from api.dashboard.pages.my_reach import show
from api.dashboard.render import redirect
from api.deps import Now, ProgrammeReader, ProgrammeSender
from config.settings import get_settings
from storage import advocacy, db
from storage.links import own_link
from storage.profile import registered_hosts

router = APIRouter()

_LONGEST = 3_650


@router.post("/my-reach/links")
def make_link(request: Request, now: Now, who: ProgrammeSender, form: Form) -> Response:
    """A tracked link to a host of the company."""
    typed = {name: form.get(name) for name in ("destination", "channel", "days")}
    try:
        with db.transaction() as session:
            me = advocacy.advocate_of(session, who.user.id)
            if me is None:
                return redirect("/my-reach")
            advocacy.make_link(
                session,
                who.viewer,
                me.id,
                typed["destination"],
                registered_hosts(session),
                typed["channel"] or "other",
                now,
                expires_at=None if not typed["days"] else now + timedelta(days=_days(form.whole("days"))),
            )
    except LinkError as error:
        return show(request, now, who, typed, {"destination": sentence(str(error))})
    except ValueError as error:
        return show(request, now, who, typed, errors_of(error, otherwise="destination"))
    return redirect("/my-reach#links", "The link is made. Put it into your post instead of the plain address.")


@router.post("/my-reach/links/{link_id}/close")
def close_link(request: Request, now: Now, who: ProgrammeSender, link_id: int) -> Response:
    """The link leads nowhere from now on."""
    with db.transaction() as session:
        code = own_link(session, who.viewer, link_id).code
        advocacy.close_link(session, who.viewer, link_id, now)
    request.app.state.tracker.drop(code)
    return redirect("/my-reach#links", "The link is closed; its clicks stay counted.")


@router.get("/my-reach/links/{link_id}/qr.svg")
def qr_code(who: ProgrammeReader, link_id: int) -> Response:
    """The link's address as a picture, for slides and posters; medium error correction."""
    with db.reading() as session:
        code = own_link(session, who.viewer, link_id).code
    drawn = io.BytesIO()
    address = f"{get_settings().base_url}/l/{code}"
    segno.make_qr(address, error="m").save(
        drawn, kind="svg", scale=8, border=4, light="#fff", title="QR code of a link"
    )
    headers = {"Content-Disposition": f'inline; filename="link-{code}.svg"'}
    return Response(drawn.getvalue(), 200, headers, "image/svg+xml")


def _days(given: int | None) -> int:
    if given is None or not 1 <= given <= _LONGEST:
        raise ValueError("days: write a number of days from 1 up, or nothing")
    return given
