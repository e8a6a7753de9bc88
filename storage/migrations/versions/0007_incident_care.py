"""Care of incidents: snooze, feedback, planned events, mail buttons; channels, deliveries, states of addresses."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"

_NOW_OR_NEVER = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add columns and tables."""
    op.add_column("incidents", sa.Column("snoozed_until", _NOW_OR_NEVER, nullable=True))
    op.add_column("incidents", sa.Column("summary", postgresql.JSONB(), nullable=True))
    _feedback()
    _planned_events()
    _mail_actions()
    _channels()
    op.create_table(
        "mail_states",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("unsubscribed_at", _NOW_OR_NEVER, nullable=True),
        sa.Column("paused_at", _NOW_OR_NEVER, nullable=True),
        sa.Column("bounces", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_mail_states")),
    )


def _feedback() -> None:
    op.create_table(
        "incident_feedback",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("incident_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("at", _NOW_OR_NEVER, nullable=False),
        sa.Column("useful", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["incidents.id"],
            name=op.f("fk_incident_feedback_incident_id_incidents"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_incident_feedback_user_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_feedback")),
        sa.UniqueConstraint("incident_id", "user_id", name=op.f("uq_incident_feedback_incident_id_user_id")),
    )


def _planned_events() -> None:
    op.create_table(
        "planned_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("company_id", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("facet", sa.Text(), server_default="all", nullable=False),
        sa.Column("starts_at", _NOW_OR_NEVER, nullable=False),
        sa.Column("ends_at", _NOW_OR_NEVER, nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", _NOW_OR_NEVER, nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_planned_events_company_id_companies"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_planned_events_created_by_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_planned_events")),
    )
    op.create_index("ix_planned_events_company_id_ends_at", "planned_events", ["company_id", "ends_at"])


def _mail_actions() -> None:
    op.create_table(
        "mail_actions",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("incident_id", sa.BigInteger(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("expires_at", _NOW_OR_NEVER, nullable=False),
        sa.Column("used_at", _NOW_OR_NEVER, nullable=True),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_mail_actions_incident_id_incidents"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_mail_actions")),
    )


def _channels() -> None:
    op.create_table(
        "channels",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("address_sealed", sa.Text(), nullable=False),
        sa.Column("secret_sealed", sa.Text(), nullable=True),
        sa.Column("severity", sa.Text(), server_default="medium", nullable=False),
        sa.Column("facets", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", _NOW_OR_NEVER, nullable=False),
        sa.Column("failing_since", _NOW_OR_NEVER, nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channels")),
        sa.UniqueConstraint("name", name=op.f("uq_channels_name")),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("dedupe_key", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.BigInteger(), nullable=True),
        sa.Column("facet", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", _NOW_OR_NEVER, nullable=False),
        sa.Column("claimed_at", _NOW_OR_NEVER, nullable=True),
        sa.Column("next_try_at", _NOW_OR_NEVER, nullable=True),
        sa.Column("sent_at", _NOW_OR_NEVER, nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name=op.f("fk_deliveries_channel_id_channels"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_deliveries_incident_id_incidents"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_deliveries_dedupe_key")),
    )
    op.create_index(
        "ix_deliveries_due", "deliveries", ["next_try_at"], postgresql_where=sa.text("state IN ('waiting', 'sending')")
    )


def downgrade() -> None:
    """Take them away again."""
    for table in ("mail_states", "deliveries", "channels", "mail_actions", "planned_events", "incident_feedback"):
        op.drop_table(table)
    op.drop_column("incidents", "summary")
    op.drop_column("incidents", "snoozed_until")
