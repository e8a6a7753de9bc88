"""Advocates, their shares, readings of their counters, tracked links and clicks."""

from datetime import date

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, PrimaryKeyConstraint, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, BigId, Moment


class Advocate(Base):
    """A person who joined by their own choice. On leaving, `user_id` goes and only anonymous sums stay."""

    __tablename__ = "advocates"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), unique=True)
    standing: Mapped[str] = mapped_column(Text)  # employee, alumnus
    joined_at: Mapped[Moment]
    left_at: Mapped[Moment | None]
    consent_version: Mapped[str] = mapped_column(Text)
    consent_text: Mapped[str] = mapped_column(Text)
    take_off_mails: Mapped[bool] = mapped_column(server_default=sql("false"))  # told when a share takes off
    demo: Mapped[bool] = mapped_column(server_default=sql("false"))


class Share(Base):
    """One public post of an advocate. On leaving, address and native id are emptied."""

    __tablename__ = "shares"
    __table_args__ = (UniqueConstraint("platform", "native_id"),)

    id: Mapped[BigId]
    advocate_id: Mapped[int] = mapped_column(ForeignKey("advocates.id", ondelete="CASCADE"), index=True)
    platform: Mapped[str] = mapped_column(Text)
    native_id: Mapped[str | None] = mapped_column(Text)
    url: Mapped[str | None] = mapped_column(Text)
    title: Mapped[str | None] = mapped_column(Text)
    own_words: Mapped[bool]
    published_at: Mapped[Moment]
    followers: Mapped[int | None] = mapped_column(BigInteger)  # at posting time; None is unknown
    created_at: Mapped[Moment]


class ShareReading(Base):
    """One reading of one counter of a share, with where it came from: advocate, platform, collected."""

    __tablename__ = "share_readings"
    __table_args__ = (PrimaryKeyConstraint("share_id", "counter", "observed_at"),)

    share_id: Mapped[int] = mapped_column(ForeignKey("shares.id", ondelete="CASCADE"))
    counter: Mapped[str] = mapped_column(Text)
    observed_at: Mapped[Moment]
    value: Mapped[int] = mapped_column(BigInteger)
    origin: Mapped[str] = mapped_column(Text)


class Link(Base):
    """A tracked short link of an advocate; its destination is a registered host."""

    __tablename__ = "links"

    id: Mapped[BigId]
    code: Mapped[str] = mapped_column(Text, unique=True)
    advocate_id: Mapped[int] = mapped_column(ForeignKey("advocates.id", ondelete="CASCADE"), index=True)
    share_id: Mapped[int | None] = mapped_column(ForeignKey("shares.id", ondelete="SET NULL"))
    destination: Mapped[str] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(Text)
    campaign: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Moment]
    closed_at: Mapped[Moment | None]


class Click(Base):
    """One request of a tracked link. `verdict`: counted, or the filter that caught it. No address is kept."""

    __tablename__ = "clicks"
    __table_args__ = (Index("ix_clicks_link_id_at", "link_id", "at"),)

    id: Mapped[BigId]
    link_id: Mapped[int] = mapped_column(ForeignKey("links.id", ondelete="CASCADE"))
    at: Mapped[Moment]
    verdict: Mapped[str] = mapped_column(Text)
    visitor: Mapped[bytes | None] = mapped_column(LargeBinary)  # hash salted daily


class DailySalt(Base):
    """The salt of a day's visitor hashes; yesterday's is thrown away, so that days can't be joined."""

    __tablename__ = "daily_salts"

    day: Mapped[date] = mapped_column(primary_key=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary)


class ProgrammeDay(Base):
    """Head-counts of the programme at the end of a day (UTC); kept because they can't be rebuilt later."""

    __tablename__ = "programme_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    eligible: Mapped[int | None]
    invited: Mapped[int]
    joined: Mapped[int]
    active: Mapped[int]
    demo: Mapped[bool] = mapped_column(server_default=sql("false"))
