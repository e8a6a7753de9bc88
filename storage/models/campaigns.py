"""The campaign room: who was told of what, questions and answers, how it landed, the result."""

from datetime import date
from uuid import UUID

from sqlalchemy import ARRAY, ForeignKey, PrimaryKeyConstraint, SmallInteger, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from collectors.post import Json
from storage.models.base import Base, BigId, Moment


class CampaignStep(Base):
    """Something that a group of people is told by mail, once each. Open until `done_at`.

    `kind`: briefed, embargo, withdrawn, live, question, answer, closed. `mark` tells steps of a kind apart: the round
    of a brief, the day of questions, the number of an answer.
    """

    __tablename__ = "campaign_steps"
    __table_args__ = (UniqueConstraint("campaign_id", "kind", "mark"),)

    id: Mapped[BigId]
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(Text)
    mark: Mapped[str] = mapped_column(Text, server_default="")
    made_at: Mapped[Moment]
    done_at: Mapped[Moment | None]


class CampaignTelling(Base):
    """One person was told of one step: the claim, made in the transaction that puts the mail into the outbox."""

    __tablename__ = "campaign_tellings"
    __table_args__ = (PrimaryKeyConstraint("step_id", "user_id"),)

    step_id: Mapped[int] = mapped_column(ForeignKey("campaign_steps.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    at: Mapped[Moment]


class CampaignQuestion(Base):
    """A question of an employee. Asked anonymously: no account is stored, and the day instead of the time."""

    __tablename__ = "campaign_questions"

    id: Mapped[BigId]
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    anonymous: Mapped[bool]
    text: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[Moment]
    answer: Mapped[str | None] = mapped_column(Text)
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    answered_at: Mapped[Moment | None]
    to_all: Mapped[bool] = mapped_column(server_default=sql("false"))  # question and answer stand on everybody's page


class CampaignFeedback(Base):
    """How it landed with somebody. No account and no time are kept; the id is random, so that no order tells.

    `group_of_five` numbers the fives in which answers came (`metrics.landed`).
    """

    __tablename__ = "campaign_feedback"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"), index=True)
    score: Mapped[int] = mapped_column(SmallInteger)  # 1 badly … 5 well
    words: Mapped[str] = mapped_column(Text, server_default="")
    themes: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=sql("'{}'"))
    protected: Mapped[bool] = mapped_column(server_default=sql("false"))  # touches protected activity: never quoted
    day: Mapped[date]
    group_of_five: Mapped[int] = mapped_column(SmallInteger, server_default=sql("0"))


class CampaignFeedbackGiver(Base):
    """Who has given feedback, so that it is once each; what they said stands elsewhere and leads to nobody."""

    __tablename__ = "campaign_feedback_givers"
    __table_args__ = (PrimaryKeyConstraint("campaign_id", "user_id"),)

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))


class CampaignResult(Base):
    """What a campaign changed outside, written when it closes and kept as it was found then."""

    __tablename__ = "campaign_results"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True)
    made_at: Mapped[Moment]
    figures: Mapped[list[dict[str, Json]]] = mapped_column(JSONB)
