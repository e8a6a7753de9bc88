"""Coverage: which of the begun collections succeeded, over a time, per source, and hour by hour.

Only runs of purpose "collect" count. One that was killed counts as failed once its claim is stale; one under way does
not count yet, however long it goes on: a stream renews its claim.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

STALE_CLAIM = timedelta(minutes=15)  # longer than any run may take without a sign of life: its process is gone
_HOUR = timedelta(hours=1)

# A run r that has ended: by itself, or by being killed, which shows in a claim that is stale, gone or another run's.
ENDED = """
    (r.finished_at IS NOT NULL OR (r.started_at < :stale AND NOT EXISTS (
        SELECT 1 FROM sources s WHERE s.id = r.source_id AND s.claimed_at >= :stale
            AND NOT EXISTS (SELECT 1 FROM collection_runs n WHERE n.source_id = r.source_id
                AND n.purpose = 'collect' AND n.started_at > r.started_at))))
"""

_SHARE = """
SELECT avg((r.complete IS TRUE)::int) FROM collection_runs r
WHERE r.started_at >= :start AND r.started_at < :end AND r.purpose = 'collect' AND {ended} {only}
"""
_PER_SOURCE = text(f"""
SELECT r.source_id, avg((r.complete IS TRUE)::int) AS share FROM collection_runs r
WHERE r.started_at >= :start AND r.purpose = 'collect' AND {ENDED}
  AND (CAST(:ids AS integer[]) IS NULL OR r.source_id = ANY(CAST(:ids AS integer[])))
GROUP BY r.source_id
""")  # noqa: S608 - a constant
_HOURS = text("""
SELECT hour, count(*) AS begun, count(*) FILTER (WHERE r.complete) AS complete
FROM collection_runs r, generate_series(date_trunc('hour', r.started_at),
    coalesce(r.finished_at, r.started_at), interval '1 hour') AS hour
WHERE r.source_id = :source AND r.purpose = 'collect' AND r.started_at < :end
  AND r.started_at >= CAST(:start AS timestamptz) - interval '1 day' AND hour >= :start AND hour < :end
GROUP BY hour
""")
_ITEMS = text("""
SELECT date_trunc('hour', collected_at) AS hour, count(*) AS items FROM posts
WHERE source_id = :source AND collected_at >= :start AND collected_at < :end GROUP BY 1
""")


@dataclass(frozen=True, slots=True)
class HourCover:
    """One hour of a source: runs that touched it, those of them that missed nothing, posts that came in."""

    hour: datetime
    begun: int
    complete: int
    items: int


def coverage(session: Session, start: datetime, end: datetime, source_ids: Sequence[int] | None = None) -> float | None:
    """Share (0..1) of the collections begun in [start, end) that succeeded; None: there was none."""
    values: dict[str, object] = {"start": start, "end": end, "stale": end - STALE_CLAIM}
    only = ""
    if source_ids is not None:
        only = "AND r.source_id = ANY(CAST(:sources AS integer[]))"
        values["sources"] = list(source_ids)
    share = session.scalar(text(_SHARE.format(ended=ENDED, only=only)), values)
    return None if share is None else float(share)


def coverage_by_source(
    session: Session, start: datetime, now: datetime, ids: Collection[int] | None = None
) -> Mapping[int, float]:
    """The same since `start`, for every source that was run; None: of all sources."""
    only = None if ids is None else list(ids)
    rows = session.execute(_PER_SOURCE, {"start": start, "stale": now - STALE_CLAIM, "ids": only})
    return {row.source_id: float(row.share) for row in rows}


def coverage_hours(session: Session, source_id: int, start: datetime, end: datetime) -> tuple[HourCover, ...]:
    """Every hour (UTC) from that of `start` to that of `end`, oldest first, those without a run too.

    A run stands in each hour that it touched, so that a stream covers the hours it listened.
    """
    first = start.replace(minute=0, second=0, microsecond=0)
    values = {"source": source_id, "start": first, "end": end}
    begun = {row.hour: (row.begun, row.complete) for row in session.execute(_HOURS, values)}
    items = {row.hour: row.items for row in session.execute(_ITEMS, values)}
    hours = [first + number * _HOUR for number in range(max(0, -((first - end) // _HOUR)))]
    return tuple(HourCover(hour, *begun.get(hour, (0, 0)), items.get(hour, 0)) for hour in hours)
