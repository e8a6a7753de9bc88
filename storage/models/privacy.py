"""What was erased on request, and whose posts are no longer taken."""

from sqlalchemy import BigInteger, ForeignKey, SmallInteger, Text
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, BigId, Moment


class Erasure(Base):
    """The proof that a person's posts were erased: how many, when, by whom and why. It names nobody."""

    __tablename__ = "erasures"

    id: Mapped[BigId]
    at: Mapped[Moment]
    by_user: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    platform: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    posts: Mapped[int]
    mentions: Mapped[int]
    refused: Mapped[bool]  # what the person publishes later is not taken either


class RefusedAuthor(Base):
    """The pseudonym of a person whose posts are turned away; from it nobody can tell who that is."""

    __tablename__ = "refused_authors"

    author_key: Mapped[str] = mapped_column(Text, primary_key=True)
    erasure_id: Mapped[int] = mapped_column(ForeignKey("erasures.id", ondelete="CASCADE"), index=True)


class PseudonymKey(Base):
    """One key of the authors' pseudonyms: what recognises it, and itself sealed under the newest one.

    The newest stands in the settings only, so its `sealed` is NULL; while its `ended_at` is NULL, a rotation is under
    way and what is stored moves over to it.
    """

    __tablename__ = "pseudonym_keys"

    generation: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    recognised_by: Mapped[str] = mapped_column(Text)
    sealed: Mapped[str | None] = mapped_column(Text)
    begun_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]
    posts_done: Mapped[int] = mapped_column(BigInteger, server_default=sql("0"))  # ids of posts up to here are moved
