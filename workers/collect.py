"""Collecting: what is due is queued, claimed and run; `workers.collection` does one run."""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from config.settings import get_settings
from storage import db, sources
from workers.app import ANALYZE_MENTIONS, COLLECT_DUE, COLLECT_SOURCE, enqueue, job
from workers.collection import Hooks, Keep, Run, run_claimed

log = logging.getLogger(__name__)

_EXPIRES = 60  # seconds: a run that nobody took until then is queued again by the clock


def collect_due() -> None:
    """Enqueue a run for each source whose time has come."""
    with db.reading() as session:
        due = sources.due_sources(session, datetime.now(UTC))
    for source_id in due:
        enqueue(COLLECT_SOURCE, source_id, expires=_EXPIRES)


def collect_source(source_id: int) -> None:
    """Run one source, unless another process has it; then let the next one of its host have its turn."""
    run = run_source(source_id, analyze=analyze_later)
    if run is None:
        return
    if run.error is not None:
        log.warning("Source %s: %s", run.name, run.error.detail)
    else:
        log.info("Source %s: %d posts, %d new, %d mentions", run.name, run.seen, run.added, run.mentions)
    _next_of_host(source_id)


def run_source(
    source_id: int,
    *,
    analyze: Callable[[Sequence[int]], None],
    force: bool = False,
    keep: Keep | None = None,
) -> Run | None:
    """Claim and run a source; `analyze` gets the ids of new mentions after each commit. None: not to be had now.

    `force` runs a source that is not due or paused, also at a host that is given a rest. `keep` gets what each batch
    brought: posts behind the privacy door, and the ids that the platform says are gone. How the run ended is stored
    before this returns; a fault of ours is stored too, then raised.
    """
    with db.transaction() as session:
        claimed = sources.claim(session, source_id, datetime.now(UTC), force=force)
    return None if claimed is None else run_claimed(claimed, Hooks(analyze, keep, force=force))


def analyze_later(ids: Sequence[int]) -> None:
    """Enqueue the analysis of new mentions in portions of one transaction each."""
    size = get_settings().analyze_batch
    for start in range(0, len(ids), size):
        enqueue(ANALYZE_MENTIONS, list(ids[start : start + size]))


def _next_of_host(source_id: int) -> None:
    """A host with many sources is not kept waiting for the next tick of the clock."""
    with db.reading() as session:
        due = sources.due_at_host_of(session, source_id, datetime.now(UTC))
    if due is not None:
        enqueue(COLLECT_SOURCE, due, expires=_EXPIRES)


job(COLLECT_DUE, soft=20, hard=30)(collect_due)
job(COLLECT_SOURCE, soft=540, hard=600)(collect_source)

__all__ = ["Run", "analyze_later", "collect_due", "collect_source", "run_source"]
