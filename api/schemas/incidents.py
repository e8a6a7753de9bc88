"""Incidents as the API shows and takes them."""

from datetime import datetime
from typing import Annotated

from pydantic import Field
from pydantic.config import JsonDict

from api.schemas.fields import Answer, Line, Question, SerialId, asked, example

_INCIDENT: JsonDict = {
    "id": 17,
    "company_id": 1,
    "company": "Acme",
    "kind": "volume_spike",
    "facet": "employer",
    "audience": "all",
    "state": "open",
    "severity": "high",
    "severity_reason": "17 stories against at most 7 expected",
    "demo": False,
    "opened_at": "2026-11-20T09:31:00Z",
    "last_finding_at": "2026-11-20T10:31:00Z",
    "closed_at": None,
    "observed": 17.0,
    "expected_low": 1.0,
    "expected_high": 7.0,
    "n": 17,
    "authors": 11,
    "short_history": False,
    "notes": [],
    "window_start": "2026-11-20T09:00:00Z",
    "window_minutes": 60,
    "last_told_at": "2026-11-20T09:32:00Z",
    "acknowledged_at": None,
    "acknowledged_by": None,
    "assigned_to": None,
    "assignee": None,
}


class IncidentOut(Answer):
    """An incident. `observed` and the expected range are stories (volume), a share from 0 to 1 (negative share) or
    hours (silence); `notes` say what is not known. `state`: open, acknowledged, closed."""

    model_config = example(_INCIDENT)
    id: int
    company_id: int
    company: str
    kind: str
    facet: str
    audience: str
    state: str
    severity: str
    severity_reason: str
    demo: bool
    opened_at: datetime
    last_finding_at: datetime
    closed_at: datetime | None
    observed: float
    expected_low: float
    expected_high: float
    n: int
    authors: int
    short_history: bool
    notes: list[str]
    window_start: datetime
    window_minutes: int
    last_told_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    assigned_to: int | None
    assignee: str | None


class IncidentPage(Answer):
    """Newest first."""

    model_config = example({"items": [_INCIDENT], "next": None})
    items: list[IncidentOut]
    next: str | None


class EventOut(Answer):
    """One entry of the timeline: opened, absorbed, grown, closed, acknowledged, assigned, note."""

    id: int
    at: datetime
    kind: str
    by: str | None
    text: str
    figures: dict[str, float]


class IncidentDetailOut(IncidentOut):
    """An incident with its timeline, oldest entry first."""

    model_config = example(_INCIDENT | {"timeline": []})
    timeline: list[EventOut]


class AssignIn(Question):
    """Who looks after it; `null`: nobody."""

    model_config = asked({"user_id": 4})
    user_id: SerialId | None


class NoteIn(Question):
    """A note for the timeline."""

    model_config = asked({"text": "The supplier has confirmed the recall."})
    text: Annotated[Line, Field(min_length=1, max_length=5000)]
