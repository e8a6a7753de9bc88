"""Counts over time from the rollups, and which of them stay hidden because too few people stand behind them.

Owned voice (posts of the company's own accounts) is in no count but `owned`. Employees, alumni and staff are counted in
a bucket by the blocks of days that lie in it as a whole (`storage.blocks`): never by the hour, and never by source.
What `storage.counted` leaves out is in no count.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import text
from sqlalchemy.orm import Session

from storage.answers import ANSWER, DAY_CELLS, days_in
from storage.blocks import JOIN_DAYS, TOLD, ToldDays, midnight, span, staff_blocks, whole_days
from storage.counted import COUNTED, left_out
from storage.coverage import ENDED, STALE_CLAIM
from storage.profile import own_company
from storage.viewer import STAFF_AUDIENCES, Viewer, count_labels

BUCKETS = ("hour", "day", "week")
MAX_BUCKETS = 2_400  # 100 days of hours
SENTIMENTS = ("positive", "neutral", "negative", "unsure")


@dataclass(frozen=True, slots=True)
class SeriesFilter:
    """What to count; None leaves a field open. `start` counts, `end` does not; both are widened to whole buckets."""

    start: datetime
    end: datetime
    company_id: int | None = None  # None: the own company
    facet: str | None = None  # brand and employer include both
    audience: str | None = None
    source_id: int | None = None
    bucket: str = "day"  # hour, day, week (from Monday)
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Bucket:
    """Counts of one hour, day or week; None throughout where `suppressed`. `coverage` None: nothing was collected."""

    start: datetime
    mentions: int | None
    stories: int | None
    positive: int | None
    neutral: int | None
    negative: int | None
    unsure: int | None
    owned: int | None
    authors: int | None  # only where people could be told apart: employees, alumni, staff
    suppressed: bool
    coverage: float | None


@dataclass(slots=True)
class _Sums:
    mentions: int = 0
    stories: int = 0
    owned: int = 0
    sentiments: dict[str, int] = field(default_factory=dict)


_COUNTS = f"""
SELECT date_trunc(:bucket, r.hour, :zone) AS start, r.sentiment, sum(r.mentions - r.owned) AS mentions,
    sum(r.stories) AS stories, sum(r.owned) AS owned
FROM {DAY_CELLS} r {{join}}
WHERE r.company_id = :company AND r.hour >= :start AND r.hour < :end AND r.facet = ANY(CAST(:facets AS text[]))
  AND (CAST(:audience AS text) IS NULL OR {{told}} = :audience)
  AND (CAST(:source AS integer) IS NULL OR r.source_id = :source) AND {COUNTED}
GROUP BY 1, 2
"""  # noqa: S608 - constants
_WHOLE = text(_COUNTS.format(join="", told="r.audience"))
_TOLD = text(_COUNTS.format(join=JOIN_DAYS, told=TOLD))

# Authors stand behind mentions, not behind rollups; unknown authors count one each.
_PEOPLE = text(f"""
SELECT date_trunc(:bucket, r.hour, :zone) AS start, count(DISTINCT coalesce(r.author_key, r.id::text)) AS people
FROM (
    SELECT m.*, m.published_at AS hour FROM mentions m
    WHERE m.company_id = :company AND m.audience = :audience AND m.counted AND NOT m.own_account
      AND m.published_at >= :start AND m.published_at < :end AND m.facet = ANY(CAST(:facets AS text[]))
      AND (CAST(:source AS integer) IS NULL OR m.source_id = :source) AND NOT {ANSWER}
) r {JOIN_DAYS.replace("LEFT JOIN", "JOIN")} WHERE {COUNTED} GROUP BY 1
""")  # noqa: S608 - constants

_COVERAGE = text(f"""
SELECT date_trunc(:bucket, r.started_at, :zone) AS start, avg((r.complete IS TRUE)::int) AS coverage
FROM collection_runs r
WHERE r.started_at >= :start AND r.started_at < :end AND r.purpose = 'collect' AND {ENDED}
  AND (CAST(:source AS integer) IS NULL OR r.source_id = :source)
GROUP BY 1
""")  # noqa: S608 - a constant


def series(
    session: Session, viewer: Viewer, wanted: SeriesFilter, *, now: datetime | None = None
) -> tuple[Bucket, ...]:
    """Counts per bucket, oldest first, without gaps.

    Raises `NotAllowed` for facets outside the role and `ValueError` naming a field that is wrong. `now` only decides
    which runs under way count as lost; without it, `wanted.end`.
    """
    labels = count_labels(viewer, wanted.facet)
    starts = bucket_starts(wanted)
    company_id = wanted.company_id or _own_id(session)
    if company_id is None or not starts:
        return ()
    end = _next_start(starts[-1], wanted)
    values = {
        "bucket": wanted.bucket,
        "zone": "UTC" if wanted.bucket == "hour" else wanted.timezone,
        "company": company_id,
        "start": starts[0],
        "end": end,
        "facets": labels,
        "audience": wanted.audience,
        "source": wanted.source_id,
        **left_out(session, [company_id], labels, starts[0], end),
        **days_in(starts[0] if wanted.bucket != "hour" and wanted.timezone == "UTC" else end, end),
        "stale": (now or wanted.end) - STALE_CLAIM,
    }
    days = (
        None if wanted.audience is None else _days(session, company_id, labels, wanted, list(pairwise([*starts, end])))
    )
    sums = _sums(session, values, days)
    cover = {_begin(row.start, values): float(row.coverage) for row in session.execute(_COVERAGE, values)}
    hidden = set() if days is None else _not_told(days, str(wanted.audience), starts)
    people = {}
    if days is not None and wanted.audience in STAFF_AUDIENCES:
        people = _people(session, {**values, **days.columns()})
    return tuple(
        _bucket(start, sums.get(start, _Sums()), cover.get(start), people.get(start), hidden=start in hidden)
        for start in starts
    )


def bucket_starts(wanted: SeriesFilter) -> list[datetime]:
    """The starts (UTC) of all buckets that touch [start, end); raises `ValueError`."""
    if wanted.bucket not in BUCKETS:
        raise ValueError(f"bucket: {wanted.bucket!r} is not one of {', '.join(BUCKETS)}")
    if wanted.start.tzinfo is None or wanted.end.tzinfo is None:
        raise ValueError("start, end: give times with a time zone")
    try:
        zone = ZoneInfo(wanted.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"timezone: {wanted.timezone!r} is not known") from error
    longest = {"hour": 1, "day": 24, "week": 168}[wanted.bucket] * MAX_BUCKETS
    if wanted.end - wanted.start > timedelta(hours=longest):
        raise ValueError(f"start, end: at most {MAX_BUCKETS:,} buckets are possible; choose a longer bucket")
    if not datetime(1970, 1, 2, tzinfo=UTC) <= wanted.start <= wanted.end <= datetime(9998, 1, 1, tzinfo=UTC):
        raise ValueError("start, end: start must not be after end, and both lie between 1970 and 9997")
    starts = []
    at = _floor(wanted.start.astimezone(zone), wanted.bucket)
    while at.astimezone(UTC) < wanted.end:
        starts.append(at.astimezone(UTC))
        at = _step(at, wanted.bucket)
    return starts


def _floor(moment: datetime, bucket: str) -> datetime:
    if bucket == "hour":
        # In UTC: the rollups are kept in whole hours of it.
        return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return day if bucket == "day" else day - timedelta(days=day.weekday())


def _step(at: datetime, bucket: str) -> datetime:
    """Wall-clock arithmetic: a day is what the calendar calls one, also when the clocks change."""
    return at + {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}[bucket]


def _next_start(start: datetime, wanted: SeriesFilter) -> datetime:
    zone = UTC if wanted.bucket == "hour" else ZoneInfo(wanted.timezone)
    return _step(start.astimezone(zone), wanted.bucket).astimezone(UTC)


def _own_id(session: Session) -> int | None:
    own = own_company(session)
    return own.id if own else None


def _days(
    session: Session, company_id: int, labels: list[str], wanted: SeriesFilter, buckets: list[tuple[datetime, datetime]]
) -> ToldDays:
    """The days that count: those told in one bucket as a whole; of a single source none is."""
    whole = span(session, company_id, buckets[0][0], buckets[-1][1])
    if whole is None:
        return ToldDays(frozenset(), {})
    found = staff_blocks(session, company_id, labels, whole)
    in_part = wanted.source_id is not None or wanted.bucket == "hour"
    return found.within(() if in_part else (whole_days(whole, *bucket) for bucket in buckets))


def _sums(session: Session, values: Mapping[str, object], days: ToldDays | None) -> dict[datetime, _Sums]:
    sums: dict[datetime, _Sums] = defaultdict(_Sums)
    columns = {} if days is None else days.columns()
    for row in session.execute(_WHOLE if days is None else _TOLD, {**values, **columns}):
        each = sums[_begin(row.start, values)]
        each.mentions += row.mentions
        each.stories += row.stories
        each.owned += row.owned
        each.sentiments[row.sentiment] = row.mentions
    return sums


def _bucket(start: datetime, sums: _Sums, coverage: float | None, authors: int | None, *, hidden: bool) -> Bucket:
    if hidden:
        return Bucket(start, None, None, None, None, None, None, None, None, True, coverage)
    positive, neutral, negative, unsure = (sums.sentiments.get(name, 0) for name in SENTIMENTS)
    return Bucket(
        start,
        sums.mentions,
        sums.stories,
        positive,
        neutral,
        negative,
        unsure,
        sums.owned,
        authors,
        False,
        coverage,
    )


def _not_told(days: ToldDays, audience: str, starts: Sequence[datetime]) -> set[datetime]:
    """The buckets of an audience in which no day counts, spoken or silent: what is hidden must not tell when somebody
    spoke."""
    if audience not in days.withheld:
        return set()
    counted = [midnight(day) for (_, name), each in days.days.items() if name == audience for day in each]
    return set(starts) - {starts[bisect_right(starts, day) - 1] for day in counted}


def _people(session: Session, values: Mapping[str, object]) -> dict[datetime, int]:
    return {_begin(row.start, values): row.people for row in session.execute(_PEOPLE, values)}


def _begin(named: datetime, values: Mapping[str, object]) -> datetime:
    """When the bucket begins that PostgreSQL names so: of two midnights, as on the Azores, it names the second."""
    return named.astimezone(ZoneInfo(str(values["zone"]))).replace(fold=0).astimezone(UTC)
