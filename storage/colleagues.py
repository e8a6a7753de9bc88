"""Figures of colleagues who chose to show theirs: to all advocates, or to those who are counted with the same team.

Only advocates read this, and nobody by their role: it is on no page of the programme.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, false, func, or_, select
from sqlalchemy.orm import Session

from metrics.reach import Measured, measured_impressions
from storage.models.advocacy import Advocate, Click, Link, Share
from storage.models.users import User
from storage.programme import post_reach
from storage.shares import ShareRow, share_rows
from storage.viewer import NotAllowed, Viewer

_MOST = 50


@dataclass(frozen=True, slots=True)
class Colleague:
    """What somebody lets the viewer see of a window: posts, what was measured of them, filtered clicks in it."""

    name: str
    posts: int
    impressions: Measured
    clicks: int
    as_of: datetime | None  # of the latest reading


def shown(session: Session, viewer: Viewer, start: datetime, end: datetime) -> tuple[Colleague, ...]:
    """Those with a post in [start, end) who let the viewer see it, by name: no order by success."""
    me = None if viewer.advocate_id is None else session.get(Advocate, viewer.advocate_id)
    if me is None or me.left_at is not None:
        raise NotAllowed("Only who joined as an advocate sees this.")
    people = _people(session, me)
    posts: dict[int, list[ShareRow]] = defaultdict(list)
    inside = (Share.published_at >= start, Share.published_at < end, Share.deleted_at.is_(None))
    for row in share_rows(session, session.scalars(select(Share).where(Share.advocate_id.in_(people), *inside)).all()):
        posts[row.advocate_id].append(row)
    clicks = _clicks(session, list(posts), start, end)
    return tuple(
        Colleague(
            name,
            len(posts[place]),
            measured_impressions([post_reach(row) for row in posts[place]]),
            clicks.get(place, 0),
            max((each.observed_at for row in posts[place] for each in row.readings.values()), default=None),
        )
        for place, name in people.items()
        if posts[place]
    )[:_MOST]


def _people(session: Session, me: Advocate) -> dict[int, str]:
    """Advocate → name. A team is theirs who are counted with it, as `advocates.team` says."""
    team = false() if me.team is None else func.lower(Advocate.team) == me.team.lower()
    same = and_(Advocate.visibility == "team", team)
    query = (
        select(Advocate.id, User.name)
        .join(User, User.id == Advocate.user_id)
        .where(Advocate.left_at.is_(None), Advocate.id != me.id, or_(Advocate.visibility == "all", same))
    )
    return {row.id: row.name for row in session.execute(query.order_by(func.lower(User.name), Advocate.id))}


def _clicks(session: Session, people: list[int], start: datetime, end: datetime) -> dict[int, int]:
    counted = (Click.verdict == "counted", Click.at >= start, Click.at < end)
    query = select(Link.advocate_id, func.count()).join(Click, Click.link_id == Link.id)
    rows = session.execute(query.where(Link.advocate_id.in_(people), *counted).group_by(Link.advocate_id))
    return {row[0]: row[1] for row in rows}
