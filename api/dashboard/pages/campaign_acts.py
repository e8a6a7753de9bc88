"""What people do in the campaign room: brief, go live, ask, answer, say how it landed, keep."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Response
from sqlalchemy.orm import Session

from api import auth
from api.campaign_limits import QUESTIONS
from api.dashboard.forms import Form, errors_of
from api.dashboard.render import redirect
from api.deps import FormUser, Now
from storage import campaign_acts, campaign_results, campaign_voice, campaigns, db
from storage.viewer import Viewer
from workers.app import CAMPAIGNS, enqueue

router = APIRouter()

CampaignId = Annotated[int, Path(ge=1, lt=2**31)]
Act = Literal["brief", "withdraw", "go-live", "close", "measure"]
QuestionId = Annotated[int, Path(ge=1, lt=2**63)]
_ACTS: dict[str, tuple[Callable[[Session, Viewer, int, datetime], None], str]] = {
    "brief": (campaign_acts.brief, "The early groups are being told by mail."),
    "withdraw": (campaign_acts.withdraw, "It is a draft again. Whoever was told is told so."),
    "go-live": (campaign_acts.go_live, "It is live. Everybody may know of it, and the advocates are being told."),
    "close": (campaign_acts.close, "It is over. The result is being written."),
    "measure": (campaign_results.measure_again, "The result is written anew, as of now."),
}


@router.post("/campaigns/mails")
def mails(who: FormUser, form: Form) -> Response:
    """The choice of an advocate."""
    with db.transaction() as session:
        campaigns.choose_mails(session, who.viewer, form.get("wanted") == "yes")
    return redirect("/campaigns", "Your choice is kept.")


@router.post("/campaigns/{campaign_id}/delete")
def delete(now: Now, who: FormUser, campaign_id: CampaignId) -> Response:
    """Delete a draft or a closed campaign."""
    try:
        with db.transaction() as session:
            campaign_acts.remove(session, who.viewer, campaign_id, now)
    except ValueError as error:
        return _refused(campaign_id, error)
    return redirect("/campaigns", "The campaign is deleted, with its questions, feedback and result.")


@router.post("/campaigns/{campaign_id}/questions")
def ask(now: Now, who: FormUser, campaign_id: CampaignId, form: Form) -> Response:
    """Ask by name or without one."""
    wait = QUESTIONS.take(str(who.user.id), now)
    if wait is not None:
        raise auth.too_many(wait)
    anonymous = bool(form.get("anonymous"))
    try:
        with db.transaction() as session:
            campaign_voice.ask(session, who.viewer, campaign_id, form.get("text"), anonymous=anonymous, now=now)
    except ValueError as error:
        return _refused(campaign_id, error, "#questions")
    told = "without your name; the answer will stand here for everybody" if anonymous else "the answer comes by mail"
    return redirect(f"/campaigns/{campaign_id}#questions", f"The question is asked: {told}.")


@router.post("/campaigns/{campaign_id}/questions/{question_id}/answer")
def answer(now: Now, who: FormUser, campaign_id: CampaignId, question_id: QuestionId, form: Form) -> Response:
    """Answer a question, to who asked or to all."""
    to_all = bool(form.get("to_all"))
    try:
        with db.transaction() as session:
            campaign_voice.answer(session, who.viewer, question_id, form.get("answer"), to_all=to_all, now=now)
    except ValueError as error:
        return _refused(campaign_id, error, "#questions")
    enqueue(CAMPAIGNS, expires=60)
    return redirect(f"/campaigns/{campaign_id}#questions", "The answer is given.")


@router.post("/campaigns/{campaign_id}/feedback")
def give_feedback(now: Now, who: FormUser, campaign_id: CampaignId, form: Form) -> Response:
    """Say how it landed, once."""
    try:
        with db.transaction() as session:
            score = form.whole("score") or 0
            campaign_voice.give(session, who.viewer, campaign_id, score, form.get("words"), now)
    except ValueError as error:
        return _refused(campaign_id, error, "#feedback")
    return redirect(f"/campaigns/{campaign_id}#feedback", "Thank you. Nobody can tell which words are yours.")


@router.post("/campaigns/{campaign_id}/lessons")
def keep(now: Now, who: FormUser, campaign_id: CampaignId, form: Form) -> Response:
    """Write down what to keep."""
    try:
        with db.transaction() as session:
            campaign_acts.keep(session, who.viewer, campaign_id, form.get("lessons"), now)
    except ValueError as error:
        return _refused(campaign_id, error, "/result")
    return redirect(f"/campaigns/{campaign_id}/result#lessons", "It is kept, with your name and the date.")


@router.post("/campaigns/{campaign_id}/do/{act}")
def act(now: Now, who: FormUser, campaign_id: CampaignId, act: Act) -> Response:
    """Brief, take back, go live, close, measure anew."""
    found = _ACTS[act]
    try:
        with db.transaction() as session:
            found[0](session, who.viewer, campaign_id, now)
    except ValueError as error:
        return _refused(campaign_id, error)
    enqueue(CAMPAIGNS, expires=60)
    return redirect(f"/campaigns/{campaign_id}{'/result' if act == 'measure' else ''}", found[1])


def _refused(campaign_id: int, error: ValueError, place: str = "") -> Response:
    told = next(iter(errors_of(error).values()))
    return redirect(f"/campaigns/{campaign_id}{place}", f"Nothing is changed. {told}", "error")
