"""Heads of the model that were tuned from people's corrections."""

from sqlalchemy import Index, LargeBinary, Text
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from collectors.post import Json
from storage.models.base import Base, BigId, Moment


class TunedModel(Base):
    """One tuned version. At most one is active; none means the heads of the shipped weights."""

    __tablename__ = "tuned_models"
    __table_args__ = (Index("ix_tuned_models_active", "active", unique=True, postgresql_where=sql("active")),)

    id: Mapped[BigId]
    version: Mapped[str] = mapped_column(Text, unique=True)
    base: Mapped[str] = mapped_column(Text)  # version of the weights that the heads stand on
    made_at: Mapped[Moment]
    made_by: Mapped[str] = mapped_column(Text)
    heads: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)  # `nlp.heads.TunedHeads.to_bytes`
    figures: Mapped[dict[str, Json]] = mapped_column(JSONB)  # what tuning measured, before and after
    active: Mapped[bool] = mapped_column(server_default=sql("false"))
