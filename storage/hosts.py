"""Hosts that collectors call: turns over all workers, and a fuse for those that fail.

The database's clock decides, since those of several machines differ.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

FUSE_AT = 5  # failures in a row
FIRST_REST = timedelta(minutes=2)  # doubles with each further failure
LONGEST_REST = timedelta(hours=1)
PROBE = timedelta(minutes=1)  # how long a fuse waits for the one request that it let through

# One statement takes the next slot, or no row comes back: the turn is too far off, or the fuse has blown. Once its rest
# is over, the first one through holds the others off until it has told how it went.
_TAKE = text("""
INSERT INTO hosts AS h (host, next_at, updated_at)
VALUES (:host, clock_timestamp() + CAST(:pace AS interval), clock_timestamp())
ON CONFLICT (host) DO UPDATE SET
    next_at = greatest(h.next_at, clock_timestamp()) + CAST(:pace AS interval),
    open_until = CASE WHEN h.open_until IS NOT NULL THEN clock_timestamp() + CAST(:probe AS interval) END,
    updated_at = clock_timestamp()
WHERE :force OR (h.next_at <= clock_timestamp() + CAST(:patience AS interval)
    AND (h.open_until IS NULL OR h.open_until <= clock_timestamp()))
RETURNING greatest(h.next_at - CAST(:pace AS interval) - clock_timestamp(), interval '0') AS wait
""")
_WHY = text(
    "SELECT next_at, open_until, failures, open_until > clock_timestamp() AS rests FROM hosts WHERE host = :host"
)
_FAILED = text("""
UPDATE hosts SET failures = failures + 1, updated_at = clock_timestamp(),
    open_until = CASE WHEN failures + 1 >= :fuse THEN clock_timestamp() + least(
        CAST(:rest AS interval) * power(2, least(failures + 1 - :fuse, 20)), CAST(:longest AS interval)) END
WHERE host = :host
""")
_WORKED = text("""
UPDATE hosts SET failures = 0, open_until = NULL, updated_at = clock_timestamp()
WHERE host = :host AND (failures > 0 OR open_until IS NOT NULL)
""")


@dataclass(frozen=True, slots=True)
class Turn:
    """When a request may go out. `wait` None: not soon; come back at `retry_at`. `resting`: the fuse has blown."""

    wait: timedelta | None
    retry_at: datetime | None = None
    resting: bool = False
    failures: int = 0


def take_turn(session: Session, host: str, pace: timedelta, patience: timedelta, *, force: bool = False) -> Turn:
    """Reserve the next slot at a host if it is at most `patience` away; `force` takes it in any case."""
    values = {"host": host, "pace": pace, "patience": patience, "probe": PROBE, "force": force}
    row = session.execute(_TAKE, values).first()
    if row is not None:
        return Turn(row.wait)
    why = session.execute(_WHY, {"host": host}).first()
    if why is None:  # swept away in between
        return Turn(timedelta(0))
    return Turn(None, why.open_until if why.rests else why.next_at, bool(why.rests), why.failures)


def note_end(session: Session, host: str, *, failed: bool) -> None:
    """How a request ended: failures in a row blow the fuse, one success mends it."""
    if failed:
        values = {"host": host, "fuse": FUSE_AT, "rest": FIRST_REST, "longest": LONGEST_REST}
        session.execute(_FAILED, values)
    else:
        session.execute(_WORKED, {"host": host})
