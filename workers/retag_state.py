"""What is asked of re-tagging, and since when the labels of a company can be compared: kept in the queue's server.

The rows say what is left to do; this only says whether somebody wants it done, for the page, the command line and every
worker to read. If it gets lost, the re-tagging stops and waits for somebody to start it again. This module loads
no model, so that the web process may import it.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import redis

from storage import audit, db, reanalysis
from storage.reanalysis import EVERYTHING, Scope
from storage.viewer import Viewer
from workers.app import RETAG, enqueue

log = logging.getLogger(__name__)

_RUN = "outspoken:retag"
_TOUCHED = "outspoken:retagged:{}"
# Alerts look at windows of at most a day; after it the note says nothing any more.
_NOTE_KEPT = timedelta(hours=26)
_HOUR = timedelta(hours=1)


class StateUnknown(RuntimeError):  # noqa: N818 - the name says what is wrong
    """The queue's server does not answer."""


@dataclass(frozen=True, slots=True)
class Run:
    """A re-tagging that was asked for."""

    asked_at: datetime
    scope: Scope = EVERYTHING


def ask(who: Viewer | None, run: Run) -> None:
    """Have a worker do it; a run that is asked for already is replaced. None: asked for on the command line.

    Raises `StateUnknown` when the queue's server is away; then nothing is asked for.
    """
    with db.transaction() as session:
        reanalysis.try_all_again(session)
        audit.record(session, who, "tags.reanalyze", words(run), run.asked_at)
        _ask(lambda client: client.set(_RUN, _document(run)))
    enqueue(RETAG)


def stop(who: Viewer | None, now: datetime) -> bool:
    """No more from now on; False when none was asked for. Raises `StateUnknown`."""
    stopped = bool(_ask(lambda client: client.delete(_RUN)))
    if stopped:
        with db.transaction() as session:
            audit.record(session, who, "tags.reanalyze_stop", "before it was done", now)
    return stopped


def finish(run: Run) -> bool:
    """It is done; False when another one was asked for meanwhile."""
    return wanted() == run and bool(_ask(lambda client: client.delete(_RUN)))


def wanted() -> Run | None:
    """What is asked for now. Raises `StateUnknown`."""
    found = _ask(lambda client: client.get(_RUN))
    if found is None:
        return None
    raw = json.loads(str(found))
    since = raw["since"]
    scope = Scope(None if since is None else datetime.fromisoformat(since), raw["company_id"])
    return Run(datetime.fromisoformat(raw["asked_at"]), scope)


def words(run: Run) -> str:
    """Which mentions it is about."""
    since = "" if run.scope.since is None else f" published since {run.scope.since:%Y-%m-%d}"
    company = "" if run.scope.company_id is None else f" of company {run.scope.company_id}"
    return f"mentions{since}{company} with older tags"


def _document(run: Run) -> str:
    since = None if run.scope.since is None else run.scope.since.isoformat()
    return json.dumps({"asked_at": run.asked_at.isoformat(), "since": since, "company_id": run.scope.company_id})


def note_touched(company_id: int, now: datetime) -> None:
    """Labels in the weeks that alerts look at are about to change. Raises `StateUnknown`: then they must not."""
    key = _TOUCHED.format(company_id)
    _ask(lambda client: client.set(key, now.astimezone(UTC).isoformat(), ex=_NOTE_KEPT))


def comparable_since(company_id: int) -> datetime | None:
    """The first hour whose labels no re-tagging touched; None: none took place within a day.

    When the queue's server is away nothing is re-tagged either; what it knew of before is then forgotten for a moment.
    """
    try:
        found = _ask(lambda client: client.get(_TOUCHED.format(company_id)))
    except StateUnknown as error:
        log.warning("Whether mentions were re-tagged is not known: %s", error)
        return None
    if found is None:
        return None
    return datetime.fromisoformat(str(found)).replace(minute=0, second=0, microsecond=0) + _HOUR


def _ask(question: Callable[["redis.Redis"], object]) -> object:
    try:
        with redis.Redis.from_url(
            db.redis_url(), socket_timeout=3, socket_connect_timeout=3, decode_responses=True
        ) as client:
            return question(client)
    except redis.RedisError as error:
        raise StateUnknown(f"The job queue does not answer: {error}") from error
