"""Answers to surveys are no public talk: no figure of what is said in public has them, only `storage.voice` does.

All of them carry the first instant of their month, as `collectors.survey_answers` sees to: that instant spares looking
at the posts of all other mentions.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

# Of a mention `m`.
ANSWER = """(m.published_at = date_trunc('month', m.published_at, 'UTC')
    AND EXISTS (SELECT 1 FROM posts p WHERE p.id = m.post_id AND p.kind = 'survey'))"""

_FIGURES = "source_id, facet, audience, sentiment, mentions, stories, owned"
_HOURS = f"SELECT company_id, hour, {_FIGURES} FROM rollups"  # noqa: S608 - a constant
_DAYS = f"SELECT company_id, day AS hour, {_FIGURES} FROM rollup_days"  # noqa: S608 - a constant
_ANSWERS = f"""
    SELECT m.company_id, m.published_at, m.source_id, m.facet, m.audience, m.sentiment, -1,
        CASE WHEN s.id IS NULL THEN 0 ELSE -1 END, 0
    FROM mentions m LEFT JOIN stories s ON s.id = m.story_id AND s.first_mention_id = m.id
    WHERE m.published_at = ANY(CAST(:months AS timestamptz[])) AND m.counted AND NOT m.own_account AND {ANSWER}
"""  # noqa: S608 - a constant

# The rollups without them; values: `months_in` as "months".
CELLS = f"({_HOURS} UNION ALL {_ANSWERS})"
# The same in fewer rows, where nobody asks for the hour: whole days stand in their first one; values: `days_in`, too.
DAY_CELLS = f"""(
    {_DAYS} WHERE day >= :first_day AND day < :end_day
    UNION ALL {_HOURS} WHERE hour < :first_day UNION ALL {_HOURS} WHERE hour >= :end_day
    UNION ALL {_ANSWERS}
)"""


def days_in(start: datetime, end: datetime) -> dict[str, datetime]:
    """Where the whole days (UTC) in [start, end) begin and end; where there are none, at the end."""
    first, until = _midnight(start), _midnight(end)
    first = first if first == start else first + timedelta(days=1)
    return {"first_day": first, "end_day": until} if first < until else {"first_day": end, "end_day": end}


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def months_in(start: datetime, end: datetime) -> list[datetime]:
    """The first instants of months (UTC) in [start, end)."""
    return list(_firsts(start.astimezone(UTC), end))


def _firsts(start: datetime, end: datetime) -> Iterator[datetime]:
    first = start.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while first < end:
        if first >= start:
            yield first
        first = (first + timedelta(days=32)).replace(day=1)
