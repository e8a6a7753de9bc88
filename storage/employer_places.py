"""The employer side by place and by team, where the source itself names them and enough people stand behind each.

Nothing is guessed from texts. A name is listed once five people share it, and counted by whole blocks of days.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from storage.blocks import Heads, in_blocks, midnight, span
from storage.profile import own_company
from storage.theme_voices import Saying, Voice, voice_of
from storage.viewer import Viewer, count_labels

TRAITS = ("location", "team")

_NAMED = """
SELECT place, day, count(*) AS mentions, count(*) FILTER (WHERE sentiment = 'positive') AS positive,
    count(*) FILTER (WHERE sentiment = 'negative') AS negative,
    count(*) FILTER (WHERE sentiment IN ('positive', 'neutral', 'negative')) AS judged,
    array_agg(DISTINCT author) FILTER (WHERE author IS NOT NULL) AS people,
    array_agg(question) FILTER (WHERE author IS NULL) AS questions
FROM (
    SELECT m.sentiment, date_trunc('day', m.published_at, 'UTC') AS day,
        left(btrim(p.stated ->> '{trait}'), 100) AS place,
        coalesce(m.author_key, CASE WHEN p.kind <> 'survey' THEN m.id::text END) AS author,
        concat(p.source_id, ' ', p.title) AS question
    FROM mentions m JOIN posts p ON p.id = m.post_id
    WHERE m.company_id = :company AND p.published_at >= :start AND p.published_at < :end AND m.counted
      AND NOT m.own_account AND m.facet = ANY(CAST(:facets AS text[])) AND p.stated ? '{trait}'
) said WHERE place <> '' GROUP BY 1, 2 ORDER BY 2, 1
"""
_PLACES = {trait: text(_NAMED.format(trait=trait)) for trait in TRAITS}
_EVERYTHING = text("""
SELECT coalesce(sum(mentions - owned), 0) FROM rollup_days
WHERE company_id = :company AND day >= :first AND day < :until AND facet = ANY(CAST(:facets AS text[]))
""")


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """What is said of a place or team."""

    name: str
    voice: Voice


@dataclass(frozen=True, slots=True)
class Places:
    """The names that may be shown, the most frequent first. `others`: the mentions of the window beside those, with
    another name or none."""

    trait: str
    rows: tuple[PlaceRow, ...]
    others: int


def places(session: Session, viewer: Viewer, trait: str, start: datetime, end: datetime) -> Places:
    """By "location" or "team"; raises `NotAllowed` without the employer side."""
    if trait not in TRAITS:
        raise ValueError(f"trait: {trait!r} is not one of {', '.join(TRAITS)}")
    labels = count_labels(viewer, "employer")
    own = own_company(session)
    window = span(session, own.id, start, end) if own else None
    if own is None or window is None:
        return Places(trait, (), 0)
    first, until = window.gathered()
    said: dict[str, list[Saying]] = defaultdict(list)
    heads = Heads()
    values = {"company": own.id, "start": first, "end": until, "facets": labels}
    for row in session.execute(_PLACES[trait], values):
        day, people = heads.of(row, row.place)
        said[row.place].append(Saying(day, row.mentions, row.positive, row.negative, row.judged, people))
    told = {name: in_blocks(each, window) for name, each in said.items()}
    rows = [PlaceRow(name, voice_of(each)) for name, each in told.items() if each]
    rows.sort(key=lambda row: (-row.voice.mentions, row.name))
    days = {"first": midnight(window.first), "until": midnight(window.until)}
    everything = session.scalar(_EVERYTHING, values | days) or 0
    return Places(trait, tuple(rows), everything - sum(row.voice.mentions for row in rows))
