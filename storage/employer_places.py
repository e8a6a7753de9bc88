"""The employer side by place and by team, where the source itself names them and enough people stand behind each.

Nothing is guessed from texts. A name that fewer than five people share is not even listed.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from metrics.gaps import Heard
from metrics.suppress import Cell, suppress_breakdown
from storage.profile import own_company
from storage.theme_voices import Voice
from storage.viewer import Viewer, count_labels

TRAITS = ("location", "team")
_REST = ""

_PLACES = text("""
SELECT place, count(*) AS mentions, count(*) FILTER (WHERE sentiment IN ('positive', 'neutral', 'negative')) AS judged,
    count(*) FILTER (WHERE sentiment = 'positive') AS positive,
    count(*) FILTER (WHERE sentiment = 'negative') AS negative, count(DISTINCT author) AS people
FROM (
    SELECT m.sentiment, left(btrim(coalesce(p.stated ->> :trait, '')), 100) AS place, coalesce(m.author_key,
        CASE WHEN p.kind <> 'survey' THEN m.id::text ELSE 'nobody ' || row_number() OVER (
            PARTITION BY p.stated ->> :trait, p.title, m.author_key ORDER BY m.id) END) AS author
    FROM mentions m JOIN posts p ON p.id = m.post_id
    WHERE m.company_id = :company AND m.published_at >= :start AND m.published_at < :end AND m.counted
      AND NOT m.own_account AND m.facet = ANY(CAST(:facets AS text[]))
) said GROUP BY 1 ORDER BY mentions DESC, 1
""")


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """What is said of a place or team."""

    name: str
    voice: Voice


@dataclass(frozen=True, slots=True)
class Places:
    """The names that may be shown, the most frequent first; how many mentions name none is None where it must not be
    told. `hidden`: whether names were left out."""

    trait: str
    rows: tuple[PlaceRow, ...]
    unnamed: int | None
    hidden: bool


def places(session: Session, viewer: Viewer, trait: str, start: datetime, end: datetime) -> Places:
    """By "location" or "team"; raises `NotAllowed` without the employer side."""
    if trait not in TRAITS:
        raise ValueError(f"trait: {trait!r} is not one of {', '.join(TRAITS)}")
    own = own_company(session)
    values = {
        "company": own.id if own else -1,
        "trait": trait,
        "start": start,
        "end": end,
        "facets": count_labels(viewer, "employer"),
    }
    voices = {
        row.place: Voice(row.mentions, row.positive, Heard(row.judged, row.negative, row.people))
        for row in session.execute(_PLACES, values)
    }
    cells = [Cell(name, voice.mentions, voice.heard.people) for name, voice in voices.items()]
    shown = suppress_breakdown(cells, set(voices) - {_REST}).cells
    visible = [cell.key for cell in shown if not cell.suppressed]
    rows = tuple(PlaceRow(name, voices[name]) for name in visible if name != _REST)
    unnamed = voices[_REST].mentions if _REST in visible else None if _REST in voices else 0
    return Places(trait, rows, unnamed, any(cell.suppressed and cell.key != _REST for cell in shown))
