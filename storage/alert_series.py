"""What alert detection reads: hourly counts of a company per facet and audience, without gaps."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from alerts.planned import planned_hours
from alerts.rating import MEMORY, MOST_BEFORE, MOST_REVIEWS, RatingSeries, Review
from alerts.rules import ALL, NEGATIVE, POSITIVE, VOLUME, HourCount, Series
from metrics.listening import COVERAGE_FLOOR
from nlp.result import UNKNOWN
from storage.answers import ANSWER, CELLS, months_in
from storage.counted import Uncounted, is_left_out, uncounted
from storage.models.incidents import Incident
from storage.models.sources import Company, Source
from storage.planned_events import planned
from storage.sources import coverage
from storage.viewer import FACET_LABELS
from storage.viewer import FACETS as LABELS

FACETS = (ALL, "brand", "employer")  # a text about both sides counts on each
_DAY = timedelta(hours=24)

# Alerts are about public talk: an import of answers to surveys would stand in one hour.
_COUNTS = text(f"""
SELECT hour, facet, audience, sentiment, sum(mentions - owned) AS mentions, sum(stories) AS stories
FROM {CELLS} r WHERE company_id = :company AND hour >= :start AND hour <= :last GROUP BY 1, 2, 3, 4
""")  # noqa: S608 - constants
_AUTHORS = text(f"""
SELECT m.facet, m.audience, m.published_at >= :recent AS recent, date_trunc('day', m.published_at, 'UTC') AS day,
    array_agg(DISTINCT coalesce(m.author_key, m.id::text)) AS keys
FROM mentions m WHERE m.company_id = :company AND m.published_at > :day_ago AND m.published_at <= :now
  AND m.counted AND NOT m.own_account AND NOT {ANSWER} GROUP BY 1, 2, 3, 4
""")  # noqa: S608 - constants

_REVIEWS = text("""
SELECT s.id AS source, s.name, m.facet, m.audience, m.published_at, p.rating,
    coalesce(m.author_key, m.id::text) AS author
FROM sources s CROSS JOIN LATERAL (
  SELECT id, rating FROM posts
  WHERE source_id = s.id AND published_at > :start AND published_at <= :now AND kind <> 'survey'
  ORDER BY published_at DESC LIMIT :limit
) p JOIN mentions m ON m.post_id = p.id
WHERE m.company_id = :company AND m.counted AND NOT m.own_account AND p.rating BETWEEN 1 AND 5
""")
_NEWEST_POSTS = 2 * (MOST_BEFORE + MOST_REVIEWS)  # of a source; both sides may share them
_LONGEST_TROUBLE = timedelta(days=3)  # what lasts longer becomes usual

_Slice = tuple[str, str]


def alert_series(session: Session, company_id: int, now: datetime, hours: int = 24 * 29) -> list[Series]:
    """Series of the slices that anybody spoke in during the last 24 hours, and always the one over all.

    For workers: `alerts.detect` applies the rules for small groups to the slices of an audience; in those over all
    audiences nobody counts whom `storage.counted` leaves out. Owned voice and protected mentions are in no count, nor
    are answers to surveys.
    """
    company = session.get_one(Company, company_id)
    last = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    grid = [last - timedelta(hours=back) for back in range(hours - 1, -1, -1)]
    left = uncounted(session, company_id, sorted(LABELS), grid[0], now)
    counts = _counts(session, company_id, grid, left)
    authors = _authors(session, company_id, now, left, recent=last - timedelta(hours=1))
    cover = _coverage(session, now)
    events = planned(session, company_id, grid[0], now)
    past = _past_incidents(session, company_id, grid[0])
    since = min((hour for cells in counts.values() for hour in cells), default=None)
    silence = [HourCount(hour) for hour in grid]
    return [
        Series(
            company_id,
            company.name,
            facet,
            audience,
            tuple(map(counts[facet, audience].get, grid, silence)),
            len(authors[facet, audience, True]),
            len(authors[facet, audience, True] | authors[facet, audience, False]),
            cover,
            since,
            planned_hours(facet, events),
            _troubled(past, facet, audience),
        )
        for facet, audience in sorted({(ALL, ALL)} | {(key[0], key[1]) for key in authors})
    ]


def rating_series(session: Session, company_id: int, now: datetime) -> list[RatingSeries]:
    """The newest reviews of a year by source and side; for workers, as `alert_series`.

    Looks at the newest posts of each source only, so that the cost does not grow with what is stored.
    """
    values = {"company": company_id, "start": now - MEMORY, "now": now, "limit": _NEWEST_POSTS}
    found: dict[tuple[str, int, str], list[Review]] = defaultdict(list)
    left = uncounted(session, company_id, sorted(LABELS), now - MEMORY, now)
    for row in session.execute(_REVIEWS, values):
        if is_left_out(left, row.facet, row.audience, row.published_at):
            continue
        review = Review(row.published_at, row.rating, row.author)
        for facet in FACETS[1:]:
            if row.facet in FACET_LABELS[facet]:
                found[facet, row.source, row.name].append(review)
    return [
        RatingSeries(company_id, facet, name, tuple(reviews)) for (facet, _, name), reviews in sorted(found.items())
    ]


def _past_incidents(session: Session, company_id: int, start: datetime) -> list[Incident]:
    """Incidents that are over, of three days at most."""
    query = select(Incident).where(
        Incident.company_id == company_id,
        Incident.kind.in_((VOLUME, NEGATIVE, POSITIVE)),
        Incident.closed_at.is_not(None),
        Incident.last_finding_at > start,
        Incident.last_finding_at <= Incident.window_start + _LONGEST_TROUBLE,
    )
    return list(session.scalars(query))


def _troubled(past: Iterable[Incident], facet: str, audience: str) -> frozenset[datetime]:
    """The hours of the past incidents on slices that overlap with this one."""
    hours: set[datetime] = set()
    for incident in past:
        if (incident.facet == facet or ALL in (incident.facet, facet)) and (
            incident.audience == audience or ALL in (incident.audience, audience)
        ):
            hour = incident.window_start.replace(minute=0, second=0, microsecond=0)
            while hour <= incident.last_finding_at:
                hours.add(hour)
                hour += timedelta(hours=1)
    return frozenset(hours)


def too_little_covered(session: Session, now: datetime) -> bool:
    """Whether so few collections of the last 24 hours succeeded that nothing may be judged."""
    cover = _coverage(session, now)
    return cover is not None and cover < COVERAGE_FLOOR


def _coverage(session: Session, now: datetime) -> float | None:
    return coverage(session, now - _DAY, now, _proven_sources(session))


def _proven_sources(session: Session) -> list[int]:
    """Sources that worked at least once: one that never did is missing from the weeks before just as much as today."""
    return list(session.scalars(select(Source.id).where(Source.last_success_at.is_not(None))))


def _slices(label: str, audience: str, at: datetime, left: Uncounted) -> Iterable[_Slice]:
    for facet in FACETS:
        if facet == ALL or label in FACET_LABELS[facet]:
            if audience != UNKNOWN:  # no standpoint is no group to warn about; these count in the series over all
                yield facet, audience
            if not is_left_out(left, label, audience, at):
                yield facet, ALL


def _counts(
    session: Session, company_id: int, grid: Sequence[datetime], left: Uncounted
) -> dict[_Slice, dict[datetime, HourCount]]:
    sums: dict[_Slice, dict[datetime, dict[str, int]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    months = months_in(grid[0], grid[-1] + timedelta(hours=1))
    values = {"company": company_id, "start": grid[0], "last": grid[-1], "months": months}
    for row in session.execute(_COUNTS, values):
        for slice_ in _slices(row.facet, row.audience, row.hour, left):
            cell = sums[slice_][row.hour]
            cell["mentions"] += row.mentions
            cell["stories"] += row.stories
            cell[row.sentiment] += row.mentions
    return defaultdict(dict, {slice_: _told(hours, months) for slice_, hours in sums.items()})


def _told(hours: Mapping[datetime, Mapping[str, int]], months: Sequence[datetime]) -> dict[datetime, HourCount]:
    """An hour in which nothing but surveys was heard is not the first of a history."""
    return {hour: HourCount(hour, **cell) for hour, cell in hours.items() if any(cell.values()) or hour not in months}


def _authors(
    session: Session, company_id: int, now: datetime, left: Uncounted, recent: datetime
) -> dict[tuple[str, str, bool], set[str]]:
    found: dict[tuple[str, str, bool], set[str]] = defaultdict(set)
    values = {"company": company_id, "now": now, "day_ago": now - _DAY, "recent": recent}
    for row in session.execute(_AUTHORS, values):
        for facet, audience in _slices(row.facet, row.audience, row.day, left):
            found[facet, audience, row.recent] |= set(row.keys)
    for facet, audience, _ in list(found):
        found[facet, audience, True] |= set()
        found[facet, audience, False] |= set()
    return found
