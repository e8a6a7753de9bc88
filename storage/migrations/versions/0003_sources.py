"""Sources: sealed keys, hosts, second looks, hooks, items held for a person."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add columns and tables."""
    op.add_column("sources", sa.Column("credentials", sa.Text()))
    op.add_column("sources", sa.Column("host", sa.Text()))
    op.add_column("sources", sa.Column("keep_days", sa.Integer()))
    op.add_column("sources", sa.Column("last_complete_at", sa.DateTime(timezone=True)))
    op.add_column("collection_runs", sa.Column("purpose", sa.Text(), server_default="collect", nullable=False))
    op.add_column("posts", sa.Column("mapper_version", sa.SmallInteger(), server_default=sa.text("1"), nullable=False))
    op.add_column("posts", sa.Column("sealed_ref", sa.Text()))
    op.add_column("posts", sa.Column("recheck_at", sa.DateTime(timezone=True)))
    op.create_index("ix_posts_recheck_at", "posts", ["recheck_at"], postgresql_where=sa.text("recheck_at IS NOT NULL"))
    _hosts()
    _hook_deliveries()
    _held_items()


def downgrade() -> None:
    """Take them away again, with all that is in them."""
    for table in ("held_items", "hook_deliveries", "hosts"):
        op.drop_table(table)
    op.drop_index("ix_posts_recheck_at", "posts")
    for table, columns in (
        ("posts", ("recheck_at", "sealed_ref", "mapper_version")),
        ("collection_runs", ("purpose",)),
        ("sources", ("last_complete_at", "keep_days", "host", "credentials")),
    ):
        for column in columns:
            op.drop_column(table, column)


def _hosts() -> None:
    op.create_table(
        "hosts",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("open_until", sa.DateTime(timezone=True)),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_hosts")),
    )


def _hook_deliveries() -> None:
    op.create_table(
        "hook_deliveries",
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("fk_hook_deliveries_source_id_sources"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("source_id", "digest", name=op.f("pk_hook_deliveries")),
    )
    op.create_index(op.f("ix_hook_deliveries_received_at"), "hook_deliveries", ["received_at"])


def _held_items() -> None:
    op.create_table(
        "held_items",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("native_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text()),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("fk_held_items_source_id_sources"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held_items")),
        sa.UniqueConstraint("source_id", "native_id", name=op.f("uq_held_items_source_id_native_id")),
    )
