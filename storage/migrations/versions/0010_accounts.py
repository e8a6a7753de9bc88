"""Accounts of advocates on platforms, and people of the programme."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_AT = sa.DateTime(timezone=True)
_TABLES = ("eligible_people", "token_revocations", "platform_apps", "pending_connections", "advocate_consents")


def upgrade() -> None:
    """Add tables and columns."""
    _accounts()
    _consents()
    _connections()
    op.create_table(
        "eligible_people",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_eligible_people")),
    )
    for table in ("users", "invitations"):
        op.add_column(table, sa.Column("team", sa.Text(), nullable=True))
        op.add_column(table, sa.Column("location", sa.Text(), nullable=True))
    op.add_column("programme_days", sa.Column("connected", sa.Integer(), nullable=True))
    op.add_column("invitations", sa.Column("nonce", sa.LargeBinary(), nullable=True))
    op.add_column("invitations", sa.Column("mail_due_at", _AT, nullable=True))
    op.add_column("invitations", sa.Column("mailed_at", _AT, nullable=True))
    op.add_column("invitations", sa.Column("mails", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.create_index("ix_invitations_email", "invitations", ["email"])
    op.create_index(
        "ix_invitations_mail_due_at",
        "invitations",
        ["mail_due_at", "id"],
        postgresql_where=sa.text("mail_due_at IS NOT NULL"),
    )


def _accounts() -> None:
    op.create_table(
        "advocate_accounts",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("advocate_id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("platform", "host", "native_id", "handle", "state")),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("expires_at", _AT, nullable=True),
        sa.Column("connected_at", _AT, nullable=False),
        *(sa.Column(name, _AT, nullable=True) for name in ("checked_at", "next_try_at", "claimed_at")),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        _of_advocate("advocate_accounts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_advocate_accounts")),
        sa.UniqueConstraint("advocate_id", "platform", name=op.f("uq_advocate_accounts_advocate_id_platform")),
        sa.UniqueConstraint("platform", "host", "native_id", name=op.f("uq_advocate_accounts_platform_host_native_id")),
    )
    op.create_index(
        "ix_advocate_accounts_next_try_at",
        "advocate_accounts",
        ["next_try_at"],
        postgresql_where=sa.text("state = 'connected'"),
    )


def _consents() -> None:
    op.create_table(
        "advocate_consents",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("advocate_id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("platform", "version", "text")),
        sa.Column("given_at", _AT, nullable=False),
        sa.Column("withdrawn_at", _AT, nullable=True),
        _of_advocate("advocate_consents"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_advocate_consents")),
    )
    op.create_index(
        "uq_advocate_consents_open",
        "advocate_consents",
        ["advocate_id", "platform"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )


def _connections() -> None:
    op.create_table(
        "pending_connections",
        sa.Column("state_hash", sa.LargeBinary(), nullable=False),
        sa.Column("advocate_id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("platform", "host", "verifier")),
        sa.Column("expires_at", _AT, nullable=False),
        _of_advocate("pending_connections"),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_pending_connections")),
    )
    op.create_index("ix_pending_connections_advocate_id", "pending_connections", ["advocate_id"])
    op.create_table(
        "platform_apps",
        sa.Column("id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("platform", "host", "redirect_uri", "keys")),
        sa.Column("created_at", _AT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_platform_apps")),
        sa.UniqueConstraint(
            "platform", "host", "redirect_uri", name=op.f("uq_platform_apps_platform_host_redirect_uri")
        ),
    )
    op.create_table(
        "token_revocations",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("platform", "host", "token")),
        *(sa.Column(name, _AT, nullable=False) for name in ("created_at", "next_try_at")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token_revocations")),
    )


def _of_advocate(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["advocate_id"], ["advocates.id"], name=op.f(f"fk_{table}_advocate_id"), ondelete="CASCADE"
    )


def downgrade() -> None:
    """Take them away again."""
    op.drop_index("ix_invitations_mail_due_at", "invitations")
    op.drop_index("ix_invitations_email", "invitations")
    for column in ("mails", "mailed_at", "mail_due_at", "nonce"):
        op.drop_column("invitations", column)
    op.drop_column("programme_days", "connected")
    for table in ("invitations", "users"):
        op.drop_column(table, "location")
        op.drop_column(table, "team")
    for table in (*_TABLES, "advocate_accounts"):
        op.drop_table(table)
