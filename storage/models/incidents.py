"""Incidents with their timeline, and the outbox of mails."""

from sqlalchemy import ARRAY, BigInteger, ForeignKey, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from collectors.post import Json
from storage.models.base import Base, BigId, Moment


class Incident(Base):
    """An alert that is open until it closes; at most one open row per company, kind, slice and subject."""

    __tablename__ = "incidents"
    __table_args__ = (
        Index(
            "uq_incidents_open",
            "company_id",
            "kind",
            "facet",
            "audience",
            "subject",
            unique=True,
            postgresql_where=sql("closed_at IS NULL"),
        ),
        Index("ix_incidents_opened_at_id", "opened_at", "id"),
    )

    id: Mapped[BigId]
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(Text)
    facet: Mapped[str] = mapped_column(Text)
    audience: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text, server_default="")  # what it is about within its slice: a topic's words
    severity: Mapped[str] = mapped_column(Text)
    severity_reason: Mapped[str] = mapped_column(Text)
    demo: Mapped[bool] = mapped_column(server_default=sql("false"))
    opened_at: Mapped[Moment]
    last_finding_at: Mapped[Moment]
    closed_at: Mapped[Moment | None]
    observed: Mapped[float]  # the highest so far
    expected_low: Mapped[float]
    expected_high: Mapped[float]
    n: Mapped[int]
    authors: Mapped[int]
    short_history: Mapped[bool]
    notes: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=sql("'{}'"))
    window_start: Mapped[Moment]
    window_minutes: Mapped[int]
    told_observed: Mapped[float]
    last_told_at: Mapped[Moment | None]
    acknowledged_at: Mapped[Moment | None]
    acknowledged_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    assigned_to: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    snoozed_until: Mapped[Moment | None]  # nobody is told before, unless it becomes critical
    summary: Mapped[dict[str, Json] | None] = mapped_column(JSONB)  # the post-mortem, written when it closes


class IncidentFeedback(Base):
    """Whether an incident was worth telling, one word per person; it moves the sensitivity of its kind."""

    __tablename__ = "incident_feedback"
    __table_args__ = (UniqueConstraint("incident_id", "user_id"),)

    id: Mapped[BigId]
    incident_id: Mapped[int] = mapped_column(ForeignKey("incidents.id", ondelete="CASCADE"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    at: Mapped[Moment]
    useful: Mapped[bool]
    reason: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, server_default="")


class PlannedEvent(Base):
    """What the company knows beforehand (a launch, a campaign): it neither alarms nor becomes what is normal."""

    __tablename__ = "planned_events"
    __table_args__ = (Index("ix_planned_events_company_id_ends_at", "company_id", "ends_at"),)

    id: Mapped[BigId]
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(Text)
    facet: Mapped[str] = mapped_column(Text, server_default="all")
    starts_at: Mapped[Moment]
    ends_at: Mapped[Moment]
    note: Mapped[str] = mapped_column(Text, server_default="")
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[Moment]


class MailAction(Base):
    """A button of a mail that works once without signing in; only the hash of its token is kept."""

    __tablename__ = "mail_actions"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    incident_id: Mapped[int] = mapped_column(ForeignKey("incidents.id", ondelete="CASCADE"))
    recipient: Mapped[str] = mapped_column(Text)
    act: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[Moment]
    used_at: Mapped[Moment | None]


class IncidentEvent(Base):
    """The timeline: opened, absorbed, grew, closed, acknowledged, assigned, note."""

    __tablename__ = "incident_events"
    __table_args__ = (Index("ix_incident_events_to_tell", "id", postgresql_where=sql("to_tell AND told_at IS NULL")),)

    id: Mapped[BigId]
    incident_id: Mapped[int] = mapped_column(ForeignKey("incidents.id", ondelete="CASCADE"), index=True)
    at: Mapped[Moment]
    kind: Mapped[str] = mapped_column(Text)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    text: Mapped[str] = mapped_column(Text)
    figures: Mapped[dict[str, Json]] = mapped_column(JSONB, server_default=sql("'{}'"))
    to_tell: Mapped[bool] = mapped_column(server_default=sql("false"))
    told_at: Mapped[Moment | None]  # mails for it stand in the outbox; NULL with to_tell is work to do


class OutboxMail(Base):
    """A mail as it was or will be handed over. `state`: waiting, sending, sent, failed, kept (no mail server set)."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_due", "next_try_at", postgresql_where=sql("state IN ('waiting', 'sending')")),)

    id: Mapped[BigId]
    dedupe_key: Mapped[str] = mapped_column(Text, unique=True)
    incident_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("incidents.id", ondelete="CASCADE"))
    recipient: Mapped[str] = mapped_column(Text)
    facet: Mapped[str] = mapped_column(Text)  # who may read it in the dashboard: see storage.viewer
    subject: Mapped[str] = mapped_column(Text)
    message: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)  # complete MIME message
    state: Mapped[str] = mapped_column(Text)
    created_at: Mapped[Moment]
    claimed_at: Mapped[Moment | None]
    next_try_at: Mapped[Moment | None]
    sent_at: Mapped[Moment | None]
    attempts: Mapped[int] = mapped_column(server_default=sql("0"))
    error: Mapped[str | None] = mapped_column(Text)
