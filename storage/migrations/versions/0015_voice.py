"""Employer voice: drafts of answers to reviews, with who wrote and who read them."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "review_answers",
        sa.Column("mention_id", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("written_by", sa.Integer(), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_by", sa.Integer(), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["mention_id"], ["mentions.id"], name=op.f("fk_review_answers_mention_id_mentions"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["written_by"], ["users.id"], name=op.f("fk_review_answers_written_by_users"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["read_by"], ["users.id"], name=op.f("fk_review_answers_read_by_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("mention_id", name=op.f("pk_review_answers")),
    )


def downgrade() -> None:
    """Take it away again."""
    op.drop_table("review_answers")
