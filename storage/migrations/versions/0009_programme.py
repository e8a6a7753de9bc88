"""The programme: campaigns, what there is to share, choices of advocates, what is known of a share."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"

_AT = sa.DateTime(timezone=True)
_TEXTS = postgresql.ARRAY(sa.Text())
_NO_TEXTS = sa.text("'{}'")
_FALSE = sa.text("false")


def upgrade() -> None:
    """Add columns and tables."""
    op.add_column("advocates", sa.Column("team", sa.Text(), nullable=True))
    op.add_column("advocates", sa.Column("location", sa.Text(), nullable=True))
    op.add_column("advocates", sa.Column("visibility", sa.Text(), server_default="me", nullable=False))
    op.add_column("advocates", sa.Column("on_leaderboard", sa.Boolean(), server_default=_FALSE, nullable=False))
    op.add_column("advocates", sa.Column("weekly_mail", sa.Boolean(), server_default=sa.text("true"), nullable=False))
    _campaigns()
    _contents()
    for column in (
        sa.Column("content_id", sa.Integer(), nullable=True),
        sa.Column("campaign_id", sa.Integer(), nullable=True),
        sa.Column("signature", sa.LargeBinary(), nullable=True),
        sa.Column("disclosed", sa.Boolean(), nullable=True),
        sa.Column("edited_at", _AT, nullable=True),
        sa.Column("deleted_at", _AT, nullable=True),
        sa.Column("checked_at", _AT, nullable=True),
    ):
        op.add_column("shares", column)
    op.add_column("links", sa.Column("content_id", sa.Integer(), nullable=True))
    op.add_column("links", sa.Column("expires_at", _AT, nullable=True))
    _refer("shares", "content_id", "contents")
    _refer("shares", "campaign_id", "campaigns")
    _refer("links", "content_id", "contents")


def _refer(table: str, column: str, to: str) -> None:
    op.create_foreign_key(op.f(f"fk_{table}_{column}_{to}"), table, to, [column], ["id"], ondelete="SET NULL")
    op.create_index(f"ix_{table}_{column}", table, [column])


def _campaigns() -> None:
    op.create_table(
        "campaigns",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("facet", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.Text(), server_default="", nullable=False)
            for name in ("why", "affected", "expected", "team_briefing")
        ),
        sa.Column("early_groups", _TEXTS, server_default=_NO_TEXTS, nullable=False),
        sa.Column("embargo_until", _AT, nullable=True),
        sa.Column("starts_at", _AT, nullable=False),
        sa.Column("ends_at", _AT, nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("demo", sa.Boolean(), server_default=_FALSE, nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_campaigns_created_by_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
        sa.UniqueConstraint("key", name=op.f("uq_campaigns_key")),
    )


def _contents() -> None:
    op.create_table(
        "contents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("angle", sa.Text(), nullable=False),
        sa.Column("prompts", _TEXTS, server_default=_NO_TEXTS, nullable=False),
        *(sa.Column(name, sa.Text(), server_default="", nullable=False) for name in ("facts", "avoid", "example")),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("picture", sa.LargeBinary(), nullable=True),
        sa.Column("picture_type", sa.Text(), nullable=True),
        sa.Column("picture_alt", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), server_default="en", nullable=False),
        sa.Column("platforms", _TEXTS, server_default=_NO_TEXTS, nullable=False),
        sa.Column("available_from", _AT, nullable=False),
        sa.Column("available_until", _AT, nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("withdrawn_at", _AT, nullable=True),
        sa.Column("demo", sa.Boolean(), server_default=_FALSE, nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_contents_campaign_id_campaigns"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_contents_created_by_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contents")),
    )
    op.create_index("ix_contents_campaign_id", "contents", ["campaign_id"])


def downgrade() -> None:
    """Take them away again."""
    for table, columns in (
        ("links", ("expires_at", "content_id")),
        ("shares", ("checked_at", "deleted_at", "edited_at", "disclosed", "signature", "campaign_id", "content_id")),
        ("advocates", ("weekly_mail", "on_leaderboard", "visibility", "location", "team")),
    ):
        for column in columns:
            op.drop_column(table, column)
    op.drop_table("contents")
    op.drop_table("campaigns")
