"""The draft of an answer to a review: checklist, second reader, copy. Nothing is posted for anyone."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from api.auth import SignedIn
from api.dashboard.forms import Form, errors_of, number_in
from api.dashboard.render import page, redirect
from api.deps import Now, form_role, page_role
from nlp.answer_check import check_answer
from storage import audit, db
from storage.discretion import public_names
from storage.mention_detail import MentionDetail
from storage.review_answers import AnswerRow, DraftChangedError, answer_of, mark_read, save_answer
from storage.viewer import NotAllowed

router = APIRouter()

MentionId = Annotated[int, Path(ge=1, lt=2**63)]
_ROLES = ("marketing", "hr", "administrator")
Reader = Annotated[SignedIn, Depends(page_role(*_ROLES))]
Sender = Annotated[SignedIn, Depends(form_role(*_ROLES))]


@router.get("/mentions/{mention_id}/answer")
def answer_page(request: Request, now: Now, who: Reader, mention_id: MentionId) -> Response:
    """The review, its draft, and what the checks say."""
    with db.transaction() as session:
        detail, draft = answer_of(session, who.viewer, mention_id)
        names = public_names(session)
        audit.record(session, who.viewer, "mention.read", f"mention {mention_id}, to answer it", now)
    return _page(request, who, detail, draft, names, draft.text if draft else "", {})


@router.post("/mentions/{mention_id}/answer")
def save_draft(request: Request, now: Now, who: Sender, mention_id: MentionId, form: Form) -> Response:
    """Keep the draft; a text that somebody else changed meanwhile is shown again beside theirs."""
    text, version = form.get("text"), number_in(form.get("version")) or 0
    try:
        with db.transaction() as session:
            save_answer(session, who.viewer, mention_id, text, version, now)
    except (ValueError, DraftChangedError) as error:
        return _again(request, who, mention_id, text, {"text": errors_of(ValueError(str(error)))["form"]}, now)
    return redirect(f"/mentions/{mention_id}/answer", "The draft is kept. Somebody else reads it next.")


@router.post("/mentions/{mention_id}/answer/read")
def read_draft(now: Now, who: Sender, mention_id: MentionId, form: Form) -> Response:
    """The second reader's word."""
    to = f"/mentions/{mention_id}/answer"
    try:
        with db.transaction() as session:
            mark_read(session, who.viewer, mention_id, number_in(form.get("version")) or 0, now)
    except DraftChangedError as error:
        return redirect(to, str(error), "warning")
    except NotAllowed as error:
        with db.reading() as session:
            answer_of(session, who.viewer, mention_id)  # whoever may not read the review learns nothing here
        return redirect(to, str(error), "warning")
    return redirect(to, "Marked as read by you. It can be copied now.")


def _again(
    request: Request, who: SignedIn, mention_id: int, text: str, errors: Mapping[str, str], now: datetime
) -> Response:
    with db.transaction() as session:
        detail, draft = answer_of(session, who.viewer, mention_id)
        names = public_names(session)
        audit.record(session, who.viewer, "mention.read", f"mention {mention_id}, to answer it", now)
    return _page(request, who, detail, draft, names, text, errors)


def _page(
    request: Request,
    who: SignedIn,
    detail: MentionDetail,
    draft: AnswerRow | None,
    names: frozenset[str],
    typed: str,
    errors: Mapping[str, str],
) -> Response:
    checks = check_answer(typed, detail.text, detail.row.source_kind, names) if typed else ()
    return page(
        request,
        who,
        "review_answer.html",
        title=f"Answer to mention {detail.row.id}",
        status=422 if errors else 200,
        row=detail.row,
        detail=detail,
        draft=draft,
        typed=typed,
        errors=errors,
        checks=checks,
        mine=draft is not None and draft.writer_id == who.viewer.user_id,
    )
