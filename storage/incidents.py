"""Incidents from one place: reading, deciding, people's acts and what is told are modules of their own."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from notify.facts import Example
from notify.points import VolumePoint
from storage.incident_acts import acknowledge, answer, assign, close, note, snooze
from storage.incident_decisions import claim_event, deciding, events_to_tell, known, mark_told, open_incidents, save
from storage.incident_feedback import given_answer, reset, sensitivity, verdict
from storage.incident_log import EventRow, IncidentPage, IncidentRow, find, list_incidents, timeline
from storage.post_mortem import PostMortem, post_mortem
from storage.telling import examples, facts, for_recipient, points
from storage.viewer import Viewer


@dataclass(frozen=True, slots=True)
class IncidentDetail:
    """An incident with all that a page shows; `examples` holds only texts that the viewer may read."""

    row: IncidentRow
    timeline: tuple[EventRow, ...]
    examples: tuple[Example, ...]
    points: tuple[VolumePoint, ...]


def get(session: Session, viewer: Viewer, incident_id: int, now: datetime) -> IncidentDetail:
    """One incident; raises `NotFound`, or `NotAllowed` for another purpose."""
    row = find(session, viewer, incident_id)
    return IncidentDetail(
        row,
        timeline(session, viewer, incident_id),
        examples(session, viewer, row),
        points(session, viewer, row, now),
    )


__all__ = [
    "EventRow",
    "IncidentDetail",
    "IncidentPage",
    "IncidentRow",
    "PostMortem",
    "acknowledge",
    "answer",
    "assign",
    "claim_event",
    "close",
    "deciding",
    "events_to_tell",
    "examples",
    "facts",
    "find",
    "for_recipient",
    "get",
    "given_answer",
    "known",
    "list_incidents",
    "mark_told",
    "note",
    "open_incidents",
    "points",
    "post_mortem",
    "reset",
    "save",
    "sensitivity",
    "snooze",
    "timeline",
    "verdict",
]
