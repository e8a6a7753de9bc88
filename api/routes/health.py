"""Probes: is the process alive, can it work, and its figures for Prometheus."""

import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Literal

import redis
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from pydantic import BaseModel, ConfigDict
from pydantic.config import JsonDict
from sqlalchemy.exc import SQLAlchemyError

from api import errors
from api.deps import Now
from storage import db
from storage.operations import operating_figures

log = logging.getLogger(__name__)
router = APIRouter(tags=["health"])

PENDING = Gauge("outspoken_pending_mentions", "Mentions that wait for their tags.")
OLDEST = Gauge("outspoken_oldest_pending_seconds", "Age of the oldest of them; 0 when none waits.")
UNTOLD = Gauge("outspoken_untold_events", "Alert events whose mails are not in the outbox yet.")
SOURCES = Gauge("outspoken_sources", "Sources by state.", ("state",))
OUTBOX = Gauge("outspoken_outbox_mails", "Mails by state.", ("state",))
DATABASE_UP = Gauge("outspoken_database_up", "Whether the database answered this scrape.")

_PATIENCE = 2.0  # seconds for the queue to answer
_READY_EXAMPLE: JsonDict = {
    "status": "ok",
    "live": True,
    "ready": True,
    "checks": [
        {"name": "database", "ok": True, "detail": "answers", "milliseconds": 1.2},
        {"name": "queue", "ok": True, "detail": "answers", "milliseconds": 0.6},
    ],
}


class Check(BaseModel):
    """One thing that the service needs."""

    name: str
    ok: bool
    detail: str
    milliseconds: float


class Health(BaseModel):
    """`live`: this process answers. `ready`: it has what it needs; `checks` say what is down."""

    model_config = ConfigDict(json_schema_extra={"examples": [_READY_EXAMPLE]})
    status: Literal["ok", "down"]
    live: bool
    ready: bool
    checks: list[Check]


class Alive(BaseModel):
    """The process answers."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"live": True}]})
    live: bool = True


@router.get(
    "/healthz",
    name="health",
    responses=errors.responses() | {503: {"model": Health, "description": "Something is down; `checks` say what."}},
)
def health(response: Response) -> Health:
    """Whether the service can work: 200 when database and queue answer, else 503 with what is down."""
    checks = [_check("database", _ask_database), _check("queue", _ask_queue)]
    ready = all(check.ok for check in checks)
    response.status_code = 200 if ready else 503
    return Health(status="ok" if ready else "down", live=True, ready=ready, checks=checks)


@router.get("/healthz/live", name="alive", responses=errors.responses())
async def alive() -> Alive:
    """Whether this process answers at all, whatever else is down."""
    return Alive()


@router.get(
    "/metrics",
    name="metrics",
    response_class=Response,
    responses=errors.responses()
    | {200: {"description": "Figures as Prometheus text.", "content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def metrics(now: Now) -> Response:
    """Figures for Prometheus: work that waits, sources and mails by state, requests. Nothing of what is said."""
    _read_figures(now)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def _read_figures(now: datetime) -> None:
    try:
        with db.reading() as session:
            figures = operating_figures(session, now)
    except SQLAlchemyError as error:
        log.warning("No figures for Prometheus: the database did not answer (%s).", type(error).__name__)
        DATABASE_UP.set(0)
        return
    DATABASE_UP.set(1)
    PENDING.set(figures.pending_mentions)
    OLDEST.set(figures.oldest_pending_seconds or 0)
    UNTOLD.set(figures.untold_events)
    for state, number in figures.sources.items():
        SOURCES.labels(state).set(number)
    for state, number in figures.outbox.items():
        OUTBOX.labels(state).set(number)


def _check(name: str, ask: Callable[[], None]) -> Check:
    started = time.perf_counter()
    try:
        ask()
        ok, detail = True, "answers"
    except (SQLAlchemyError, redis.RedisError, OSError) as error:
        ok, detail = False, f"does not answer ({type(error).__name__})"
    return Check(name=name, ok=ok, detail=detail, milliseconds=round((time.perf_counter() - started) * 1000, 1))


def _ask_database() -> None:
    with db.reading():
        pass  # opening it asks


def _ask_queue() -> None:
    with redis.Redis.from_url(db.redis_url(), socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE) as client:
        client.ping()
