"""What the network makes of recent texts (vectors), and the topics that were found in them."""

from pgvector.sqlalchemy import HALFVEC
from sqlalchemy import ARRAY, BigInteger, ForeignKey, Index, PrimaryKeyConstraint, Text
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, BigId, Moment

WIDTH = 384  # of the built-in network; another model's vectors of another width are not stored


class MentionVector(Base):
    """The network's vector of a recent mention's text, of length 1. It leaves with the mention, and after 35 days.

    `space`: the weights that made it. Vectors of two spaces say nothing about each other and are never compared.
    """

    __tablename__ = "mention_vectors"
    __table_args__ = (Index("ix_mention_vectors_place", "company_id", "space", "published_at"),)

    mention_id: Mapped[int] = mapped_column(ForeignKey("mentions.id", ondelete="CASCADE"), primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    space: Mapped[str] = mapped_column(Text)
    published_at: Mapped[Moment]
    vector: Mapped[list[float]] = mapped_column(HALFVEC(WIDTH), deferred=True)


class Topic(Base):
    """Stories that resemble each other and nothing before them, named by their words; `ended_at` NULL: still new.

    `facet` is the side whose stories it was found in; counts, words and quotes are of that side alone.
    """

    __tablename__ = "topics"
    __table_args__ = (
        Index("ix_topics_company_id_found_at", "company_id", "found_at"),
        Index("ix_topics_incident_id", "incident_id"),
    )

    id: Mapped[BigId]
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    facet: Mapped[str] = mapped_column(Text)
    space: Mapped[str] = mapped_column(Text)
    centre: Mapped[list[float]] = mapped_column(HALFVEC(WIDTH), deferred=True)
    words: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=sql("'{}'"))
    found_at: Mapped[Moment]
    seen_at: Mapped[Moment]  # last found
    ended_at: Mapped[Moment | None]
    first_at: Mapped[Moment]  # of its earliest story
    last_at: Mapped[Moment]
    stories: Mapped[int]
    mentions: Mapped[int]
    authors: Mapped[int]
    negative: Mapped[int]  # of `mentions`
    judged: Mapped[int]  # of `mentions`: with a sure sentiment
    similar_before: Mapped[int]  # stories alike in the four weeks before
    stories_before: Mapped[int]  # of so many
    incident_id: Mapped[int | None] = mapped_column(ForeignKey("incidents.id", ondelete="SET NULL"))


class TopicMention(Base):
    """A mention that belongs to a topic; it leaves with either."""

    __tablename__ = "topic_mentions"
    __table_args__ = (
        PrimaryKeyConstraint("topic_id", "mention_id"),
        Index("ix_topic_mentions_mention_id", "mention_id"),
    )

    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.id", ondelete="CASCADE"))
    mention_id: Mapped[int] = mapped_column(ForeignKey("mentions.id", ondelete="CASCADE"))


class ShareTakeOff(Base):
    """A share whose counter or clicks went far above what its advocate's earlier shares had at the same age."""

    __tablename__ = "share_take_offs"

    share_id: Mapped[int] = mapped_column(ForeignKey("shares.id", ondelete="CASCADE"), primary_key=True)
    counter: Mapped[str] = mapped_column(Text)  # a counter of its readings, or clicks
    found_at: Mapped[Moment]
    value: Mapped[int] = mapped_column(BigInteger)
    usual: Mapped[float]  # median of the earlier shares
    needed: Mapped[float]  # from which on it counts
    earlier: Mapped[int]  # shares compared with
    told_at: Mapped[Moment | None]  # the advocate, where they chose to be told
