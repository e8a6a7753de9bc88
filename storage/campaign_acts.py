"""What becomes of a campaign: briefed, taken back, live, closed, changed, deleted; by people or by the clock.

Whoever acts holds the row's lock, so that an act happens once, whoever else tries at the same moment. What people are
told of it stands in `campaign_steps`, in the same transaction.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from advocacy.campaign import BRIEFED, CLOSED, DRAFT, LIVE, Brief, checked, embargo_ends, lacking
from storage import audit, campaign_steps
from storage.campaigns import brief_of, edited, may_edit, write
from storage.models.advocacy import Campaign, Content
from storage.models.incidents import PlannedEvent
from storage.planned_events import LONGEST, MAX_NAME
from storage.profile import own_company
from storage.viewer import ALL, ROLES, SYSTEM, Viewer

_SETTLED = ("facet", "starts_at", "embargo_until", "early_groups")  # what a go-live fixes


class NotNow(ValueError):  # noqa: N818
    """The state of the campaign does not allow this; HTTP answers 409."""


def change(session: Session, viewer: Viewer, campaign_id: int, brief: Brief, now: datetime) -> None:
    """Put other values into a campaign; raises `ValueError` that names a field, `NotFound`, `NotAllowed`, `NotNow`.

    After the go-live, side, start, embargo and early groups stay as they are, after the end everything does. An embargo
    that moves is told to those who were told of the campaign.
    """
    row = edited(session, viewer, campaign_id, now)
    if row.state == CLOSED:
        raise NotNow("The campaign is over; its brief stays as it was.")
    old = brief_of(row)
    if row.state == LIVE:
        brief = replace(brief, **{name: getattr(old, name) for name in _SETTLED})
    new = checked(brief, {*may_edit(viewer), row.facet}, ROLES, now)
    new_end = embargo_ends(new.embargo_until, new.starts_at)
    if row.state != DRAFT and (missing := lacking(new)):
        raise ValueError(f"{missing[0]}: this was told already, so it can't be empty.")
    if row.state == BRIEFED and embargo_ends(old.embargo_until, old.starts_at) <= now < new_end:
        raise ValueError("embargo_until: it is over, and what is known can't be hidden again.")
    if row.state == LIVE and new.ends_at <= now:
        raise ValueError("ends_at: lies in the past; close the campaign instead.")
    write(row, new)
    if row.state == BRIEFED:
        _retell(session, row, old, new, now)
    _keep_event(session, row)
    changed = [name for name in Brief.__dataclass_fields__ if getattr(old, name) != getattr(new, name)]
    audit.record(session, viewer, "campaign.change", f"campaign {row.id}: {', '.join(changed) or 'nothing'}", now)
    session.flush()


def brief(session: Session, viewer: Viewer, campaign_id: int, now: datetime) -> None:
    """Tell the early groups; raises `NotNow` for what is no draft, `ValueError` that names what is missing."""
    row = edited(session, viewer, campaign_id, now)
    if row.state != DRAFT:
        raise NotNow("The campaign has been briefed already.")
    if missing := lacking(brief_of(row)):
        raise ValueError(f"{missing[0]}: write this before anybody is told.")
    if row.ends_at <= now:
        raise ValueError("ends_at: lies in the past.")
    row.state, row.briefed_at = BRIEFED, now
    campaign_steps.add(session, row.id, "briefed", str(row.round), now)
    audit.record(session, viewer, "campaign.brief", f"campaign {row.id}", now)
    session.flush()


def withdraw(session: Session, viewer: Viewer, campaign_id: int, now: datetime) -> None:
    """Take a brief back: a draft again, which only those who write it know of. Those who were told are told so."""
    row = edited(session, viewer, campaign_id, now)
    if row.state != BRIEFED:
        raise NotNow("Only a campaign that is briefed and not yet live is taken back.")
    row.state, row.briefed_at = DRAFT, None
    campaign_steps.end(session, row.id, ("briefed", "embargo"), now)
    campaign_steps.add(session, row.id, "withdrawn", str(row.round), now)
    row.round += 1
    audit.record(session, viewer, "campaign.withdraw", f"campaign {row.id}", now)
    session.flush()


def go_live(session: Session, viewer: Viewer, campaign_id: int, now: datetime) -> None:
    """Begin now, ahead of the date if need be; raises `NotNow` while the embargo lasts."""
    row = edited(session, viewer, campaign_id, now)
    if row.state != BRIEFED:
        raise NotNow("Only a campaign that is briefed goes live.")
    if row.embargo_until is not None and row.embargo_until > now:
        raise NotNow("The embargo lasts. Move it first: whoever was told to be silent should hear of it.")
    if row.starts_at > now:
        row.starts_at = now
    _begin(session, row, viewer, now)


def close(session: Session, viewer: Viewer, campaign_id: int, now: datetime) -> None:
    """End a live campaign now."""
    row = edited(session, viewer, campaign_id, now)
    if row.state != LIVE:
        raise NotNow("Only a live campaign is closed.")
    if row.ends_at > now:
        row.ends_at = max(now, row.starts_at + timedelta(seconds=1))
    _end(session, row, viewer, now)


def remove(session: Session, viewer: Viewer, campaign_id: int, now: datetime) -> None:
    """Delete a draft or a closed campaign with its questions, feedback and result. Shares and clicks stay with people.

    Contents of a draft go with it, since without it they would be for everybody; those of a closed one are withdrawn.
    """
    row = edited(session, viewer, campaign_id, now)
    if row.state not in (DRAFT, CLOSED):
        raise NotNow("Take the brief back, or close the campaign, before it is deleted.")
    if campaign_steps.under_way(session, row.id, "withdrawn"):
        raise NotNow("The people who were told are just hearing that it is taken back. Try again in a few minutes.")
    tied = Content.campaign_id == row.id
    if row.state == DRAFT:
        session.execute(delete(Content).where(tied))
    else:
        session.execute(update(Content).where(tied, Content.withdrawn_at.is_(None)).values(withdrawn_at=now))
    session.delete(row)
    audit.record(session, viewer, "campaign.delete", f"campaign {campaign_id}", now)
    session.flush()


def keep(session: Session, viewer: Viewer, campaign_id: int, lessons: str, now: datetime) -> None:
    """Write down what to keep, with author and date."""
    row = edited(session, viewer, campaign_id, now)
    lessons = lessons.replace("\x00", "").strip()
    if len(lessons) > 10_000:
        raise ValueError("lessons: write at most 10,000 characters.")
    row.lessons, row.lessons_by, row.lessons_at = lessons, viewer.user_id, now
    audit.record(session, viewer, "campaign.keep", f"campaign {row.id}", now)
    session.flush()


def due(session: Session, now: datetime) -> tuple[int, ...]:
    """Campaigns that the clock is to move."""
    over = func.coalesce(Campaign.embargo_until, Campaign.starts_at) <= now
    starting = (Campaign.state == BRIEFED) & (Campaign.starts_at <= now) & over
    ending = (Campaign.state == LIVE) & (Campaign.ends_at <= now)
    return tuple(session.scalars(select(Campaign.id).where(starting | ending).order_by(Campaign.id)))


def by_clock(session: Session, campaign_id: int, now: datetime) -> None:
    """Move one campaign whose time has come; nothing where somebody else did meanwhile."""
    row = session.get(Campaign, campaign_id, with_for_update=True, populate_existing=True)
    if row is None:
        return
    if row.state == BRIEFED and row.starts_at <= now and embargo_ends(row.embargo_until, row.starts_at) <= now:
        _begin(session, row, SYSTEM, now)
    elif row.state == LIVE and row.ends_at <= now:
        _end(session, row, SYSTEM, now)


def _begin(session: Session, row: Campaign, viewer: Viewer, now: datetime) -> None:
    row.state, row.live_at = LIVE, now
    campaign_steps.end(session, row.id, ("briefed", "embargo"), now)
    campaign_steps.add(session, row.id, "live", "", now)
    _keep_event(session, row)
    audit.record(session, viewer, "campaign.live", f"campaign {row.id}", now)
    session.flush()


def _end(session: Session, row: Campaign, viewer: Viewer, now: datetime) -> None:
    row.state, row.closed_at = CLOSED, now
    campaign_steps.end(session, row.id, ("live",), now)
    _keep_event(session, row)
    audit.record(session, viewer, "campaign.close", f"campaign {row.id}", now)
    session.flush()


def _retell(session: Session, row: Campaign, old: Brief, new: Brief, now: datetime) -> None:
    before, after = (embargo_ends(each.embargo_until, each.starts_at) for each in (old, new))
    if before != after and after > now:
        campaign_steps.end(session, row.id, ("embargo",), now)
        campaign_steps.add(session, row.id, "embargo", f"{row.round} {now.isoformat()}", now)


def _keep_event(session: Session, row: Campaign) -> None:
    """The planned event that explains rises while the campaign runs: made when it goes live, in step from then on.

    Earlier it would tell the embargoed title to all who see planned events. One that a person took back stays away. The
    baseline takes 45 days at most for an event; what lasts longer becomes normal.
    """
    if row.state not in (LIVE, CLOSED):
        return
    ends = min(row.ends_at, row.starts_at + LONGEST)
    event = None if row.event_id is None else session.get(PlannedEvent, row.event_id, with_for_update=True)
    if event is None:
        own = own_company(session)
        if own is None or row.live_at is None or row.state == CLOSED or _made_once(session, row):
            return
        event = PlannedEvent(company_id=own.id, created_by=row.created_by, created_at=row.live_at)
        event.name, event.starts_at, event.ends_at = row.title[:MAX_NAME], row.starts_at, ends
        session.add(event)
    event.name, event.facet = row.title[:MAX_NAME], ALL if row.facet == "both" else row.facet
    event.starts_at, event.ends_at = row.starts_at, ends
    event.note = "A campaign; its dates are kept in step."
    session.flush()
    row.event_id = event.id


def _made_once(session: Session, row: Campaign) -> bool:
    """A live campaign without its event: a person took it back, unless the campaign is only just going live."""
    return campaign_steps.told_any(session, row.id, "live")
