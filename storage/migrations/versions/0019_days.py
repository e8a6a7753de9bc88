"""Counts by day and by theme, and days with five people, so that pages do not read hours and mentions.

Indexes on the few posts with stars, places and teams, and on answers to surveys; the index by slice holds all that is
counted of mentions.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

_DAYS = """
INSERT INTO rollup_days (company_id, day, source_id, facet, audience, sentiment, mentions, stories, owned)
SELECT company_id, date_trunc('day', hour, 'UTC'), source_id, facet, audience, sentiment, sum(mentions), sum(stories),
       sum(owned)
FROM rollups GROUP BY 1, 2, 3, 4, 5, 6
"""
_THEMES = """
INSERT INTO rollup_themes (company_id, day, theme, source_id, facet, audience, sentiment, mentions, stories)
SELECT m.company_id, date_trunc('day', m.published_at, 'UTC'), t.theme, m.source_id, m.facet, m.audience, m.sentiment,
       count(*), count(s.id)
FROM mentions m CROSS JOIN LATERAL unnest(m.themes) AS t(theme)
    LEFT JOIN stories s ON s.id = m.story_id AND s.first_mention_id = m.id
WHERE m.counted AND NOT m.own_account AND NOT (m.published_at = date_trunc('month', m.published_at, 'UTC')
    AND EXISTS (SELECT 1 FROM posts p WHERE p.id = m.post_id AND p.kind = 'survey'))
GROUP BY 1, 2, 3, 4, 5, 6, 7
"""
# Days on which five people spoke among the first sixty mentions, without those whom a reader put there.
_CROWDS = """
INSERT INTO crowded_days (company_id, day, facet, audience)
SELECT a.company_id, a.day, a.facet, a.audience FROM (
    SELECT DISTINCT company_id, day, facet, audience FROM rollup_days
    WHERE audience IN ('alumnus', 'employee', 'staff', 'unknown')
) a CROSS JOIN LATERAL (
    SELECT count(DISTINCT s.author) AS people FROM (
        SELECT CASE WHEN m.corrected ?| ARRAY['audience', 'facet'] THEN NULL ELSE coalesce(m.author_key, m.id::text)
            END AS author
        FROM mentions m
        WHERE m.company_id = a.company_id AND m.facet = a.facet AND m.audience = a.audience AND m.published_at >= a.day
          AND m.published_at < a.day + interval '24 hours' AND m.counted AND NOT m.own_account
          AND NOT (m.published_at = date_trunc('month', m.published_at, 'UTC')
            AND EXISTS (SELECT 1 FROM posts p WHERE p.id = m.post_id AND p.kind = 'survey'))
        ORDER BY m.published_at, m.id LIMIT 60
    ) s
) v WHERE v.people >= 5
"""


def upgrade() -> None:
    """Make the tables and count what there is."""
    _table("rollup_days", ["day"], ["mentions", "stories", "owned"])
    _table("rollup_themes", ["day", "theme"], ["mentions", "stories"])
    op.execute("SET LOCAL statement_timeout = 0")  # some minutes at ten million mentions
    op.execute(_DAYS)
    op.execute(_THEMES)
    op.create_table(
        "crowded_days",
        sa.Column("company_id", sa.SmallInteger(), nullable=False),
        sa.Column("day", sa.DateTime(timezone=True), nullable=False),
        sa.Column("facet", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name="fk_crowded_days_company_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("company_id", "day", "facet", "audience", name="pk_crowded_days"),
    )
    op.execute("ANALYZE rollup_days")
    op.execute(_CROWDS)
    reviews, places = "rating IS NOT NULL OR kind = 'review'", "stated ? 'location' OR stated ? 'team'"
    op.create_index("ix_posts_reviews", "posts", ["published_at"], postgresql_where=sa.text(reviews))
    op.create_index("ix_posts_surveys", "posts", ["published_at"], postgresql_where=sa.text("kind = 'survey'"))
    op.create_index("ix_posts_places", "posts", ["published_at"], postgresql_where=sa.text(places))
    op.drop_index("ix_mentions_slice", "mentions")
    _slices(["author_key", "post_id", "story_id", "sentiment", "themes"])


def downgrade() -> None:
    """Take them away."""
    op.drop_index("ix_mentions_slice", "mentions")
    _slices(["author_key", "post_id"])
    op.drop_index("ix_posts_places", "posts")
    op.drop_index("ix_posts_surveys", "posts")
    op.drop_index("ix_posts_reviews", "posts")
    op.drop_table("crowded_days")
    op.drop_table("rollup_themes")
    op.drop_table("rollup_days")


def _slices(include: list[str]) -> None:
    """The index by slice, with what is counted in it, so that the mentions themselves need not be read."""
    columns = ["company_id", "facet", "audience", "published_at", "id"]
    counted = sa.text("counted AND NOT own_account")
    op.create_index("ix_mentions_slice", "mentions", columns, postgresql_include=include, postgresql_where=counted)


def _table(name: str, begin: list[str], figures: list[str]) -> None:
    keys = ["company_id", *begin, "source_id", "facet", "audience", "sentiment"]
    kinds: dict[str, Any] = {
        "company_id": sa.SmallInteger(),
        "day": sa.DateTime(timezone=True),
        "source_id": sa.Integer(),
    }
    op.create_table(
        name,
        *(sa.Column(key, kinds.get(key, sa.Text()), nullable=False) for key in keys),
        *(sa.Column(figure, sa.Integer(), nullable=False) for figure in figures),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=f"fk_{name}_company_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=f"fk_{name}_source_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint(*keys, name=f"pk_{name}"),
    )
    op.create_index(f"ix_{name}_source_id", name, ["source_id"])
