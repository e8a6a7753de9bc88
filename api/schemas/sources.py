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
}


class SourceOut(Answer):
    """A source with its health. `state`: ok, waiting, error, silent, paused, never run. Coverage: share of scheduled
    collections that succeeded, `null` where none was scheduled. `options` only for administrators."""

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


class SourceList(Answer):
    """All sources; there is never a second page."""

    model_config = example({"items": [_SOURCE], "next": None})
    items: list[SourceOut]
    next: str | None = None


_RUN: JsonDict = {
    "id": 900,
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
    """One collection and how it ended; `complete` is `null` while it is under way."""

    model_config = example(_RUN)
    id: int
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
