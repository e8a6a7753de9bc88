"""Collections: which source is due, who has claimed it, how its runs end and when the next one is."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from collectors.base import CollectError, Outcome
from collectors.post import Json
from storage.coverage import STALE_CLAIM
from storage.kinds import is_polled, streams
from storage.models.sources import CollectionRun, Source
from storage.viewer import NotFound

LONGEST_BACK_OFF = timedelta(days=1)
BELIEVED = 3  # times in a row that a platform's time to come back may be sooner than ours
SHORTEST_WAIT = timedelta(minutes=1)  # whatever a collector wishes: no source is asked in a hot loop
HOST_RUNS = 2  # runs of one host at the same time, over all workers
_HOST_LOCK = 0x0575  # first half of the advisory locks of hosts
# Outcomes that tell of no success: the source waits for somebody, which its state says.
WAITS_FOR_PERSON = frozenset({"needs_credentials", "needs_approval", "unauthorized", "not_allowed"})

_DUE = text("""
WITH busy AS (
    SELECT host, count(*) AS runs FROM sources
    WHERE claimed_at IS NOT NULL AND claimed_at >= :stale AND host IS NOT NULL AND kind <> ALL(CAST(:streams AS text[]))
    GROUP BY host
), due AS (
    SELECT s.id, s.host, s.next_check_at,
        row_number() OVER (PARTITION BY coalesce(s.host, s.id::text) ORDER BY s.next_check_at, s.id) AS place
    FROM sources s
    WHERE s.enabled AND s.next_check_at <= :now AND (s.claimed_at IS NULL OR s.claimed_at < :stale)
      AND s.kind <> ALL(CAST(:streams AS text[])) AND (CAST(:host AS text) IS NULL OR s.host = :host)
      AND NOT EXISTS (SELECT 1 FROM hosts h WHERE h.host = s.host AND h.open_until > :now)
)
SELECT due.id FROM due LEFT JOIN busy ON busy.host = due.host
WHERE due.host IS NULL OR due.place + coalesce(busy.runs, 0) <= :per_host
ORDER BY due.place, due.next_check_at, due.id LIMIT :limit
""")
_BUSY = text("""
SELECT count(*) FROM sources WHERE host = :host AND claimed_at IS NOT NULL AND claimed_at >= :stale AND id <> :source
  AND kind <> ALL(CAST(:streams AS text[]))
""")
# A run holds its source as long as no later one has been begun.
_RENEW = text("""
UPDATE sources s SET claimed_at = :now FROM collection_runs r
WHERE r.id = :run AND s.id = r.source_id AND s.claimed_at IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM collection_runs n WHERE n.source_id = r.source_id AND n.purpose = 'collect' AND n.id > r.id)
RETURNING s.id
""")


@dataclass(frozen=True, slots=True)
class ClaimedSource:
    """A source that this process may run now. `credentials` are sealed: see `storage.credentials`."""

    id: int
    kind: str
    name: str
    options: Mapping[str, Json]
    cursor: Mapping[str, Json]
    run_id: int
    credentials: str | None = field(default=None, repr=False)
    host: str | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """Where a source stands after a run."""

    cursor: Mapping[str, Json]
    next_check_at: datetime | None


def due_sources(session: Session, now: datetime, limit: int = 1_000, host: str | None = None) -> list[int]:
    """Ids of sources to collect now, in one query: of each host the longest overdue, at most `HOST_RUNS` at a time.

    Hosts that are given a rest and streams are left out; `host` asks for the sources of that host only.
    """
    values = {"now": now, "stale": now - STALE_CLAIM, "streams": streams(), "host": host}
    return list(session.scalars(_DUE, values | {"limit": limit, "per_host": HOST_RUNS}))


def due_at_host_of(session: Session, source_id: int, now: datetime) -> int | None:
    """The next source to collect of the host of this one; None: there is none."""
    host = session.scalar(select(Source.host).where(Source.id == source_id))
    found = [] if host is None else due_sources(session, now, 1, host)
    return found[0] if found else None


def due_streams(session: Session, now: datetime) -> list[int]:
    """Ids of the streams that should run and do not."""
    query = select(Source.id).where(Source.enabled, Source.next_check_at <= now, Source.kind.in_(streams()))
    unclaimed = Source.claimed_at.is_(None) | (Source.claimed_at < now - STALE_CLAIM)
    return list(session.scalars(query.where(unclaimed).order_by(Source.next_check_at, Source.id)))


def claim(session: Session, source_id: int, now: datetime, *, force: bool = False) -> ClaimedSource | None:
    """Take a source that is due (with `force`: at any time, even if paused) and open its run; None: not to be had.

    A host that has its share of runs already takes no further one, unless a person asks for it by `force`.
    """
    row = session.execute(select(Source.host, Source.kind).where(Source.id == source_id)).first()
    if row is None or (not force and row.kind not in streams() and _is_busy(session, row.host, source_id, now)):
        return None
    unclaimed = Source.claimed_at.is_(None) | (Source.claimed_at < now - STALE_CLAIM)
    query = update(Source).where(Source.id == source_id, unclaimed)
    if not force:
        query = query.where(Source.enabled, Source.next_check_at <= now)
    taken = session.execute(
        query.values(claimed_at=now).returning(Source.name, Source.options, Source.cursor, Source.credentials)
    ).first()
    if taken is None:
        return None
    run_id = begin_run(session, source_id, "collect", now)
    return ClaimedSource(
        source_id, row.kind, taken.name, taken.options, taken.cursor, run_id, taken.credentials, row.host
    )


def renew_claim(session: Session, run_id: int, now: datetime) -> bool:
    """Say that a run is alive; False: another process has taken its source over, or it was deleted."""
    return session.scalar(_RENEW, {"run": run_id, "now": now}) is not None


def begin_run(session: Session, source_id: int, purpose: str, now: datetime) -> int:
    """Open a run in the log."""
    run = CollectionRun(source_id=source_id, purpose=purpose, started_at=now)
    session.add(run)
    session.flush()
    return run.id


def end_run(
    session: Session, run_id: int, complete: bool, reason: str, detail: str, now: datetime, *,
    requests: int | None = None, cost: float | None = None,
) -> CollectionRun:  # fmt: skip
    """Close a run in the log and leave its source as it is; None: what was noted on the way stays."""
    run = session.get(CollectionRun, run_id, populate_existing=True)
    if run is None:
        raise NotFound("There is no such run; its source may have been deleted.")
    run.finished_at, run.complete, run.reason, run.detail = now, complete, reason, detail or None
    run.requests = run.requests if requests is None else requests
    run.cost = run.cost if cost is None else cost
    session.flush()
    return run


def finish_run(
    session: Session, run_id: int, outcome: Outcome, now: datetime, *,
    requests: int | None = None, cost: float | None = None,
) -> None:  # fmt: skip
    """Close a run that came to its end, complete or not, and set the next one; `retry_at` is obeyed."""
    run = end_run(
        session, run_id, outcome.complete, outcome.reason, outcome.detail, now, requests=requests, cost=cost
    )  # fmt: skip
    source = session.get_one(Source, run.source_id, with_for_update=True, populate_existing=True)
    waits = outcome.reason in WAITS_FOR_PERSON
    if not waits:
        source.last_success_at = now
    if outcome.complete:
        source.last_complete_at = now
    if _is_ours(session, source, run):
        source.error_reason = outcome.reason if waits else None
        source.error_detail = outcome.detail if waits else None
        source.error_count = 0
        _release(source, run, _later(now + _wait(source, outcome), outcome.retry_at), now)
    session.flush()


def fail_run(
    session: Session, run_id: int, error: CollectError, now: datetime, *,
    requests: int | None = None, cost: float | None = None, chance: Callable[[], float] = random.random,
) -> None:  # fmt: skip
    """Close a run that failed: wait twice as long each time, a day at most; a permanent error waits for a person.

    A platform that says how long to wait is taken at its word `BELIEVED` times in a row, also where that is sooner.
    A fifth of the wait is left to `chance` (0..1), so that sources that failed together do not come back together.
    """
    run = end_run(session, run_id, False, error.reason, error.detail, now, requests=requests, cost=cost)
    source = session.get_one(Source, run.source_id, with_for_update=True, populate_existing=True)
    if _is_ours(session, source, run):
        source.error_reason, source.error_detail = error.reason, error.detail
        source.error_count += 1
        wait = back_off(timedelta(minutes=max(1, source.interval_minutes)), source.error_count, chance)
        asked = error.retry_at if error.reason == "rate_limited" and source.error_count <= BELIEVED else None
        following = asked or _later(now + wait, error.retry_at)
        _release(source, run, None if error.permanent else following, now)
    session.flush()


def back_off(first: timedelta, failures: int, chance: Callable[[], float]) -> timedelta:
    """How long to wait after that many failures in a row."""
    full = min(first * (1 << min(max(failures, 1) - 1, 12)), LONGEST_BACK_OFF)
    return full * (0.8 + 0.2 * chance())


def position(session: Session, source_id: int) -> Position | None:
    """Where a source stands; None: it is gone."""
    row = session.execute(select(Source.cursor, Source.next_check_at).where(Source.id == source_id)).first()
    return None if row is None else Position(row.cursor, row.next_check_at)


def _is_busy(session: Session, host: str | None, source_id: int, now: datetime) -> bool:
    """Whether a host has its share of runs. Claims of one host are made one after the other."""
    if host is None:
        return False
    session.execute(text("SELECT pg_advisory_xact_lock(:a, hashtext(:host))"), {"a": _HOST_LOCK, "host": host})
    values = {"host": host, "stale": now - STALE_CLAIM, "source": source_id, "streams": streams()}
    return (session.scalar(_BUSY, values) or 0) >= HOST_RUNS


def _is_ours(session: Session, source: Source, run: CollectionRun) -> bool:
    """Whether a run still holds the claim of its source."""
    later = text(
        "SELECT 1 FROM collection_runs WHERE source_id = :source AND purpose = 'collect' AND id > :run LIMIT 1"
    )
    return source.claimed_at is not None and session.scalar(later, {"source": source.id, "run": run.id}) is None


def _wait(source: Source, outcome: Outcome) -> timedelta:
    if outcome.next_check is not None:
        return outcome.next_check
    return timedelta(0) if source.kind in streams() else timedelta(minutes=source.interval_minutes)


def _release(source: Source, run: CollectionRun, next_check: datetime | None, now: datetime) -> None:
    """Give the claim back; somebody who made the source due during the run (new keys, "run now") is obeyed."""
    source.claimed_at = None
    if not is_polled(source.kind):
        return
    asked = source.next_check_at is not None and run.started_at < source.next_check_at <= now
    if asked:
        return
    shortest = timedelta(0) if source.kind in streams() else SHORTEST_WAIT
    source.next_check_at = None if next_check is None else max(next_check, now + shortest)


def _later(planned: datetime, retry_at: datetime | None) -> datetime:
    return planned if retry_at is None else max(planned, retry_at)
