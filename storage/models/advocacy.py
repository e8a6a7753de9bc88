"""Advocates, campaigns, what there is to share, shares, readings of their counters, tracked links and clicks."""

from datetime import date

from sqlalchemy import ARRAY, BigInteger, ForeignKey, Index, LargeBinary, PrimaryKeyConstraint, Text, UniqueConstraint
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
    team: Mapped[str | None] = mapped_column(Text)
    location: Mapped[str | None] = mapped_column(Text)
    visibility: Mapped[str] = mapped_column(Text, server_default="me")  # who sees own figures: me, team, all
    on_leaderboard: Mapped[bool] = mapped_column(server_default=sql("false"))
    weekly_mail: Mapped[bool] = mapped_column(server_default=sql("true"))
    campaign_mails: Mapped[bool] = mapped_column(server_default=sql("true"))  # told by mail when a campaign goes live
    demo: Mapped[bool] = mapped_column(server_default=sql("false"))


class Campaign(Base):
    """One programme of communication: brief, early notice, go-live, questions, result.

    Before `embargo_until` only administrators, marketing, HR (as `facets` say), its maker and the groups named in
    `early_groups` (as "role:hr", "team:Support", "location:Leeds", "person:<user id>") may know of it.
    """

    __tablename__ = "campaigns"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(Text, unique=True)  # utm_campaign: letters, digits, hyphens
    title: Mapped[str] = mapped_column(Text)
    facet: Mapped[str] = mapped_column(Text)  # brand, employer, both
    state: Mapped[str] = mapped_column(Text)  # draft, briefed, live, closed
    why: Mapped[str] = mapped_column(Text, server_default="")
    affected: Mapped[str] = mapped_column(Text, server_default="")
    expected: Mapped[str] = mapped_column(Text, server_default="")
    team_briefing: Mapped[str] = mapped_column(Text, server_default="")
    early_groups: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=sql("'{}'"))
    embargo_until: Mapped[Moment | None]
    starts_at: Mapped[Moment]
    ends_at: Mapped[Moment]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[Moment]
    demo: Mapped[bool] = mapped_column(server_default=sql("false"))
    round: Mapped[int] = mapped_column(server_default=sql("1"))  # raised when a brief is taken back
    briefed_at: Mapped[Moment | None]
    live_at: Mapped[Moment | None]
    closed_at: Mapped[Moment | None]
    event_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("planned_events.id", ondelete="SET NULL"))
    lessons: Mapped[str] = mapped_column(Text, server_default="")  # what to keep
    lessons_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    lessons_at: Mapped[Moment | None]


class Content(Base):
    """Something worth sharing, as prompts for one's own words: an angle, facts, a link, a picture, what not to say."""

    __tablename__ = "contents"

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaigns.id", ondelete="SET NULL"), index=True)
    title: Mapped[str] = mapped_column(Text)
    angle: Mapped[str] = mapped_column(Text)
    prompts: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=sql("'{}'"))
    facts: Mapped[str] = mapped_column(Text, server_default="")
    avoid: Mapped[str] = mapped_column(Text, server_default="")
    example: Mapped[str] = mapped_column(Text, server_default="")  # a suggested text; posts must differ from it
    link: Mapped[str | None] = mapped_column(Text)
    picture: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)  # read only where it is shown
    picture_type: Mapped[str | None] = mapped_column(Text)
    picture_alt: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str] = mapped_column(Text, server_default="en")
    platforms: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=sql("'{}'"))  # empty: any
    available_from: Mapped[Moment]
    available_until: Mapped[Moment | None]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[Moment]
    withdrawn_at: Mapped[Moment | None]
    demo: Mapped[bool] = mapped_column(server_default=sql("false"))


class Share(Base):
    """One public post of an advocate. On leaving, address, native id, title and signature are emptied.

    `signature` is a min-hash of the text for the near-duplicate guard; the text itself is not kept.
    """

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
    content_id: Mapped[int | None] = mapped_column(ForeignKey("contents.id", ondelete="SET NULL"), index=True)
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaigns.id", ondelete="SET NULL"), index=True)
    signature: Mapped[bytes | None] = mapped_column(LargeBinary)
    disclosed: Mapped[bool | None]  # None: nobody checked
    edited_at: Mapped[Moment | None]
    deleted_at: Mapped[Moment | None]
    checked_at: Mapped[Moment | None]  # of the last reading by the service


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
    __table_args__ = (
        Index(
            "uq_links_advocate_id_content_id_channel",
            "advocate_id",
            "content_id",
            "channel",
            unique=True,
            postgresql_where=sql("content_id IS NOT NULL AND closed_at IS NULL"),
        ),
    )

    id: Mapped[BigId]
    code: Mapped[str] = mapped_column(Text, unique=True)
    advocate_id: Mapped[int] = mapped_column(ForeignKey("advocates.id", ondelete="CASCADE"), index=True)
    share_id: Mapped[int | None] = mapped_column(ForeignKey("shares.id", ondelete="SET NULL"))
    destination: Mapped[str] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(Text)
    campaign: Mapped[str | None] = mapped_column(Text)
    content_id: Mapped[int | None] = mapped_column(ForeignKey("contents.id", ondelete="SET NULL"), index=True)
    created_at: Mapped[Moment]
    expires_at: Mapped[Moment | None]
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
    connected: Mapped[int | None]  # with at least one own account connected
    active: Mapped[int]
    demo: Mapped[bool] = mapped_column(server_default=sql("false"))
