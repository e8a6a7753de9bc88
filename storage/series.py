"""Counts over time from the rollups, and which of them stay hidden because too few people stand behind them.

Owned voice (posts of the company's own accounts) is in no count but `owned`. Hiding, per bucket: a slice of employees,
alumni or staff below five distinct authors is hidden (S1), and with a single hidden one the next smallest goes too
(S2), judged across audiences, across sources and across facets, so that no hidden figure follows from shown ones.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import text
from sqlalchemy.orm import Session

from storage.coverage import ENDED, STALE_CLAIM
from storage.profile import own_company
from storage.suppression import MIN_AUTHORS, Group, hidden_groups
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


@dataclass(frozen=True, slots=True)
class _Verdict:
    """Whether a bucket stays hidden; `authors` is None where nobody could be told apart anyway."""

    hidden: bool
    authors: int | None = None


_COUNTS = text("""
SELECT date_trunc(:bucket, hour, :zone) AS start, sentiment,
       sum(mentions - owned) AS mentions, sum(stories) AS stories, sum(owned) AS owned
FROM rollups
WHERE company_id = :company AND hour >= :start AND hour < :end AND facet = ANY(CAST(:facets AS text[]))
  AND (CAST(:audience AS text) IS NULL OR audience = :audience)
  AND (CAST(:source AS integer) IS NULL OR source_id = :source)
GROUP BY 1, 2
""")

# Authors stand behind mentions, not behind rollups; unknown authors count one each.
_AUTHORS = text("""
SELECT date_trunc(:bucket, published_at, :zone) AS start, audience, source_id, facet,
       array_agg(DISTINCT coalesce(author_key, id::text)) AS authors, count(*) AS mentions
FROM mentions
WHERE company_id = :company AND audience = ANY(CAST(:audiences AS text[])) AND counted AND NOT own_account
  AND published_at >= :start AND published_at < :end AND facet = ANY(CAST(:facets AS text[]))
GROUP BY 1, 2, 3, 4
""")

_OTHERS = text("""
SELECT date_trunc(:bucket, hour, :zone) AS start, audience, sum(mentions - owned) AS mentions
FROM rollups
WHERE company_id = :company AND hour >= :start AND hour < :end AND facet = ANY(CAST(:facets AS text[]))
  AND audience <> ALL(CAST(:audiences AS text[])) GROUP BY 1, 2
""")

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
    values = {
        "bucket": wanted.bucket,
        "zone": "UTC" if wanted.bucket == "hour" else wanted.timezone,
        "company": company_id,
        "start": starts[0],
        "end": _next_start(starts[-1], wanted),
        "facets": labels,
        "audience": wanted.audience,
        "source": wanted.source_id,
        "stale": (now or wanted.end) - STALE_CLAIM,
    }
    sums = _sums(session, values)
    cover = {row.start: float(row.coverage) for row in session.execute(_COVERAGE, values)}
    verdicts = _verdicts(session, viewer, wanted, values, sums)
    shown = _Verdict(hidden=False)
    return tuple(
        _bucket(start, sums.get(start, _Sums()), verdicts.get(start, shown), cover.get(start)) for start in starts
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


def _sums(session: Session, values: Mapping[str, object]) -> dict[datetime, _Sums]:
    sums: dict[datetime, _Sums] = defaultdict(_Sums)
    for row in session.execute(_COUNTS, values):
        each = sums[row.start]
        each.mentions += row.mentions
        each.stories += row.stories
        each.owned += row.owned
        each.sentiments[row.sentiment] = row.mentions
    return sums


def _bucket(start: datetime, sums: _Sums, verdict: _Verdict, coverage: float | None) -> Bucket:
    if verdict.hidden:
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
        verdict.authors,
        False,
        coverage,
    )


@dataclass(frozen=True, slots=True)
class _Part:
    audience: str
    source_id: int
    facet: str
    authors: frozenset[str]
    mentions: int


def _verdicts(
    session: Session,
    viewer: Viewer,
    wanted: SeriesFilter,
    values: Mapping[str, object],
    sums: Mapping[datetime, _Sums],
) -> dict[datetime, _Verdict]:
    """For each bucket with any staff voice, whether what is wanted stays hidden."""
    everything = set(count_labels(viewer))
    labels = set(count_labels(viewer, wanted.facet))
    staff = sorted(STAFF_AUDIENCES)
    parts: dict[datetime, list[_Part]] = defaultdict(list)
    for row in session.execute(_AUTHORS, {**values, "audiences": staff, "facets": sorted(everything)}):
        parts[row.start].append(_Part(row.audience, row.source_id, row.facet, frozenset(row.authors), row.mentions))
    if wanted.audience is None:
        return {start: _verdict_of_sum(found, wanted, labels, sums[start].mentions) for start, found in parts.items()}
    others: dict[datetime, list[Group]] = defaultdict(list)
    for row in session.execute(_OTHERS, {**values, "audiences": staff}):
        others[row.start].append(Group(row.audience, row.mentions, None))
    return {start: _verdict(found, others[start], wanted, labels, everything) for start, found in parts.items()}


def _verdict_of_sum(parts: list[_Part], wanted: SeriesFilter, labels: set[str], mentions: int) -> _Verdict:
    """A sum over all audiences is hidden where nobody but a small group of staff spoke: it would be their figure."""
    staff = [part for part in parts if part.facet in labels and wanted.source_id in (None, part.source_id)]
    alone = bool(staff) and sum(part.mentions for part in staff) == mentions
    return _Verdict(hidden=alone and _count(staff) < MIN_AUTHORS)


def _verdict(
    parts: list[_Part], others: list[Group], wanted: SeriesFilter, labels: set[str], everything: set[str]
) -> _Verdict:
    chosen = [part for part in parts if part.facet in labels]
    if wanted.audience in hidden_groups([*_groups(chosen, "audience"), *others], STAFF_AUDIENCES):
        return _Verdict(hidden=True)
    if wanted.audience not in STAFF_AUDIENCES:
        return _Verdict(hidden=False)
    mine = [part for part in chosen if part.audience == wanted.audience]
    source = None if wanted.source_id is None else str(wanted.source_id)
    if source in hidden_groups(_groups(mine, "source_id")):
        return _Verdict(hidden=True)
    every = [part for part in parts if part.audience == wanted.audience]
    if labels != everything and labels & hidden_groups(_groups(every, "facet")):
        return _Verdict(hidden=True)
    return _Verdict(hidden=False, authors=_count(part for part in mine if source in (None, str(part.source_id))))


def _groups(parts: Iterable[_Part], by: str) -> list[Group]:
    gathered: dict[str, list[_Part]] = defaultdict(list)
    for part in parts:
        gathered[str(getattr(part, by))].append(part)
    return [Group(key, sum(part.mentions for part in members), _count(members)) for key, members in gathered.items()]


def _count(parts: Iterable[_Part]) -> int:
    return len(frozenset().union(*(part.authors for part in parts)))
