"""The employer side by place and by team, where the source itself names them and enough people stand behind each.

Nothing is guessed from texts. A name is listed once five people share it, in public or in surveys, and each of these is
counted by whole blocks of days. What `storage.counted` leaves out is in none. Readers who file a mention elsewhere
move no bound of a block, and make none larger.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from storage.blocks import in_blocks, span
from storage.counted import COUNTED, left_out
from storage.first_labels import first_label
from storage.profile import own_company
from storage.respondents import Respondents
from storage.theme_voices import Saying, Voice, voice_of
from storage.viewer import Viewer, count_labels

TRAITS = ("location", "team")

_NAMED = f"""
SELECT place, survey, day, count(*) FILTER (WHERE here) AS mentions,
    count(*) FILTER (WHERE here AND sentiment = 'positive') AS positive,
    count(*) FILTER (WHERE here AND sentiment = 'negative') AS negative,
    count(*) FILTER (WHERE here AND sentiment IN ('positive', 'neutral', 'negative')) AS judged,
    array_agg(DISTINCT author) FILTER (WHERE here AND was AND author IS NOT NULL) AS people,
    array_agg(question) FILTER (WHERE here AND was AND author IS NULL) AS questions,
    array_agg(DISTINCT coalesce(author, id::text)) FILTER (WHERE was AND NOT here) AS gone
FROM (
    SELECT r.id, r.sentiment, date_trunc('day', r.hour, 'UTC') AS day, p.kind = 'survey' AS survey,
        left(btrim(p.stated ->> '{{trait}}'), 100) AS place,
        coalesce(r.author_key, CASE WHEN p.kind <> 'survey' THEN r.id::text END) AS author,
        concat(p.source_id, ' ', p.title) AS question,
        r.facet = ANY(CAST(:facets AS text[])) AND (p.kind = 'survey' OR {COUNTED}) AS here,
        {first_label("facet", "r")} = ANY(CAST(:facets AS text[])) AND (p.kind = 'survey' OR {COUNTED}) AS was
    FROM (SELECT m.*, m.published_at AS hour FROM mentions m) r JOIN posts p ON p.id = r.post_id
    WHERE r.company_id = :company AND p.published_at >= :start AND p.published_at < :end AND r.counted
      AND NOT r.own_account AND p.stated ? '{{trait}}'
) said WHERE place <> '' AND (here OR was) GROUP BY 1, 2, 3 ORDER BY 3, 1, 2
"""  # noqa: S608 - a constant
_PLACES = {trait: text(_NAMED.format(trait=trait)) for trait in TRAITS}


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """What is said of a place or team."""

    name: str
    voice: Voice


@dataclass(frozen=True, slots=True)
class Places:
    """The names that may be shown, the most frequent first. How many mentions have another name, or none, is not told:
    held against the total, it would tell of the surveys among them."""

    trait: str
    rows: tuple[PlaceRow, ...]


def places(session: Session, viewer: Viewer, trait: str, start: datetime, end: datetime) -> Places:
    """By "location" or "team"; raises `NotAllowed` without the employer side."""
    if trait not in TRAITS:
        raise ValueError(f"trait: {trait!r} is not one of {', '.join(TRAITS)}")
    labels = count_labels(viewer, "employer")
    own = own_company(session)
    window = span(session, own.id, start, end) if own else None
    if own is None or window is None:
        return Places(trait, ())
    first, until = window.gathered()
    said: dict[tuple[str, bool], list[Saying]] = defaultdict(list)
    before: dict[tuple[str, bool], dict[date, frozenset[str]]] = defaultdict(dict)
    respondents = Respondents()
    left = left_out(session, [own.id], labels, first, until)
    for row in session.execute(
        _PLACES[trait], {**left, "company": own.id, "start": first, "end": until, "facets": labels}
    ):
        part = (row.place, row.survey)
        day, people = respondents.of(row, row.place, str(row.survey))
        said[part].append(Saying(day, row.mentions, row.positive, row.negative, row.judged, people))
        before[part][day] = people | set(row.gone or ())
    told: dict[str, list[Saying]] = defaultdict(list)
    for part, each in said.items():
        told[part[0]] += in_blocks(each, window, before[part])
    rows = [PlaceRow(name, voice_of(each)) for name, each in told.items() if each]
    return Places(trait, tuple(sorted(rows, key=lambda row: (-row.voice.mentions, row.name))))
