"""Collecting: what is due is claimed, fetched batch by batch, passed through the privacy door and stored."""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from collectors import registry
from collectors.base import Batch, CollectError, CollectRequest, Outcome
from collectors.http import HttpClient
from collectors.post import Post, RawPost
from collectors.privacy import PrivacyDoor
from config.settings import Settings, get_settings
from storage import db, mentions, profile, sources
from storage.door import privacy_door
from storage.sources import ClaimedSource
from workers.app import ANALYZE_MENTIONS, COLLECT_DUE, COLLECT_SOURCE, enqueue, job

log = logging.getLogger(__name__)

_PATIENCE = (1.0, 2.0, 4.0, 8.0, 15.0)  # seconds between tries to note how a run ended while the database restarts


@dataclass(frozen=True, slots=True)
class Run:
    """One finished run of one source."""

    source_id: int
    name: str
    outcome: Outcome | None  # None: it failed, see `error`
    error: CollectError | None
    seen: int
    added: int
    changed: int
    mentions: int
    pending: tuple[int, ...]


@dataclass(slots=True)
class _Tally:
    seen: int = 0
    added: int = 0
    changed: int = 0
    mentions: int = 0


def collect_due() -> None:
    """Enqueue a run for each source whose time has come."""
    with db.reading() as session:
        due = sources.due_sources(session, datetime.now(UTC))
    for source_id in due:
        enqueue(COLLECT_SOURCE, source_id, expires=60)


def collect_source(source_id: int) -> None:
    """Run one source, unless another process has it."""
    run = run_source(source_id, analyze=analyze_later)
    if run is not None and run.error is not None:
        log.warning("Source %s: %s", run.name, run.error.detail)
    elif run is not None:
        log.info("Source %s: %d posts, %d new, %d mentions", run.name, run.seen, run.added, run.mentions)


def run_source(source_id: int, *, analyze: Callable[[Sequence[int]], None], force: bool = False) -> Run | None:
    """Claim and run a source; `analyze` gets the ids of new mentions after each commit. None: not to be had now.

    `force` runs a source that is not due or paused. How the run ended is stored before this returns; a fault of ours
    is stored too, then raised.
    """
    with db.transaction() as session:
        claimed = sources.claim(session, source_id, datetime.now(UTC), force=force)
    if claimed is None:
        return None
    tally = _Tally()
    pending: list[int] = []

    def keep(ids: Sequence[int]) -> None:
        pending.extend(ids)
        analyze(ids)

    outcome, error, fault = _attempt(claimed, tally, keep)
    _close(claimed.run_id, outcome, error)
    if fault is not None:
        raise fault
    counts = (tally.seen, tally.added, tally.changed, tally.mentions)
    return Run(claimed.id, claimed.name, outcome, error, *counts, tuple(pending))


def analyze_later(ids: Sequence[int]) -> None:
    """Enqueue the analysis of new mentions in portions of one transaction each."""
    size = get_settings().analyze_batch
    for start in range(0, len(ids), size):
        enqueue(ANALYZE_MENTIONS, list(ids[start : start + size]))


def admitted(door: PrivacyDoor, raw: Sequence[RawPost], now: datetime, max_chars: int) -> list[Post]:
    """The posts behind the privacy door; one that cannot pass is left out and named in the log by its id."""
    posts = []
    for one in raw:
        try:
            posts.append(door.admit(one, now, max_chars))
        except ValueError as error:
            log.warning("A post was left out: %s", error)
    return posts


def store(session: Session, source_id: int, posts: Sequence[Post], analyze: Callable[[Sequence[int]], None],
          **kept: object) -> mentions.Added:  # fmt: skip
    """Store posts in the caller's transaction; `analyze` is called after its commit."""
    matcher = profile.matcher(session)
    added = mentions.add_new(session, source_id, posts, matcher, datetime.now(UTC), **kept)  # type: ignore[arg-type]
    if added.mention_ids_pending:
        db.after_commit(session, lambda: analyze(added.mention_ids_pending))
    return added


def _attempt(
    claimed: ClaimedSource, tally: _Tally, analyze: Callable[[Sequence[int]], None]
) -> tuple[Outcome | None, CollectError | None, Exception | None]:
    try:
        return _collect(claimed, tally, analyze), None, None
    except CollectError as error:
        return None, error, None
    except SoftTimeLimitExceeded:
        return (
            Outcome(False, "limit_reached", "Stopped after nine minutes; the next run goes on from here."),
            None,
            None,
        )
    except (OperationalError, InterfaceError) as error:
        return None, CollectError("unreachable", "The database went away during the run."), error
    except Exception as error:  # noqa: BLE001 - a fault of one collector must not leave its source claimed
        return None, CollectError("bad_answer", f"A fault of Outspoken: {type(error).__name__}: {error}"), error


def _collect(claimed: ClaimedSource, tally: _Tally, analyze: Callable[[Sequence[int]], None]) -> Outcome:
    settings = get_settings()
    collector = registry.get(claimed.kind)
    with db.reading() as session:
        door = privacy_door(session, settings)
        state = profile.current_profile(session)
    terms = state.profile.search_terms() if state is not None else ()
    request = CollectRequest(claimed.id, claimed.options, terms, claimed.cursor, datetime.now(UTC))
    with HttpClient.from_settings(settings) as http:
        for batch, outcome in _batches(collector.collect(request, http)):
            if batch is not None:
                _store_batch(claimed, batch, door, settings, tally, analyze)
            if outcome is not None:
                return outcome
    raise RuntimeError(f"the collector {claimed.kind} ended without an outcome")


def _batches(run: "Iterator[Batch]") -> Iterator[tuple[Batch | None, Outcome | None]]:
    """Batches, then the outcome that the generator returns."""
    with contextlib.closing(run):  # type: ignore[type-var]
        while True:
            try:
                yield next(run), None
            except StopIteration as end:
                yield None, end.value
                return


def _store_batch(
    claimed: ClaimedSource,
    batch: Batch,
    door: PrivacyDoor,
    settings: Settings,
    tally: _Tally,
    analyze: Callable[[Sequence[int]], None],
) -> None:
    now = datetime.now(UTC)
    posts = admitted(door, batch.posts, now, settings.max_text_chars)
    with db.transaction() as session:
        added = store(session, claimed.id, posts, analyze, cursor=batch.cursor, run_id=claimed.run_id)
        if batch.deleted:
            mentions.mark_deleted(session, claimed.id, batch.deleted, now)
    tally.seen += len(batch.posts)
    tally.added += added.posts_added
    tally.changed += added.posts_changed
    tally.mentions += added.mentions_added


def _close(run_id: int, outcome: Outcome | None, error: CollectError | None) -> None:
    """Note how the run ended, also when the database is just starting again."""
    for pause in (*_PATIENCE, None):
        try:
            with db.transaction() as session:
                if outcome is not None:
                    sources.finish_run(session, run_id, outcome, datetime.now(UTC))
                elif error is not None:
                    sources.fail_run(session, run_id, error, datetime.now(UTC))
        except (OperationalError, InterfaceError):
            if pause is None:
                raise
            time.sleep(pause)
        else:
            return


job(COLLECT_DUE, soft=20, hard=30)(collect_due)
job(COLLECT_SOURCE, soft=540, hard=600)(collect_source)
