"""Which days count for an audience per theme: as in `storage.blocks`, theme by theme.

Five people who speak of pay are a block of "pay"; that as many spoke of anything at all is not enough. And a block of
a theme is told only of days that are told of the audience as a whole, so that it tells no more than those.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from metrics.blocks import UNKNOWN, blocks, dark_days, days_within
from storage.asked import Asked
from storage.blocks import OTHERS, STAFF, Heads, Span, midnight, span
from storage.viewer import STAFF_AUDIENCES

Part = tuple[str, str]  # theme, facet label
Voices = Mapping[str, Mapping[date, frozenset[str]]]  # by audience

_VOICES = text("""
SELECT theme, facet, audience, day, array_agg(DISTINCT author) FILTER (WHERE question IS NULL) AS people,
    array_agg(question) FILTER (WHERE question IS NOT NULL) AS questions
FROM (
    SELECT t.theme, m.facet, m.audience, date_trunc('day', m.published_at, 'UTC') AS day,
        coalesce(m.author_key, m.id::text) AS author, CASE WHEN m.author_key IS NULL THEN (
            SELECT concat(p.source_id, ' ', p.title) FROM posts p WHERE p.id = m.post_id AND p.kind = 'survey'
            ) END AS question
    FROM mentions m CROSS JOIN LATERAL unnest(m.themes) AS t(theme)
    WHERE m.company_id = :company AND m.published_at >= :start AND m.published_at < :end
      AND m.audience = ANY(CAST(:audiences AS text[])) AND m.facet = ANY(CAST(:facets AS text[])) AND m.counted
      AND NOT m.own_account
) said GROUP BY 1, 2, 3, 4 ORDER BY day
""")


@dataclass(frozen=True, slots=True)
class ThemeDays:
    """The days that count for an audience, per theme and label on which staff spoke in the quarters of the window.

    Of other themes and labels everything is told.
    """

    days: Mapping[Part, frozenset[date]]

    def held_back(self) -> list[str]:
        """The themes of which nothing is told on any of these labels."""
        told = {theme for (theme, _), days in self.days.items() if days}
        return sorted({theme for theme, _ in self.days} - told)

    def columns(self) -> dict[str, object]:
        """Parallel lists for `unnest`: the days that count, and the parts where that matters."""
        rows = [(*part, midnight(day)) for part, days in self.days.items() for day in days]
        return {
            "day_themes": [row[0] for row in rows],
            "day_facets": [row[1] for row in rows],
            "days": [row[2] for row in rows],
            "guarded_themes": [theme for theme, _ in self.days],
            "guarded_facets": [label for _, label in self.days],
        }


def theme_days(session: Session, wanted: Asked) -> ThemeDays:
    """What of the audience asked for may be counted per theme; of a single source nothing is."""
    window = span(session, wanted.company_id, wanted.start, wanted.end)
    audience = str(wanted.audience)
    if window is None:
        return ThemeDays({})
    in_part = wanted.source_id is not None
    staff = wanted.told_days(session)
    told = {
        part: _told(audience, spoke, window, staff.days.get((part[1], audience), ())) if not in_part else frozenset()
        for part, spoke in _voices(session, wanted, window).items()
        if not STAFF_AUDIENCES.isdisjoint(spoke) and (audience in spoke or audience not in STAFF_AUDIENCES)
    }
    return ThemeDays(told)


def _told(audience: str, spoke: Voices, window: Span, staff: Collection[date]) -> frozenset[date]:
    if audience in STAFF_AUDIENCES:
        return days_within(blocks(audience, spoke, STAFF_AUDIENCES), window.first, window.until, staff)
    clear = frozenset(window.days()) - dark_days(spoke, STAFF_AUDIENCES)
    return clear if audience in OTHERS else frozenset()


def _voices(session: Session, wanted: Asked, window: Span) -> dict[Part, dict[str, dict[date, frozenset[str]]]]:
    start, end = window.gathered()
    values = {**wanted.values(), "start": start, "end": end, "audiences": [*STAFF, UNKNOWN]}
    voices: dict[Part, dict[str, dict[date, frozenset[str]]]] = defaultdict(lambda: defaultdict(dict))
    heads = Heads()
    for row in session.execute(_VOICES, values):
        day, people = heads.of(row, row.theme, row.facet, row.audience)
        voices[row.theme, row.facet][row.audience][day] = people
    return voices
