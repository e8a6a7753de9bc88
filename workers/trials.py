"""Trying a source before it is saved: the web process asks, a worker tries, and the answer waits in the queue's server.

This module loads no collector's library, so that the web process may import it; `workers.trial` does the work.
"""

import json
import logging
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import redis

from collectors.post import Json
from storage import db
from workers.app import TRY_SOURCE, enqueue

log = logging.getLogger(__name__)

PATIENCE = 25.0  # seconds after which nobody waits any more
_KEPT = 300  # seconds that an answer can be asked for
_QUEUE_DOWN = "The queue is down, so nothing could be tried. Start it and try again."


@dataclass(frozen=True, slots=True)
class TrialItem:
    """One post of the first batch, behind the privacy door."""

    text: str
    title: str | None
    url: str | None
    published_at: datetime
    date_from: str  # source, collected, clamped: whether the platform gave the date
    rating: float | None
    kind: str


@dataclass(frozen=True, slots=True)
class TrialResult:
    """How a trial ended: a sentence, and what it found."""

    ok: bool
    detail: str
    items: tuple[TrialItem, ...] = ()


def start_trial(
    kind: str,
    options: Mapping[str, Json],
    credentials_sealed: str | None,
    source_id: int | None = None,
    *,
    preview: bool = False,
) -> str:
    """Have a source tried; the token asks for the answer. `preview`: fetch the first posts too, at their price.

    `credentials_sealed` comes from `sources.sealed_for_trial`. When the queue is down the first answer says so.
    """
    token = secrets.token_urlsafe(16)
    enqueue(TRY_SOURCE, token, kind, dict(options), credentials_sealed, source_id, preview, expires=PATIENCE)
    return token


def trial_result(token: str) -> TrialResult | None:
    """The answer; None: not there yet (or asked for too late, or a token that nobody gave)."""
    try:
        with _client() as client:
            found = client.get(_key(token))
    except redis.RedisError as error:
        log.warning("The answer of a trial could not be read: %s", error)
        return TrialResult(False, _QUEUE_DOWN)
    return None if found is None else _read(json.loads(found))


def put_result(token: str, result: TrialResult) -> None:
    """Leave the answer for whoever asked; they learn nothing when the queue is down."""
    document = json.dumps(asdict(result), default=str)
    try:
        with _client() as client:
            client.set(_key(token), document, ex=_KEPT)
    except redis.RedisError as error:
        log.warning("The answer of a trial could not be kept: %s", error)


def _read(found: Mapping[str, Any]) -> TrialResult:
    items = tuple(
        TrialItem(**{**item, "published_at": datetime.fromisoformat(item["published_at"])}) for item in found["items"]
    )
    return TrialResult(bool(found["ok"]), str(found["detail"]), items)


def _client() -> "redis.Redis":
    return redis.Redis.from_url(db.redis_url(), socket_timeout=3, socket_connect_timeout=3)


def _key(token: str) -> str:
    return f"outspoken:trial:{token}"
