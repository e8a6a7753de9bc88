"""Rollups: kept equal to the mentions by one way of changing them, `changing`.

A cell is company × hour (UTC) × source × facet × audience × sentiment. A mention stands in it when it is `counted`;
a story stands in the cell of its `first_mention_id`. Beside the hours stand their sums by day, the same by theme and
day, and the days on which five people spoke (`storage.crowds`); `storage.recount` counts all of it anew. Order of locks
everywhere: posts by (source, native id), mentions by id, then `lock_companies`; after that nobody waits for anybody, so
there are no dead-locks.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC

from sqlalchemy import text
from sqlalchemy.orm import Session

from storage import crowds
from storage.answers import ANSWER
from storage.tallies import Change, Tally

_SLICE = {"source_id": "integer", "facet": "text", "audience": "text", "sentiment": "text"}
HOURS = Tally(
    "rollups",
    {"company_id": "smallint", "hour": "timestamptz", **_SLICE},
    ("mentions", "stories", "owned"),
)
DAYS = Tally("rollup_days", {"company_id": "smallint", "day": "timestamptz", **_SLICE}, HOURS.figures)
THEMES = Tally(
    "rollup_themes",
    {"company_id": "smallint", "day": "timestamptz", "theme": "text", **_SLICE},
    ("mentions", "stories"),
)

_COMPANY_LOCK = 0x0575  # class of the advisory locks; the object is the company's id

_STORIES_OF = text(
    "SELECT DISTINCT story_id FROM mentions WHERE id = ANY(CAST(:mentions AS bigint[])) AND story_id IS NOT NULL"
)

_CELLS = text("""
SELECT company_id, date_trunc('hour', published_at, 'UTC') AS hour, source_id, facet, audience, sentiment,
       count(*) AS mentions, 0 AS stories, count(*) FILTER (WHERE own_account) AS owned
FROM mentions WHERE id = ANY(CAST(:mentions AS bigint[])) AND counted GROUP BY 1, 2, 3, 4, 5, 6
UNION ALL
SELECT m.company_id, date_trunc('hour', m.published_at, 'UTC'), m.source_id, m.facet, m.audience, m.sentiment,
       0, count(*), 0
FROM stories s JOIN mentions m ON m.id = s.first_mention_id
WHERE s.id = ANY(CAST(:stories AS bigint[])) GROUP BY 1, 2, 3, 4, 5, 6
""")

# By theme and day; answers to surveys are told by `storage.voice` alone.
_THEMES = text(f"""
SELECT m.company_id, date_trunc('day', m.published_at, 'UTC') AS day, t.theme, m.source_id, m.facet, m.audience,
       m.sentiment, count(*) AS mentions, 0 AS stories
FROM mentions m CROSS JOIN LATERAL unnest(m.themes) AS t(theme)
WHERE m.id = ANY(CAST(:mentions AS bigint[])) AND m.counted AND NOT m.own_account AND NOT {ANSWER}
GROUP BY 1, 2, 3, 4, 5, 6, 7
UNION ALL
SELECT m.company_id, date_trunc('day', m.published_at, 'UTC'), t.theme, m.source_id, m.facet, m.audience,
       m.sentiment, 0, count(*)
FROM stories s JOIN mentions m ON m.id = s.first_mention_id CROSS JOIN LATERAL unnest(m.themes) AS t(theme)
WHERE s.id = ANY(CAST(:stories AS bigint[])) AND NOT {ANSWER} GROUP BY 1, 2, 3, 4, 5, 6, 7
""")  # noqa: S608 - a constant

# The first of a story stays as long as it may speak for it; otherwise the earliest that may.
_SETTLE = text("""
UPDATE stories s SET first_mention_id = pick.mention_id
FROM (
    SELECT st.id, coalesce(held.id, next.id) AS mention_id
    FROM stories st
    LEFT JOIN mentions held
        ON held.id = st.first_mention_id AND held.story_id = st.id AND held.counted AND NOT held.own_account
    LEFT JOIN LATERAL (
        SELECT m.id FROM mentions m
        WHERE held.id IS NULL AND m.story_id = st.id AND m.counted AND NOT m.own_account
        ORDER BY m.published_at, m.id LIMIT 1
    ) next ON true
    WHERE st.id = ANY(CAST(:stories AS bigint[]))
) pick
WHERE s.id = pick.id AND s.first_mention_id IS DISTINCT FROM pick.mention_id
""")

_DROP_DESERTED = text("""
DELETE FROM stories s WHERE s.id = ANY(CAST(:stories AS bigint[]))
  AND NOT EXISTS (SELECT 1 FROM mentions m WHERE m.story_id = s.id)
""")


def lock_companies(session: Session, company_ids: Collection[int]) -> None:
    """Let one transaction at a time change stories and rollups of a company; in order, released at its end."""
    for company_id in sorted(set(company_ids)):
        session.execute(text("SELECT pg_advisory_xact_lock(:cls, :obj)"), {"cls": _COMPANY_LOCK, "obj": company_id})


@contextmanager
def changing(session: Session, mention_ids: Collection[int], new_stories: Collection[int] = ()) -> Iterator[None]:
    """Change labels, story, `counted` or existence of mentions in the block; cells and stories follow.

    The caller holds the mentions' rows and their companies' locks. `new_stories` are those that mentions join inside.
    """
    ids = list(mention_ids)
    stories = sorted({*new_stories, *session.scalars(_STORIES_OF, {"mentions": ids})})
    cells, themes = _contributions(session, ids, stories)
    yield
    settle(session, stories)
    session.execute(_DROP_DESERTED, {"stories": stories})
    cells_now, themes_now = _contributions(session, ids, stories)
    cells_now.subtract(cells)
    themes_now.subtract(themes)
    HOURS.apply(session, cells_now)
    days = _by_day(cells_now)
    DAYS.apply(session, days)
    THEMES.apply(session, themes_now)
    crowds.follow(session, [(company, day, facet, audience) for (company, day, _, facet, audience, _), _ in days])


def settle(session: Session, stories: Collection[int]) -> None:
    """Give each story the mention that may speak for it."""
    session.execute(_SETTLE, {"stories": list(stories)})


def _contributions(session: Session, mentions: list[int], stories: list[int]) -> tuple[Change, Change]:
    """What these mentions and stories add to the cells now, and to those by theme."""
    values = {"mentions": mentions, "stories": stories}
    return HOURS.read(session.execute(_CELLS, values).all()), THEMES.read(session.execute(_THEMES, values).all())


def _by_day(change: Change) -> Change:
    """Changes of hourly cells as those of the days (UTC) that they lie in."""
    days: Change = Counter()
    for ((company, hour, *slice_), name), value in change.items():
        days[(company, hour.astimezone(UTC).replace(hour=0), *slice_), name] += value
    return days
