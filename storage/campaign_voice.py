"""What employees say in a campaign's room: questions with their answers, and how it landed.

An anonymous question has no account and no time, only its day. Feedback is once per person, but who gave it and what
was said stand in two tables with nothing in common. It shows in steps of five answers, as coarsely as `metrics.landed`
says; words show to those who write the campaign only, and what touches protected activity never.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from advocacy.campaign import BRIEFED, CLOSED, DRAFT, LIVE
from metrics.landed import GROUP, Landed, landed
from metrics.suppress import MIN_AUTHORS
from nlp.themes import find_themes, is_protected
from storage import audit, campaign_steps
from storage.campaigns import edited, edits, known, may_see
from storage.models.advocacy import Campaign
from storage.models.campaigns import CampaignFeedback, CampaignFeedbackGiver, CampaignQuestion
from storage.models.users import User
from storage.viewer import NotFound, Viewer

MAX_QUESTION, MAX_ANSWER, MAX_WORDS = 2_000, 5_000, 1_000
SCORES = (1, 2, 3, 4, 5)
OPEN_AFTER = timedelta(days=30)  # how long after its end a campaign takes feedback
_MOST = 500


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """A question. `by` only to those who answer, and only where it was asked by name; `mine`: the viewer asked it."""

    id: int
    text: str
    by: str | None
    anonymous: bool
    mine: bool
    asked_at: datetime  # of an anonymous one: midnight (UTC) of its day
    answer: str | None
    answered_by: str | None
    answered_at: datetime | None
    to_all: bool


@dataclass(frozen=True, slots=True)
class Feedback:
    """How a campaign landed, of full groups of five answers only; `landed` is None while there is none.

    `themes` are those that five of ten answers or more speak of; how many do would tell each where all do. `words` are
    for those who write the campaign, in no order that tells anything, and only from five on.
    """

    landed: Landed | None
    themes: tuple[str, ...]
    words: tuple[str, ...]
    given: bool  # by the viewer
    open: bool


def ask(session: Session, viewer: Viewer, campaign_id: int, words: str, *, anonymous: bool, now: datetime) -> int:
    """Ask in a campaign's room; returns the question's id. Raises `ValueError` that names a field, or `NotFound`."""
    row = known(session, viewer, campaign_id, now)
    if row.state not in (BRIEFED, LIVE):
        raise ValueError("text: questions are taken from the brief on until the campaign ends.")
    question = CampaignQuestion(
        campaign_id=row.id,
        user_id=None if anonymous else viewer.user_id,
        anonymous=anonymous,
        text=_words("text", words, MAX_QUESTION),
        asked_at=_midnight(now) if anonymous else now,
    )
    session.add(question)
    session.flush()
    if not anonymous:
        campaign_steps.add(session, row.id, "question", f"{now:%Y-%m-%d}", now)
    return question.id


def answer(session: Session, viewer: Viewer, question_id: int, words: str, *, to_all: bool, now: datetime) -> None:
    """Answer a question, or put the answer better. Who asked anonymously can only be reached by an answer to all."""
    question = session.get(CampaignQuestion, question_id)
    if question is None or not may_see(session, viewer, question.campaign_id, now):
        raise NotFound("There is no such question.")
    row = edited(session, viewer, question.campaign_id, now)
    session.refresh(question, with_for_update=True)
    question.answer = _words("answer", words, MAX_ANSWER)
    question.answered_by, question.answered_at = viewer.user_id, now
    question.to_all = to_all or question.anonymous or question.to_all
    session.flush()
    if question.user_id is not None or question.to_all:
        campaign_steps.add(session, row.id, "answer", str(question.id), now)
    audit.record(session, viewer, "campaign.answer", f"campaign {row.id}, question {question.id}", now)


def questions(session: Session, viewer: Viewer, campaign_id: int, now: datetime) -> tuple[QuestionRow, ...]:
    """All of them for those who answer, the unanswered first; for others their own and what was answered to all."""
    row = known(session, viewer, campaign_id, now)
    writes = edits(viewer, row)
    asker, answerer = aliased(User), aliased(User)
    query = (
        select(CampaignQuestion, asker.name, answerer.name)
        .join(asker, asker.id == CampaignQuestion.user_id, isouter=True)
        .join(answerer, answerer.id == CampaignQuestion.answered_by, isouter=True)
        .where(CampaignQuestion.campaign_id == row.id)
    )
    if not writes:
        public = CampaignQuestion.to_all & CampaignQuestion.answer.is_not(None)
        query = query.where(or_(public, CampaignQuestion.user_id == viewer.user_id))
    order = (CampaignQuestion.answer.is_not(None), CampaignQuestion.asked_at.desc(), CampaignQuestion.id.desc())
    found = session.execute(query.order_by(*order).limit(_MOST))
    return tuple(
        QuestionRow(
            one.id,
            one.text,
            by if writes else None,
            one.anonymous,
            viewer.user_id is not None and one.user_id == viewer.user_id,
            one.asked_at,
            one.answer,
            answered_by,
            one.answered_at,
            one.to_all,
        )
        for one, by, answered_by in found
    )


def waiting_overnight(session: Session, now: datetime) -> tuple[int, ...]:
    """Campaigns with unanswered questions of days before, of which those who answer are told once a day."""
    query = (
        select(CampaignQuestion.campaign_id)
        .join(Campaign, Campaign.id == CampaignQuestion.campaign_id)
        .where(
            CampaignQuestion.answer.is_(None),
            CampaignQuestion.asked_at < _midnight(now),
            CampaignQuestion.asked_at >= _midnight(now) - timedelta(days=7),
            Campaign.state.in_((BRIEFED, LIVE)),
        )
    )
    return tuple(session.scalars(query.distinct().order_by(CampaignQuestion.campaign_id)))


def give(session: Session, viewer: Viewer, campaign_id: int, score: int, words: str, now: datetime) -> None:
    """Say how it landed, once; raises `ValueError` that names a field."""
    row = known(session, viewer, campaign_id, now)
    if not _open(row, now):
        raise ValueError("score: feedback is taken from the brief on until thirty days after the end.")
    if score not in SCORES:
        raise ValueError("score: choose 1 to 5.")
    words = _words("words", words, MAX_WORDS, least=0)
    if viewer.user_id is None:
        raise ValueError("score: only people give feedback.")
    giver = insert(CampaignFeedbackGiver).values(campaign_id=row.id, user_id=viewer.user_id)
    given = session.scalar(giver.on_conflict_do_nothing().returning(CampaignFeedbackGiver.user_id))
    if given is None:
        raise ValueError("score: you have said how it landed already.")
    session.execute(select(Campaign.id).where(Campaign.id == row.id).with_for_update())  # one answer after the other
    before = session.scalar(select(func.count()).where(CampaignFeedback.campaign_id == row.id)) or 0
    protected = is_protected(words)
    themes = [] if protected else list(find_themes(words, None if row.facet == "both" else row.facet))
    session.add(
        CampaignFeedback(
            id=uuid4(),
            campaign_id=row.id,
            score=score,
            words=words,
            themes=themes,
            protected=protected,
            day=now.date(),
            group_of_five=before // GROUP,
        )
    )
    session.flush()


def feedback(session: Session, viewer: Viewer, campaign_id: int, now: datetime) -> Feedback:
    """How a campaign landed, as far as it may be shown."""
    row = known(session, viewer, campaign_id, now)
    mine = session.get(CampaignFeedbackGiver, (row.id, viewer.user_id)) if viewer.user_id is not None else None
    found = session.scalars(select(CampaignFeedback).where(CampaignFeedback.campaign_id == row.id)).all()
    groups: dict[int, list[CampaignFeedback]] = defaultdict(list)
    for one in found:
        groups[one.group_of_five].append(one)
    told = [one for group in groups.values() if len(group) >= GROUP for one in group]
    themes = Counter(theme for one in told for theme in one.themes)
    return Feedback(
        landed([[one.score for one in group] for group in groups.values()]),
        tuple(sorted(theme for theme, n in themes.items() if n >= MIN_AUTHORS and len(told) >= 2 * GROUP)),
        _quotes(told) if edits(viewer, row) else (),
        mine is not None,
        _open(row, now),
    )


def _quotes(found: Sequence[CampaignFeedback]) -> tuple[str, ...]:
    shown = [one.words for one in sorted(found, key=lambda one: one.id) if one.words and not one.protected]
    return tuple(shown[:_MOST]) if len(shown) >= MIN_AUTHORS else ()


def _open(row: Campaign, now: datetime) -> bool:
    if row.state == DRAFT:
        return False
    return row.state != CLOSED or row.closed_at is None or now < row.closed_at + OPEN_AFTER


def _midnight(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def _words(field: str, words: str, most: int, least: int = 1) -> str:
    words = words.replace("\x00", "").strip()
    if not least <= len(words) <= most:
        raise ValueError(f"{field}: write {least or 'at most'}{' to' if least else ''} {most:,} characters.")
    return words
