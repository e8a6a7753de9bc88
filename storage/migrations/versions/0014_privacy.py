"""Privacy: erasures on request, and authors whose posts are turned away."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add both tables and the index by which the posts of a person are found."""
    op.create_table(
        "erasures",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_user", sa.Integer(), nullable=True),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("posts", sa.Integer(), nullable=False),
        sa.Column("mentions", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["by_user"], ["users.id"], name=op.f("fk_erasures_by_user_users"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
    )
    op.create_table(
        "refused_authors",
        sa.Column("author_key", sa.Text(), nullable=False),
        sa.Column("erasure_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["erasure_id"],
            ["erasures.id"],
            name=op.f("fk_refused_authors_erasure_id_erasures"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("author_key", name=op.f("pk_refused_authors")),
    )
    op.create_index("ix_refused_authors_erasure_id", "refused_authors", ["erasure_id"])
    op.create_index("ix_posts_author_key", "posts", ["author_key"], postgresql_where=sa.text("author_key IS NOT NULL"))


def downgrade() -> None:
    """Take them away again."""
    op.drop_index("ix_posts_author_key", "posts")
    op.drop_table("refused_authors")
    op.drop_table("erasures")
