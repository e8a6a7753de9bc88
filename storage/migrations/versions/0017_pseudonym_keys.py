"""The keys of pseudonyms, the older ones sealed under the newest; feedback in groups of five; days instead of times for
whoever left the programme."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


_LINKS = "SELECT l.id FROM links l JOIN advocates a ON a.id = l.advocate_id WHERE a.left_at IS NOT NULL"
_SHARES = "SELECT s.id FROM shares s JOIN advocates a ON a.id = s.advocate_id WHERE a.left_at IS NOT NULL"
# As `storage.leaving` does it from now on.
_DAYS_OF_WHO_LEFT = (
    """DELETE FROM share_readings r WHERE r.share_id IN (<shares>) AND EXISTS (SELECT FROM share_readings n
    WHERE n.share_id = r.share_id AND n.counter = r.counter AND n.observed_at > r.observed_at
    AND date_trunc('day', n.observed_at, 'UTC') = date_trunc('day', r.observed_at, 'UTC'))""",
    "UPDATE share_readings SET observed_at = date_trunc('day', observed_at, 'UTC') WHERE share_id IN (<shares>)",
    "UPDATE clicks SET at = date_trunc('day', at, 'UTC'), visitor = NULL WHERE link_id IN (<links>)",
    """UPDATE career_visits SET visitor = NULL, began_at = date_trunc('day', began_at, 'UTC'),
    jobs_at = date_trunc('day', jobs_at, 'UTC'), applied_at = date_trunc('day', applied_at, 'UTC')
    WHERE link_id IN (<links>)""",
    "UPDATE links SET closed_at = date_trunc('day', closed_at, 'UTC') WHERE id IN (<links>)",
    "UPDATE advocates SET left_at = date_trunc('day', left_at, 'UTC') WHERE left_at IS NOT NULL",
)


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

    for statement in _DAYS_OF_WHO_LEFT:
        op.execute(statement.replace("<links>", _LINKS).replace("<shares>", _SHARES))


def downgrade() -> None:
    """Take both away again, unless authors would be cut off."""
    op.execute(
        "DO $$ BEGIN IF EXISTS (SELECT FROM pseudonym_keys WHERE generation > 0) THEN RAISE EXCEPTION "
        "'The key of the pseudonyms was rotated: without this table nobody is known again.'; END IF; END $$"
    )
    op.drop_column("campaign_feedback", "group_of_five")
    op.drop_table("pseudonym_keys")
