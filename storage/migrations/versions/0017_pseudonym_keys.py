"""The keys of the authors' pseudonyms, the older ones sealed under the newest; feedback in groups of five."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Add table and column; feedback that is there is grouped by its days."""
    op.create_table(
        "pseudonym_keys",
        sa.Column("generation", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("recognised_by", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("posts_done", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("generation", name=op.f("pk_pseudonym_keys")),
    )
    number = sa.Column("group_of_five", sa.SmallInteger(), server_default=sa.text("0"), nullable=False)
    op.add_column("campaign_feedback", number)
    op.execute(
        "UPDATE campaign_feedback f SET group_of_five = (ranked.place - 1) / 5 FROM (SELECT id, row_number() OVER "
        "(PARTITION BY campaign_id ORDER BY day, id) AS place FROM campaign_feedback) ranked WHERE ranked.id = f.id"
    )


def downgrade() -> None:
    """Take both away again."""
    op.drop_column("campaign_feedback", "group_of_five")
    op.drop_table("pseudonym_keys")
