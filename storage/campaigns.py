"""Campaigns and who may know of them: asked anew at every read, so that leaving or changing role counts at once.

| who | draft | briefed, under embargo | after the embargo |
|---|---|---|---|
| administrators; marketing (brand, both); HR (employer, both) | yes | yes | yes |
| the maker, while marketing, HR or administrator | yes | yes | yes |
| the early groups | no | yes | yes |
| everybody else who is signed in | no | no | yes |

The embargo ends at `embargo_until`, or at the go-live where none is set. `metrics`, pages, mails, contents, links and
search ask `visible` or `may_see` and nothing else.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ARRAY, ColumnElement, Text, and_, cast, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from advocacy.campaign import DRAFT, EDITS, groups_of
from storage.models.advocacy import Advocate, Campaign
from storage.viewer import Viewer

_TEXTS = ARRAY(Text)


def visible(session: Session, viewer: Viewer, now: datetime) -> set[int]:
    """The ids of the campaigns that the viewer may know of."""
    return set(session.scalars(select(Campaign.id).where(knows(session, viewer, now))))


def may_see(session: Session, viewer: Viewer, campaign_id: int, now: datetime) -> bool:
    """Whether the viewer may know of one campaign; False also where there is none."""
    found = select(Campaign.id).where(Campaign.id == campaign_id, knows(session, viewer, now))
    return session.scalar(found) is not None


def knows(session: Session, viewer: Viewer, now: datetime) -> ColumnElement[bool]:
    """The condition on `Campaign` of what the viewer may know of. For this package."""
    if viewer.role == "system":
        return true()
    briefed = Campaign.state != DRAFT
    ways = [
        and_(briefed, func.coalesce(Campaign.embargo_until, Campaign.starts_at) <= now),
        and_(briefed, _lowered(Campaign.early_groups).op("&&")(cast(_groups(session, viewer), _TEXTS))),
    ]
    if viewer.role in EDITS:
        ways.append(Campaign.facet.in_(EDITS[viewer.role]))
        ways.append(Campaign.created_by == viewer.user_id)
    return or_(*ways)


def _groups(session: Session, viewer: Viewer) -> list[str]:
    of_user = select(Advocate.team, Advocate.location).where(
        Advocate.user_id == viewer.user_id, Advocate.left_at.is_(None)
    )
    row = None if viewer.user_id is None else session.execute(of_user).first()
    team, location = (row.team, row.location) if row is not None else (None, None)
    return groups_of(viewer.role, viewer.user_id, team, location)


def _lowered(groups: InstrumentedAttribute[list[str]]) -> ColumnElement[Sequence[str]]:
    return cast(func.lower(cast(groups, Text)), _TEXTS)
