"""Accounts of advocates on platforms, what they consented to, and people who are invited to the programme."""

from datetime import date

from sqlalchemy import ForeignKey, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, BigId, Moment


class AdvocateAccount(Base):
    """An advocate's own account on a platform, whose counters the service may read.

    `state`: connected; reconnect (the platform no longer accepts the token, and the advocate was told). The token is
    sealed and goes with the row. `host` tells servers of one network apart.
    """

    __tablename__ = "advocate_accounts"
    __table_args__ = (
        UniqueConstraint("advocate_id", "platform"),
        UniqueConstraint("platform", "host", "native_id"),
        Index("ix_advocate_accounts_next_try_at", "next_try_at", postgresql_where=sql("state = 'connected'")),
    )

    id: Mapped[BigId]
    advocate_id: Mapped[int] = mapped_column(ForeignKey("advocates.id", ondelete="CASCADE"))
    platform: Mapped[str] = mapped_column(Text)
    host: Mapped[str] = mapped_column(Text)
    native_id: Mapped[str] = mapped_column(Text)
    handle: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    token: Mapped[str | None] = mapped_column(Text)  # sealed
    expires_at: Mapped[Moment | None]  # of a token that cannot be renewed without the advocate
    connected_at: Mapped[Moment]
    checked_at: Mapped[Moment | None]  # of the last run that went well
    next_try_at: Mapped[Moment | None]  # not before; None: whenever something is due
    claimed_at: Mapped[Moment | None]
    failures: Mapped[int] = mapped_column(server_default=sql("0"))
    detail: Mapped[str | None] = mapped_column(Text)  # why it failed last


class AdvocateConsent(Base):
    """What an advocate agreed to for one platform, word by word; withdrawn by a time, never overwritten."""

    __tablename__ = "advocate_consents"
    __table_args__ = (
        Index(
            "uq_advocate_consents_open",
            "advocate_id",
            "platform",
            unique=True,
            postgresql_where=sql("withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[BigId]
    advocate_id: Mapped[int] = mapped_column(ForeignKey("advocates.id", ondelete="CASCADE"))
    platform: Mapped[str] = mapped_column(Text)
    version: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    given_at: Mapped[Moment]
    withdrawn_at: Mapped[Moment | None]


class PendingConnection(Base):
    """A connection that was begun: what the platform sends the browser back with must match it. Used once."""

    __tablename__ = "pending_connections"

    state_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    advocate_id: Mapped[int] = mapped_column(ForeignKey("advocates.id", ondelete="CASCADE"), index=True)
    platform: Mapped[str] = mapped_column(Text)
    host: Mapped[str] = mapped_column(Text)
    verifier: Mapped[str] = mapped_column(Text)  # of PKCE, sealed
    expires_at: Mapped[Moment]


class PlatformApp(Base):
    """How this service is known to one server of a network that lets programs introduce themselves (Mastodon)."""

    __tablename__ = "platform_apps"
    __table_args__ = (UniqueConstraint("platform", "host", "redirect_uri"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    platform: Mapped[str] = mapped_column(Text)
    host: Mapped[str] = mapped_column(Text)
    redirect_uri: Mapped[str] = mapped_column(Text)
    keys: Mapped[str] = mapped_column(Text)  # sealed
    created_at: Mapped[Moment]


class TokenRevocation(Base):
    """A token that nobody uses any more and that the platform has not been told of yet; tied to no person."""

    __tablename__ = "token_revocations"

    id: Mapped[BigId]
    platform: Mapped[str] = mapped_column(Text)
    host: Mapped[str] = mapped_column(Text)
    token: Mapped[str] = mapped_column(Text)  # sealed
    created_at: Mapped[Moment]
    next_try_at: Mapped[Moment]


class EligiblePeople(Base):
    """How many people could join, as an administrator said it, from a day on."""

    __tablename__ = "eligible_people"

    day: Mapped[date] = mapped_column(primary_key=True)
    people: Mapped[int]
