"""Kill -9 of a worker in mid-batch, PostgreSQL and Valkey gone and back during work: nothing lost, nothing doubled."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from config.settings import Settings
from storage import db, embedded, mentions, rollups
from storage.child import end, spawn
from tests import factories as make
from tests.factories import World
from tests.servers import use_queue_of_settings
from tests.workers.conftest import count
from tests.workers.live.conftest import Process, Worker
from workers.app import ANALYZE_PENDING, enqueue
from workers.collect import analyze_later

MENTIONS = 240
_APP = "tests.workers.live.slow_app:app"


class Servers:
    """PostgreSQL and Valkey of one test, each to be killed and started at will."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.commands = {
            "postgres": embedded.postgres_command(data_dir),
            "valkey": embedded.valkey_command(data_dir),
        }
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        log = embedded.open_log(self.data_dir, name)
        self.running[name] = spawn(self.commands[name], log, self.data_dir)
        os.close(log)

    def stop(self, name: str) -> None:
        end(self.running.pop(name), self.commands[name].stop_signal, 20)


@pytest.fixture
def own_servers(open_folder: Path, settings: Callable[..., Settings]) -> Iterator[Servers]:
    """Servers that no other test uses, and a world in them."""
    data_dir = open_folder / "var"
    settings(data_dir=data_dir, database_url="", redis_url="", analyze_batch=20)
    use_queue_of_settings()
    with embedded.own(data_dir, "a test"):
        embedded.prepare(data_dir)
        servers = Servers(data_dir)
        try:
            servers.start("postgres")
            servers.start("valkey")
            embedded.wait_ready(data_dir, lambda: True)
            db.migrate()
            yield servers
        finally:
            db.connect().dispose()
            for name in list(servers.running):
                servers.stop(name)


def _wait(until: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def _set_up() -> World:
    with db.transaction() as session:
        world = make.set_up(session)
        ids: list[int] = []
        for number in range(MENTIONS):
            ids += make.say(session, world, str(number), f"Acme did {number} things").mention_ids_pending
    analyze_later(ids)
    return world


def _done() -> int:
    return count("mentions", "analyzed_at IS NOT NULL")


def _pool_of(worker: Process) -> list[int]:
    done = subprocess.run(["pgrep", "-P", str(worker.pid)], capture_output=True, text=True, check=False)
    return [int(pid) for pid in done.stdout.split()]


def _gone(pid: int) -> bool:
    try:
        return "State:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True


@pytest.mark.timeout(300)
def test_nothing_is_lost_or_counted_twice_when_worker_database_and_queue_die(
    own_servers: Servers, worker: Worker
) -> None:
    log = own_servers.data_dir / "worker.log"
    _set_up()
    with worker(_APP, log, processes=2) as first:
        _wait(lambda: _done() > 0)
        pool = _pool_of(first)
        first.send_signal(signal.SIGKILL)
        first.wait()
        _wait(lambda: all(_gone(pid) for pid in pool), 10)  # no process of the pool stays behind
    assert _done() < MENTIONS

    with worker(_APP, log, processes=2):
        enqueue(ANALYZE_PENDING)
        before = _done()
        _wait(lambda: _done() > before)
        own_servers.stop("postgres")
        own_servers.stop("valkey")
        time.sleep(0.5)
        own_servers.start("postgres")
        own_servers.start("valkey")
        embedded.wait_ready(own_servers.data_dir, lambda: True)

        def asked_again() -> bool:
            """As the clock does every half minute."""
            with db.reading() as session:
                left = mentions.pending_count(session)
            if left:
                enqueue(ANALYZE_PENDING)
                time.sleep(1)
            return left == 0

        _wait(asked_again)

    with db.reading() as session:
        assert session.scalar(text("SELECT sum(mentions) FROM rollups")) == MENTIONS
        assert rollups.check(session) == []
    assert count("mentions", "evidence ->> 'error' IS NOT NULL") == 0
    assert "Traceback" not in log.read_text()
