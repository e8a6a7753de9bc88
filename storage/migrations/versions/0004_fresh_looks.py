"""Posts: the last fresh look; indexes for retention per source and for runs under way per host."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add them."""
    op.add_column("posts", sa.Column("renewed_at", sa.DateTime(timezone=True)))
    op.create_index("ix_posts_source_id_collected_at", "posts", ["source_id", "collected_at"])
    op.create_index("ix_sources_claimed_host", "sources", ["host"], postgresql_where=sa.text("claimed_at IS NOT NULL"))


def downgrade() -> None:
    """Take them away again."""
    op.drop_index("ix_sources_claimed_host", "sources")
    op.drop_index("ix_posts_source_id_collected_at", "posts")
    op.drop_column("posts", "renewed_at")
