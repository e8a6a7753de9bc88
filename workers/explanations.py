"""The words behind a mention's tags: the web process asks, a worker finds them, the answer waits in the queue's server.

This module loads no model, so that the web process may import it; `workers.explain` does the work. An answer holds the
mention's masked text and lives for a few minutes. Whoever asks for one must be allowed to read that mention: the key of
an answer holds the mention's id, so that a token opens no other.
"""

import json
import logging
import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import redis

from nlp.result import Evidence, HeadEvidence, ThemeWords, Word
from storage import db
from workers.app import EXPLAIN_MENTION, enqueue

log = logging.getLogger(__name__)

PATIENCE = 20.0  # seconds after which nobody waits any more
NOBODY_CAME = "No worker had time for it. The workers may be busy with new mentions; try again in a moment."
_QUEUE_DOWN = "The queue is down, so nothing could be worked out. Start it and try again."
_KEPT = 300  # seconds that an answer can be asked for
_STEP = 0.1  # seconds between looks


@dataclass(frozen=True, slots=True)
class Explanation:
    """The evidence, or a sentence that says why there is none."""

    evidence: Evidence | None
    problem: str | None = None


def start_explanation(mention_id: int) -> str:
    """Have the words of a mention's tags worked out; the token asks for the answer."""
    token = secrets.token_urlsafe(16)
    if not enqueue(EXPLAIN_MENTION, token, mention_id, expires=PATIENCE):
        put_explanation(token, mention_id, Explanation(None, _QUEUE_DOWN))
    return token


def explanation(token: str, mention_id: int) -> Explanation | None:
    """The answer; None: not there yet (or asked for too late, or a token that nobody gave for this mention)."""
    try:
        with _client() as client:
            found = client.get(_key(token, mention_id))
    except redis.RedisError as error:
        log.warning("The words behind a tag could not be read: %s", error)
        return Explanation(None, _QUEUE_DOWN)
    return None if found is None else _read(json.loads(found))


def wait_for(token: str, mention_id: int, seconds: float = PATIENCE) -> Explanation | None:
    """The answer as soon as it is there; None after so many seconds."""
    ends = time.monotonic() + seconds
    while (found := explanation(token, mention_id)) is None and time.monotonic() < ends:
        time.sleep(_STEP)
    return found


def put_explanation(token: str, mention_id: int, found: Explanation) -> None:
    """Leave the answer for whoever asked; they learn nothing when the queue is down."""
    document = json.dumps(asdict(found))
    try:
        with _client() as client:
            client.set(_key(token, mention_id), document, ex=_KEPT)
    except redis.RedisError as error:
        log.warning("The words behind a tag could not be kept: %s", error)


def _read(found: Mapping[str, Any]) -> Explanation:
    evidence = found["evidence"]
    return Explanation(None if evidence is None else _evidence(evidence), found["problem"])


def _evidence(raw: Mapping[str, Any]) -> Evidence:
    return Evidence(
        text=raw["text"],
        named=tuple((start, end) for start, end in raw["named"]),
        unread=None if raw["unread"] is None else (raw["unread"][0], raw["unread"][1]),
        phrases=raw["phrases"],
        heads=tuple(
            HeadEvidence(**{**head, "words": tuple(Word(**word) for word in head["words"])}) for head in raw["heads"]
        ),
        themes=tuple(ThemeWords(**each) for each in raw["themes"]),
        model=raw["model"],
    )


def _client() -> "redis.Redis":
    return redis.Redis.from_url(db.redis_url(), socket_timeout=3, socket_connect_timeout=3)


def _key(token: str, mention_id: int) -> str:
    return f"outspoken:words:{mention_id}:{token[:100]}"
