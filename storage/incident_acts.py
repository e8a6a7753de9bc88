"""What people do to an incident: acknowledge, assign, close, note. Each leaves an entry in its timeline."""

from datetime import datetime

from sqlalchemy.orm import Session

from storage.incident_log import add_event, incident_of
from storage.models.users import User
from storage.viewer import Viewer, may_see_incident, viewer_for

MAX_NOTE = 5_000


def acknowledge(session: Session, viewer: Viewer, incident_id: int, now: datetime) -> None:
    """Say that somebody looks after it; a second time changes nothing."""
    incident = incident_of(session, viewer, incident_id, lock=True)
    if incident.acknowledged_at is None:
        incident.acknowledged_at, incident.acknowledged_by = now, viewer.user_id
        add_event(session, incident_id, "acknowledged", now, viewer.user_id)


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


def close(session: Session, viewer: Viewer, incident_id: int, now: datetime) -> None:
    """Close it by hand; it is not told by mail."""
    incident = incident_of(session, viewer, incident_id, lock=True)
    if incident.closed_at is None:
        incident.closed_at = now
        add_event(session, incident_id, "closed", now, viewer.user_id, "Closed by hand.")


def note(session: Session, viewer: Viewer, incident_id: int, words: str, now: datetime) -> None:
    """Add a note to the timeline."""
    words = words.replace("\x00", "").strip()
    if not words or len(words) > MAX_NOTE:
        raise ValueError(f"text: write 1 to {MAX_NOTE:,} characters.")
    incident_of(session, viewer, incident_id, lock=True)
    add_event(session, incident_id, "note", now, viewer.user_id, words)
