"""Answers to surveys are no public talk: no figure of what is said in public has them, only `storage.voice` does.

All of them carry the first instant of their month, as `collectors.survey_answers` sees to: that instant spares looking
at the posts of all other mentions.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

# Of a mention `m`.
ANSWER = """(m.published_at = date_trunc('month', m.published_at, 'UTC')
    AND EXISTS (SELECT 1 FROM posts p WHERE p.id = m.post_id AND p.kind = 'survey'))"""

# The rollups without them; values: `months_in` as "months".
CELLS = f"""(
    SELECT company_id, hour, source_id, facet, audience, sentiment, mentions, stories, owned FROM rollups
    UNION ALL
    SELECT m.company_id, m.published_at, m.source_id, m.facet, m.audience, m.sentiment, -1,
        CASE WHEN s.id IS NULL THEN 0 ELSE -1 END, 0
    FROM mentions m LEFT JOIN stories s ON s.id = m.story_id AND s.first_mention_id = m.id
    WHERE m.published_at = ANY(CAST(:months AS timestamptz[])) AND m.counted AND NOT m.own_account AND {ANSWER}
)"""  # noqa: S608 - a constant


def months_in(start: datetime, end: datetime) -> list[datetime]:
    """The first instants of months (UTC) in [start, end)."""
    return list(_firsts(start.astimezone(UTC), end))


def _firsts(start: datetime, end: datetime) -> Iterator[datetime]:
    first = start.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while first < end:
        if first >= start:
            yield first
        first = (first + timedelta(days=32)).replace(day=1)
