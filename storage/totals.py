"""Counts of one window as a whole, and against rivals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from storage import db
from storage.answers import ANSWER, DAY_CELLS, days_in
from storage.asked import Asked, asked, whole_hour
from storage.blocks import JOIN_DAYS, TOLD, ToldDays
from storage.counted import COUNTED, left_out
from storage.profile import companies
from storage.sources import coverage
from storage.viewer import Viewer, count_labels


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts of a window without owned voice; None where `suppressed`. `authors` only for employees, alumni, staff."""

    mentions: int | None
    stories: int | None
    positive: int | None
    neutral: int | None
    negative: int | None
    unsure: int | None
    owned: int | None
    authors: int | None
    suppressed: bool
    coverage: float | None
    as_of: datetime | None


@dataclass(frozen=True, slots=True)
class VoiceRow:
    """A company's share of all mentions of tracked companies; `owned` stands apart and in no share."""

    company_id: int
    key: str
    name: str
    is_own: bool
    mentions: int
    stories: int
    owned: int
    share: float | None  # 0..1; None: nobody was mentioned


_COUNTS = f"""
SELECT coalesce(sum(r.mentions - r.owned), 0) AS mentions, coalesce(sum(r.stories), 0) AS stories,
    coalesce(sum(r.mentions - r.owned) FILTER (WHERE r.sentiment = 'positive'), 0) AS positive,
    coalesce(sum(r.mentions - r.owned) FILTER (WHERE r.sentiment = 'neutral'), 0) AS neutral,
    coalesce(sum(r.mentions - r.owned) FILTER (WHERE r.sentiment = 'negative'), 0) AS negative,
    coalesce(sum(r.mentions - r.owned) FILTER (WHERE r.sentiment = 'unsure'), 0) AS unsure,
    coalesce(sum(r.owned), 0) AS owned
FROM {DAY_CELLS} r {{join}}
WHERE r.company_id = :company AND r.hour >= :start AND r.hour < :end AND r.facet = ANY(CAST(:facets AS text[]))
  AND (CAST(:audience AS text) IS NULL OR {{told}} = :audience)
  AND (CAST(:source AS integer) IS NULL OR r.source_id = :source) AND {COUNTED}
"""  # noqa: S608 - constants
_WHOLE = text(_COUNTS.format(join="", told="r.audience"))
_TOLD = text(_COUNTS.format(join=JOIN_DAYS, told=TOLD))
_PEOPLE = text(f"""
SELECT count(DISTINCT coalesce(r.author_key, r.id::text)) FROM (
    SELECT m.*, m.published_at AS hour FROM mentions m
    WHERE m.company_id = :company AND m.published_at >= :start AND m.published_at < :end
      AND m.facet = ANY(CAST(:facets AS text[])) AND m.counted AND NOT m.own_account
      AND m.audience = :audience AND (CAST(:source AS integer) IS NULL OR m.source_id = :source) AND NOT {ANSWER}
) r {JOIN_DAYS.replace("LEFT JOIN", "JOIN")} WHERE {COUNTED}
""")  # noqa: S608 - constants
_VOICE = text(f"""
SELECT company_id, sum(mentions - owned) AS mentions, sum(stories) AS stories, sum(owned) AS owned
FROM {DAY_CELLS} r WHERE company_id = ANY(CAST(:companies AS smallint[])) AND hour >= :start AND hour < :end
  AND {COUNTED} AND facet = ANY(CAST(:facets AS text[]))
  AND (CAST(:sources AS integer[]) IS NULL OR source_id = ANY(CAST(:sources AS integer[])))
GROUP BY 1
""")  # noqa: S608 - constants


def totals(
    session: Session,
    viewer: Viewer,
    company_id: int | None,
    start: datetime,
    end: datetime,
    facet: str | None = None,
    audience: str | None = None,
    source_id: int | None = None,
) -> Totals:
    """Counts of a window (cut to whole hours, UTC), with coverage and the time of the latest collection.

    Answers to surveys are in no total, nor is what no block of days holds (`storage.counted`). An audience is counted
    by the days that `storage.blocks` tells of it, and not by source where staff spoke. A sum over all is always told:
    hidden where nobody but few of staff spoke, it would say so.
    """
    wanted = asked(session, viewer, company_id, start, end, facet, audience, source_id)
    cover = coverage(session, start, end, None if source_id is None else [source_id])
    latest = as_of(session)
    days = None if audience is None else wanted.told_days(session)
    columns = {} if days is None else days.columns()
    if days is not None and not days.told(str(audience)):
        return Totals(None, None, None, None, None, None, None, None, True, cover, latest)
    row = session.execute(_WHOLE if days is None else _TOLD, wanted.counted(session) | columns).one()
    authors = _people(session, wanted, days) if days is not None and wanted.of_staff else None
    return Totals(
        row.mentions,
        row.stories,
        row.positive,
        row.neutral,
        row.negative,
        row.unsure,
        row.owned,
        authors,
        False,
        cover,
        latest,
    )


def _people(session: Session, wanted: Asked, days: ToldDays) -> int:
    """Distinct authors of the audience asked for, of the days that count."""
    return session.scalar(_PEOPLE, {**wanted.counted(session), **days.columns()}) or 0


def share_of_voice(
    session: Session,
    viewer: Viewer,
    start: datetime,
    end: datetime,
    source_ids: Sequence[int] | None = None,
    facet: str | None = None,
) -> tuple[VoiceRow, ...]:
    """Own mentions against those of all tracked companies (L4), same sources and window; the own company first."""
    tracked = companies(session)
    ids, labels = [company.id for company in tracked], count_labels(viewer, facet)
    first, until = whole_hour(start), whole_hour(end)
    values = {
        "companies": ids,
        "start": first,
        "end": until,
        "facets": labels,
        "sources": None if source_ids is None else list(source_ids),
        **left_out(session, ids, labels, first, until),
        **days_in(first, until),
    }
    found = {row.company_id: row for row in session.execute(_VOICE, values)}
    everything = sum(row.mentions for row in found.values())
    voices = []
    for company in tracked:
        row = found.get(company.id)
        mentions = row.mentions if row else 0
        voices.append(
            VoiceRow(
                company.id,
                company.key,
                company.name,
                company.is_own,
                mentions,
                row.stories if row else 0,
                row.owned if row else 0,
                mentions / everything if everything else None,
            )
        )
    return tuple(voices)


def as_of(session: Session) -> datetime | None:
    """When the latest successful collection or import ended; None before the first."""
    query = "SELECT greatest(max(last_success_at), max(last_item_at)) FROM sources"
    found: datetime | None = db.remembered(session, "as of", lambda: session.scalar(text(query)))
    return found
