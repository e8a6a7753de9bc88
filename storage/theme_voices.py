"""Who says what of which theme, counted once for all views of a side: by audience, and inside against outside.

Themes overlap: a mention may stand in several. Survey answers without a respondent cannot be told apart; of them at
least as many people are counted as gave one and the same question an answer, never more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from metrics.gaps import Heard
from metrics.suppress import Cell, suppress_breakdown
from nlp.themes import theme_facets
from storage.profile import own_company
from storage.viewer import STAFF_AUDIENCES, Viewer, count_labels

CUSTOMERS = "csat"  # the type of surveys that customers answer; all others are answered by people who work here
SIDES = ("employer", "brand")
_PROTECTED = STAFF_AUDIENCES | {"candidate"}

_SAID = text("""
WITH said AS (
    SELECT t.theme, m.id, m.audience, m.sentiment, m.published_at >= :start AS now, m.author_key, p.kind, p.title,
        CASE WHEN p.kind <> 'survey' THEN 'outside'
             WHEN (coalesce(p.stated ->> 'survey_type', '') = :customers) = :brand THEN 'inside'
             ELSE 'other' END AS side
    FROM mentions m JOIN posts p ON p.id = m.post_id CROSS JOIN LATERAL unnest(m.themes) AS t(theme)
    WHERE m.company_id = :company AND m.published_at >= :before AND m.published_at < :end AND m.counted
      AND NOT m.own_account AND m.facet = ANY(CAST(:facets AS text[])) AND t.theme = ANY(CAST(:themes AS text[]))
), told AS (
    SELECT said.*, CASE WHEN author_key IS NOT NULL THEN author_key WHEN kind <> 'survey' THEN id::text
        ELSE 'nobody ' || row_number() OVER (PARTITION BY now, theme, side, audience, title, author_key ORDER BY id)
        END AS author
    FROM said
)
SELECT now, theme, audience, side, grouping(audience) AS all_audiences, grouping(side) AS all_sides,
    count(*) AS mentions, count(*) FILTER (WHERE sentiment IN ('positive', 'neutral', 'negative')) AS judged,
    count(*) FILTER (WHERE sentiment = 'positive') AS positive,
    count(*) FILTER (WHERE sentiment = 'negative') AS negative, count(DISTINCT author) AS people
FROM told GROUP BY GROUPING SETS ((now, theme, audience), (now, theme, side), (now, theme))
""")


@dataclass(frozen=True, slots=True)
class Voice:
    """What a group said of a theme."""

    mentions: int
    positive: int
    heard: Heard


@dataclass(frozen=True, slots=True)
class ThemeVoices:
    """One theme of one window: the whole, its audiences, and inside, outside, other surveys."""

    theme: str
    whole: Voice
    audiences: Mapping[str, Voice]
    sides: Mapping[str, Voice]

    def shown(self, audience: str | None) -> Voice | None:
        """What may be shown of an audience, or of everybody (None).

        Below five people nothing is, and nothing that gives a small group of employees, alumni or candidates away.
        """
        cells = [Cell(name, voice.mentions, voice.heard.people) for name, voice in sorted(self.audiences.items())]
        total = Cell("all", self.whole.mentions, self.whole.heard.people)
        found = suppress_breakdown(cells, _PROTECTED, total=total, total_protected=True)
        if audience is None:
            return None if found.total_suppressed else self.whole
        hidden = {cell.key for cell in found.cells if cell.suppressed}
        return None if audience in hidden else self.audiences.get(audience)

    def hidden_sides(self) -> set[str]:
        """Which of inside, outside and other surveys stay hidden, judged as parts of the whole."""
        cells = [Cell(name, voice.mentions, voice.heard.people) for name, voice in sorted(self.sides.items())]
        total = Cell("all", self.whole.mentions, self.whole.heard.people)
        found = suppress_breakdown(cells, set(self.sides), total=total, total_protected=True)
        return set(self.sides) if found.total_suppressed else {cell.key for cell in found.cells if cell.suppressed}


@dataclass(frozen=True, slots=True)
class SideVoices:
    """The themes of a side by name, in a window and in the one before."""

    now: Mapping[str, ThemeVoices]
    before: Mapping[str, ThemeVoices]


def theme_voices(
    session: Session, viewer: Viewer, side: str, start: datetime, end: datetime, before: datetime | None = None
) -> SideVoices:
    """Voices on the themes of a side ("employer", "brand") of the own company; `before`: start of the window before.

    Raises `NotAllowed` for a side outside the role.
    """
    if side not in SIDES:
        raise ValueError(f"side: {side!r} is not one of {', '.join(SIDES)}")
    labels = count_labels(viewer, side)
    own = own_company(session)
    values = {
        "company": own.id if own else -1,
        "start": start,
        "before": before or start,
        "end": end,
        "facets": labels,
        "themes": themes_of(side),
        "customers": CUSTOMERS,
        "brand": side == "brand",
    }
    windows: dict[bool, dict[str, _Parts]] = {True: {}, False: {}}
    for row in session.execute(_SAID, values):
        parts = windows[row.now].setdefault(row.theme, _Parts(row.theme, {}, {}, {}))
        voice = Voice(row.mentions, row.positive, Heard(row.judged, row.negative, row.people))
        if row.all_audiences and row.all_sides:
            parts.whole["all"] = voice
        elif row.all_sides:
            parts.audiences[row.audience] = voice
        else:
            parts.sides[row.side] = voice
    return SideVoices(_finished(windows[True]), _finished(windows[False]))


def themes_of(side: str) -> list[str]:
    """The themes of a side, in the order of the lexicon."""
    return [theme for theme, facet in theme_facets().items() if facet == side]


@dataclass(frozen=True, slots=True)
class _Parts:
    theme: str
    whole: dict[str, Voice]
    audiences: dict[str, Voice]
    sides: dict[str, Voice]


def _finished(parts: Mapping[str, _Parts]) -> dict[str, ThemeVoices]:
    return {name: ThemeVoices(name, each.whole["all"], each.audiences, each.sides) for name, each in parts.items()}
