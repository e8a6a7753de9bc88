"""Care of the model: names to mark, the taxonomy of labels, heads tuned from corrections, tags checked at random."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the columns and the table."""
    op.add_column(
        "companies", sa.Column("names", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False)
    )
    op.add_column("mentions", sa.Column("taxonomy", sa.Text(), nullable=True))
    op.add_column("corrections", sa.Column("sampled", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_table(
        "tuned_models",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("heads", sa.LargeBinary(), nullable=False),
        sa.Column("figures", postgresql.JSONB(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tuned_models")),
        sa.UniqueConstraint("version", name=op.f("uq_tuned_models_version")),
    )
    op.create_index(
        "ix_tuned_models_active", "tuned_models", ["active"], unique=True, postgresql_where=sa.text("active")
    )


def downgrade() -> None:
    """Take them away again."""
    op.drop_table("tuned_models")
    op.drop_column("corrections", "sampled")
    op.drop_column("mentions", "taxonomy")
    op.drop_column("companies", "names")
