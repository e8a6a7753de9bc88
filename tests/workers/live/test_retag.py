"""Real workers: one is killed in the middle of re-tagging, one follows a switch of the model while it runs."""

import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.settings import Settings
from nlp.shipped import WEIGHTS, model_version
from storage import db, rollups, tuned_models
from tests import factories as make
from tests.commands.test_model import heads
from tests.factories import World
from tests.workers.conftest import count
from tests.workers.live.conftest import Worker
from workers import retag_state
from workers.app import ANALYZE_MENTIONS, RETAG, enqueue
from workers.retag_state import Run

MENTIONS = 36
_APP = "tests.workers.live.slow_retag_app:app"
NOW = datetime.now(UTC)


def _wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not until():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def _done() -> int:
    return count("mentions", "model = '9.9.9'")


def _checked() -> list[str]:
    with db.reading() as session:
        return rollups.check(session)


@pytest.mark.timeout(150)
def test_a_worker_killed_in_the_middle_loses_nothing(
    world: World, worker: Worker, settings: Callable[..., Settings], tmp_path: Path
) -> None:
    settings(analyze_batch=4)
    with db.transaction() as session:
        make.heard(session, world, [make.different(n) for n in range(MENTIONS)], at=NOW - timedelta(hours=5))
    retag_state.ask(None, Run(NOW))
    log = tmp_path / "worker.log"
    with worker(_APP, log) as first:
        _wait(lambda: _done() > 8)
        first.send_signal(signal.SIGKILL)
        first.wait()
    killed_at = _done()
    assert killed_at < MENTIONS
    assert _checked() == []
    assert count("mentions", "analyzed_at IS NULL") == 0

    with worker(_APP, log):
        enqueue(RETAG)  # as the clock does every half minute
        _wait(lambda: retag_state.wanted() is None)

    assert _done() == MENTIONS
    assert count("rollups", f"sentiment = 'negative' AND mentions = {MENTIONS}") == 1
    assert _checked() == []
    assert count("mentions", "attempts > 0") == 0
    assert "Traceback" not in log.read_text()


def _tagged_by(world: World, number: int) -> str | None:
    """The version that a worker tags a new mention with."""
    with db.transaction() as session:
        ids = make.say(session, world, str(number), f"Acme has a great app, number {number}").mention_ids_pending
    enqueue(ANALYZE_MENTIONS, list(ids))
    _wait(lambda: count("mentions", f"id = {ids[0]} AND analyzed_at IS NOT NULL") == 1)
    with db.reading() as session:
        return session.connection().exec_driver_sql(f"SELECT model FROM mentions WHERE id = {ids[0]}").scalar()


@pytest.mark.timeout(150)
@pytest.mark.skipif(not (WEIGHTS / "model.onnx").exists(), reason="there are no weights")
def test_a_running_worker_follows_a_switch(world: World, worker: Worker, tmp_path: Path) -> None:
    base = model_version()
    tuned = f"{base}+1"
    with worker("workers.app:app", tmp_path / "worker.log"):
        assert _tagged_by(world, 0) == base
        with db.transaction() as session:
            tuned_models.save(session, heads(tuned), {}, "a test", NOW)
            tuned_models.activate(session, tuned)
        numbers = iter(range(1, 100))
        _wait(lambda: _tagged_by(world, next(numbers)) == tuned)
        with db.transaction() as session:
            tuned_models.activate(session, None)
        _wait(lambda: _tagged_by(world, next(numbers)) == base)
