"""Incidents as the API shows and takes them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field
from pydantic.config import JsonDict

from api.schemas.fields import Answer, Line, Moment, Question, SerialId, asked, example

_INCIDENT: JsonDict = {
    "id": 17,
    "company_id": 1,
    "company": "Acme",
    "kind": "volume_spike",
    "facet": "employer",
    "audience": "all",
    "subject": "",
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
    "rounded": False,
    "times_usual": None,
    "short_history": False,
    "notes": [],
    "window_start": "2026-11-20T09:00:00Z",
    "window_minutes": 60,
    "last_told_at": "2026-11-20T09:32:00Z",
    "acknowledged_at": None,
    "acknowledged_by": None,
    "assigned_to": None,
    "assignee": None,
    "snoozed_until": None,
}
_VERDICT: JsonDict = {"useful": 1, "not_useful": 2, "reasons": {"too_small": 2}}
_POST_MORTEM: JsonDict = {
    "opened_at": "2026-11-20T09:31:00Z",
    "closed_at": "2026-11-20T16:31:00Z",
    "minutes": 420,
    "minutes_to_acknowledge": 12,
    "closed_by_hand": False,
    "severity": "high",
    "observed": 40.0,
    "expected_low": 1.0,
    "expected_high": 7.0,
    "growth": [{"at": "2026-11-20T09:31:00Z", "observed": 17.0, "severity": "medium"}],
    "first_mention_at": "2026-11-20T09:02:00Z",
    "mentions": 61,
    "judged": 50,
    "negative": 38,
    "negative_share": 0.76,
    "rounded": False,
    "sources": [{"name": "Forum", "first_at": "2026-11-20T09:02:00Z", "mentions": 61}],
    "audiences": [{"audience": "consumer", "mentions": 61}],
    "verdict": _VERDICT,
}


class IncidentOut(Answer):
    """An incident. `observed` and the expected range are stories (volume), a share from 0 to 1 (negative share), hours
    (silence), stars below the usual mean (ratings), or people (new theme, spill-over). `subject`: the words of a new
    theme. `notes` say what is not known. `state`: open, acknowledged, closed.

    Incidents of employees, alumni and staff are `rounded`, so that nothing follows about single people: counts are
    rounded down to a multiple of five (0: fewer than five), shares to a tenth, the expected range likewise, and all are
    those that were last told, not of this minute. Read each as "at least"."""

    model_config = example(_INCIDENT)
    id: int
    company_id: int
    company: str
    kind: str
    facet: str
    audience: str
    subject: str
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
    rounded: Annotated[bool, Field(description="Figures are rounded down: at least so many.")]
    times_usual: Annotated[
        int | None,
        Field(description="Of rounded stories: about so many times what is usual; null below two or unknown."),
    ]
    short_history: bool
    notes: list[str]
    window_start: datetime
    window_minutes: int
    last_told_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    assigned_to: int | None
    assignee: str | None
    snoozed_until: datetime | None


class IncidentPage(Answer):
    """Newest first."""

    model_config = example({"items": [_INCIDENT], "next": None})
    items: list[IncidentOut]
    next: str | None


class EventOut(Answer):
    """One entry of the timeline: opened, absorbed, grown, closed, and the acts of people (acknowledged, assigned,
    snoozed, answered, note). `known` says in words what was known then.

    Of employees, alumni and staff only what people were told is an entry; `figures` are rounded down (`rounded` 1)."""

    id: int
    at: datetime
    kind: str
    by: str | None
    text: str
    figures: dict[str, float]
    known: str


class VerdictOut(Answer):
    """How many people found it useful, how many did not, and why not (reason → people)."""

    model_config = example(_VERDICT)
    useful: int
    not_useful: int
    reasons: dict[str, int]


class GrowthStepOut(Answer):
    """When it opened or grew, and to what."""

    at: datetime
    observed: float
    severity: str


class SourceShareOut(Answer):
    """A source in the order of first mention; `null` where few people stand behind it, or the time is not told."""

    name: str
    first_at: datetime | None
    mentions: int | None


class AudienceShareOut(Answer):
    """Mentions of an audience; `null` where few people stand behind them."""

    audience: str
    mentions: int | None


class PostMortemOut(Answer):
    """What is known at the end. Counts are `null` where unknown or hidden; `negative` of `judged` mentions.

    Of employees, alumni and staff all of it is `rounded` down: counts to a multiple of five, shares to a tenth; parts
    of fewer than five are left out, and no time of a first mention is told. In incidents of everybody, these groups are
    counted in the audience `rest`, with whoever did not say."""

    model_config = example(_POST_MORTEM)
    opened_at: datetime
    closed_at: datetime
    minutes: int
    minutes_to_acknowledge: int | None
    closed_by_hand: bool
    severity: str
    observed: float
    expected_low: float
    expected_high: float
    growth: list[GrowthStepOut]
    first_mention_at: datetime | None
    mentions: int | None
    judged: int | None
    negative: int | None
    negative_share: float | None
    sources: list[SourceShareOut]
    audiences: list[AudienceShareOut]
    rounded: bool
    verdict: VerdictOut


class IncidentDetailOut(IncidentOut):
    """An incident with its timeline (oldest entry first), people's verdict, and its post-mortem once it is closed."""

    model_config = example(_INCIDENT | {"timeline": [], "verdict": _VERDICT, "post_mortem": None})
    timeline: list[EventOut]
    verdict: VerdictOut
    post_mortem: PostMortemOut | None


class AssignIn(Question):
    """Who looks after it; `null`: nobody."""

    model_config = asked({"user_id": 4})
    user_id: SerialId | None


class NoteIn(Question):
    """A note for the timeline."""

    model_config = asked({"text": "The supplier has confirmed the recall."})
    text: Annotated[Line, Field(min_length=1, max_length=5000)]


class SnoozeIn(Question):
    """Until when nobody is told, unless it becomes critical: a time (two weeks at most), or a `span` from now.

    `tomorrow` is nine o'clock in `zone`. Neither of both, or `null`, ends the snooze.
    """

    model_config = asked({"span": "tomorrow", "zone": "Europe/Berlin"})
    until: Moment | None = None
    span: Literal["1h", "4h", "tomorrow"] | None = None
    zone: Annotated[Line, Field(max_length=60)] = "UTC"


class FeedbackIn(Question):
    """Was it worth telling? A no needs a reason; the reason `other` needs a note."""

    model_config = asked({"useful": False, "reason": "too_small"})
    useful: bool
    reason: Literal["expected", "campaign", "wrong_match", "too_small", "duplicate", "other"] | None = None
    note: Annotated[Line, Field(max_length=1000)] = ""
