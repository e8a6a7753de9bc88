"""The index that counts people per facet label and audience in order of time."""

from alembic import op
from sqlalchemy import text

revision = "0018"
down_revision = "0017"

_COUNTED = text("counted AND NOT own_account")


def upgrade() -> None:
    """Put the label before the time, and leave out what counts nowhere."""
    op.drop_index("ix_mentions_slice", "mentions")
    op.create_index(
        "ix_mentions_slice",
        "mentions",
        ["company_id", "facet", "audience", "published_at", "id"],
        postgresql_include=["author_key", "post_id"],
        postgresql_where=_COUNTED,
    )


def downgrade() -> None:
    """Back to the time first."""
    op.drop_index("ix_mentions_slice", "mentions")
    op.create_index("ix_mentions_slice", "mentions", ["company_id", "audience", "published_at", "facet", "author_key"])
