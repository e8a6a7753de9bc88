"""The gate that requests of all workers pass: turns at a host and its fuse, both in PostgreSQL."""

import time
from collections.abc import Callable
from datetime import timedelta

from collectors.base import CollectError
from storage import db, hosts

PATIENCE = timedelta(seconds=5)  # longer than that nobody waits inside a run
_LONGEST_PATIENCE = timedelta(seconds=60)
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")  # a recording that is replayed here has nobody to be spared


class HostGate:
    """A `collectors.gate.Gate` over all workers. `pace` is the least time between two requests to one host.

    `force`: a person asks, so the request goes out also while the host is given a rest.
    """

    def __init__(self, pace: timedelta, *, force: bool = False, sleep: Callable[[float], None] = time.sleep) -> None:
        self._pace = pace
        self._force = force
        self._sleep = sleep
        # Runs, second looks and a stream of one host wait for each other's turn, however slow its pace is.
        self._patience = min(max(PATIENCE, 5 * pace), _LONGEST_PATIENCE)

    def enter(self, host: str) -> None:
        """Wait for one's turn; raise `CollectError` when it is far off or the host rests."""
        pace = timedelta(0) if host.lower() in _THIS_MACHINE else self._pace
        with db.transaction() as session:
            turn = hosts.take_turn(session, host.lower(), pace, self._patience, force=self._force)
        if turn.wait is None:
            raise _refusal(host, turn)
        if turn.wait > timedelta(0):
            self._sleep(turn.wait.total_seconds())

    def leave(self, host: str, *, failed: bool) -> None:
        """Note how the request ended."""
        with db.transaction() as session:
            hosts.note_end(session, host.lower(), failed=failed)


def _refusal(host: str, turn: hosts.Turn) -> CollectError:
    until = f" until {turn.retry_at:%H:%M} UTC" if turn.retry_at else ""
    if turn.resting:
        detail = f"{host} failed {turn.failures} times in a row and is given a rest{until}."
        return CollectError("unreachable", detail, retry_at=turn.retry_at)
    detail = f"Other sources are asking {host} at the moment; this one waits for its turn{until}."
    return CollectError("rate_limited", detail, retry_at=turn.retry_at)
