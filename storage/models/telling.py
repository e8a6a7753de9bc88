"""Channels beside mail, what was delivered to them, and what is known of mail addresses."""

from sqlalchemy import ARRAY, ForeignKey, Index, SmallInteger, Text
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from collectors.post import Json
from storage.models.base import Base, BigId, Moment


class Channel(Base):
    """A place beside mail that incidents are told to: `kind` webhook, slack, teams or apprise.

    Addresses and secrets are sealed as the keys of sources are, since whoever knows them can write there.
    """

    __tablename__ = "channels"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    kind: Mapped[str] = mapped_column(Text)
    address_sealed: Mapped[str] = mapped_column(Text)
    secret_sealed: Mapped[str | None] = mapped_column(Text)  # signs a webhook's deliveries
    severity: Mapped[str] = mapped_column(Text, server_default="medium")  # the least that is told
    facets: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=sql("'{}'"))  # empty: all
    enabled: Mapped[bool] = mapped_column(server_default=sql("true"))
    created_at: Mapped[Moment]
    failing_since: Mapped[Moment | None]
    detail: Mapped[str | None] = mapped_column(Text)


class Delivery(Base):
    """One message to one channel, as it was or will be handed over; `state` as that of a mail in the outbox."""

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("ix_deliveries_due", "next_try_at", postgresql_where=sql("state IN ('waiting', 'sending')")),
    )

    id: Mapped[BigId]
    dedupe_key: Mapped[str] = mapped_column(Text, unique=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    incident_id: Mapped[int | None] = mapped_column(ForeignKey("incidents.id", ondelete="CASCADE"))
    facet: Mapped[str] = mapped_column(Text)  # who may read it in the log: see storage.viewer
    body: Mapped[dict[str, Json]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(Text)
    created_at: Mapped[Moment]
    claimed_at: Mapped[Moment | None]
    next_try_at: Mapped[Moment | None]
    sent_at: Mapped[Moment | None]
    attempts: Mapped[int] = mapped_column(server_default=sql("0"))
    status: Mapped[int | None] = mapped_column(SmallInteger)  # of HTTP, where there was an answer
    error: Mapped[str | None] = mapped_column(Text)


class MailState(Base):
    """What is known of an address: it asked for no more, or its mails come back."""

    __tablename__ = "mail_states"

    address: Mapped[str] = mapped_column(Text, primary_key=True)
    unsubscribed_at: Mapped[Moment | None]
    paused_at: Mapped[Moment | None]
    bounces: Mapped[int] = mapped_column(SmallInteger, server_default=sql("0"))
    detail: Mapped[str | None] = mapped_column(Text)
