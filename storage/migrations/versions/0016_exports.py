"""What retention removed: counts per day and rule, without contents."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "removals",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("kept_days", sa.Integer(), nullable=True),
        sa.Column("removed", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("day", "rule", name=op.f("pk_removals")),
    )


def downgrade() -> None:
    """Take it away again."""
    op.drop_table("removals")
