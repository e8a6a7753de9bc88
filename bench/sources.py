"""Ten thousand sources on one beat: picking what is due in one query against asking source by source, on one database.

    python -m bench.sources [--sources N]

The sources are checked every 15 minutes and share 500 hosts. "One by one" asks for each of them in turn whether it is
due, claimed, and how many runs its host has, as a loop over the settings would. The last figure is a minute of the
beat in fast motion, by one process: every 15 seconds what is due is picked, claimed and finished.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from collectors.base import Outcome
from config.settings import get_settings
from storage import db, embedded, sources
from storage.viewer import SYSTEM

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BEAT = timedelta(seconds=15)
BEATS = 4
HOSTS = 500

_MAKE = text("""
INSERT INTO sources (kind, name, options, origin, host, interval_minutes, created_at, next_check_at)
SELECT 'feed', 'Feed ' || n, '{"url": "https://feed.example/"}', 'dashboard', 'host' || n % :hosts || '.example', 15,
    :now, CAST(:now AS timestamptz) + n * interval '15 minutes' / :count FROM generate_series(1, :count) n
""")
_ONE = text("SELECT next_check_at, claimed_at, host FROM sources WHERE id = :id AND enabled")
_HOST = text("SELECT count(*) FROM sources WHERE host = :host AND claimed_at IS NOT NULL")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=int, default=10_000)
    count = parser.parse_args().sources
    with tempfile.TemporaryDirectory(prefix="outspoken-bench-") as folder:
        Path(folder).chmod(0o755)
        os.environ["DATA_DIR"] = folder
        get_settings.cache_clear()
        with embedded.running(Path(folder), "bench.sources"):
            db.migrate()
            with db.transaction() as session:
                session.execute(_MAKE, {"now": NOW, "count": count, "hosts": HOSTS})
                session.execute(text("ANALYZE sources"))
            _measure(count)
            db.connect().dispose()


def _measure(count: int) -> None:
    later = NOW + BEAT
    fast, picked = _timed(lambda: _pick(later))
    slow, asked = _timed(lambda: _pick_one_by_one(later))
    print(f"{'pick what is due':<26}{fast * 1000:>9.1f} ms   one by one {slow * 1000:>9.0f} ms   {slow / fast:.0f} x")
    print(f"{'':<26}{picked} of {count:,} were due, and the loop found {asked}")
    listing, rows = _timed(_list)
    print(f"{'the Sources page, its rows':<26}{listing * 1000:>9.0f} ms   for {rows:,} sources")
    spent, done = _timed(_some_beats)
    need, rate = count / (15 * 60), done / spent
    print(f"{'claimed and finished':<26}{rate:>9.0f} /s   needed     {need:>9.1f} /s   {rate / need:.1f} x")
    print(f"{'':<26}{done:,} runs in {BEATS} beats of 15 s, all that became due")


def _pick(now: datetime) -> int:
    with db.reading() as session:
        return len(sources.due_sources(session, now))


def _list() -> int:
    with db.reading() as session:
        return len(sources.list_sources(session, SYSTEM, NOW))


def _pick_one_by_one(now: datetime) -> int:
    found = 0
    with db.reading() as session:
        for source_id in session.scalars(text("SELECT id FROM sources ORDER BY id")).all():
            row = session.execute(_ONE, {"id": source_id}).first()
            if row is None or row.next_check_at is None or row.next_check_at > now or row.claimed_at is not None:
                continue
            found += (session.scalar(_HOST, {"host": row.host}) or 0) < sources.HOST_RUNS
    return found


def _some_beats() -> int:
    done = 0
    for beat in range(1, BEATS + 1):
        now = NOW + beat * BEAT
        with db.reading() as session:
            due = sources.due_sources(session, now)
        done += sum(_run(source_id, now) for source_id in due)
    return done


def _run(source_id: int, now: datetime) -> bool:
    """What the database does for one run that finds nothing new."""
    with db.transaction() as session:
        claimed = sources.claim(session, source_id, now)
    if claimed is None:
        return False
    with db.transaction() as session:
        sources.finish_run(session, claimed.run_id, Outcome(True, "not_modified"), now)
    return True


def _timed(work: Callable[[], int]) -> tuple[float, int]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


if __name__ == "__main__":
    main()
