"""Counting the mentions anew, to prove what is kept (`check`) or to put it right (`mend`)."""

from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.orm import Session

from storage import crowds
from storage.answers import ANSWER
from storage.cells import DAYS, HOURS, THEMES, lock_companies, settle
from storage.tallies import Tally

_PATIENTLY = text("SET LOCAL statement_timeout = 0")  # ten million mentions take minutes
_SHOWN = 100  # wrong cells of a table that are named

_TRUE_HOURS = """
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
"""
_TRUE_DAYS = """
SELECT company_id, date_trunc('day', hour, 'UTC') AS day, source_id, facet, audience, sentiment,
       sum(mentions) AS mentions, sum(stories) AS stories, sum(owned) AS owned
FROM rollups GROUP BY 1, 2, 3, 4, 5, 6
"""
_TRUE_THEMES = f"""
SELECT m.company_id, date_trunc('day', m.published_at, 'UTC') AS day, t.theme, m.source_id, m.facet, m.audience,
       m.sentiment, count(*) AS mentions, count(s.id) AS stories
FROM mentions m CROSS JOIN LATERAL unnest(m.themes) AS t(theme)
    LEFT JOIN stories s ON s.id = m.story_id AND s.first_mention_id = m.id
WHERE m.counted AND NOT m.own_account AND NOT {ANSWER} GROUP BY 1, 2, 3, 4, 5, 6, 7
"""  # noqa: S608 - a constant
_TRUTH = ((HOURS, _TRUE_HOURS), (DAYS, _TRUE_DAYS), (THEMES, _TRUE_THEMES))

_CROWDED = crowds.CROWDED.format(slices=crowds.SLICES)
_CROWDS = text(f"INSERT INTO crowded_days (company_id, day, facet, audience) {_CROWDED}")
_KEPT = "SELECT company_id, day, facet, audience FROM crowded_days"
_CROWDS_WRONG = text(f"({_KEPT} EXCEPT {_CROWDED}) UNION ALL ({_CROWDED} EXCEPT {_KEPT})")

_STRAY_FIRSTS = text("""
SELECT s.id FROM stories s LEFT JOIN mentions m ON m.id = s.first_mention_id
WHERE s.first_mention_id IS NOT NULL AND (m.story_id IS DISTINCT FROM s.id OR NOT m.counted OR m.own_account)
ORDER BY 1
""")


def check(session: Session) -> list[str]:
    """Count the mentions anew and compare: one sentence per cell that is wrong, empty when all are right."""
    session.execute(_PATIENTLY)
    wrong = [problem for tally, truth in _TRUTH for problem in _differences(session, tally, truth)]
    wrong += [f"crowded_days, {_list(row)}: wrong" for row in session.execute(_CROWDS_WRONG, crowds.VALUES)]
    firsts = session.scalars(_STRAY_FIRSTS).all()[:_SHOWN]
    return wrong + [f"story {story}: its first mention cannot speak for it" for story in firsts]


def mend(session: Session) -> None:
    """Write all counts anew from the mentions; nobody else changes any until the transaction ends."""
    session.execute(_PATIENTLY)
    lock_companies(session, session.scalars(text("SELECT id FROM companies")).all())
    settle(session, session.scalars(_STRAY_FIRSTS).all())
    _write(session, _TRUTH)
    _write_crowds(session)


def mend_days(session: Session) -> None:
    """Write anew what follows from right hourly counts: days, themes, and where five people spoke."""
    session.execute(_PATIENTLY)
    _write(session, _TRUTH[1:])
    _write_crowds(session)


def _write(session: Session, tables: Iterable[tuple[Tally, str]]) -> None:
    for tally, truth in tables:
        columns = ", ".join((*tally.keys, *tally.figures))
        session.execute(text(f"DELETE FROM {tally.table}"))  # noqa: S608 - a name of our own
        session.execute(text(f"INSERT INTO {tally.table} ({columns}) {truth}"))


def _write_crowds(session: Session) -> None:
    session.execute(text("DELETE FROM crowded_days"))
    session.execute(_CROWDS, crowds.VALUES)


def _differences(session: Session, tally: Tally, truth: str) -> list[str]:
    keys, figures = ", ".join(tally.keys), tally.figures
    right, kept = (", ".join(f"coalesce({side}.{name}, 0)" for name in figures) for side in "tr")
    query = f"""
        WITH truth AS ({truth}) SELECT {keys}, {right}, {kept}
        FROM truth t FULL JOIN {tally.table} r USING ({keys})
        WHERE ({right}) IS DISTINCT FROM ({kept}) ORDER BY {keys} LIMIT {_SHOWN}
    """  # noqa: S608 - constants
    first, second = len(tally.keys), len(tally.keys) + len(figures)
    return [
        f"{tally.table}, {_list(row[:first])}: {', '.join(figures)} are {_list(row[first:second])} "
        f"but {_list(row[second:])} are kept"
        for row in session.execute(text(query))
    ]


def _list(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))
