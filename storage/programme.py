"""Reach of one advocate or of the programme, and how the programme is doing."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from metrics.advocacy import (
    Activation,
    ActiveRate,
    HeadCount,
    Joiner,
    activation_rate,
    active_rate,
    adoption_rate,
    originals_share,
    retention,
)
from metrics.reach import Factor, PostReach, ReachReport, learn_factor, reach_report
from metrics.stats import Proportion
from metrics.suppress import MIN_AUTHORS
from storage.eligible import eligible
from storage.links import ClickDay, programme_clicks
from storage.models.advocacy import Advocate, ProgrammeDay, Share
from storage.models.users import Invitation
from storage.own_posts import connected_people
from storage.shares import ShareRow, share_rows
from storage.viewer import NotAllowed, Viewer

_ACTIVE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Reach:
    """R1–R6 of shares published in a window; `report` is None while fewer than five advocates stand behind it."""

    report: ReachReport | None
    advocates: int | None
    suppressed: bool
    as_of: datetime | None  # of the latest reading that went in


@dataclass(frozen=True, slots=True)
class Programme:
    """How the programme is doing in a window (A1–A6). None where nothing is known or too few people stand behind it."""

    days: tuple[HeadCount, ...]
    joined_now: int
    joined_demo: int  # of them: invented, of the demo
    adoption: Proportion | None
    activation: Activation
    active: ActiveRate
    retention: Proportion
    shares: int | None
    originals: Proportion | None
    reach: Reach
    clicks: tuple[ClickDay, ...]
    suppressed: bool


def reach(session: Session, viewer: Viewer, advocate_id: int | None, start: datetime, end: datetime) -> Reach:
    """Reach of shares published in [start, end), by their latest readings: of one advocate, or of all (None)."""
    _check(viewer, advocate_id)
    query = select(Share).where(Share.published_at >= start, Share.published_at < end)
    if advocate_id is not None:
        query = query.where(Share.advocate_id == advocate_id)
    rows = share_rows(session, session.scalars(query.order_by(Share.id)).all())
    people = len({row.advocate_id for row in rows})
    if advocate_id is None and 0 < people < MIN_AUTHORS:
        return Reach(None, None, True, None)
    read = [reading.observed_at for row in rows for reading in row.readings.values()]
    return Reach(
        reach_report([post_reach(row) for row in rows], factors(session)), people, False, max(read, default=None)
    )


def factors(session: Session) -> dict[str, Factor]:
    """Impressions per follower by platform, learnt from all shares of our own that have both figures."""
    by_platform: dict[str, list[PostReach]] = defaultdict(list)
    for row in share_rows(session, session.scalars(select(Share)).all()):
        by_platform[row.platform].append(post_reach(row))
    return {platform: learn_factor(posts) for platform, posts in by_platform.items()}


def programme(session: Session, viewer: Viewer, start: datetime, end: datetime, now: datetime) -> Programme:
    """The programme in [start, end); raises `NotAllowed` for advocates, who see their own figures."""
    _check(viewer, None)
    days, joined = _days(session, start, end), _joined(session)
    published = session.scalars(select(Share).where(Share.published_at >= start, Share.published_at < end)).all()
    active = {str(share.advocate_id) for share in published}
    before = _active(session, start - (end - start), start)
    hidden = 0 < len(active) < MIN_AUTHORS
    originals = sum(share.own_words for share in published)
    return Programme(
        days,
        sum(joined.values()),
        joined.get(True, 0),
        adoption_rate(days[-1]) if days else None,
        activation_rate(_joiners(session), start, end, now),
        active_rate(len(active), days),
        retention(before, active),
        None if hidden else len(published),
        None if hidden else originals_share(originals, len(published)),
        reach(session, viewer, None, start, end),
        () if hidden else programme_clicks(session, viewer, start, end),
        hidden,
    )


def record_day(session: Session, now: datetime) -> None:
    """Note today's head-counts; the last call of a day (UTC) stays. They can't be rebuilt once somebody has left."""
    today = now.astimezone(UTC).date()
    by_demo = _joined(session)
    demo = set(by_demo) == {True}
    invited = select(func.count()).where(Invitation.role == "advocate", Invitation.revoked_at.is_(None))
    values = {
        "eligible": eligible(session, now),
        "invited": session.scalar(invited) or 0,
        "joined": by_demo.get(demo, 0),
        "connected": connected_people(session, demo=demo),
        "active": len(_active(session, now - _ACTIVE, now)),
        "demo": demo,
    }
    add = insert(ProgrammeDay).values(day=today, **values)
    known = {name: value for name, value in values.items() if value is not None}
    session.execute(add.on_conflict_do_update(index_elements=["day"], set_=known))


def _check(viewer: Viewer, advocate_id: int | None) -> None:
    if viewer.role == "system":
        return
    if advocate_id is None and not viewer.aggregate_facets:
        raise NotAllowed("Your role does not see the programme's figures.")
    if advocate_id is not None and viewer.advocate_id != advocate_id:
        raise NotAllowed("These figures belong to another advocate.")


def post_reach(row: ShareRow) -> PostReach:
    """A share as `metrics.reach` takes it. For this package."""
    counters = {name: reading.value for name, reading in row.readings.items()}
    return PostReach(row.platform, str(row.advocate_id), row.followers, counters)


def _days(session: Session, start: datetime, end: datetime) -> tuple[HeadCount, ...]:
    first, last = start.astimezone(UTC).date(), end.astimezone(UTC).date()
    query = select(ProgrammeDay).where(ProgrammeDay.day >= first, ProgrammeDay.day <= last)
    return tuple(
        HeadCount(row.day, row.eligible, row.invited, row.joined, row.connected, row.active)
        for row in session.scalars(query.order_by(ProgrammeDay.day))
    )


def _joined(session: Session) -> dict[bool, int]:
    """How many have joined and not left: real people (False), people of the demo (True)."""
    query = select(Advocate.demo, func.count()).where(Advocate.left_at.is_(None)).group_by(Advocate.demo)
    return {row[0]: row[1] for row in session.execute(query)}


def _active(session: Session, start: datetime, end: datetime) -> set[str]:
    query = select(Share.advocate_id).where(Share.published_at >= start, Share.published_at < end)
    return {str(advocate_id) for advocate_id in session.scalars(query.distinct())}


def _joiners(session: Session) -> Sequence[Joiner]:
    query = (
        select(Advocate.joined_at, func.min(Share.published_at))
        .join(Share, (Share.advocate_id == Advocate.id) & (Share.published_at >= Advocate.joined_at), isouter=True)
        .group_by(Advocate.id)
    )
    return [Joiner(joined_at, first) for joined_at, first in session.execute(query)]
