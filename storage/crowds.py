"""The days on which five people of staff, or of unknown standpoint, spoke: kept, so that pages need not look who did.

What is kept says that five spoke and not who; on other days `storage.blocks` asks the mentions. Both look at the first
mentions of a day only, and neither takes those for people whom a reader put into the group.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from metrics.blocks import UNKNOWN
from metrics.suppress import MIN_AUTHORS
from storage.answers import ANSWER
from storage.viewer import STAFF_AUDIENCES

SAMPLE = 60  # mentions of a day that are looked at; on busy days they hold five people many times over
GUARDED = (*sorted(STAFF_AUDIENCES), UNKNOWN)
Slice = tuple[int, datetime, str, str]  # company, day, facet label, audience

_ASKED = """
SELECT * FROM unnest(CAST(:companies AS smallint[]), CAST(:days AS timestamptz[]), CAST(:facets AS text[]),
    CAST(:audiences AS text[])) AS a(company_id, day, facet, audience)
"""
# Of slices `a`; values: "sample" and "least".
CROWDED = f"""
SELECT a.company_id, a.day, a.facet, a.audience FROM ({{slices}}) a CROSS JOIN LATERAL (
    SELECT count(DISTINCT s.author) AS people FROM (
        SELECT CASE WHEN m.corrected ?| ARRAY['audience', 'facet'] THEN NULL ELSE coalesce(m.author_key, m.id::text)
            END AS author
        FROM mentions m
        WHERE m.company_id = a.company_id AND m.facet = a.facet AND m.audience = a.audience AND m.published_at >= a.day
          AND m.published_at < a.day + interval '24 hours' AND m.counted AND NOT m.own_account AND NOT {ANSWER}
        ORDER BY m.published_at, m.id LIMIT :sample
    ) s
) v WHERE v.people >= :least
"""  # noqa: S608 - a constant
_FOLLOW = text(f"""
WITH asked AS ({_ASKED}), crowded AS MATERIALIZED ({CROWDED.format(slices="TABLE asked")}), gone AS (
    DELETE FROM crowded_days d USING asked a
    WHERE (d.company_id, d.day, d.facet, d.audience) = (a.company_id, a.day, a.facet, a.audience)
      AND (a.company_id, a.day, a.facet, a.audience) NOT IN (TABLE crowded)
)
INSERT INTO crowded_days (company_id, day, facet, audience) TABLE crowded ON CONFLICT DO NOTHING
""")  # noqa: S608 - constants
_SLICES_OF = text("""
SELECT DISTINCT company_id, date_trunc('day', published_at, 'UTC') AS day, facet, audience FROM mentions
WHERE post_id = ANY(CAST(:posts AS bigint[])) AND counted AND audience = ANY(CAST(:guarded AS text[]))
""")
# Every slice that has a mention.
SLICES = f"SELECT DISTINCT company_id, day, facet, audience FROM rollup_days WHERE audience IN {GUARDED!r}"  # noqa: S608
VALUES = {"sample": SAMPLE, "least": MIN_AUTHORS}


def follow(session: Session, slices: Collection[Slice]) -> None:
    """Look at these days anew; the caller holds the companies' locks."""
    found = sorted({each for each in slices if each[3] in GUARDED})
    if found:
        names = ("companies", "days", "facets", "audiences")
        session.execute(_FOLLOW, {name: [each[at] for each in found] for at, name in enumerate(names)} | VALUES)


def follow_posts(session: Session, posts: Collection[int]) -> None:
    """The same for the days of these posts, whose authors changed."""
    rows = session.execute(_SLICES_OF, {"posts": list(posts), "guarded": list(GUARDED)})
    follow(session, [(row.company_id, row.day, row.facet, row.audience) for row in rows])
