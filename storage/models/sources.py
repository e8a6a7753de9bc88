"""Companies, versions of the profile, sources and their runs."""

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, SmallInteger, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from collectors.post import Json
from storage.models.base import Base, BigId, Moment


class ProfileVersion(Base):
    """One saved state of the company profile as TOML; the newest is in force."""

    __tablename__ = "profile_versions"

    id: Mapped[BigId]
    created_at: Mapped[Moment]
    toml: Mapped[str] = mapped_column(Text)
    origin: Mapped[str] = mapped_column(Text)  # file, dashboard, demo
    file_hash: Mapped[str | None] = mapped_column(Text)  # of the file it was read from
    matcher_version: Mapped[int] = mapped_column(BigInteger)  # the version that last changed a name or a query
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))


class Company(Base):
    """The own company or a rival; `active` is false once the profile no longer names it."""

    __tablename__ = "companies"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    key: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    is_own: Mapped[bool]
    demo: Mapped[bool] = mapped_column(server_default=sql("false"))
    active: Mapped[bool] = mapped_column(server_default=sql("true"))
    query: Mapped[str] = mapped_column(Text)
    # Other names that posts call it by; the model is told which words of a post are the company.
    names: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=sql("'{}'"))


class Source(Base):
    """One configured way in, with its cursor and its health as people see it."""

    __tablename__ = "sources"
    __table_args__ = (
        UniqueConstraint("kind", "name"),
        Index("ix_sources_due", "next_check_at", postgresql_where=sql("enabled")),
        Index("ix_sources_claimed_host", "host", postgresql_where=sql("claimed_at IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)  # of collectors.registry, or import, api
    name: Mapped[str] = mapped_column(Text)
    options: Mapped[dict[str, Json]] = mapped_column(JSONB, server_default=sql("'{}'"))
    enabled: Mapped[bool] = mapped_column(server_default=sql("true"))
    demo: Mapped[bool] = mapped_column(server_default=sql("false"))
    origin: Mapped[str] = mapped_column(Text)  # profile, dashboard, import, api, demo
    credentials: Mapped[str | None] = mapped_column(Text)  # sealed; see storage.credentials
    host: Mapped[str | None] = mapped_column(Text)  # sources of one host take turns
    about: Mapped[str] = mapped_column(Text, server_default="text")  # whose reviews these are: own, a company's key
    keep_days: Mapped[int | None]  # None: as long as the settings say
    cursor: Mapped[dict[str, Json]] = mapped_column(JSONB, server_default=sql("'{}'"))
    interval_minutes: Mapped[int]
    created_at: Mapped[Moment]
    next_check_at: Mapped[Moment | None]  # None: not polled (import, api)
    claimed_at: Mapped[Moment | None]  # a run is under way since
    last_success_at: Mapped[Moment | None]
    last_complete_at: Mapped[Moment | None]  # of a run that missed nothing
    last_item_at: Mapped[Moment | None]
    error_reason: Mapped[str | None] = mapped_column(Text)
    error_detail: Mapped[str | None] = mapped_column(Text)
    error_count: Mapped[int] = mapped_column(server_default=sql("0"))
    silent_since: Mapped[Moment | None]  # set by the silence rule


class CollectionRun(Base):
    """One scheduled collection and how it ended; coverage is counted from these rows."""

    __tablename__ = "collection_runs"
    __table_args__ = (Index("ix_collection_runs_source_id_started_at", "source_id", "started_at"),)

    id: Mapped[BigId]
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"))
    purpose: Mapped[str] = mapped_column(Text, server_default="collect")  # collect, recheck, hook, trial
    started_at: Mapped[Moment]
    finished_at: Mapped[Moment | None]  # None: under way, or killed
    complete: Mapped[bool | None]
    reason: Mapped[str | None] = mapped_column(Text)
    detail: Mapped[str | None] = mapped_column(Text)
    seen: Mapped[int] = mapped_column(server_default=sql("0"))
    added: Mapped[int] = mapped_column(server_default=sql("0"))
    changed: Mapped[int] = mapped_column(server_default=sql("0"))
    requests: Mapped[int] = mapped_column(server_default=sql("0"))
    cost: Mapped[float] = mapped_column(server_default=sql("0"))


class ImportProblem(Base):
    """A row of an imported file that could not be taken, kept for the person who sent it."""

    __tablename__ = "import_problems"

    id: Mapped[BigId]
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"), index=True)
    run_id: Mapped[int | None] = mapped_column(BigInteger)
    line: Mapped[int]
    column: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)


class Host(Base):
    """A host that collectors call: whose turn is next, and whether it is given a rest."""

    __tablename__ = "hosts"

    host: Mapped[str] = mapped_column(Text, primary_key=True)
    next_at: Mapped[Moment]  # no request before
    failures: Mapped[int] = mapped_column(server_default=sql("0"))  # in a row
    open_until: Mapped[Moment | None]  # the fuse has blown: nobody asks before
    updated_at: Mapped[Moment]


class HookDelivery(Base):
    """A delivery that was accepted once; the same one again is a replay. Kept for as long as its signature holds."""

    __tablename__ = "hook_deliveries"

    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    received_at: Mapped[Moment] = mapped_column(index=True)


class HeldItem(Base):
    """An item in a form that nobody foresaw, behind the privacy door, kept until a person has looked at it."""

    __tablename__ = "held_items"
    __table_args__ = (UniqueConstraint("source_id", "native_id"),)

    id: Mapped[BigId]
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"))
    native_id: Mapped[str] = mapped_column(Text)
    title: Mapped[str | None] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    held_at: Mapped[Moment]
    resolved_at: Mapped[Moment | None]
