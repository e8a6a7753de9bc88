"""Second looks: known posts are read again for counters, edits and deletions, packed as the platform takes them."""

import logging
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from collectors import registry
from collectors.base import Batch, CollectError, Collector, Outcome, Recheck
from collectors.http import HttpClient
from collectors.privacy import PrivacyDoor
from config.settings import get_settings
from storage import batches, db, second_looks, sources
from storage.collection import back_off
from storage.door import privacy_door
from storage.second_looks import DuePost
from storage.sources import ClaimedSource, SourceSetup
from workers.app import RECHECK_DUE, RECHECK_SOURCE, enqueue, job
from workers.collect import analyze_later
from workers.collection import batches_of, patiently, request_for
from workers.discretion import fault_of_ours
from workers.gate import HostGate

log = logging.getLogger(__name__)

PACKS = 10  # of posts in one job
_OVER_BUDGET = timedelta(hours=1)  # until the ledger is asked again
_FIRST_WAIT = second_looks.LEASE  # after a failure; doubles with each further one


@dataclass(frozen=True, slots=True)
class _Look:
    """One job: the posts it took, by the id that the platform is asked by."""

    source: SourceSetup
    collector: Collector
    recheck: Recheck
    posts: Mapping[str, DuePost]
    unreadable: tuple[DuePost, ...]  # their sealed ids cannot be opened any more
    run_id: int


def recheck_due() -> None:
    """Enqueue a job for each source with posts to look at again."""
    with db.reading() as session:
        due = second_looks.due(session, datetime.now(UTC))
    for source_id in due:
        enqueue(RECHECK_SOURCE, source_id, expires=60)


def recheck_source(source_id: int) -> None:
    """Look again at the posts of one source that are due, shown ones first. How it ended is stored."""
    settings = get_settings()
    with db.transaction() as session:
        door = privacy_door(session, settings)
        look = _take(session, door, source_id, datetime.now(UTC))
    if look is None:
        return
    left = {post.id for post in look.posts.values()}
    spent: list[float] = [0, 0.0]
    try:
        outcome = _look_again(look, door, left, spent)
    except CollectError as error:
        _give_up(look, error, spent)
    except (OperationalError, InterfaceError):
        _give_up(look, CollectError("unreachable", "The database went away during the run."), spent)
        raise
    except SoftTimeLimitExceeded:
        patiently(lambda session: _end(session, look, Outcome(False, "limit_reached"), [], spent))
    except Exception as error:
        _give_up(look, fault_of_ours(error), spent)
        raise
    else:
        patiently(lambda session: _end(session, look, outcome, sorted(left), spent))


def _take(session: Session, door: PrivacyDoor, source_id: int, now: datetime) -> _Look | None:
    """The posts to ask for; None: nothing is due, or nothing can be paid for."""
    source = sources.setup_of(session, source_id)
    if source is None or not source.enabled:
        return None
    collector = registry.get(source.kind)
    if collector.recheck is None:
        return None
    meter = sources.meter_of(session, collector, source_id, source.options, now)
    if meter.left is not None and meter.left <= 0:
        second_looks.put_off(session, source_id, now + _OVER_BUDGET)
        return None
    taken = second_looks.take(session, source_id, collector.recheck.pack * PACKS, now)
    if not taken:
        return None
    refs = [(door.unseal(post.sealed_ref) if post.sealed_ref else post.native_id, post) for post in taken]
    posts = {ref: post for ref, post in refs if ref is not None}
    unreadable = tuple(post for ref, post in refs if ref is None)
    run_id = sources.begin_run(session, source_id, "recheck", now)
    return _Look(source, collector, collector.recheck, posts, unreadable, run_id)


def _look_again(look: _Look, door: PrivacyDoor, left: set[int], spent: list[float]) -> Outcome:
    if not look.posts:
        return Outcome(True, "ok", "None of these posts can be asked for: the key of their addresses was lost.")
    with db.reading() as session:
        request = request_for(session, look.collector, _as_claimed(look))
    gate = HostGate(look.collector.pace)
    with HttpClient.from_settings(get_settings(), gate) as http:
        try:
            for batch, outcome in batches_of(look.collector.refresh(request, tuple(look.posts), http), request):
                spent[:] = [http.requests, request.meter.cost]
                if batch is not None:
                    _store(look, batch, door, left, spent)
                if outcome is not None:
                    return outcome
        finally:
            spent[:] = [http.requests, request.meter.cost]
    raise RuntimeError(f"the collector {look.source.kind} ended without an outcome")


def _store(look: _Look, batch: Batch, door: PrivacyDoor, left: set[int], spent: Sequence[float]) -> None:
    """The batch and the plan for its posts go into one transaction; those that were seen leave `left`."""
    now = datetime.now(UTC)
    known = {ref: post.native_id for ref, post in look.posts.items()}
    admitted = batches.admit(door, batch, now, get_settings().max_text_chars, known)
    seen = [post.id for ref in _refs_in(batch) if (post := look.posts.get(ref)) is not None]
    with db.transaction() as session:
        added = batches.store(session, look.source.id, _without_cursor(admitted), now, look.run_id)
        renew = look.collector.keep_days is not None
        second_looks.answered(session, seen, look.recheck, now, renew=renew)
        sources.note_spending(session, look.run_id, requests=int(spent[0]), cost=spent[1])
    left.difference_update(seen)
    if added.mention_ids_pending:
        analyze_later(added.mention_ids_pending)


def _refs_in(batch: Batch) -> list[str]:
    return [*(post.native_id for post in batch.posts), *batch.readings, *batch.deleted]


def _without_cursor(batch: batches.AdmittedBatch) -> batches.AdmittedBatch:
    """A second look says nothing about where the collection stands, whatever its batches carry."""
    return replace(batch, cursor=None)


def _end(session: Session, look: _Look, outcome: Outcome, left: Sequence[int], spent: Sequence[float]) -> None:
    """Close the run. What was not to be had waits for its next age; what was not asked for, until its lease ends."""
    now = datetime.now(UTC)
    sources.end_run(
        session, look.run_id, outcome.complete, outcome.reason, outcome.detail, now,
        requests=int(spent[0]), cost=spent[1],
    )  # fmt: skip
    if outcome.complete:
        second_looks.unanswered(session, left, look.recheck, now)
    second_looks.forget(session, [post.id for post in look.unreadable])
    if outcome.retry_at is not None:
        second_looks.put_off(session, look.source.id, outcome.retry_at)


def _give_up(look: _Look, error: CollectError, spent: Sequence[float]) -> None:
    """Note the failure and put all looks at this source off: longer each time, and never before the platform's word."""
    log.warning("Second looks at %s: %s", look.source.name, error.detail)

    def write(session: Session) -> None:
        now = datetime.now(UTC)
        sources.end_run(
            session, look.run_id, False, error.reason, error.detail, now, requests=int(spent[0]), cost=spent[1]
        )  # fmt: skip
        failures = second_looks.failures_in_a_row(session, look.source.id)
        until = now + back_off(_FIRST_WAIT, failures, random.random)
        second_looks.put_off(session, look.source.id, max(until, error.retry_at or until))

    patiently(write)


def _as_claimed(look: _Look) -> ClaimedSource:
    """What a request is made from; a second look has no claim and no cursor."""
    source = look.source
    return ClaimedSource(source.id, source.kind, source.name, source.options, {}, look.run_id, source.credentials)


job(RECHECK_DUE, soft=20, hard=30)(recheck_due)
job(RECHECK_SOURCE, soft=540, hard=600)(recheck_source)
