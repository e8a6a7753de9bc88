"""Counts of one window, as a whole, by one trait, and against rivals."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from storage.profile import companies, own_company
from storage.sources import coverage
from storage.suppression import MIN_AUTHORS, Group, hidden_groups
from storage.viewer import STAFF_AUDIENCES, Viewer, count_labels

BY = ("audience", "facet", "sentiment", "source", "theme")


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


_COUNTS = """
SELECT {key} AS key, {label} AS label, sum(r.mentions - r.owned) AS mentions, sum(r.stories) AS stories,
    sum(r.mentions - r.owned) FILTER (WHERE r.sentiment = 'positive') AS positive,
    sum(r.mentions - r.owned) FILTER (WHERE r.sentiment = 'neutral') AS neutral,
    sum(r.mentions - r.owned) FILTER (WHERE r.sentiment = 'negative') AS negative,
    sum(r.mentions - r.owned) FILTER (WHERE r.sentiment = 'unsure') AS unsure, sum(r.owned) AS owned
FROM rollups r JOIN sources s ON s.id = r.source_id
WHERE r.company_id = :company AND r.hour >= :start AND r.hour < :end AND r.facet = ANY(CAST(:facets AS text[]))
  AND (CAST(:audience AS text) IS NULL OR r.audience = :audience)
  AND (CAST(:source AS integer) IS NULL OR r.source_id = :source)
GROUP BY 1, 2 ORDER BY mentions DESC, 1
"""
_ROLLED = {
    "total": text(_COUNTS.format(key="'all'", label="'all'")),
    "audience": text(_COUNTS.format(key="r.audience", label="r.audience")),
    "facet": text(_COUNTS.format(key="r.facet", label="r.facet")),
    "sentiment": text(_COUNTS.format(key="r.sentiment", label="r.sentiment")),
    "source": text(_COUNTS.format(key="r.source_id::text", label="s.name")),
}
_THEMES = text("""
SELECT theme AS key, theme AS label, count(*) AS mentions, count(DISTINCT m.story_id) AS stories,
    count(*) FILTER (WHERE sentiment = 'positive') AS positive,
    count(*) FILTER (WHERE sentiment = 'neutral') AS neutral,
    count(*) FILTER (WHERE sentiment = 'negative') AS negative,
    count(*) FILTER (WHERE sentiment = 'unsure') AS unsure, 0 AS owned
FROM mentions m CROSS JOIN LATERAL unnest(m.themes) AS theme
WHERE m.company_id = :company AND date_trunc('hour', m.published_at, 'UTC') >= :start
  AND m.published_at >= :start AND m.published_at < :end AND m.facet = ANY(CAST(:facets AS text[])) AND m.counted
  AND NOT m.own_account AND (CAST(:audience AS text) IS NULL OR m.audience = :audience)
  AND (CAST(:source AS integer) IS NULL OR m.source_id = :source)
GROUP BY 1, 2 ORDER BY mentions DESC, 1
""")
_AUTHORS = """
SELECT {key} AS key, count(DISTINCT coalesce(m.author_key, m.id::text)) AS authors
FROM mentions m {more}
WHERE m.company_id = :company AND m.published_at >= :start AND m.published_at < :end
  AND m.facet = ANY(CAST(:facets AS text[])) AND m.counted AND NOT m.own_account
  AND m.audience = ANY(CAST(:audiences AS text[])) AND (CAST(:source AS integer) IS NULL OR m.source_id = :source)
GROUP BY 1
"""
# The overview asks this at every visit: the first 2,000 mentions of a group settle whether it is a small one. Should
# they all come from fewer than five authors, the group stays hidden, which errs on the safe side.
_AUTHORS_OF_AUDIENCES = text("""
SELECT a.audience AS key, (
    SELECT count(DISTINCT part.author) FROM (
        SELECT coalesce(m.author_key, m.id::text) AS author FROM mentions m
        WHERE m.company_id = :company AND m.audience = a.audience AND m.published_at >= :start
          AND m.published_at < :end AND m.facet = ANY(CAST(:facets AS text[])) AND m.counted AND NOT m.own_account
          AND (CAST(:source AS integer) IS NULL OR m.source_id = :source)
        LIMIT 2000
    ) part
) AS authors
FROM unnest(CAST(:audiences AS text[])) AS a(audience)
""")
_AUTHORS_BY = {
    "total": text(_AUTHORS.format(key="'all'", more="")),
    "audience": _AUTHORS_OF_AUDIENCES,
    "facet": text(_AUTHORS.format(key="m.facet", more="")),
    "sentiment": text(_AUTHORS.format(key="m.sentiment", more="")),
    "source": text(_AUTHORS.format(key="m.source_id::text", more="")),
    "theme": text(_AUTHORS.format(key="theme", more="CROSS JOIN LATERAL unnest(m.themes) AS theme")),
}
_VOICE = text("""
SELECT company_id, sum(mentions - owned) AS mentions, sum(stories) AS stories, sum(owned) AS owned
FROM rollups WHERE company_id = ANY(CAST(:companies AS smallint[])) AND hour >= :start AND hour < :end
  AND facet = ANY(CAST(:facets AS text[]))
  AND (CAST(:sources AS integer[]) IS NULL OR source_id = ANY(CAST(:sources AS integer[])))
GROUP BY 1
""")


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
    """The window's mentions by one trait, the most frequent first; small groups come back suppressed.

    `start` and `end` are cut to whole hours (UTC). Themes overlap: a mention may stand in several of their cells.
    """
    if by not in BY:
        raise ValueError(f"by: {by!r} is not one of {', '.join(BY)}")
    values = _values(session, viewer, company_id, start, end, facet, audience, source_id)
    rows = session.execute(_THEMES if by == "theme" else _ROLLED[by], values).all()
    rows = [row for row in rows if row.mentions]
    hidden = _hidden(session, by, [(row.key, row.mentions) for row in rows], values)
    return tuple(
        Cell(row.key, row.label, None, None, None, None, None, None, True)
        if row.key in hidden
        else Cell(
            row.key,
            row.label,
            row.mentions,
            row.stories,
            row.positive or 0,
            row.neutral or 0,
            row.negative or 0,
            row.unsure or 0,
            False,
        )
        for row in rows
    )


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
    """Counts of a window (cut to whole hours, UTC), with coverage and the time of the latest collection."""
    values = _values(session, viewer, company_id, start, end, facet, audience, source_id)
    cover = coverage(session, start, end, None if source_id is None else [source_id])
    latest = as_of(session)
    whole = {**values, "audience": None}
    among = [(row.key, row.mentions) for row in session.execute(_ROLLED["audience"], whole) if row.mentions]
    if _withheld(session, audience, among, whole):
        return Totals(None, None, None, None, None, None, None, None, True, cover, latest)
    authors = _staff_authors(session, values, [audience]) if audience in STAFF_AUDIENCES else None
    row = session.execute(_ROLLED["total"], values).first()
    if row is None:
        return Totals(0, 0, 0, 0, 0, 0, 0, authors, False, cover, latest)
    return Totals(
        row.mentions,
        row.stories,
        row.positive or 0,
        row.neutral or 0,
        row.negative or 0,
        row.unsure or 0,
        row.owned,
        authors,
        False,
        cover,
        latest,
    )


def _withheld(session: Session, audience: str | None, among: list[tuple[str, int]], whole: dict[str, object]) -> bool:
    """The same judgement as in a breakdown by audience; a sum goes when it is only a small group of staff."""
    if audience is not None:
        return audience in _hidden(session, "audience", among, whole)
    spoke = {key for key, _ in among}
    return bool(spoke) and spoke <= STAFF_AUDIENCES and _staff_authors(session, whole, sorted(spoke)) < MIN_AUTHORS


def _staff_authors(session: Session, values: dict[str, object], audiences: Sequence[str | None]) -> int:
    counted = session.execute(_AUTHORS_BY["total"], {**values, "audiences": list(audiences)}).first()
    return int(counted.authors) if counted else 0


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
    values = {
        "companies": [company.id for company in tracked],
        "start": _hour(start),
        "end": _hour(end),
        "facets": count_labels(viewer, facet),
        "sources": None if source_ids is None else list(source_ids),
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
    found: datetime | None = session.scalar(text(query))
    return found


def _values(
    session: Session,
    viewer: Viewer,
    company_id: int | None,
    start: datetime,
    end: datetime,
    facet: str | None,
    audience: str | None,
    source_id: int | None,
) -> dict[str, object]:
    own = own_company(session) if company_id is None else None
    return {
        "company": company_id if company_id is not None else (own.id if own else -1),
        "start": _hour(start),
        "end": _hour(end),
        "facets": count_labels(viewer, facet),
        "audience": audience,
        "source": source_id,
    }


def _hour(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("start, end: give times with a time zone")
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _hidden(session: Session, by: str, found: Sequence[tuple[str, int]], values: dict[str, object]) -> set[str]:
    """Keys of the cells that stay hidden."""
    audience = values["audience"]
    if by != "audience" and audience not in STAFF_AUDIENCES:
        return set()
    if by != "audience":
        whole = {**values, "audience": None}
        among = [(row.key, row.mentions) for row in session.execute(_ROLLED["audience"], whole) if row.mentions]
        if audience in _hidden(session, "audience", among, whole):
            return {key for key, _ in found}
    asked = sorted(STAFF_AUDIENCES) if audience is None else [audience]
    authors: dict[str, int] = defaultdict(int)
    for row in session.execute(_AUTHORS_BY[by], {**values, "audiences": asked}):
        authors[row.key] = row.authors
    protected = STAFF_AUDIENCES if by == "audience" else {key for key, _ in found}
    # A protected group whose authors were not found would be a contradiction; it is taken for a single one.
    groups = [Group(key, mentions, (authors.get(key) or 1) if key in protected else None) for key, mentions in found]
    return hidden_groups(groups, protected)
