"""Sources: the company that their reviews and survey answers are about."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column."""
    op.add_column("sources", sa.Column("about", sa.Text(), server_default="text", nullable=False))


def downgrade() -> None:
    """Take it away again."""
    op.drop_column("sources", "about")
