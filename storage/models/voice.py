"""Drafts of answers to reviews."""

from sqlalchemy import BigInteger, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Moment


class ReviewAnswer(Base):
    """The draft of an answer; it goes with its mention. A change raises `version` and takes the reading away.

    Nothing is posted from here: people copy the text to the platform themselves.
    """

    __tablename__ = "review_answers"

    mention_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("mentions.id", ondelete="CASCADE"), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
    written_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    written_at: Mapped[Moment]
    read_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    read_at: Mapped[Moment | None]
