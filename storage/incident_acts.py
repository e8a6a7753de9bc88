"""What people do to an incident: acknowledge, assign, snooze, answer, close, note. Each leaves a line in its timeline.

`origin` of some acts says where the act came from when nobody was signed in: the button of a mail.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from alerts.snooze import checked
from storage import incident_feedback, post_mortem
from storage.incident_log import add_event, incident_of
from storage.models.users import User
from storage.viewer import Viewer, may_see_incident, viewer_for

MAX_NOTE = 5_000


def acknowledge(session: Session, viewer: Viewer, incident_id: int, now: datetime, *, origin: str = "") -> None:
    """Say that somebody looks after it; a second time changes nothing."""
    incident = incident_of(session, viewer, incident_id, lock=True)
    if incident.acknowledged_at is None:
        incident.acknowledged_at, incident.acknowledged_by = now, viewer.user_id
        add_event(session, incident_id, "acknowledged", now, viewer.user_id, origin)


def assign(session: Session, viewer: Viewer, incident_id: int, user_id: int | None, now: datetime) -> None:
    """Give it to somebody who may see it (None: to nobody); raises `ValueError` where they may not."""
    incident = incident_of(session, viewer, incident_id, lock=True)
    name = "nobody"
    if user_id is not None:
        user = session.get(User, user_id)
        if user is None or not user.active or not may_see_incident(viewer_for(user.role), incident.facet):
            raise ValueError("user: this person may not see the incident.")
        name = user.name
    incident.assigned_to = user_id
    add_event(session, incident_id, "assigned", now, viewer.user_id, f"Assigned to {name}.")


def snooze(session: Session, viewer: Viewer, incident_id: int, until: datetime | None, now: datetime) -> None:
    """Tell nobody about it until a time, unless it becomes critical; None ends a snooze.

    Whoever puts it off has seen it, so it counts as acknowledged. Raises `ValueError` that names `until`.
    """
    end = None if until is None else checked(until, now)
    incident = incident_of(session, viewer, incident_id, lock=True)
    if incident.closed_at is not None:
        raise ValueError("until: the incident is closed, so nothing is told about it.")
    if end is None and incident.snoozed_until is None:
        return
    if end is not None:
        acknowledge(session, viewer, incident_id, now)
    incident.snoozed_until = end
    words = "The snooze was ended." if end is None else f"Until {end:%-d %b %Y, %H:%M} UTC."
    add_event(session, incident_id, "snoozed", now, viewer.user_id, words)


def answer(
    session: Session,
    viewer: Viewer,
    incident_id: int,
    useful: bool,
    reason: str | None,
    words: str,
    now: datetime,
    *,
    origin: str = "",
) -> None:
    """Say whether it was worth telling; raises `ValueError` that names `reason` or `note`."""
    incident_feedback.answer(session, viewer, incident_id, useful, reason, words, now, origin=origin)
    post_mortem.judged_anew(session, incident_of(session, viewer, incident_id))


def close(session: Session, viewer: Viewer, incident_id: int, now: datetime) -> None:
    """Close it by hand; it is not told by mail."""
    incident = incident_of(session, viewer, incident_id, lock=True)
    if incident.closed_at is None:
        incident.closed_at = now
        add_event(session, incident_id, "closed", now, viewer.user_id, "Closed by hand.")
        post_mortem.write(session, incident, now, by_hand=True)


def note(session: Session, viewer: Viewer, incident_id: int, words: str, now: datetime) -> None:
    """Add a note to the timeline."""
    words = words.replace("\x00", "").strip()
    if not words or len(words) > MAX_NOTE:
        raise ValueError(f"text: write 1 to {MAX_NOTE:,} characters.")
    incident_of(session, viewer, incident_id, lock=True)
    add_event(session, incident_id, "note", now, viewer.user_id, words)
