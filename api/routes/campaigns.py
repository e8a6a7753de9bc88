"""Campaigns: write, brief, go live, ask, answer, say how it landed, read the result.

404 says the same for a campaign that does not exist and for one that the caller may not know of.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field
from sqlalchemy.orm import Session

from api import auth
from api.campaign_limits import QUESTIONS
from api.deps import Now, require_viewer
from api.errors import ApiError, from_value_error, responses
from api.schemas.campaigns import (
    AnswerIn,
    CampaignIn,
    CampaignOut,
    CampaignPageOut,
    FeedbackIn,
    FeedbackOut,
    LessonsIn,
    QuestionIn,
    QuestionList,
    QuestionOut,
    ResultOut,
    campaign_out,
)
from api.schemas.fields import MAX_BIG, MAX_SERIAL, Question
from storage import audit, campaign_acts, campaign_results, campaign_voice, campaigns, db
from storage.campaign_acts import NotNow
from storage.campaign_results import NotYet
from storage.campaign_voice import QuestionRow
from storage.viewer import NotFound, Viewer
from workers.app import CAMPAIGNS, enqueue

router = APIRouter(prefix="/api/v1/campaigns", tags=["campaigns"])

Reader = Annotated[Viewer, Depends(require_viewer("campaigns:read"))]
Person = Annotated[Viewer, Depends(require_viewer("campaigns:write"))]
Writer = Annotated[Viewer, Depends(require_viewer("campaigns:write", "marketing", "hr", "administrator"))]
CampaignId = Annotated[int, Path(ge=1, le=MAX_SERIAL)]
QuestionId = Annotated[int, Path(ge=1, le=MAX_BIG)]
_READ = responses(401, 403, 404, 422)
_CHANGE = responses(401, 403, 404, 409, 422)
_WRITE = _CHANGE | responses(413)
_ASKED = _WRITE | responses(429)
_ACTS: dict[str, Callable[[Session, Viewer, int, datetime], None]] = {
    "brief": campaign_acts.brief,
    "withdraw": campaign_acts.withdraw,
    "go-live": campaign_acts.go_live,
    "close": campaign_acts.close,
    "measure": campaign_results.measure_again,
}


class Wanted(Question):
    """The page of the list, as query parameters."""

    state: Literal["draft", "briefed", "live", "closed"] | None = None
    before: Annotated[int, Field(ge=1, le=MAX_SERIAL)] | None = None


@router.get("", name="list_campaigns", responses=responses(401, 403, 422))
def list_campaigns(viewer: Reader, wanted: Annotated[Wanted, Query()], now: Now) -> CampaignPageOut:
    """Campaigns that the caller may know of, the newest first."""
    with db.reading() as session:
        rows = campaigns.list_campaigns(session, viewer, now, wanted.state, wanted.before)
    following = rows[-1].id if len(rows) == campaigns.MOST else None
    return CampaignPageOut(items=[campaign_out(row, now) for row in rows], next=following)


@router.get("/{campaign_id}", name="get_campaign", responses=_READ)
def get_campaign(viewer: Reader, campaign_id: CampaignId, now: Now) -> CampaignOut:
    """One campaign."""
    with db.reading() as session:
        return campaign_out(campaigns.find(session, viewer, campaign_id, now), now)


@router.post("", name="add_campaign", status_code=201, responses=responses(401, 403, 413, 422))
def add_campaign(viewer: Writer, new: CampaignIn, now: Now) -> CampaignOut:
    """Begin one as a draft: marketing on the brand side, HR on the employer side, administrators anywhere."""
    with _acting() as session:
        made = campaigns.add(session, viewer, new.brief(), now)
        audit.record(session, viewer, "campaign.add", f"campaign {made}", now)
        return campaign_out(campaigns.find(session, viewer, made, now), now)


@router.put("/{campaign_id}", name="change_campaign", responses=_WRITE)
def change_campaign(viewer: Writer, campaign_id: CampaignId, change: CampaignIn, now: Now) -> CampaignOut:
    """Put other values in the place of all of its own; after the go-live side, start, embargo and groups stay."""
    with _acting() as session:
        campaign_acts.change(session, viewer, campaign_id, change.brief(), now)
        return campaign_out(campaigns.find(session, viewer, campaign_id, now), now)


@router.delete("/{campaign_id}", name="delete_campaign", status_code=204, responses=_CHANGE)
def delete_campaign(viewer: Writer, campaign_id: CampaignId, now: Now) -> None:
    """Delete a draft or a closed campaign with its questions, feedback and result."""
    with _acting() as session:
        campaign_acts.remove(session, viewer, campaign_id, now)


@router.get("/{campaign_id}/questions", name="list_campaign_questions", responses=_READ)
def list_questions(viewer: Reader, campaign_id: CampaignId, now: Now) -> QuestionList:
    """All questions for those who write the campaign; for others their own and those answered to all."""
    with db.reading() as session:
        rows = campaign_voice.questions(session, viewer, campaign_id, now)
    return QuestionList(items=[QuestionOut.model_validate(row) for row in rows])


@router.post("/{campaign_id}/questions", name="ask_campaign_question", status_code=201, responses=_ASKED)
def ask_question(viewer: Person, campaign_id: CampaignId, asked: QuestionIn, now: Now) -> None:
    """Ask, by name or without one. The answer holds nothing, so that an anonymous question has no receipt either."""
    wait = QUESTIONS.take(str(viewer.user_id), now)
    if wait is not None:
        raise auth.too_many(wait)
    with _acting() as session:
        campaign_voice.ask(session, viewer, campaign_id, asked.text, anonymous=asked.anonymous, now=now)


@router.put("/{campaign_id}/questions/{question_id}/answer", name="answer_campaign_question", responses=_WRITE)
def answer_question(
    viewer: Writer, campaign_id: CampaignId, question_id: QuestionId, given: AnswerIn, now: Now
) -> QuestionOut:
    """Answer a question; who asked, or everybody, gets a mail once."""
    with _acting() as session:
        _one(campaign_voice.questions(session, viewer, campaign_id, now), question_id)
        campaign_voice.answer(session, viewer, question_id, given.answer, to_all=given.to_all, now=now)
        row = _one(campaign_voice.questions(session, viewer, campaign_id, now), question_id)
    enqueue(CAMPAIGNS, expires=60)
    return QuestionOut.model_validate(row)


@router.get("/{campaign_id}/feedback", name="get_campaign_feedback", responses=_READ)
def get_feedback(viewer: Reader, campaign_id: CampaignId, now: Now) -> FeedbackOut:
    """How it landed, from five answers on."""
    with db.reading() as session:
        return _feedback(session, viewer, campaign_id, now)


@router.post("/{campaign_id}/feedback", name="give_campaign_feedback", status_code=201, responses=_WRITE)
def give_feedback(viewer: Person, campaign_id: CampaignId, given: FeedbackIn, now: Now) -> FeedbackOut:
    """Say how it landed, once."""
    with _acting() as session:
        campaign_voice.give(session, viewer, campaign_id, given.score, given.words, now)
        return _feedback(session, viewer, campaign_id, now)


@router.get("/{campaign_id}/result", name="get_campaign_result", responses=_READ)
def get_result(viewer: Reader, campaign_id: CampaignId, now: Now) -> ResultOut:
    """What changed outside; 404 while no result is written."""
    with db.reading() as session:
        found = campaign_results.result(session, viewer, campaign_id, now)
    if found is None:
        raise ApiError(404, "No result is written yet.", code="no_result")
    return ResultOut.model_validate(found)


@router.put("/{campaign_id}/lessons", name="keep_campaign_lessons", responses=_WRITE)
def keep_lessons(viewer: Writer, campaign_id: CampaignId, given: LessonsIn, now: Now) -> CampaignOut:
    """Write down what to keep."""
    with _acting() as session:
        campaign_acts.keep(session, viewer, campaign_id, given.lessons, now)
        return campaign_out(campaigns.find(session, viewer, campaign_id, now), now)


@router.post("/{campaign_id}/{act}", name="act_on_campaign", responses=_CHANGE)
def act_on_campaign(
    viewer: Writer,
    campaign_id: CampaignId,
    act: Literal["brief", "withdraw", "go-live", "close", "measure"],
    now: Now,
) -> CampaignOut:
    """Tell the early groups, take the brief back, go live, end it, or measure a closed one again."""
    with _acting() as session:
        _ACTS[act](session, viewer, campaign_id, now)
        out = campaign_out(campaigns.find(session, viewer, campaign_id, now), now)
    enqueue(CAMPAIGNS, expires=60)
    return out


@contextmanager
def _acting() -> Iterator[Session]:
    """A transaction in which a state that does not allow the act is 409, and a wrong value is told by its field."""
    with db.transaction() as session:
        try:
            yield session
        except (NotNow, NotYet) as error:
            raise ApiError(409, str(error)) from error
        except ValueError as error:
            raise from_value_error(error) from error


def _one(rows: tuple[QuestionRow, ...], question_id: int) -> QuestionRow:
    found = next((row for row in rows if row.id == question_id), None)
    if found is None:
        raise NotFound("There is no such question.")
    return found


def _feedback(session: Session, viewer: Viewer, campaign_id: int, now: datetime) -> FeedbackOut:
    found = campaign_voice.feedback(session, viewer, campaign_id, now)
    told = found.landed
    return FeedbackOut(
        n=None if told is None else told.n,
        groups=None if told is None else told.groups,
        mostly_well=None if told is None else told.well,
        mostly_badly=None if told is None else told.badly,
        themes=list(found.themes),
        words=list(found.words),
        given=found.given,
        open=found.open,
    )
