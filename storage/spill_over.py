"""Employer talk beside consumer talk: stories told on both sides, and how the daily counts move together.

The correlation is one number over both sides. It tells no count of either, so that it is shown to every role that sees
the employer side.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from metrics.spill_over import Lag, lagged_correlations, leading
from storage.answers import CELLS
from storage.counted import COUNTED, MENTIONS, left_out
from storage.viewer import FACET_LABELS, NotAllowed, Viewer

DAYS = 56
LONGEST = 7  # days of lag
LEAST_STORIES = 50  # of each side; fewer show chance
_OVERLAP_DAYS = 28
_LABELS = sorted(FACET_LABELS["brand"] | FACET_LABELS["employer"])

_COUNTS = text(f"""
SELECT (hour AT TIME ZONE 'UTC')::date AS day, sum(stories) FILTER (WHERE facet = ANY(CAST(:work AS text[]))) AS work,
       sum(stories) FILTER (WHERE facet = ANY(CAST(:brand AS text[]))) AS brand
FROM {CELLS} r WHERE company_id = :company AND hour >= :start AND hour < :end AND {COUNTED} GROUP BY 1
""")  # noqa: S608 - constants
_OVERLAP = text(f"""
WITH told AS (
    SELECT story_id, min(published_at) FILTER (WHERE facet = 'employer') AS work,
           min(published_at) FILTER (WHERE facet IN ('brand', 'both')) AS brand,
           count(*) FILTER (WHERE facet IN ('employer', 'both')) AS heard
    FROM {MENTIONS} r WHERE company_id = :company AND published_at >= :start AND published_at < :end AND counted
      AND {COUNTED} AND NOT own_account AND story_id IS NOT NULL AND facet IN ('employer', 'brand', 'both') GROUP BY 1
)
SELECT count(*) AS stories, count(*) FILTER (WHERE brand IS NOT NULL) AS both_sides,
       count(*) FILTER (WHERE work < brand) AS entered FROM told WHERE heard > 0
""")  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class SpillOver:
    """Of `stories` on the employer side in 28 days, `both_sides` are told on the brand side, too; of these `entered`
    came there later. `lags` over 56 days, empty where too little is told; `lead` is the lag that stands out."""

    stories: int
    both_sides: int
    entered: int
    lags: tuple[Lag, ...]
    lead: Lag | None


def spill_over(session: Session, viewer: Viewer, company_id: int, now: datetime) -> SpillOver:
    """How employer talk and consumer talk hang together; raises `NotAllowed` without the employer side."""
    if "employer" not in viewer.aggregate_facets:
        raise NotAllowed("Your role does not see the employer side.")
    start = now - timedelta(days=_OVERLAP_DAYS)
    values = {"company": company_id, "start": start, "end": now, **left_out(session, [company_id], _LABELS, start, now)}
    row = session.execute(_OVERLAP, values).one()
    lags = _lags(session, company_id, now)
    return SpillOver(row.stories, row.both_sides, row.entered, lags, leading(lags))


def _lags(session: Session, company_id: int, now: datetime) -> tuple[Lag, ...]:
    """Whole days (UTC) only, from the first on which anything was told."""
    end = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    values = {
        "company": company_id,
        "start": end - timedelta(days=DAYS),
        "end": end,
        "work": sorted(FACET_LABELS["employer"] - {"both"}),
        "brand": sorted(FACET_LABELS["brand"] - {"both"}),
        **left_out(session, [company_id], _LABELS, end - timedelta(days=DAYS), end),
    }
    found = {row.day: (row.work or 0, row.brand or 0) for row in session.execute(_COUNTS, values)}
    if not found:
        return ()
    days = [end.date() - timedelta(days=back) for back in range((end.date() - min(found)).days, 0, -1)]
    work, brand = ([found.get(day, (0, 0))[side] for day in days] for side in (0, 1))
    if min(sum(work), sum(brand)) < LEAST_STORIES:
        return ()
    return lagged_correlations(work, brand, LONGEST)
