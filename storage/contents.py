"""Contents: what there is to share, written by marketing, HR and administrators, seen by everybody who may share it.

| who | sees | changes |
|---|---|---|
| marketing, HR, administrators | all but those of campaigns unknown to them | those of no campaign or of their side |
| everybody who joined as an advocate | what is available | nothing |

*Available*: published, not withdrawn, and its campaign's embargo is over. An embargo binds those who know of the
campaign too: nobody can share what nobody may know yet. `storage.content_edits` writes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, tuple_
from sqlalchemy.orm import Session

from advocacy.campaign import DRAFT, EDITS
from metrics.suppress import MIN_AUTHORS
from storage import campaigns, keyset
from storage.models.advocacy import Campaign, Content, Share
from storage.viewer import NotAllowed, NotFound, Viewer

EDITORS = ("marketing", "hr", "administrator")
STATES = ("available", "planned", "over", "withdrawn")
_MOST_AVAILABLE = 500


@dataclass(frozen=True, slots=True)
class ContentRow:
    """One content. `shared_by`: the advocates who shared it; None below five, and for who may not edit.

    `since`: when it could first be shared (its own date, or the end of its campaign's embargo).
    """

    id: int
    campaign_id: int | None
    campaign: str | None
    title: str
    angle: str
    prompts: tuple[str, ...]
    facts: str
    avoid: str
    example: str
    link: str | None
    has_picture: bool
    picture_alt: str | None
    language: str
    platforms: tuple[str, ...]
    available_from: datetime
    available_until: datetime | None
    since: datetime
    created_at: datetime
    withdrawn_at: datetime | None
    state: str
    may_change: bool
    shared_by: int | None
    demo: bool


@dataclass(frozen=True, slots=True)
class ContentPage:
    """Contents, newest first."""

    items: tuple[ContentRow, ...]
    next: str | None


def available(session: Session, viewer: Viewer, now: datetime) -> tuple[ContentRow, ...]:
    """What the viewer may share now, what became available last first; nothing for who did not join."""
    if viewer.advocate_id is None:
        return ()
    query = _query().where(_open(now), published(now), _known(session, viewer, now))
    rows = session.execute(query.order_by(_since().desc(), Content.id.desc()).limit(_MOST_AVAILABLE))
    return tuple(_row(row[0], row[1], viewer=viewer, now=now) for row in rows)


def list_contents(
    session: Session,
    viewer: Viewer,
    now: datetime,
    *,
    state: str | None = None,
    limit: int = 50,
    after: str | None = None,
) -> ContentPage:
    """A page of what there is; an advocate who edits nothing gets what is available."""
    query = _readable(session, viewer, now)
    if state is not None:
        query = query.where(_in_state(state, now))
    if after is not None:
        query = query.where(tuple_(Content.created_at, Content.id) < keyset.decode(after))
    query = query.order_by(Content.created_at.desc(), Content.id.desc())
    rows = session.execute(query.limit(limit + 1)).all()
    counts = _sharers(session, [row[0].id for row in rows]) if viewer.role in EDITORS else {}
    items = tuple(_row(row[0], row[1], viewer=viewer, now=now, counts=counts) for row in rows[:limit])
    return ContentPage(items, keyset.encode(items[-1].created_at, items[-1].id) if len(rows) > limit else None)


def find(session: Session, viewer: Viewer, content_id: int, now: datetime) -> ContentRow:
    """One content that the viewer may see; raises `NotFound`."""
    row = session.execute(_readable(session, viewer, now).where(Content.id == content_id)).first()
    if row is None:
        raise NotFound("There is no such content.")
    counts = _sharers(session, [content_id]) if viewer.role in EDITORS else {}
    return _row(row[0], row[1], viewer=viewer, now=now, counts=counts)


def to_share(session: Session, viewer: Viewer, content_id: int, now: datetime) -> ContentRow:
    """One content that the viewer may share now; raises `NotFound`."""
    found = find(session, viewer, content_id, now)
    if viewer.advocate_id is None or found.state != "available" or found.since > now:
        raise NotFound("This content can't be shared, or not any more.")
    return found


def picture(session: Session, viewer: Viewer, content_id: int, now: datetime) -> tuple[str, bytes]:
    """Media type and bytes of a content's picture; raises `NotFound`."""
    find(session, viewer, content_id, now)
    row = session.execute(select(Content.picture_type, Content.picture).where(Content.id == content_id)).one()
    if row.picture is None or row.picture_type is None:
        raise NotFound("This content has no picture.")
    return row.picture_type, row.picture


def _query() -> Select[Content, Campaign | None]:
    found: Select[Content, Campaign | None] = select(Content, Campaign).outerjoin(Campaign)
    return found


def _readable(session: Session, viewer: Viewer, now: datetime) -> Select[Content, Campaign | None]:
    query = _query().where(_known(session, viewer, now))
    if viewer.role in EDITORS or viewer.role == "system":
        return query
    if viewer.advocate_id is None:
        raise NotAllowed("Contents are for who joined as an advocate, and for who writes them.")
    return query.where(_open(now), published(now))


def _known(session: Session, viewer: Viewer, now: datetime) -> ColumnElement[bool]:
    return or_(Content.campaign_id.is_(None), campaigns.knows(session, viewer, now))


def published(now: datetime) -> ColumnElement[bool]:
    """The condition that a content's campaign (outer joined), if any, is no secret any more. For this package."""
    over = func.coalesce(Campaign.embargo_until, Campaign.starts_at) <= now
    return or_(Content.campaign_id.is_(None), and_(Campaign.state != DRAFT, over))


def _since() -> ColumnElement[datetime]:
    return func.greatest(Content.available_from, func.coalesce(Campaign.embargo_until, Campaign.starts_at))


def _open(now: datetime) -> ColumnElement[bool]:
    return and_(Content.available_from <= now, _not_over(now), Content.withdrawn_at.is_(None))


def _not_over(now: datetime) -> ColumnElement[bool]:
    return or_(Content.available_until.is_(None), Content.available_until > now)


def _in_state(state: str, now: datetime) -> ColumnElement[bool]:
    if state not in STATES:
        raise ValueError(f"state: {state!r} is not one of {', '.join(STATES)}")
    if state == "withdrawn":
        return Content.withdrawn_at.is_not(None)
    here = Content.withdrawn_at.is_(None)
    if state == "over":
        return and_(here, Content.available_until <= now)
    shareable = and_(Content.available_from <= now, published(now))
    return and_(here, _not_over(now), shareable if state == "available" else ~shareable)


def _sharers(session: Session, ids: Sequence[int]) -> dict[int, int]:
    query = select(Share.content_id, func.count(Share.advocate_id.distinct())).where(Share.content_id.in_(ids))
    return {row[0]: row[1] for row in session.execute(query.group_by(Share.content_id)) if row[0] is not None}


def _row(
    content: Content, campaign: Campaign | None, *, viewer: Viewer, now: datetime, counts: dict[int, int] | None = None
) -> ContentRow:
    since = content.available_from
    hidden = False
    if campaign is not None:
        since = max(since, campaign.embargo_until or campaign.starts_at)
        hidden = campaign.state == DRAFT
    shared_by = (counts or {}).get(content.id, 0)
    return ContentRow(
        id=content.id,
        campaign_id=content.campaign_id,
        campaign=campaign.title if campaign else None,
        title=content.title,
        angle=content.angle,
        prompts=tuple(content.prompts),
        facts=content.facts,
        avoid=content.avoid,
        example=content.example,
        link=content.link,
        has_picture=content.picture_type is not None,
        picture_alt=content.picture_alt,
        language=content.language,
        platforms=tuple(content.platforms),
        available_from=content.available_from,
        available_until=content.available_until,
        since=since,
        created_at=content.created_at,
        withdrawn_at=content.withdrawn_at,
        state=_state(content, since, hidden, now),
        may_change=_may_change(viewer, campaign),
        shared_by=shared_by if shared_by >= MIN_AUTHORS else None,
        demo=content.demo,
    )


def _state(content: Content, since: datetime, hidden: bool, now: datetime) -> str:
    if content.withdrawn_at is not None:
        return "withdrawn"
    if content.available_until is not None and content.available_until <= now:
        return "over"
    return "planned" if hidden or since > now else "available"


def _may_change(viewer: Viewer, campaign: Campaign | None) -> bool:
    if viewer.role == "system":
        return True
    if viewer.role not in EDITORS:
        return False
    made = campaign is not None and campaign.created_by is not None and campaign.created_by == viewer.user_id
    return campaign is None or campaign.facet in EDITS[viewer.role] or made
