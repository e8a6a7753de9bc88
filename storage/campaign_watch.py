"""The launch day of a campaign: what is heard outside, what opened meanwhile, how far its posts got.

Outside figures follow the viewer's purpose as everywhere; who reads no counts sees none of them here.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.planned import Planned
from metrics.reach import PostReach, ReachReport, reach_report
from metrics.suppress import MIN_AUTHORS
from storage import incidents, planned_events, programme, rollups
from storage.campaigns import known
from storage.incidents import IncidentRow
from storage.models.advocacy import Campaign, Share
from storage.profile import own_company
from storage.shares import share_rows
from storage.viewer import ALL, Viewer, incident_facets

BEFORE, AFTER = timedelta(hours=24), timedelta(hours=72)  # of the go-live, hour by hour
_MOST = 100


@dataclass(frozen=True, slots=True)
class Explained:
    """Stories during the campaign's planned event, and those of the same hours in the four weeks before (median)."""

    name: str
    stories: int | None
    usual: float | None


@dataclass(frozen=True, slots=True)
class CampaignReach:
    """How far posts of the campaign got, by kinds that never mix; None while fewer than five advocates stand behind."""

    report: ReachReport | None
    advocates: int | None
    suppressed: bool
    as_of: datetime | None


@dataclass(frozen=True, slots=True)
class Watch:
    """`buckets` are hours from a day before the go-live on; empty where the viewer reads no counts of this side."""

    start: datetime
    end: datetime
    facet: str | None
    buckets: tuple[rollups.Bucket, ...]
    planned: tuple[Planned, ...]
    explained: Explained | None
    incidents: tuple[IncidentRow, ...]
    reach: CampaignReach | None
    as_of: datetime | None


def watch(session: Session, viewer: Viewer, campaign_id: int, now: datetime) -> Watch | None:
    """What happens around the go-live; None before it. Raises `NotFound`."""
    row = known(session, viewer, campaign_id, now)
    if row.live_at is None:
        return None
    start, end = row.starts_at - BEFORE, max(row.starts_at, min(now, row.starts_at + AFTER)) + timedelta(hours=1)
    facet = facet_for(viewer, row.facet)
    if facet is None:
        return Watch(start, end, None, (), (), None, (), None, None)
    own = own_company(session)
    named = None if facet == ALL else facet
    wanted = rollups.SeriesFilter(start, end, facet=named, bucket="hour")
    planned = () if own is None else planned_events.during(session, viewer, own.id, facet, start, end)
    return Watch(
        start,
        end,
        facet,
        rollups.series(session, viewer, wanted, now=now),
        planned,
        _explained(session, viewer, row, now),
        _incidents(session, viewer, row, facet, now),
        reach(session, row),
        rollups.as_of(session),
    )


def facet_for(viewer: Viewer, facet: str) -> str | None:
    """The side of a campaign whose counts the viewer reads: brand, employer, or all of it; None: none of them."""
    if facet != "both":
        return facet if facet in viewer.aggregate_facets else None
    sides = [side for side in ("brand", "employer") if side in viewer.aggregate_facets]
    return ALL if len(sides) == 2 else next(iter(sides), None)


def reach(session: Session, row: Campaign) -> CampaignReach:
    """Reach of the shares tied to a campaign, by their latest readings. For this package."""
    shares = session.scalars(select(Share).where(Share.campaign_id == row.id).order_by(Share.id)).all()
    people = len({share.advocate_id for share in shares})
    if 0 < people < MIN_AUTHORS:
        return CampaignReach(None, None, True, None)
    rows = share_rows(session, shares)
    posts = [
        PostReach(
            one.platform, str(one.advocate_id), one.followers, {name: each.value for name, each in one.readings.items()}
        )
        for one in rows
    ]
    read = [reading.observed_at for one in rows for reading in one.readings.values()]
    return CampaignReach(reach_report(posts, programme.factors(session)), people, False, max(read, default=None))


def reach_of(session: Session, viewer: Viewer, campaign_id: int, now: datetime) -> CampaignReach | None:
    """Reach of a campaign's posts; None for who reads no counts of its side. Raises `NotFound`."""
    row = known(session, viewer, campaign_id, now)
    return None if facet_for(viewer, row.facet) is None else reach(session, row)


def _explained(session: Session, viewer: Viewer, row: Campaign, now: datetime) -> Explained | None:
    if row.event_id is None:
        return None
    try:
        event = planned_events.find(session, viewer, row.event_id, now)
    except LookupError:
        return None  # of another purpose
    return Explained(event.name, event.explained, event.usual)


def _incidents(session: Session, viewer: Viewer, row: Campaign, facet: str, now: datetime) -> tuple[IncidentRow, ...]:
    wanted = set(incident_facets(viewer)) & ({ALL, "brand", "employer", "both"} if facet == ALL else {facet, ALL})
    found = incidents.list_incidents(session, viewer, limit=_MOST).items
    until = min(now, row.ends_at)
    return tuple(
        one
        for one in found
        if one.facet in wanted and one.opened_at <= until and (one.closed_at is None or one.closed_at >= row.starts_at)
    )
