"""Sources and companies as the API shows them."""

from datetime import datetime

from pydantic import JsonValue
from pydantic.config import JsonDict

from api.schemas.fields import Answer, example

_SOURCE: JsonDict = {
    "id": 3,
    "kind": "hackernews",
    "name": "Hacker News",
    "options": {},
    "enabled": True,
    "demo": False,
    "origin": "profile",
    "state": "ok",
    "interval_minutes": 10,
    "last_success_at": "2026-11-20T09:30:00Z",
    "last_item_at": "2026-11-20T09:20:00Z",
    "next_check_at": "2026-11-20T09:40:00Z",
    "error_reason": None,
    "error_detail": None,
    "error_count": 0,
    "silent_since": None,
    "items_24h": 12,
    "items_7d": 71,
    "coverage_24h": 1.0,
    "coverage_7d": 0.99,
    "credential_names": [],
    "missing_credentials": False,
    "unit": None,
    "period": None,
    "spent": None,
    "limit": None,
    "keep_days": None,
    "expires_next": "2027-02-11T08:00:00Z",
    "last_complete_at": "2026-11-20T09:30:00Z",
    "window_left_hours": None,
    "host": "hn.algolia.com",
    "about": "text",
}


class SourceOut(Answer):
    """A source with its health. `state`: ok, waiting, error, silent, paused, never run, needs keys, needs approval,
    over budget, resting host. Coverage: share of scheduled collections that succeeded, `null` where none was scheduled.
    `options` and `credential_names` (which keys are set; values never come back) only for administrators. `spent` of
    `limit` in `unit` per `period` is the budget, `null` where the kind has none. `expires_next`: when its oldest post
    leaves. `window_left_hours`: until the platform no longer serves what was not read yet."""

    model_config = example(_SOURCE)
    id: int
    kind: str
    name: str
    options: dict[str, JsonValue]
    enabled: bool
    demo: bool
    origin: str
    state: str
    interval_minutes: int
    last_success_at: datetime | None
    last_item_at: datetime | None
    next_check_at: datetime | None
    error_reason: str | None
    error_detail: str | None
    error_count: int
    silent_since: datetime | None
    items_24h: int
    items_7d: int
    coverage_24h: float | None
    coverage_7d: float | None
    credential_names: list[str]
    missing_credentials: bool
    unit: str | None
    period: str | None
    spent: float | None
    limit: float | None
    keep_days: int | None
    expires_next: datetime | None
    last_complete_at: datetime | None
    window_left_hours: float | None
    host: str | None
    about: str


class SourceList(Answer):
    """A page of the sources, by kind and name."""

    model_config = example({"items": [_SOURCE], "next": None})
    items: list[SourceOut]
    next: str | None = None


_RUN: JsonDict = {
    "id": 900,
    "purpose": "collect",
    "started_at": "2026-11-20T09:30:00Z",
    "finished_at": "2026-11-20T09:30:04Z",
    "complete": True,
    "reason": "ok",
    "detail": "",
    "seen": 20,
    "added": 2,
    "changed": 1,
    "requests": 3,
    "cost": 0.0,
}


class RunOut(Answer):
    """One collection and how it ended; `complete` is `null` while it is under way. `purpose`: collect, recheck (a
    second look at known posts), hook, trial. `cost` in the unit of the source's budget."""

    model_config = example(_RUN)
    id: int
    purpose: str
    started_at: datetime
    finished_at: datetime | None
    complete: bool | None
    reason: str | None
    detail: str | None
    seen: int
    added: int
    changed: int
    requests: int
    cost: float


class RunList(Answer):
    """The latest runs, newest first."""

    model_config = example({"items": [_RUN], "next": None})
    items: list[RunOut]
    next: str | None = None


_HOUR: JsonDict = {"hour": "2026-11-20T09:00:00Z", "begun": 6, "complete": 6, "items": 14}


class HourOut(Answer):
    """One hour of a source: collections that touched it, those of them that missed nothing, posts that came in."""

    model_config = example(_HOUR)
    hour: datetime
    begun: int
    complete: int
    items: int


class HourList(Answer):
    """Hours, the oldest first."""

    model_config = example({"items": [_HOUR], "next": None})
    items: list[HourOut]
    next: str | None = None


_HELD: JsonDict = {
    "id": 12,
    "native_id": "mail-8841",
    "title": "A new review of Acme",
    "text": "…",
    "reason": "The mail has a form that is not known.",
    "held_at": "2026-11-20T09:30:00Z",
}


class HeldOut(Answer):
    """An item in a form that nobody foresaw, kept for a person; its author is left out."""

    model_config = example(_HELD)
    id: int
    native_id: str
    title: str | None
    text: str
    reason: str
    held_at: datetime


class HeldList(Answer):
    """What waits for a person, newest first."""

    model_config = example({"items": [_HELD], "next": None})
    items: list[HeldOut]
    next: str | None = None


_COMPANY: JsonDict = {"id": 1, "key": "acme", "name": "Acme", "is_own": True, "demo": False, "active": True}


class CompanyOut(Answer):
    """The own company or a tracked rival."""

    model_config = example(_COMPANY)
    id: int
    key: str
    name: str
    is_own: bool
    demo: bool
    active: bool


class CompanyList(Answer):
    """The own company first."""

    model_config = example({"items": [_COMPANY], "next": None})
    items: list[CompanyOut]
    next: str | None = None
