"""Accounts, sign-ins, API tokens, invitations, the audit log."""

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, Text
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, BigId, Moment


class User(Base):
    """A person with one role. `email` is stored casefolded."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint(
            "role IN ('marketing', 'hr', 'advocate', 'leadership', 'administrator', 'auditor')", name="role"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    password_hash: Mapped[str | None] = mapped_column(Text)  # NULL: signs in by the provider only
    active: Mapped[bool] = mapped_column(server_default=sql("true"))
    demo: Mapped[bool] = mapped_column(server_default=sql("false"))
    created_at: Mapped[Moment]
    last_sign_in_at: Mapped[Moment | None]
    failed_sign_ins: Mapped[int] = mapped_column(server_default=sql("0"))
    locked_until: Mapped[Moment | None]
    team: Mapped[str | None] = mapped_column(Text)  # as administrators set it; groups of campaigns go by it
    location: Mapped[str | None] = mapped_column(Text)
    totp_sealed: Mapped[str | None] = mapped_column(Text)  # the secret of the authenticator app, encrypted
    totp_since: Mapped[Moment | None]  # NULL: not confirmed by a code yet
    totp_step: Mapped[int | None] = mapped_column(BigInteger)  # the last time step whose code was taken


class Identity(Base):
    """What a sign-in provider calls an account; the mail address is only looked at when this is made."""

    __tablename__ = "identities"

    issuer: Mapped[str] = mapped_column(Text, primary_key=True)
    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), unique=True)
    created_at: Mapped[Moment]


class RecoveryCode(Base):
    """A code that stands in for the authenticator app once; the row goes when it is used. Only its hash is kept."""

    __tablename__ = "recovery_codes"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)


class SignInTry(Base):
    """Failed sign-ins of one network address or mail address in a while, under a keyed hash of it."""

    __tablename__ = "sign_in_tries"

    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    tries: Mapped[int]
    since: Mapped[Moment]


class UserSession(Base):
    """A signed-in browser. Only the hash of its token is kept."""

    __tablename__ = "sessions"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    csrf: Mapped[str] = mapped_column(Text)
    created_at: Mapped[Moment]
    expires_at: Mapped[Moment]
    last_seen_at: Mapped[Moment]
    device: Mapped[str] = mapped_column(Text, server_default=sql("''"))  # "Firefox on Linux"
    method: Mapped[str] = mapped_column(Text, server_default=sql("'password'"))


class ApiToken(Base):
    """A key for programs; acts with its owner's role, within its scopes."""

    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(Text)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[Moment]
    expires_at: Mapped[Moment | None]
    last_used_at: Mapped[Moment | None]
    revoked_at: Mapped[Moment | None]


class Invitation(Base):
    """A link by which a person joins by themselves; used once.

    Those that are mailed have a `nonce`, from which the link's secret is made anew for each mail: it is kept nowhere.
    """

    __tablename__ = "invitations"
    __table_args__ = (
        Index("ix_invitations_email", "email"),
        Index("ix_invitations_mail_due_at", "mail_due_at", "id", postgresql_where=sql("mail_due_at IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    role: Mapped[str] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[Moment]
    expires_at: Mapped[Moment]
    accepted_at: Mapped[Moment | None]
    revoked_at: Mapped[Moment | None]
    team: Mapped[str | None] = mapped_column(Text)
    location: Mapped[str | None] = mapped_column(Text)
    nonce: Mapped[bytes | None] = mapped_column(LargeBinary)
    mail_due_at: Mapped[Moment | None]  # NULL: no mail waits to be written
    mailed_at: Mapped[Moment | None]  # when the last mail was put into the outbox
    mails: Mapped[int] = mapped_column(server_default=sql("0"))


class AuditEntry(Base):
    """Who did what; rows are only ever added, and linked to those before them when their transaction commits."""

    __tablename__ = "audit_log"
    __table_args__ = (Index("ix_audit_log_at", "at", "id"),)

    id: Mapped[BigId]
    at: Mapped[Moment]
    user_id: Mapped[int | None]  # no foreign key: the entry outlives the account
    action: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)


class AuditLink(Base):
    """The place of an entry in the chain. Links stay when the contents of old entries expire."""

    __tablename__ = "audit_chain"

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
