"""Visits to the careers pages, and which batches of clicks have been stored."""

from datetime import date

from sqlalchemy import ForeignKey, Index, LargeBinary, Text
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, BigId, Moment


class ClickBatch(Base):
    """A batch of the spool that is in `clicks`: whoever finds its file after a crash knows that it is stored."""

    __tablename__ = "click_batches"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    stored_at: Mapped[Moment]


class CareerVisit(Base):
    """One visit of one day to a registered host: how far it got, and the link it came by, if any.

    `visitor` is a hash by the day's salt and is emptied the day after; `reference` tells a repeated server event.
    """

    __tablename__ = "career_visits"
    __table_args__ = (
        Index("uq_career_visits_day_host_visitor", "day", "host", "visitor", unique=True),
        Index("uq_career_visits_reference", "reference", unique=True),
    )

    id: Mapped[BigId]
    day: Mapped[date]
    host: Mapped[str] = mapped_column(Text)
    visitor: Mapped[bytes | None] = mapped_column(LargeBinary)
    reference: Mapped[bytes | None] = mapped_column(LargeBinary)
    link_id: Mapped[int | None] = mapped_column(ForeignKey("links.id", ondelete="SET NULL"), index=True)
    campaign: Mapped[str | None] = mapped_column(Text)
    channel: Mapped[str | None] = mapped_column(Text)
    origin: Mapped[str] = mapped_column(Text)  # beacon, server
    began_at: Mapped[Moment]
    jobs_at: Mapped[Moment | None]
    applied_at: Mapped[Moment | None]
    demo: Mapped[bool] = mapped_column(server_default=sql("false"))
