"""What a digest says, gathered as its readers may read it; composing it is the work of `notify.digest`."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from config.settings import get_settings
from metrics.listening import SentimentCounts
from notify.digest import AdvocacyReach, Counts, DigestFacts, OpenOne, Period, Side, Story
from notify.points import VolumePoint
from storage import highlights, rollups
from storage.coverage import coverage
from storage.incident_log import list_incidents
from storage.profile import own_company
from storage.programme import reach
from storage.rollups import SeriesFilter, Totals
from storage.telling import headline_of
from storage.viewer import FACET_LABELS, SYSTEM, Viewer

SIDES = ("brand", "employer")
_STORIES = 3
_INCIDENTS = 20
_DRAWN = {"daily": timedelta(days=14), "weekly": timedelta(days=28)}
_SLACK = timedelta(days=1)  # a quiet first day is no gap


def reader_of(facets: tuple[str, ...]) -> Viewer:
    """The viewer that a recipient is, by the sides that the profile tells them about (empty: both)."""
    if not facets:
        return SYSTEM
    labels = frozenset().union(*(FACET_LABELS[facet] for facet in facets))
    return replace(SYSTEM, facets=labels, aggregate_facets=labels)


def digest(
    session: Session, facets: tuple[str, ...], timezone: str, period: Period, now: datetime
) -> DigestFacts | None:
    """The facts for everybody with these sides and this time zone; None before a company is set up."""
    own = own_company(session)
    if own is None:
        return None
    viewer = reader_of(facets)
    sides = facets or SIDES
    first = highlights.first_mention_at(session)
    known = first is not None and first <= period.before + _SLACK
    return DigestFacts(
        company=own.name,
        period=period,
        timezone=timezone,
        sides=tuple(_side(session, viewer, side, period, known=known) for side in sides),
        incidents=_incidents(session, viewer, period, now),
        reach=_reach(session, viewer, period),
        points=_points(session, viewer, sides[0] if len(sides) == 1 else None, timezone, period, now),
        coverage=coverage(session, period.start, period.end),
        as_of=rollups.as_of(session),
        link=f"{get_settings().base_url}/",
        demo=own.demo,
    )


def _side(session: Session, viewer: Viewer, facet: str, period: Period, *, known: bool) -> Side:
    now = rollups.totals(session, viewer, None, period.start, period.end, facet)
    before = rollups.totals(session, viewer, None, period.before, period.start, facet) if known else None
    found = highlights.top_stories(session, viewer, period.start, period.end, facet, _STORIES)
    stories = tuple(
        Story(
            f"{top.example.title}: {top.example.text}" if top.example.title else top.example.text,
            top.example.source,
            top.example.url or "",
            top.example.published_at,
            top.mentions,
        )
        for top in found
    )
    return Side(facet, _counts(now), None if before is None else _counts(before), stories)


def _counts(found: Totals) -> Counts:
    judged = SentimentCounts(found.positive or 0, found.neutral or 0, found.negative or 0, found.unsure or 0)
    return Counts(found.mentions or 0, found.stories or 0, judged, found.suppressed)


def _incidents(session: Session, viewer: Viewer, period: Period, now: datetime) -> tuple[OpenOne, ...]:
    """Those open now, and those that opened in the period and are over, newest first."""
    unsettled = list_incidents(session, viewer, "open", limit=_INCIDENTS).items
    over = list_incidents(session, viewer, "closed", limit=_INCIDENTS).items
    rows = [*unsettled, *(row for row in over if period.start <= row.opened_at < period.end)]
    base = get_settings().base_url
    return tuple(
        OpenOne(headline_of(row, now), row.severity, row.state, row.opened_at, f"{base}/incidents/{row.id}")
        for row in rows[:_INCIDENTS]
    )


def _reach(session: Session, viewer: Viewer, period: Period) -> AdvocacyReach | None:
    """None where nobody posted, or too few people did."""
    found = reach(session, viewer, None, period.start, period.end)
    report = found.report
    if report is None or not report.posts:
        return None
    measured = report.measured_impressions
    return AdvocacyReach(
        report.posts,
        measured.value,
        measured.coverage.count,
        report.estimated_impressions.value,
        report.potential_impressions.value,
    )


def _points(
    session: Session, viewer: Viewer, facet: str | None, timezone: str, period: Period, now: datetime
) -> tuple[VolumePoint, ...]:
    start = period.end - _DRAWN[period.cadence]
    wanted = SeriesFilter(start, period.end, facet=facet, bucket="day", timezone=timezone)
    return tuple(
        VolumePoint(bucket.start, bucket.stories, coverage=bucket.coverage, suppressed=bucket.suppressed)
        for bucket in rollups.series(session, viewer, wanted, now=now)
    )
