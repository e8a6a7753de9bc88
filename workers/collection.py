"""One run of one source: fetched batch by batch, passed through the privacy door, stored with cursor and cost."""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from collectors import registry
from collectors.base import Batch, CollectError, Collector, CollectRequest, Outcome
from collectors.http import HttpClient
from collectors.post import Json, Post
from collectors.privacy import PrivacyDoor
from config.settings import Settings, get_settings
from storage import batches, bounces, db, profile, sources
from storage.batches import AdmittedBatch
from storage.door import privacy_door
from storage.sources import ClaimedSource
from storage.viewer import NotFound
from workers.discretion import discreet, fault_of_ours, hush
from workers.gate import HostGate
from workers.spending import LedgerMeter

log = logging.getLogger(__name__)

Analyze = Callable[[Sequence[int]], None]
Keep = Callable[[Sequence[Post], Sequence[str]], None]

_PATIENCE = (1.0, 2.0, 4.0, 8.0, 15.0)  # seconds between tries to note how a run ended while the database restarts


@dataclass(frozen=True, slots=True)
class Run:
    """One finished run of one source. `unit` is that of `cost`, None where the kind has no budget."""

    source_id: int
    name: str
    outcome: Outcome | None  # None: it failed, see `error`
    error: CollectError | None
    seen: int
    added: int
    changed: int
    mentions: int
    pending: tuple[int, ...]
    deleted: int = 0
    held: int = 0
    cursor: Mapping[str, Json] = field(default_factory=dict)
    cost: float = 0.0
    unit: str | None = None
    requests: int = 0
    retry_at: datetime | None = None
    next_check_at: datetime | None = None


class StoppedError(Exception):
    """The run may not go on: somebody asked it to stop, which loses nothing, or another process has its source."""

    def __init__(self, detail: str, *, complete: bool) -> None:
        super().__init__(detail)
        self.complete = complete


@dataclass(slots=True)
class Tally:
    """What a run has done so far."""

    seen: int = 0
    added: int = 0
    changed: int = 0
    mentions: int = 0
    deleted: int = 0
    held: int = 0
    requests: int = 0
    cost: float = 0.0
    pending: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Hooks:
    """What others want of a run: the ids of new mentions, the posts of each batch, a say in when it stops."""

    analyze: Analyze
    keep: Keep | None = None
    stop: Callable[[], bool] = lambda: False
    force: bool = False  # a person asked: a resting host is called too


def run_claimed(claimed: ClaimedSource, hooks: Hooks) -> Run:
    """Run a claimed source. How it ended is stored before this returns; a fault of ours is stored, then raised."""
    tally = Tally()
    outcome, error, fault = _attempt(claimed, tally, hooks)
    _close(claimed, outcome, error, tally)
    if fault is not None:
        raise fault
    return _report(claimed, outcome, error, tally)


def _attempt(
    claimed: ClaimedSource, tally: Tally, hooks: Hooks
) -> tuple[Outcome | None, CollectError | None, Exception | None]:
    try:
        return _collect(claimed, tally, hooks), None, None
    except CollectError as error:
        return None, error, None
    except SoftTimeLimitExceeded:
        return (
            Outcome(False, "limit_reached", "Stopped after nine minutes; the next run goes on from here."),
            None,
            None,
        )
    except StoppedError as stopped:
        return Outcome(stopped.complete, "limit_reached", str(stopped)), None, None
    except (OperationalError, InterfaceError) as error:
        return None, CollectError("unreachable", "The database went away during the run."), error
    except Exception as error:  # noqa: BLE001 - a fault of one collector must not leave its source claimed
        return None, fault_of_ours(error), error


def _collect(claimed: ClaimedSource, tally: Tally, hooks: Hooks) -> Outcome:
    settings = get_settings()
    collector = registry.get(claimed.kind)
    with db.reading() as session:
        door = privacy_door(session, settings)
        request = request_for(session, collector, claimed)
    with HttpClient.from_settings(settings, HostGate(collector.pace, force=hooks.force)) as http:
        try:
            for batch, outcome in batches_of(collector.collect(request, http), request):
                _note_spending(tally, request, http)
                if batch is not None:
                    _store_batch(claimed, batch, (door, settings), tally, hooks)
                if outcome is not None:
                    return _believed(outcome, tally)
        finally:
            _note_spending(tally, request, http)
    raise RuntimeError(f"the collector {claimed.kind} ended without an outcome")


def _believed(outcome: Outcome, tally: Tally) -> Outcome:
    """A run in which nothing could be read is no empty one: the platform has changed its items."""
    if outcome.complete and outcome.unread and not (tally.seen or tally.deleted):
        return replace(outcome, complete=False, reason="bad_answer")
    return outcome


def request_for(session: Session, collector: Collector, claimed: ClaimedSource) -> CollectRequest:
    """What a run needs to know, its keys opened and its meter set; raises `CollectError` where they do not open."""
    now = datetime.now(UTC)
    state = profile.current_profile(session)
    terms = state.profile.search_terms() if state is not None else ()
    before = sources.meter_of(session, collector, claimed.id, claimed.options, now, claimed.run_id)
    return CollectRequest(
        claimed.id,
        claimed.options,
        terms,
        claimed.cursor,
        now,
        sources.open_credentials(claimed.credentials),
        LedgerMeter(claimed.run_id, before),
    )


def batches_of(run: "Iterator[Batch]", request: CollectRequest) -> Iterator[tuple[Batch | None, Outcome | None]]:
    """Batches, then the outcome that the generator returns; neither it nor an error tells a key of the request."""
    with contextlib.closing(run):  # type: ignore[type-var]
        while True:
            try:
                batch = next(run)
            except StopIteration as end:
                yield None, replace(end.value, detail=discreet(end.value.detail, request.credentials))
                return
            except CollectError as error:
                hush(error, request.credentials)
                raise
            yield batch, None


def _store_batch(
    claimed: ClaimedSource, batch: Batch, behind: tuple[PrivacyDoor, Settings], tally: Tally, hooks: Hooks
) -> None:
    door, settings = behind
    if hooks.stop():
        raise StoppedError("It was asked to stop; the next run goes on from here.", complete=True)
    now = datetime.now(UTC)
    admitted = batches.admit(door, batch, now, settings.max_text_chars)
    with db.transaction() as session:
        if not sources.renew_claim(session, claimed.run_id, now):
            raise StoppedError("Another process has taken the source over, or it was deleted.", complete=False)
        added = batches.store(session, claimed.id, admitted, now, claimed.run_id)
        if batch.reports:
            bounces.note_reports(session, batch.reports, now)
        sources.note_spending(session, claimed.run_id, requests=tally.requests, cost=tally.cost)
    _count(tally, admitted, added.posts_added, added.posts_changed, added.mentions_added)
    if added.mention_ids_pending:
        tally.pending.extend(added.mention_ids_pending)
        hooks.analyze(added.mention_ids_pending)
    if hooks.keep is not None:
        hooks.keep(admitted.posts, tuple(map(door.shown_id, batch.deleted)))


def _count(tally: Tally, batch: AdmittedBatch, added: int, changed: int, mentions: int) -> None:
    tally.seen += batch.seen
    tally.added += added
    tally.changed += changed
    tally.mentions += mentions
    tally.deleted += len(batch.deleted) // 2  # two keys each
    tally.held += len(batch.held)


def _note_spending(tally: Tally, request: CollectRequest, http: HttpClient) -> None:
    tally.requests, tally.cost = http.requests, request.meter.cost


def _close(claimed: ClaimedSource, outcome: Outcome | None, error: CollectError | None, tally: Tally) -> None:
    """Note how the run ended, also when the database is just starting again."""
    try:
        patiently(lambda session: _end(session, claimed, outcome, error, tally))
    except NotFound:
        log.info("Source %s was deleted during its run.", claimed.name)


def patiently(write: Callable[[Session], None]) -> None:
    """One transaction, tried again for half a minute while the database restarts."""
    for pause in (*_PATIENCE, None):
        try:
            with db.transaction() as session:
                write(session)
        except (OperationalError, InterfaceError):
            if pause is None:
                raise
            time.sleep(pause)
        else:
            return


def _end(
    session: Session, claimed: ClaimedSource, outcome: Outcome | None, error: CollectError | None, tally: Tally
) -> None:
    now = datetime.now(UTC)
    if outcome is not None:
        sources.finish_run(session, claimed.run_id, outcome, now, requests=tally.requests, cost=tally.cost)
    elif error is not None:
        sources.fail_run(session, claimed.run_id, error, now, requests=tally.requests, cost=tally.cost)


def _report(claimed: ClaimedSource, outcome: Outcome | None, error: CollectError | None, tally: Tally) -> Run:
    with db.reading() as session:
        place = sources.position(session, claimed.id)
    budget = registry.get(claimed.kind).budget
    return Run(
        claimed.id,
        claimed.name,
        outcome,
        error,
        tally.seen,
        tally.added,
        tally.changed,
        tally.mentions,
        tuple(tally.pending),
        deleted=tally.deleted,
        held=tally.held,
        cursor={} if place is None else place.cursor,
        cost=tally.cost,
        unit=None if budget is None else budget.unit,
        requests=tally.requests,
        retry_at=error.retry_at if error is not None else outcome.retry_at if outcome is not None else None,
        next_check_at=None if place is None else place.next_check_at,
    )
