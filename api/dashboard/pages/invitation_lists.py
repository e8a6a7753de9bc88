"""Inviting advocates by a list: paste or upload, see what became of each address, mail again, withdraw."""

from collections import Counter
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, File, Request, Response, UploadFile

from advocacy.invitees import BadLine, read_list
from api.auth import SignedIn
from api.dashboard.forms import Form, errors_of, number_in
from api.dashboard.render import page, redirect
from api.deps import Now, form_role, page_role
from config.settings import get_settings
from storage import audit, db, eligible, invitation_lists
from storage.invitation_lists import ListReport
from workers.app import WRITE_INVITATIONS, enqueue

router = APIRouter()

Reader = Annotated[SignedIn, Depends(page_role("administrator"))]
Sender = Annotated[SignedIn, Depends(form_role("administrator"))]
HERE = "/people/advocates"
_SHOWN = 300  # refused lines on one page
_PAGE = 50


@router.get(HERE)
def invitations_page(request: Request, now: Now, who: Reader) -> Response:
    """How invitations by mail stand."""
    return _page(request, now, who)


@router.post(HERE)
def invite(
    request: Request, now: Now, who: Sender, form: Form, file: Annotated[UploadFile | None, File()] = None
) -> Response:
    """Invite everybody on a list; each line that invites nobody is told with its reason."""
    try:
        people, bad = read_list(form.get("list") if file is None else _decoded(file.file.read()))
        with db.transaction() as session:
            report = invitation_lists.invite_list(session, who.viewer, people, now)
            audit.record(session, who.viewer, "advocates.invite", f"{report.invited} by a list", now)
    except ValueError as error:
        return _page(request, now, who, errors=errors_of(error, otherwise="list"))
    enqueue(WRITE_INVITATIONS, expires=60)
    return _page(request, now, who, report=report, refused=sorted((*bad, *report.refused), key=lambda each: each.line))


@router.post(HERE + "/eligible")
def set_eligible(request: Request, now: Now, who: Sender, form: Form) -> Response:
    """How many people could join: what adoption is a share of."""
    try:
        with db.transaction() as session:
            eligible.set_eligible(session, who.viewer, form.whole("people") or 0, now)
    except ValueError as error:
        return _page(request, now, who, errors=errors_of(error))
    return redirect(HERE, "Noted. Earlier days keep the number that they had.")


@router.post(HERE + "/resend")
def resend(now: Now, who: Sender, form: Form) -> Response:
    """Mail again: one, or all who have not answered for three days."""
    with db.transaction() as session:
        mailed = invitation_lists.resend(session, who.viewer, now, _ids(form.get("id")))
        audit.record(session, who.viewer, "advocates.invite", f"{mailed} once more", now)
    enqueue(WRITE_INVITATIONS, expires=60)
    most = invitation_lists.MOST_MAILS
    return redirect(HERE, f"{mailed:,} will be mailed again. Nobody gets more than {most} such mails.")


@router.post(HERE + "/withdraw")
def withdraw(now: Now, who: Sender, form: Form) -> Response:
    """Withdraw one, or all that nobody accepted."""
    with db.transaction() as session:
        gone = invitation_lists.withdraw(session, who.viewer, now, _ids(form.get("id")))
        audit.record(session, who.viewer, "advocates.uninvite", f"{gone} invitations", now)
    return redirect(HERE, f"{gone:,} {'invitation is' if gone == 1 else 'invitations are'} withdrawn.")


def _page(
    request: Request,
    now: Now,
    who: SignedIn,
    *,
    report: ListReport | None = None,
    refused: list[BadLine] | None = None,
    errors: Mapping[str, str] | None = None,
) -> Response:
    asked = request.query_params
    state = asked.get("state", "") if asked.get("state", "") in invitation_lists.STATES else ""
    part, before = asked.get("q", "")[:100].replace("\x00", ""), number_in(asked.get("before", ""))
    with db.reading() as session:
        counts = invitation_lists.counts(session, who.viewer, now)
        rows = invitation_lists.listed(session, who.viewer, now, state=state, part=part, before=before, limit=_PAGE + 1)
        people = eligible.eligible(session, now)
    wrong = refused or []
    settings = get_settings()
    return page(
        request,
        who,
        "invitation_lists.html",
        title="Invite advocates",
        status=422 if errors else 200,
        counts=counts,
        rows=rows[:_PAGE],
        more=rows[_PAGE - 1].id if len(rows) > _PAGE else None,
        state=state,
        part=part,
        people=people,
        report=report,
        refused=wrong[:_SHOWN],
        refused_left=max(0, len(wrong) - _SHOWN),
        reasons=Counter(_kind(each.reason) for each in wrong).most_common(),
        errors=errors or {},
        smtp=bool(settings.smtp_host),
        rate=settings.invitation_mails_per_minute,
        most=invitation_lists.MOST_MAILS,
    )


def _kind(reason: str) -> str:
    return "stands on an earlier line already" if reason.startswith("stands on line") else reason


def _ids(typed: str) -> list[int] | None:
    """One invitation, or None for all."""
    return None if typed == "all" else [number] if (number := number_in(typed)) is not None else []


def _decoded(data: bytes) -> str:
    for encoding in ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding).replace("\x00", "")
        except UnicodeDecodeError:
            continue
    return data.decode("utf-8", "replace").replace("\x00", "")
