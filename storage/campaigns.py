"""Campaigns and who may know of them: asked anew at every read, so that leaving or changing role counts at once.

| who | draft | briefed, under embargo | after the embargo |
|---|---|---|---|
| administrators; marketing (brand, both); HR (employer, both) | yes | yes | yes |
| the maker, while marketing, HR or administrator | yes | yes | yes |
| the early groups | no | yes | yes |
| everybody else who is signed in | no | no | yes |

The embargo ends at `embargo_until`, or at the go-live where none is set. Pages, mails, contents, links and search ask
`visible` or `may_see` and nothing else.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select, true, update
from sqlalchemy.orm import Session

from advocacy.campaign import DRAFT, EDITS, STATES, Brief, checked, embargo_ends, folded, groups_of, key_of
from storage.models.advocacy import Advocate, Campaign, Content
from storage.models.users import User
from storage.viewer import ROLES, NotAllowed, NotFound, Viewer

MOST = 200


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """A campaign as the viewer may read it; the early groups are named to those who write it only."""

    id: int
    key: str
    state: str
    brief: Brief
    by: str | None
    created_at: datetime
    briefed_at: datetime | None
    live_at: datetime | None
    closed_at: datetime | None
    event_id: int | None
    lessons: str
    lessons_by: str | None
    lessons_at: datetime | None
    editable: bool
    demo: bool

    def embargoed(self, now: datetime) -> bool:
        """Whether only the groups named above may know of it."""
        return self.state == DRAFT or now < embargo_ends(self.brief.embargo_until, self.brief.starts_at)


def visible(session: Session, viewer: Viewer, now: datetime) -> set[int]:
    """The ids of the campaigns that the viewer may know of."""
    return set(session.scalars(select(Campaign.id).where(knows(session, viewer, now))))


def may_see(session: Session, viewer: Viewer, campaign_id: int, now: datetime) -> bool:
    """Whether the viewer may know of one campaign; False also where there is none."""
    found = select(Campaign.id).where(Campaign.id == campaign_id, knows(session, viewer, now))
    return session.scalar(found) is not None


def may_edit(viewer: Viewer) -> tuple[str, ...]:
    """The facets of the campaigns that the viewer writes."""
    return EDITS.get(viewer.role, ())


def edits(viewer: Viewer, campaign: Campaign) -> bool:
    """Whether the viewer writes this campaign. For this package."""
    own = viewer.user_id is not None and campaign.created_by == viewer.user_id
    return campaign.facet in may_edit(viewer) or (own and viewer.role in EDITS)


def list_campaigns(
    session: Session, viewer: Viewer, now: datetime, state: str | None = None, before_id: int | None = None
) -> tuple[CampaignRow, ...]:
    """The campaigns that the viewer may know of, the newest first, at most 200; `before_id` continues."""
    if state is not None and state not in STATES:
        raise ValueError(f"state: {state[:40]!r} is not one of {', '.join(STATES)}")
    query = select(Campaign).where(knows(session, viewer, now))
    if state is not None:
        query = query.where(Campaign.state == state)
    if before_id is not None:
        query = query.where(Campaign.id < before_id)
    found = session.scalars(query.order_by(Campaign.id.desc()).limit(MOST)).all()
    return tuple(_row(session, viewer, each) for each in found)


def find(session: Session, viewer: Viewer, campaign_id: int, now: datetime) -> CampaignRow:
    """One campaign; raises `NotFound`, also where the viewer may not know of it."""
    return _row(session, viewer, known(session, viewer, campaign_id, now))


def add(session: Session, viewer: Viewer, brief: Brief, now: datetime, *, demo: bool = False) -> int:
    """Begin a campaign as a draft; raises `ValueError` that names a field, or `NotAllowed`."""
    if not may_edit(viewer):
        raise NotAllowed("Your role writes no campaigns.")
    brief = checked(brief, may_edit(viewer), ROLES, now)
    row = Campaign(
        key=key_of(brief.title, secrets.token_hex(3)), state=DRAFT, created_by=viewer.user_id, created_at=now, demo=demo
    )
    write(row, brief)
    session.add(row)
    session.flush()
    return row.id


def mails_chosen(session: Session, viewer: Viewer) -> bool | None:
    """Whether the viewer gets a mail when a campaign goes live; None for who has not joined."""
    of_viewer = (Advocate.user_id == viewer.user_id, Advocate.left_at.is_(None))
    return None if viewer.user_id is None else session.scalar(select(Advocate.campaign_mails).where(*of_viewer))


def choose_mails(session: Session, viewer: Viewer, wanted: bool) -> None:
    """An advocate's own choice."""
    of_viewer = (Advocate.user_id == viewer.user_id, Advocate.left_at.is_(None))
    if viewer.user_id is not None:
        session.execute(update(Advocate).where(*of_viewer).values(campaign_mails=wanted))


def write(row: Campaign, brief: Brief) -> None:
    """Put a brief's values into a row. For this package."""
    row.title, row.facet = brief.title, brief.facet
    row.why, row.affected, row.expected = brief.why, brief.affected, brief.expected
    row.team_briefing, row.early_groups = brief.team_briefing, list(brief.early_groups)
    row.embargo_until, row.starts_at, row.ends_at = brief.embargo_until, brief.starts_at, brief.ends_at


def brief_of(row: Campaign) -> Brief:
    """The brief of a row. For this package."""
    return Brief(
        row.title, row.facet, row.starts_at, row.ends_at, row.why, row.affected, row.expected, row.team_briefing,
        tuple(row.early_groups), row.embargo_until,
    )  # fmt: skip


def contents_of(session: Session, campaign_id: int) -> int:
    """How many contents are tied to a campaign and not withdrawn."""
    query = select(func.count()).where(Content.campaign_id == campaign_id, Content.withdrawn_at.is_(None))
    return session.scalar(query) or 0


def known(session: Session, viewer: Viewer, campaign_id: int, now: datetime, *, lock: bool = False) -> Campaign:
    """The row of a campaign that the viewer may know of; raises `NotFound`. For this package."""
    query = select(Campaign).where(Campaign.id == campaign_id, knows(session, viewer, now))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    row = session.scalars(query).first()
    if row is None:
        raise NotFound("There is no such campaign.")
    return row


def edited(session: Session, viewer: Viewer, campaign_id: int, now: datetime) -> Campaign:
    """The locked row of a campaign that the viewer writes; raises `NotFound` or `NotAllowed`. For this package."""
    row = known(session, viewer, campaign_id, now, lock=True)
    if not edits(viewer, row):
        raise NotAllowed("This campaign is written by others.")
    return row


def knows(session: Session, viewer: Viewer, now: datetime) -> ColumnElement[bool]:
    """The condition on `Campaign` of what the viewer may know of. For this package."""
    if viewer.role == "system":
        return true()
    over = func.coalesce(Campaign.embargo_until, Campaign.starts_at) <= now
    ways = [and_(Campaign.state != DRAFT, over)]
    if told := _told_early(session, viewer, now):
        ways.append(Campaign.id.in_(told))
    if viewer.role in EDITS:
        ways.append(Campaign.facet.in_(EDITS[viewer.role]))
        if viewer.user_id is not None:  # a maker whose account is gone is nobody
            ways.append(Campaign.created_by == viewer.user_id)
    return or_(*ways)


def _told_early(session: Session, viewer: Viewer, now: datetime) -> list[int]:
    """Names of groups are compared here, since databases differ in what they hold for the same letter."""
    over = func.coalesce(Campaign.embargo_until, Campaign.starts_at) <= now
    secret = select(Campaign.id, Campaign.early_groups).where(Campaign.state != DRAFT, ~over)
    rows = session.execute(secret).all()
    if not rows:
        return []
    groups = frozenset(_groups(session, viewer))
    return [campaign_id for campaign_id, early in rows if groups & folded(early)]


def _groups(session: Session, viewer: Viewer) -> list[str]:
    of_user = select(Advocate.team, Advocate.location).where(
        Advocate.user_id == viewer.user_id, Advocate.left_at.is_(None)
    )
    row = None if viewer.user_id is None else session.execute(of_user).first()
    team, location = (row.team, row.location) if row is not None else (None, None)
    return groups_of(viewer.role, viewer.user_id, team, location)


def _row(session: Session, viewer: Viewer, row: Campaign) -> CampaignRow:
    editable = edits(viewer, row)
    brief = brief_of(row)
    if not editable:
        brief = Brief(
            brief.title, brief.facet, brief.starts_at, brief.ends_at, brief.why, brief.affected, brief.expected,
            brief.team_briefing, (), brief.embargo_until,
        )  # fmt: skip
    people = (row.created_by, row.lessons_by)
    names = {one.id: one.name for one in session.execute(select(User.id, User.name).where(User.id.in_(people)))}
    return CampaignRow(
        row.id,
        row.key,
        row.state,
        brief,
        names.get(row.created_by or 0),
        row.created_at,
        row.briefed_at,
        row.live_at,
        row.closed_at,
        row.event_id,
        row.lessons,
        names.get(row.lessons_by or 0),
        row.lessons_at,
        editable,
        row.demo,
    )
