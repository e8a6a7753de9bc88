"""Posts as collected, mentions of companies in them, stories, counters, rollups."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Computed,
    ForeignKey,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Text,
    UniqueConstraint,
)
from sqlalchemy import (
    text as sql,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from collectors.post import Json
from storage.models.base import Base, BigId, Moment


class Post(Base):
    """One post of a source inside the privacy door. Posts that match no company go after `unmatched_days`.

    `deleted_at` set: the platform took it away; text, title, raw and author are emptied, the natural key stays as a
    tombstone so that a late copy does not bring it back.
    """

    __tablename__ = "posts"
    __table_args__ = (
        UniqueConstraint("source_id", "native_id"),
        Index("ix_posts_search", "search", postgresql_using="gin"),
        Index("ix_posts_matched_version", "matched_version", "id"),
        Index("ix_posts_collected_at", "collected_at"),
        Index("ix_posts_source_id_published_at", "source_id", "published_at"),
        Index("ix_posts_source_id_collected_at", "source_id", "collected_at"),
        Index("ix_posts_recheck_at", "recheck_at", postgresql_where=sql("recheck_at IS NOT NULL")),
        Index("ix_posts_author_key", "author_key", postgresql_where=sql("author_key IS NOT NULL")),
        # The few that pages would else look for among all.
        Index("ix_posts_reviews", "published_at", postgresql_where=sql("rating IS NOT NULL OR kind = 'review'")),
        Index("ix_posts_surveys", "published_at", postgresql_where=sql("kind = 'survey'")),
        Index("ix_posts_places", "published_at", postgresql_where=sql("stated ? 'location' OR stated ? 'team'")),
    )

    id: Mapped[BigId]
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"))
    native_id: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    url: Mapped[str | None] = mapped_column(Text)
    title: Mapped[str | None] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    text_hash: Mapped[bytes] = mapped_column(LargeBinary)  # of title and text: tells an edit from a repeat
    lang: Mapped[str | None] = mapped_column(Text)  # as the source states it
    author_key: Mapped[str | None] = mapped_column(Text)
    followers: Mapped[int | None] = mapped_column(BigInteger)
    own_account: Mapped[bool]
    reply_to: Mapped[str | None] = mapped_column(Text)
    rating: Mapped[float | None]
    published_at: Mapped[Moment]
    date_from: Mapped[str] = mapped_column(Text)
    collected_at: Mapped[Moment]
    edited_at: Mapped[Moment | None]
    deleted_at: Mapped[Moment | None]
    mapper_version: Mapped[int] = mapped_column(SmallInteger, server_default=sql("1"))  # of `Collector.map_item`
    sealed_ref: Mapped[str | None] = mapped_column(Text)  # the native id, where that names the author
    recheck_at: Mapped[Moment | None]  # when the platform is asked about it again
    renewed_at: Mapped[Moment | None]  # last seen by a second look, where the platform's retention begins anew then
    stated: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=sql("'{}'"))
    raw: Mapped[dict[str, Json]] = mapped_column(JSONB, server_default=sql("'{}'"), deferred=True)
    matched_version: Mapped[int] = mapped_column(BigInteger)  # profile version the matching was done with
    search: Mapped[str] = mapped_column(
        TSVECTOR,
        Computed("to_tsvector('simple', left(coalesce(title, '') || ' ' || text, 100000))", persisted=True),
        deferred=True,
    )


class Mention(Base):
    """A post that matches a company, with its tags.

    `analyzed_at` NULL is work to do. `counted` says that the labels and `published_at` of this row stand in the
    rollups; whoever changes them does so inside `storage.cells.changing`. Protected mentions are never counted.
    """

    __tablename__ = "mentions"
    __table_args__ = (
        UniqueConstraint("post_id", "company_id"),
        Index("ix_mentions_company_id_published_at_id", "company_id", "published_at", "id"),
        Index("ix_mentions_pending", "id", postgresql_where=sql("analyzed_at IS NULL")),
        Index("ix_mentions_protected", "company_id", "published_at", postgresql_where=sql("protected")),
        Index(
            "ix_mentions_slice",
            "company_id",
            "facet",
            "audience",
            "published_at",
            "id",
            postgresql_include=["author_key", "post_id", "story_id", "sentiment", "themes"],
            postgresql_where=sql("counted AND NOT own_account"),
        ),
        Index("ix_mentions_story_id_published_at_id", "story_id", "published_at", "id"),
    )

    id: Mapped[BigId]
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"), index=True)
    published_at: Mapped[Moment]
    author_key: Mapped[str | None] = mapped_column(Text)
    own_account: Mapped[bool]
    added_at: Mapped[Moment]
    analyzed_at: Mapped[Moment | None]
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=sql("0"))
    counted: Mapped[bool] = mapped_column(Boolean, server_default=sql("false"))
    story_id: Mapped[int | None] = mapped_column(ForeignKey("stories.id", ondelete="SET NULL"))
    lang: Mapped[str | None] = mapped_column(Text)
    sentiment: Mapped[str | None] = mapped_column(Text)
    audience: Mapped[str | None] = mapped_column(Text)
    facet: Mapped[str | None] = mapped_column(Text)
    scores: Mapped[dict[str, dict[str, float]]] = mapped_column(JSONB, server_default=sql("'{}'"))
    themes: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=sql("'{}'"))
    protected: Mapped[bool] = mapped_column(server_default=sql("false"))
    evidence: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=sql("'{}'"))
    corrected: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=sql("'{}'"))  # head -> label by a person
    model: Mapped[str | None] = mapped_column(Text)
    taxonomy: Mapped[str | None] = mapped_column(Text)


class Correction(Base):
    """A person's word on the model's; data for the quality page and for tuning.

    `sampled`: the mention was drawn at random for checking, so that the row also counts where `old` and `new` are the
    same. Only those rows measure how good the tags are; the others were picked because they looked wrong.
    """

    __tablename__ = "corrections"

    id: Mapped[BigId]
    mention_id: Mapped[int] = mapped_column(ForeignKey("mentions.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    at: Mapped[Moment]
    head: Mapped[str] = mapped_column(Text)
    old: Mapped[str] = mapped_column(Text)
    new: Mapped[str] = mapped_column(Text)
    model: Mapped[str | None] = mapped_column(Text)
    sampled: Mapped[bool] = mapped_column(server_default=sql("false"))


class Story(Base):
    """Mentions of one company that are copies or near copies.

    `first_mention_id` is the one mention that counts as the story in the rollups: counted, not by an own account. It
    stands here and not on the mention, so that promoting another one needs no lock on a row that a worker may hold.
    """

    __tablename__ = "stories"
    __table_args__ = (Index("ix_stories_company_id_first_at", "company_id", "first_at"),)

    id: Mapped[BigId]
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    first_at: Mapped[Moment]
    first_mention_id: Mapped[int | None] = mapped_column(BigInteger)


class StoryBand(Base):
    """One band of a story's signature: the key by which near copies find each other.

    There are 16 rows to a story, so they carry no foreign key and no second index; those of stories that are gone do no
    harm and go with the old ones (`storage.retention`).
    """

    __tablename__ = "story_bands"
    __table_args__ = (
        PrimaryKeyConstraint("company_id", "band", "story_id"),
        Index("ix_story_bands_first_at", "first_at", postgresql_using="brin"),
    )

    company_id: Mapped[int] = mapped_column(SmallInteger)
    band: Mapped[int] = mapped_column(BigInteger)
    story_id: Mapped[int] = mapped_column(BigInteger)
    first_at: Mapped[Moment]


class CounterSnapshot(Base):
    """One reading of one counter of a post; a row is written only when the value changed."""

    __tablename__ = "counter_snapshots"
    __table_args__ = (PrimaryKeyConstraint("post_id", "counter", "observed_at"),)

    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    counter: Mapped[str] = mapped_column(Text)
    observed_at: Mapped[Moment]
    value: Mapped[int] = mapped_column(BigInteger)


class Rollup(Base):
    """Counts of one hour (UTC) and cell, kept in the transaction that saves the tags."""

    __tablename__ = "rollups"
    __table_args__ = (
        PrimaryKeyConstraint("company_id", "hour", "source_id", "facet", "audience", "sentiment"),
        Index("ix_rollups_source_id", "source_id"),
    )

    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    hour: Mapped[Moment]
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"))
    facet: Mapped[str] = mapped_column(Text)
    audience: Mapped[str] = mapped_column(Text)
    sentiment: Mapped[str] = mapped_column(Text)
    mentions: Mapped[int]
    stories: Mapped[int]
    owned: Mapped[int] = mapped_column(server_default=sql("0"))  # of mentions: by own accounts


class DayRollup(Base):
    """The sum of a day (UTC) of `Rollup`, kept with it: windows of whole days are read from here."""

    __tablename__ = "rollup_days"
    __table_args__ = (
        PrimaryKeyConstraint("company_id", "day", "source_id", "facet", "audience", "sentiment"),
        Index("ix_rollup_days_source_id", "source_id"),
    )

    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    day: Mapped[Moment]
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"))
    facet: Mapped[str] = mapped_column(Text)
    audience: Mapped[str] = mapped_column(Text)
    sentiment: Mapped[str] = mapped_column(Text)
    mentions: Mapped[int]
    stories: Mapped[int]
    owned: Mapped[int]


class ThemeRollup(Base):
    """Counts of one day (UTC), theme and cell, kept with `Rollup`, without owned voice and answers to surveys."""

    __tablename__ = "rollup_themes"
    __table_args__ = (
        PrimaryKeyConstraint("company_id", "day", "theme", "source_id", "facet", "audience", "sentiment"),
        Index("ix_rollup_themes_source_id", "source_id"),
    )

    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    day: Mapped[Moment]
    theme: Mapped[str] = mapped_column(Text)
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"))
    facet: Mapped[str] = mapped_column(Text)
    audience: Mapped[str] = mapped_column(Text)
    sentiment: Mapped[str] = mapped_column(Text)
    mentions: Mapped[int]
    stories: Mapped[int]


class CrowdedDay(Base):
    """A day (UTC) on which five people of a group spoke: of staff, or of unknown standpoint; `storage.crowds`."""

    __tablename__ = "crowded_days"
    __table_args__ = (PrimaryKeyConstraint("company_id", "day", "facet", "audience"),)

    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    day: Mapped[Moment]
    facet: Mapped[str] = mapped_column(Text)
    audience: Mapped[str] = mapped_column(Text)
