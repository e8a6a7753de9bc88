"""Reach and attribution: one link per person, content and channel; batches of clicks; visits to the careers pages."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_AT = sa.DateTime(timezone=True)
_ONE_LINK = "uq_links_advocate_id_content_id_channel"


def upgrade() -> None:
    """Add tables and the rule."""
    op.create_index(
        _ONE_LINK,
        "links",
        ["advocate_id", "content_id", "channel"],
        unique=True,
        postgresql_where=sa.text("content_id IS NOT NULL AND closed_at IS NULL"),
    )
    op.create_table(
        "click_batches",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("stored_at", _AT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_click_batches")),
    )
    _visits()


def _visits() -> None:
    op.create_table(
        "career_visits",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("visitor", sa.LargeBinary(), nullable=True),
        sa.Column("reference", sa.LargeBinary(), nullable=True),
        sa.Column("link_id", sa.BigInteger(), nullable=True),
        sa.Column("campaign", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("began_at", _AT, nullable=False),
        sa.Column("jobs_at", _AT, nullable=True),
        sa.Column("applied_at", _AT, nullable=True),
        sa.Column("demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(["link_id"], ["links.id"], name=op.f("fk_career_visits_link_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_career_visits")),
    )
    op.create_index("uq_career_visits_day_host_visitor", "career_visits", ["day", "host", "visitor"], unique=True)
    op.create_index("uq_career_visits_reference", "career_visits", ["reference"], unique=True)
    op.create_index(op.f("ix_career_visits_link_id"), "career_visits", ["link_id"])


def downgrade() -> None:
    """Take them away."""
    op.drop_table("career_visits")
    op.drop_table("click_batches")
    op.drop_index(_ONE_LINK, table_name="links")
