"""Vectors of recent mentions, topics found in them, what an incident is about, shares that take off."""

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import HALFVEC
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"

_MOMENT = sa.DateTime(timezone=True)
_WIDTH = 384


def upgrade() -> None:
    """Add the extension, columns and tables."""
    op.execute("CREATE EXTENSION IF NOT EXISTS vector")
    op.add_column("incidents", sa.Column("subject", sa.Text(), server_default="", nullable=False))
    op.drop_index("uq_incidents_open", "incidents")
    _open_incidents(["company_id", "kind", "facet", "audience", "subject"])
    op.add_column(
        "advocates", sa.Column("take_off_mails", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    _vectors()
    _topics()
    _topic_mentions()
    _take_offs()


def _open_incidents(columns: list[str]) -> None:
    op.create_index(
        "uq_incidents_open", "incidents", columns, unique=True, postgresql_where=sa.text("closed_at IS NULL")
    )


def _vectors() -> None:
    op.create_table(
        "mention_vectors",
        sa.Column("mention_id", sa.BigInteger(), nullable=False),
        sa.Column("company_id", sa.SmallInteger(), nullable=False),
        sa.Column("space", sa.Text(), nullable=False),
        sa.Column("published_at", _MOMENT, nullable=False),
        sa.Column("vector", HALFVEC(_WIDTH), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_mention_vectors_company_id_companies"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["mention_id"], ["mentions.id"], name=op.f("fk_mention_vectors_mention_id_mentions"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("mention_id", name=op.f("pk_mention_vectors")),
    )
    op.create_index("ix_mention_vectors_place", "mention_vectors", ["company_id", "space", "published_at"])


def _topics() -> None:
    op.create_table(
        "topics",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("company_id", sa.SmallInteger(), nullable=False),
        sa.Column("facet", sa.Text(), nullable=False),
        sa.Column("space", sa.Text(), nullable=False),
        sa.Column("centre", HALFVEC(_WIDTH), nullable=False),
        sa.Column("words", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        *(sa.Column(name, _MOMENT, nullable=False) for name in ("found_at", "seen_at")),
        sa.Column("ended_at", _MOMENT, nullable=True),
        *(sa.Column(name, _MOMENT, nullable=False) for name in ("first_at", "last_at")),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("stories", "mentions", "authors", "negative", "judged", "similar_before", "stories_before")
        ),
        sa.Column("incident_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_topics_company_id_companies"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_topics_incident_id_incidents"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topics")),
    )
    op.create_index("ix_topics_company_id_found_at", "topics", ["company_id", "found_at"])
    op.create_index("ix_topics_incident_id", "topics", ["incident_id"])


def _topic_mentions() -> None:
    op.create_table(
        "topic_mentions",
        sa.Column("topic_id", sa.BigInteger(), nullable=False),
        sa.Column("mention_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mention_id"], ["mentions.id"], name=op.f("fk_topic_mentions_mention_id_mentions"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["topic_id"], ["topics.id"], name=op.f("fk_topic_mentions_topic_id_topics"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("topic_id", "mention_id", name=op.f("pk_topic_mentions")),
    )
    op.create_index("ix_topic_mentions_mention_id", "topic_mentions", ["mention_id"])


def _take_offs() -> None:
    op.create_table(
        "share_take_offs",
        sa.Column("share_id", sa.BigInteger(), nullable=False),
        sa.Column("counter", sa.Text(), nullable=False),
        sa.Column("found_at", _MOMENT, nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("usual", sa.Float(), nullable=False),
        sa.Column("needed", sa.Float(), nullable=False),
        sa.Column("earlier", sa.Integer(), nullable=False),
        sa.Column("told_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["share_id"], ["shares.id"], name=op.f("fk_share_take_offs_share_id_shares"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("share_id", name=op.f("pk_share_take_offs")),
    )


def downgrade() -> None:
    """Take them away again; the extension stays, since others may use it."""
    for table in ("share_take_offs", "topic_mentions", "topics", "mention_vectors"):
        op.drop_table(table)
    op.drop_column("advocates", "take_off_mails")
    op.drop_index("uq_incidents_open", "incidents")
    op.execute("DELETE FROM incidents WHERE subject <> ''")  # several may be open where the older index allows one
    op.drop_column("incidents", "subject")
    _open_incidents(["company_id", "kind", "facet", "audience"])
