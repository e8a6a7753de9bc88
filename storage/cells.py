"""Hourly rollups: kept equal to the mentions by one way of changing them, `changing`.

A cell is company × hour (UTC) × source × facet × audience × sentiment. A mention stands in it when it is `counted`;
a story stands in the cell of its `first_mention_id`. Order of locks everywhere: posts by (source, native id), mentions
by id, then `lock_companies`; after that nobody waits for anybody, so there are no dead-locks.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

Cell = tuple[int, datetime, int, str, str, str]  # company, hour, source, facet, audience, sentiment
_FIGURES = ("mentions", "stories", "owned")

_COMPANY_LOCK = 0x0575  # class of the advisory locks; the object is the company's id

_STORIES_OF = text(
    "SELECT DISTINCT story_id FROM mentions WHERE id = ANY(CAST(:mentions AS bigint[])) AND story_id IS NOT NULL"
)

_CONTRIBUTIONS = text("""
SELECT company_id, date_trunc('hour', published_at, 'UTC') AS hour, source_id, facet, audience, sentiment,
       count(*) AS mentions, 0 AS stories, count(*) FILTER (WHERE own_account) AS owned
FROM mentions WHERE id = ANY(CAST(:mentions AS bigint[])) AND counted GROUP BY 1, 2, 3, 4, 5, 6
UNION ALL
SELECT m.company_id, date_trunc('hour', m.published_at, 'UTC'), m.source_id, m.facet, m.audience, m.sentiment,
       0, count(*), 0
FROM stories s JOIN mentions m ON m.id = s.first_mention_id
WHERE s.id = ANY(CAST(:stories AS bigint[])) GROUP BY 1, 2, 3, 4, 5, 6
""")

_ADD = text("""
INSERT INTO rollups (company_id, hour, source_id, facet, audience, sentiment, mentions, stories, owned)
SELECT * FROM unnest(CAST(:companies AS smallint[]), CAST(:hours AS timestamptz[]), CAST(:sources AS integer[]),
    CAST(:facets AS text[]), CAST(:audiences AS text[]), CAST(:sentiments AS text[]), CAST(:mentions AS integer[]),
    CAST(:stories AS integer[]), CAST(:owned AS integer[]))
ON CONFLICT (company_id, hour, source_id, facet, audience, sentiment) DO UPDATE SET
    mentions = rollups.mentions + excluded.mentions,
    stories = rollups.stories + excluded.stories,
    owned = rollups.owned + excluded.owned
""")

_DROP_EMPTY = text("""
DELETE FROM rollups r USING unnest(CAST(:companies AS smallint[]), CAST(:hours AS timestamptz[]),
    CAST(:sources AS integer[]), CAST(:facets AS text[]), CAST(:audiences AS text[]), CAST(:sentiments AS text[]))
    AS c(company_id, hour, source_id, facet, audience, sentiment)
WHERE r.company_id = c.company_id AND r.hour = c.hour AND r.source_id = c.source_id AND r.facet = c.facet
  AND r.audience = c.audience AND r.sentiment = c.sentiment AND r.mentions = 0 AND r.stories = 0 AND r.owned = 0
""")

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

_CHECK = text("""
WITH truth AS (
    SELECT company_id, hour, source_id, facet, audience, sentiment,
           sum(mentions) AS mentions, sum(stories) AS stories, sum(owned) AS owned
    FROM (
        SELECT company_id, date_trunc('hour', published_at, 'UTC') AS hour, source_id, facet, audience, sentiment,
               count(*) AS mentions, 0 AS stories, count(*) FILTER (WHERE own_account) AS owned
        FROM mentions WHERE counted GROUP BY 1, 2, 3, 4, 5, 6
        UNION ALL
        SELECT m.company_id, date_trunc('hour', m.published_at, 'UTC'), m.source_id, m.facet, m.audience, m.sentiment,
               0, count(DISTINCT m.story_id), 0
        FROM (
            SELECT DISTINCT ON (s.id) m.* FROM stories s JOIN mentions m ON m.story_id = s.id
            WHERE m.counted AND NOT m.own_account ORDER BY s.id, (m.id = s.first_mention_id) DESC, m.published_at, m.id
        ) m GROUP BY 1, 2, 3, 4, 5, 6
    ) parts GROUP BY 1, 2, 3, 4, 5, 6
)
SELECT company_id, hour, source_id, facet, audience, sentiment,
       coalesce(t.mentions, 0), coalesce(t.stories, 0), coalesce(t.owned, 0),
       coalesce(r.mentions, 0), coalesce(r.stories, 0), coalesce(r.owned, 0)
FROM truth t FULL JOIN rollups r USING (company_id, hour, source_id, facet, audience, sentiment)
WHERE (coalesce(t.mentions, 0), coalesce(t.stories, 0), coalesce(t.owned, 0))
   IS DISTINCT FROM (coalesce(r.mentions, 0), coalesce(r.stories, 0), coalesce(r.owned, 0))
ORDER BY 1, 2, 3, 4, 5, 6 LIMIT 100
""")

_STRAY_FIRSTS = text("""
SELECT s.id FROM stories s LEFT JOIN mentions m ON m.id = s.first_mention_id
WHERE s.first_mention_id IS NOT NULL AND (m.story_id IS DISTINCT FROM s.id OR NOT m.counted OR m.own_account)
ORDER BY 1 LIMIT 100
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
    before = _contributions(session, ids, stories)
    yield
    session.execute(_SETTLE, {"stories": stories})
    session.execute(_DROP_DESERTED, {"stories": stories})
    after = _contributions(session, ids, stories)
    after.subtract(before)
    _apply(session, after)


def check(session: Session) -> list[str]:
    """Count the mentions anew and compare: one sentence per cell that is wrong, empty when all are right."""
    wrong = [
        f"company {row[0]}, {row[1]:%Y-%m-%d %H:%M}, source {row[2]}, {row[3]}/{row[4]}/{row[5]}: "
        f"mentions, stories, owned are {row[6]}, {row[7]}, {row[8]} but {row[9]}, {row[10]}, {row[11]} are kept"
        for row in session.execute(_CHECK)
    ]
    return wrong + [f"story {row[0]}: its first mention cannot speak for it" for row in session.execute(_STRAY_FIRSTS)]


def _contributions(session: Session, mentions: list[int], stories: list[int]) -> Counter[tuple[Cell, str]]:
    """What these mentions and stories add to the cells now."""
    figures: Counter[tuple[Cell, str]] = Counter()
    for row in session.execute(_CONTRIBUTIONS, {"mentions": mentions, "stories": stories}):
        cell: Cell = (row[0], row[1], row[2], row[3], row[4], row[5])
        for name, value in zip(_FIGURES, row[6:], strict=True):
            figures[cell, name] += value
    return figures


def _apply(session: Session, change: Counter[tuple[Cell, str]]) -> None:
    cells = sorted({cell for (cell, _), value in change.items() if value})
    if not cells:
        return
    names = ("companies", "hours", "sources", "facets", "audiences", "sentiments")
    keys: dict[str, list[object]] = {name: [cell[at] for cell in cells] for at, name in enumerate(names)}
    session.execute(_ADD, keys | {name: [change[cell, name] for cell in cells] for name in _FIGURES})
    fallen = [cell for cell in cells if any(change[cell, name] < 0 for name in _FIGURES)]
    if fallen:
        session.execute(_DROP_EMPTY, {name: [cell[at] for cell in fallen] for at, name in enumerate(names)})
