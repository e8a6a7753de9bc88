"""What alert detection reads: hourly counts of a company per facet and audience, without gaps."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from alerts.planned import planned_hours
from alerts.rules import ALL, HourCount, Series
from nlp.result import UNKNOWN
from storage.models.sources import Company, Source
from storage.planned_events import planned
from storage.sources import coverage
from storage.viewer import FACET_LABELS

FACETS = (ALL, "brand", "employer")  # a text about both sides counts on each
_DAY = timedelta(hours=24)

_COUNTS = text("""
SELECT hour, facet, audience, sentiment, sum(mentions - owned) AS mentions, sum(stories) AS stories
FROM rollups WHERE company_id = :company AND hour >= :start AND hour <= :last GROUP BY 1, 2, 3, 4
""")
_AUTHORS = text("""
SELECT facet, audience, published_at >= :recent AS recent, array_agg(DISTINCT coalesce(author_key, id::text)) AS keys
FROM mentions WHERE company_id = :company AND published_at > :day_ago AND published_at <= :now
  AND counted AND NOT own_account GROUP BY 1, 2, 3
""")

_Slice = tuple[str, str]


def alert_series(session: Session, company_id: int, now: datetime, hours: int = 24 * 29) -> list[Series]:
    """Series of the slices that anybody spoke in during the last 24 hours, and always the one over all.

    For workers: nothing is suppressed here, `alerts.detect` applies the rules for small groups. Owned voice and
    protected mentions are in no count.
    """
    company = session.get_one(Company, company_id)
    last = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    grid = [last - timedelta(hours=back) for back in range(hours - 1, -1, -1)]
    counts = _counts(session, company_id, grid[0], last)
    authors = _authors(session, company_id, now, recent=last - timedelta(hours=1))
    cover = coverage(session, now - _DAY, now, _proven_sources(session))
    events = planned(session, company_id, grid[0], now)
    since = min((hour for cells in counts.values() for hour in cells), default=None)
    return [
        Series(
            company_id,
            company.name,
            facet,
            audience,
            tuple(counts[facet, audience].get(hour) or HourCount(hour) for hour in grid),
            len(authors[facet, audience, True]),
            len(authors[facet, audience, True] | authors[facet, audience, False]),
            cover,
            since,
            planned_hours(facet, events),
        )
        for facet, audience in sorted({(ALL, ALL)} | {(key[0], key[1]) for key in authors})
    ]


def _proven_sources(session: Session) -> list[int]:
    """Sources that worked at least once: one that never did is missing from the weeks before just as much as today."""
    return list(session.scalars(select(Source.id).where(Source.last_success_at.is_not(None))))


def _slices(label: str, audience: str) -> Iterable[_Slice]:
    for facet in FACETS:
        if facet == ALL or label in FACET_LABELS[facet]:
            if audience != UNKNOWN:  # no standpoint is no group to warn about; these count in the series over all
                yield facet, audience
            yield facet, ALL


def _counts(
    session: Session, company_id: int, start: datetime, last: datetime
) -> dict[_Slice, dict[datetime, HourCount]]:
    sums: dict[_Slice, dict[datetime, dict[str, int]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    for row in session.execute(_COUNTS, {"company": company_id, "start": start, "last": last}):
        for slice_ in _slices(row.facet, row.audience):
            cell = sums[slice_][row.hour]
            cell["mentions"] += row.mentions
            cell["stories"] += row.stories
            cell[row.sentiment] += row.mentions
    counts: dict[_Slice, dict[datetime, HourCount]] = defaultdict(dict)
    for slice_, hours in sums.items():
        counts[slice_] = {hour: HourCount(hour, **cell) for hour, cell in hours.items()}
    return counts


def _authors(
    session: Session, company_id: int, now: datetime, recent: datetime
) -> dict[tuple[str, str, bool], set[str]]:
    found: dict[tuple[str, str, bool], set[str]] = defaultdict(set)
    values = {"company": company_id, "now": now, "day_ago": now - _DAY, "recent": recent}
    for row in session.execute(_AUTHORS, values):
        for facet, audience in _slices(row.facet, row.audience):
            found[facet, audience, row.recent] |= set(row.keys)
    for facet, audience, _ in list(found):
        found[facet, audience, True] |= set()
        found[facet, audience, False] |= set()
    return found
