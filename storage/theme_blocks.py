"""Which days count for an audience per theme: as in `storage.blocks`, theme by theme.

Five people who speak of pay are a block of "pay"; that as many spoke of anything at all is not enough. And a block of
a theme is told only of days that are told of the audience as a whole, so that it tells no more than those.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date

from sqlalchemy import text
from sqlalchemy.orm import Session

from metrics.blocks import UNKNOWN, Voices, days_within, shared_blocks, told_of
from storage.answers import ANSWER
from storage.asked import Asked
from storage.blocks import Span, midnight, span
from storage.counted import COUNTED, left_out
from storage.label_blocks import OTHERS, STAFF
from storage.viewer import STAFF_AUDIENCES

Part = tuple[str, str]  # theme, facet label

_VOICES = text(f"""
SELECT t.theme, r.facet, r.audience, date_trunc('day', r.hour, 'UTC') AS day,
    array_agg(DISTINCT coalesce(r.author_key, r.id::text)) AS people
FROM (
    SELECT m.*, m.published_at AS hour FROM mentions m
    WHERE m.company_id = :company AND m.published_at >= :start AND m.published_at < :end
      AND m.audience = ANY(CAST(:audiences AS text[])) AND m.facet = ANY(CAST(:facets AS text[])) AND m.counted
      AND NOT m.own_account AND NOT {ANSWER}
) r CROSS JOIN LATERAL unnest(r.themes) AS t(theme) WHERE {COUNTED} GROUP BY 1, 2, 3, 4 ORDER BY day
""")  # noqa: S608 - constants


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
    """The days told of an audience; of staff none that is not told of them as a whole."""
    found = told_of(audience, shared_blocks(spoke, STAFF_AUDIENCES), spoke, STAFF_AUDIENCES)
    among = staff if audience in STAFF_AUDIENCES else None
    clear = frozenset(window.days()).difference(*spoke.values()) if audience in OTHERS else frozenset()
    return days_within(found, window.first, window.until, among) | clear


def _voices(session: Session, wanted: Asked, window: Span) -> dict[Part, dict[str, dict[date, frozenset[str]]]]:
    start, end = window.gathered()
    left = left_out(session, [wanted.company_id], wanted.facets, start, end)
    values = {**wanted.values(), **left, "start": start, "end": end, "audiences": [*STAFF, UNKNOWN]}
    voices: dict[Part, dict[str, dict[date, frozenset[str]]]] = defaultdict(lambda: defaultdict(dict))
    for row in session.execute(_VOICES, values):
        voices[row.theme, row.facet][row.audience][row.day.astimezone(UTC).date()] = frozenset(row.people)
    return voices
