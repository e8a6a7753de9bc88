"""Reach and attribution: owned posts, visits to the careers pages, clicks."""

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
