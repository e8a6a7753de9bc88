"""Writing contents: by marketing, HR and administrators, each for campaigns of their side; see `advocacy.content`."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.orm import Session

from advocacy.campaign import EDITS
from advocacy.content import Draft, checked
from advocacy.links import LinkError, check_destination
from advocacy.pictures import Picture
from storage import campaigns
from storage.contents import EDITORS, find
from storage.links import own_addresses
from storage.models.advocacy import Campaign, Content
from storage.viewer import NotAllowed, Viewer


def add(
    session: Session,
    viewer: Viewer,
    draft: Draft,
    hosts: Collection[str],
    now: datetime,
    image: Picture | None = None,
    *,
    demo: bool = False,
) -> int:
    """A new content; raises `ValueError` that names the field, `NotAllowed` for who may not write."""
    _check_editor(viewer)
    values = _values(session, viewer, draft, hosts, now, has_picture=image is not None)
    content = Content(**values, created_by=viewer.user_id, created_at=now, demo=demo)
    _put_picture(content, image)
    session.add(content)
    session.flush()
    return content.id


def change(
    session: Session,
    viewer: Viewer,
    content_id: int,
    draft: Draft,
    hosts: Collection[str],
    now: datetime,
    image: Picture | None = None,
    *,
    drop_picture: bool = False,
) -> None:
    """Put other values in the place of all its own; without `image` the picture stays, unless it is dropped."""
    content = _to_change(session, viewer, content_id, now)
    keeps = content.picture_type is not None and not drop_picture
    for name, value in _values(session, viewer, draft, hosts, now, has_picture=image is not None or keeps).items():
        setattr(content, name, value)
    if image is not None or drop_picture:
        _put_picture(content, image)
    session.flush()


def withdraw(session: Session, viewer: Viewer, content_id: int, now: datetime) -> None:
    """Nobody is offered it any more. Posts that are out keep their links; withdrawing twice is once."""
    content = _to_change(session, viewer, content_id, now)
    content.withdrawn_at = content.withdrawn_at or now
    session.flush()


def writable_campaigns(session: Session, viewer: Viewer, now: datetime) -> tuple[tuple[int, str], ...]:
    """Campaigns (id, title) that the viewer may add contents to, the latest first."""
    _check_editor(viewer)
    query = select(Campaign.id, Campaign.title).where(campaigns.knows(session, viewer, now), _own_side(viewer))
    rows = session.execute(query.order_by(Campaign.starts_at.desc(), Campaign.id.desc()).limit(200))
    return tuple((row.id, row.title) for row in rows)


def _own_side(viewer: Viewer) -> ColumnElement[bool]:
    if viewer.role == "system":
        return true()
    own = Campaign.facet.in_(EDITS.get(viewer.role, ()))
    return own if viewer.user_id is None else or_(own, Campaign.created_by == viewer.user_id)


def _check_editor(viewer: Viewer) -> None:
    if viewer.role not in (*EDITORS, "system"):
        raise NotAllowed("Contents are written by marketing, HR and administrators.")


def _to_change(session: Session, viewer: Viewer, content_id: int, now: datetime) -> Content:
    _check_editor(viewer)
    found = find(session, viewer, content_id, now)
    if not found.may_change:
        raise NotAllowed("This content belongs to a campaign of the other side.")
    return session.scalars(select(Content).where(Content.id == content_id).with_for_update()).one()


def _values(
    session: Session, viewer: Viewer, draft: Draft, hosts: Collection[str], now: datetime, *, has_picture: bool
) -> dict[str, object]:
    """The columns of a checked draft."""
    good = checked(draft, has_picture=has_picture)
    link = None
    if good.link:
        try:
            link = check_destination(good.link, hosts, own_addresses())
        except LinkError as error:
            raise ValueError(f"link: {error}") from error
    if good.campaign_id is not None:
        knows = campaigns.knows(session, viewer, now)
        query = select(Campaign.id).where(Campaign.id == good.campaign_id, knows, _own_side(viewer))
        if session.scalar(query) is None:
            raise ValueError("campaign: there is no such campaign that you write for")
    return {
        **{name: getattr(good, name) for name in ("title", "angle", "facts", "avoid", "example", "language")},
        **{name: getattr(good, name) for name in ("available_from", "available_until", "picture_alt", "campaign_id")},
        "prompts": list(good.prompts),
        "platforms": list(good.platforms),
        "link": link,
    }


def _put_picture(content: Content, image: Picture | None) -> None:
    content.picture = image.data if image else None
    content.picture_type = image.kind if image else None
    content.picture_alt = content.picture_alt if image else None
