"""Streams: one long process that keeps every enabled long-running source listening, each in a thread of its own.

`python -m workers.stream`. Every few seconds it starts what is due, renews the claims of what runs, and stops what was
paused, changed or taken over. A thread that hangs in the network is left behind: its claim is given back, and its next
batch is thrown away instead of stored (`workers.collection`), so that nothing is stored twice or out of order.
"""

import logging
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import FrameType

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from collectors.base import Outcome
from config.logging import setup_logging
from config.settings import get_settings
from storage import db, sources
from storage.sources import ClaimedSource, SourceSetup
from storage.viewer import NotFound
from workers.collect import analyze_later
from workers.collection import Hooks, patiently, run_claimed

log = logging.getLogger(__name__)

TICK = 10.0  # seconds between two looks at the sources
GRACE = 3.0  # seconds that a run gets to hand over its batch when its source was paused or changed
LAST_GRACE = 5.0  # the same for all together when the process is asked to end


@dataclass(slots=True)
class _Listener:
    """One running stream."""

    claimed: ClaimedSource
    stop: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None

    @property
    def alive(self) -> bool:
        return self.thread is not None and self.thread.is_alive()


class Streams:
    """All streams of this process."""

    def __init__(self, *, grace: float = GRACE, last_grace: float = LAST_GRACE) -> None:
        self._grace = grace
        self._last_grace = last_grace
        self._running: dict[int, _Listener] = {}

    @property
    def running(self) -> frozenset[int]:
        """Ids of the sources that are listened to."""
        return frozenset(self._running)

    def look(self) -> None:
        """Forget what has ended, stop what should not go on, renew the other claims, start what is due."""
        for source_id, listener in list(self._running.items()):
            if not listener.alive:
                del self._running[source_id]
        unwanted = [each for each in self._running.values() if not self._may_go_on(each)]
        self._stop(unwanted, self._grace)
        with db.reading() as session:
            due = sources.due_streams(session, datetime.now(UTC))
        for source_id in due:
            if source_id not in self._running:
                self._start(source_id)

    def stop(self) -> None:
        """End all runs: what was handed over is stored, what hangs is given back."""
        self._stop(list(self._running.values()), self._last_grace)

    def _may_go_on(self, listener: _Listener) -> bool:
        """Whether the source is as it was when it was claimed, and still ours; renews the claim."""
        claimed = listener.claimed
        with db.transaction() as session:
            setup = sources.setup_of(session, claimed.id)
            if setup is None or not _unchanged(setup, claimed):
                return False
            return sources.renew_claim(session, claimed.run_id, datetime.now(UTC))

    def _start(self, source_id: int) -> None:
        with db.transaction() as session:
            claimed = sources.claim(session, source_id, datetime.now(UTC))
        if claimed is None:
            return
        listener = _Listener(claimed)
        # A daemon: a thread that hangs in the network must not keep the process from ending.
        name = f"stream-{source_id}"
        listener.thread = threading.Thread(target=_listen, args=(listener,), name=name, daemon=True)
        self._running[source_id] = listener
        listener.thread.start()
        log.info("Source %s: listening", claimed.name)

    def _stop(self, listeners: list[_Listener], grace: float) -> None:
        for listener in listeners:
            listener.stop.set()
        deadline = time.monotonic() + grace
        for listener in listeners:
            if listener.thread is not None:
                listener.thread.join(max(0.0, deadline - time.monotonic()))
            if listener.alive:
                _give_back(listener.claimed)
            self._running.pop(listener.claimed.id, None)
            log.info("Source %s: no longer listening", listener.claimed.name)


def serve(stop: threading.Event, *, tick: float = TICK, streams: Streams | None = None) -> None:
    """Keep the streams going until `stop` is set. A database that is away is one line in the log."""
    mine = streams or Streams()
    try:
        while not stop.is_set():
            _quietly(mine.look)
            stop.wait(tick)
    finally:
        _quietly(mine.stop)


def main() -> None:
    """The process: ends in order on SIGTERM and Ctrl-C."""
    settings = get_settings()
    setup_logging(settings.log_level, settings.log_json)
    stop = threading.Event()

    def asked(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, asked)
    signal.signal(signal.SIGINT, asked)
    serve(stop)


def _listen(listener: _Listener) -> None:
    """One run; how it ended is on its source, so that nobody has to catch what it raises."""
    claimed = listener.claimed
    try:
        run = run_claimed(claimed, Hooks(analyze_later, stop=listener.stop.is_set))
    except Exception:
        log.exception("Source %s: its stream ended by a fault", claimed.name)
        return
    if run.error is not None:
        log.warning("Source %s: %s", claimed.name, run.error.detail)
    else:
        log.info("Source %s: %d posts, %d new, %d mentions", claimed.name, run.seen, run.added, run.mentions)


def _give_back(claimed: ClaimedSource) -> None:
    """Close the run of a thread that hangs, so that the source is free; what it had stored, with its cursor, stays."""

    def write(session: Session) -> None:
        ended = Outcome(True, "limit_reached", "It was asked to stop; the next run goes on from here.")
        try:
            sources.finish_run(session, claimed.run_id, ended, datetime.now(UTC))
        except NotFound:
            log.info("Source %s was deleted while it was listened to.", claimed.name)

    patiently(write)


def _unchanged(setup: SourceSetup, claimed: ClaimedSource) -> bool:
    same = (setup.options, setup.credentials) == (claimed.options, claimed.credentials)
    return setup.enabled and same


def _quietly(work: Callable[[], None]) -> None:
    try:
        work()
    except (OperationalError, InterfaceError) as error:
        reason = str(error.orig or error).strip().split("\n", 1)[0]
        log.warning("Streams wait: the database says %r", reason)


if __name__ == "__main__":
    main()
