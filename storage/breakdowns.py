"""Counts of one window by one trait.

What is counted by audience comes from the days that `storage.blocks` tells, and not by source where staff spoke; of
whom is not told stands in a cell "rest". What `storage.counted` leaves out is in no cell.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from metrics.suppress import MIN_AUTHORS
from nlp.themes import theme_facets
from storage.answers import DAY_CELLS
from storage.asked import Asked, asked
from storage.blocks import JOIN_DAYS, REST, TOLD, ToldDays
from storage.counted import COUNTED, MENTIONS
from storage.theme_blocks import theme_days
from storage.theme_cells import THEME_CELLS, kept_days
from storage.viewer import Viewer

SENTIMENTS = ("positive", "neutral", "negative", "unsure")
BY = ("audience", "facet", "sentiment", "source", "theme")
_FEW = 200  # mentions of a theme from which on nobody asks how many people stand behind it


@dataclass(frozen=True, slots=True)
class Cell:
    """One part of a breakdown; None throughout where `suppressed`. `label` is for people, `key` for addresses."""

    key: str
    label: str
    mentions: int | None
    stories: int | None
    positive: int | None
    neutral: int | None
    negative: int | None
    unsure: int | None
    suppressed: bool


_COUNTS = f"""
SELECT {{key}} AS key, {{label}} AS label, sum(r.mentions - r.owned) AS mentions, sum(r.stories) AS stories,
    sum(r.mentions - r.owned) FILTER (WHERE r.sentiment = 'positive') AS positive,
    sum(r.mentions - r.owned) FILTER (WHERE r.sentiment = 'neutral') AS neutral,
    sum(r.mentions - r.owned) FILTER (WHERE r.sentiment = 'negative') AS negative,
    sum(r.mentions - r.owned) FILTER (WHERE r.sentiment = 'unsure') AS unsure
FROM {DAY_CELLS} r JOIN sources s ON s.id = r.source_id {{join}}
WHERE r.company_id = :company AND r.hour >= :start AND r.hour < :end AND r.facet = ANY(CAST(:facets AS text[]))
  AND (CAST(:audience AS text) IS NULL OR {{told}} = :audience)
  AND (CAST(:source AS integer) IS NULL OR r.source_id = :source) AND {COUNTED}
GROUP BY 1, 2 ORDER BY mentions DESC, 1
"""  # noqa: S608 - constants
_KEYS = {
    "audience": ("{told}", "{told}"),
    "facet": ("r.facet", "r.facet"),
    "sentiment": ("r.sentiment", "r.sentiment"),
    "source": ("r.source_id::text", "s.name"),
}
# Where no audience is asked for, nothing has to be joined to tell it.
_WHOLE = {
    by: text(_COUNTS.format(key=key, label=label, join="", told="r.audience")) for by, (key, label) in _KEYS.items()
}
_TOLD = {
    by: text(_COUNTS.format(key=key.format(told=TOLD), label=label.format(told=TOLD), join=JOIN_DAYS, told=TOLD))
    for by, (key, label) in _KEYS.items()
}
_THEMES_OF = f"""
SELECT r.theme AS key, r.theme AS label, sum(r.mentions) AS mentions, sum(r.stories) AS stories,
    sum(r.mentions) FILTER (WHERE r.sentiment = 'positive') AS positive,
    sum(r.mentions) FILTER (WHERE r.sentiment = 'neutral') AS neutral,
    sum(r.mentions) FILTER (WHERE r.sentiment = 'negative') AS negative,
    sum(r.mentions) FILTER (WHERE r.sentiment = 'unsure') AS unsure
FROM {THEME_CELLS} r {{join}}
WHERE r.facet = ANY(CAST(:facets AS text[])) AND {{told}}
  AND (CAST(:audience AS text) IS NULL OR r.audience = :audience)
  AND (CAST(:source AS integer) IS NULL OR r.source_id = :source) AND {COUNTED}
GROUP BY 1, 2 ORDER BY mentions DESC, 1
"""  # noqa: S608 - constants
_JOIN_THEME_DAYS = """
LEFT JOIN unnest(CAST(:day_themes AS text[]), CAST(:day_facets AS text[]), CAST(:days AS timestamptz[]))
    AS d(theme, facet, day)
    ON d.theme = r.theme AND d.facet = r.facet AND d.day = date_trunc('day', r.hour, 'UTC')
"""
_THEMES = text(_THEMES_OF.format(join="", told="true"))
_THEMES_TOLD = text(
    _THEMES_OF.format(
        join=_JOIN_THEME_DAYS,
        told="(d.day IS NOT NULL OR NOT EXISTS (SELECT 1 FROM unnest(CAST(:guarded_themes AS text[]), "
        "CAST(:guarded_facets AS text[])) AS g(theme, facet) WHERE g.theme = r.theme AND g.facet = r.facet))",
    )
)
_PEOPLE_OF_THEMES = text(f"""
SELECT t.theme AS key, count(DISTINCT coalesce(r.author_key, r.id::text)) AS people
FROM {MENTIONS} r
    CROSS JOIN LATERAL unnest(r.themes) AS t(theme)
WHERE r.company_id = :company AND r.published_at >= :start AND r.published_at < :end
  AND r.facet = ANY(CAST(:facets AS text[])) AND r.counted AND NOT r.own_account AND {COUNTED}
  AND t.theme = ANY(CAST(:themes AS text[])) AND (CAST(:source AS integer) IS NULL OR r.source_id = :source)
GROUP BY 1
""")  # noqa: S608 - constants


def breakdown(
    session: Session,
    viewer: Viewer,
    company_id: int | None,
    start: datetime,
    end: datetime,
    by: str = "audience",
    *,
    facet: str | None = None,
    audience: str | None = None,
    source_id: int | None = None,
) -> tuple[Cell, ...]:
    """The window's mentions by one trait, the most frequent first, suppressed cells last.

    `start` and `end` are cut to whole hours (UTC). Themes overlap: a mention may stand in several of their cells. The
    cells of employees, alumni and staff are sums of whole blocks of days with five people; of a source there is none.
    """
    if by not in BY:
        raise ValueError(f"by: {by!r} is not one of {', '.join(BY)}")
    wanted = asked(session, viewer, company_id, start, end, facet, audience, source_id)
    return _by_theme(session, wanted) if by == "theme" else _by(session, wanted, by)


def _by(session: Session, wanted: Asked, by: str) -> tuple[Cell, ...]:
    audience = wanted.audience
    if audience is None and by != "audience":
        return _cells(session.execute(_WHOLE[by], wanted.counted(session)))
    days = wanted.told_days(session)
    if audience is not None and (not days.told(audience) or (by == "source" and wanted.of_staff)):
        return _cells((), _parts(session, wanted, days, by))
    rows = session.execute(_TOLD[by], {**wanted.counted(session), **days.columns()}).all()
    return _cells(rows, [(name, name) for name in days.held_back()] if by == "audience" and audience is None else ())


def _parts(session: Session, wanted: Asked, days: ToldDays, by: str) -> list[tuple[str, str]]:
    """Keys and labels of the cells of an audience that is not told.

    They must not depend on when in the window somebody spoke, else empty windows would tell it hour by hour.
    """
    audience = str(wanted.audience)
    if by == "source":
        everybody = {**wanted.counted(session), "audience": None}
        return [(row.key, row.label) for row in session.execute(_WHOLE["source"], everybody)]
    keys = {"audience": [audience], "sentiment": SENTIMENTS, "facet": sorted(wanted.facets)}[by]
    return [(key, key) for key in keys]


def _by_theme(session: Session, wanted: Asked) -> tuple[Cell, ...]:
    values = {**wanted.counted(session), **kept_days(session, wanted.company_id, wanted.start, wanted.end)}
    if wanted.audience is None:
        rows = session.execute(_THEMES, values).all()
        return _cells(rows, hidden=_told_by_few(session, wanted, rows))
    days = theme_days(session, wanted)
    rows = session.execute(_THEMES_TOLD, {**values, **days.columns()}).all()
    return _cells(rows, [(theme, theme) for theme in days.held_back()])


def _told_by_few(session: Session, wanted: Asked, rows: Sequence[Row[Any]]) -> set[str]:
    """Themes of work that fewer than five people speak of."""
    employer = {theme for theme, side in theme_facets().items() if side == "employer"}
    asked_for = [row.key for row in rows if row.key in employer and row.mentions < _FEW]
    if not asked_for:
        return set()
    people = session.execute(_PEOPLE_OF_THEMES, {**wanted.counted(session), "themes": asked_for})
    return {row.key for row in people if row.people < MIN_AUTHORS}


def _cells(
    rows: Iterable[Row[Any]], named: Iterable[tuple[str, str]] = (), hidden: Collection[str] = ()
) -> tuple[Cell, ...]:
    """The rows that count anything; those hidden and those `named` that have no row come last, suppressed."""
    counted = [row for row in rows if row.mentions]
    shown = [_cell(row) for row in counted if row.key not in hidden]
    empty = {row.key: row.label for row in counted if row.key in hidden} | dict(named)
    for cell in shown:
        empty.pop(cell.key, None)
    return (*shown, *(Cell(key, label, None, None, None, None, None, None, True) for key, label in empty.items()))


def _cell(row: Row[Any]) -> Cell:
    return Cell(
        row.key,
        "not told apart" if row.key == REST else row.label,
        row.mentions,
        row.stories,
        row.positive or 0,
        row.neutral or 0,
        row.negative or 0,
        row.unsure or 0,
        False,
    )
