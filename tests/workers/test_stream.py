"""Streams: each listens in its own thread, ends when it should, and what hangs is given back."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from collectors.base import Batch, CollectError, CollectRequest, Outcome
from collectors.http import HttpClient
from config.settings import ROOT
from storage import db, sources
from storage.viewer import SYSTEM
from tests.factories import World
from tests.scripted import Script, Scripted, Steps, raw, register
from tests.workers.conftest import count
from workers.stream import Streams, serve


def listening(request: CollectRequest, http: HttpClient) -> Steps:
    """Something new every few hundredths of a second, from where the cursor is."""
    seen = request.cursor.get("at")
    number = seen if isinstance(seen, int) else 0
    while True:
        number += 1
        yield Batch((raw(f"{request.source_id}-{number}", f"Acme {number}"),), {"at": number})
        time.sleep(0.02)


@pytest.fixture
def streams() -> Iterator[Streams]:
    """Streams that are over at the end of the test."""
    found = Streams(grace=0.5, last_grace=1.0)
    yield found
    found.stop()


@pytest.fixture
def stream(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """A stream source that runs the given script."""

    def make(script: Script = listening, name: str = "S") -> int:
        register(monkeypatch, Scripted(script, kind="stream", long_running=True, credentials=()))
        with db.transaction() as session:
            return sources.add_source(session, SYSTEM, "stream", name, {}, datetime.now(UTC))

    return make


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def posts(source_id: int) -> int:
    return count("posts", f"source_id = {source_id}")


def change(sql: str) -> None:
    with db.transaction() as session:
        session.execute(text(sql))


def test_every_stream_listens_and_stores_items_with_their_cursor(stream: Callable[..., int], streams: Streams) -> None:
    ids = {stream(), stream(name="T")}
    streams.look()
    assert streams.running == ids
    until(lambda: all(posts(each) >= 2 for each in ids))
    streams.look()  # nothing is started twice
    assert count("collection_runs") == 2
    streams.stop()
    assert streams.running == frozenset()
    for each in ids:
        assert count("sources", f"id = {each} AND claimed_at IS NULL AND cursor = '{{\"at\": {posts(each)}}}'") == 1
    assert count("collection_runs", "complete AND seen > 0 AND finished_at IS NOT NULL") == 2


def test_it_goes_on_from_its_cursor_after_a_restart(stream: Callable[..., int], streams: Streams) -> None:
    source_id = stream()
    streams.look()
    until(lambda: posts(source_id) >= 2)
    streams.stop()
    before = posts(source_id)
    streams.look()
    until(lambda: posts(source_id) > before)
    assert count("posts", "native_id LIKE '%-1'") == 1


@pytest.mark.parametrize("sql", ["UPDATE sources SET enabled = false WHERE kind = 'stream'",
                                 "DELETE FROM sources WHERE kind = 'stream'"])  # fmt: skip
def test_a_paused_or_deleted_source_is_no_longer_listened_to(
    stream: Callable[..., int], streams: Streams, sql: str
) -> None:
    source_id = stream()
    streams.look()
    until(lambda: posts(source_id) >= 1)
    change(sql)
    streams.look()
    assert streams.running == frozenset()
    assert count("sources", "claimed_at IS NOT NULL") == 0


def test_a_changed_source_listens_anew(world: World, monkeypatch: pytest.MonkeyPatch, streams: Streams) -> None:
    collector = Scripted(listening, kind="stream", long_running=True, credentials=())
    register(monkeypatch, collector)
    with db.transaction() as session:
        source_id = sources.add_source(session, SYSTEM, "stream", "S", {}, datetime.now(UTC))
    streams.look()
    until(lambda: posts(source_id) >= 1)
    with db.transaction() as session:
        sources.update_source(session, SYSTEM, source_id, datetime.now(UTC), options={"place": "elsewhere"})
    streams.look()
    until(lambda: len(collector.requests) == 2)
    assert collector.requests[1].options == {"place": "elsewhere"}


def test_a_stream_that_broke_is_started_again_when_it_is_due(stream: Callable[..., int], streams: Streams) -> None:
    def breaks(request: CollectRequest, http: HttpClient) -> Steps:
        if not request.cursor:
            yield Batch((raw("1", "Acme"),), {"at": 1})
            raise CollectError("unreachable", "The connection broke off.")
        yield from listening(request, http)
        return Outcome(True, "ok")

    source_id = stream(breaks)
    streams.look()
    until(lambda: count("sources", "error_reason = 'unreachable' AND claimed_at IS NULL") == 1)
    streams.look()
    assert streams.running == frozenset()  # it waits as every failed source does
    change("UPDATE sources SET next_check_at = now()")
    streams.look()
    until(lambda: posts(source_id) >= 2)
    assert count("sources", "kind = 'stream' AND error_reason = 'unreachable'") == 1  # until a run has ended well


def test_a_thread_that_hangs_is_given_back_and_its_late_batch_thrown_away(
    stream: Callable[..., int], streams: Streams
) -> None:
    hang = threading.Event()

    def hangs(request: CollectRequest, http: HttpClient) -> Steps:
        yield Batch((raw("1", "Acme"),), {"at": 1})
        hang.wait(20)
        yield Batch((raw("late", "Acme"),), {"at": 2})
        return Outcome(True, "ok")

    source_id = stream(hangs)
    streams.look()
    until(lambda: posts(source_id) == 1)
    thread = next(each for each in threading.enumerate() if each.name == f"stream-{source_id}")
    streams.stop()
    assert count("sources", "claimed_at IS NULL AND cursor = '{\"at\": 1}'") == 1
    assert count("collection_runs", "finished_at IS NOT NULL AND complete") == 1
    hang.set()
    thread.join(10)
    assert posts(source_id) == 1
    assert count("sources", "cursor = '{\"at\": 1}'") == 1


def test_a_claim_is_renewed_while_nothing_comes(stream: Callable[..., int], streams: Streams) -> None:
    quiet = threading.Event()

    def waits(request: CollectRequest, http: HttpClient) -> Steps:
        quiet.wait(20)
        yield from ()
        return Outcome(True, "ok")

    stream(waits)
    streams.look()
    change("UPDATE sources SET claimed_at = claimed_at - interval '14 minutes' WHERE claimed_at IS NOT NULL")
    streams.look()
    assert count("sources", "claimed_at > now() - interval '1 minute'") == 1
    quiet.set()


def test_it_waits_for_a_database_that_is_away(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from sqlalchemy.exc import OperationalError

    stop = threading.Event()
    looks: list[int] = []

    class Away(Streams):
        def look(self) -> None:
            looks.append(1)
            if len(looks) == 3:
                stop.set()
            raise OperationalError("x", None, Exception("the server is starting up"))

    serve(stop, tick=0.01, streams=Away())
    assert len(looks) == 3
    assert "the server is starting up" in caplog.text


def test_the_process_loads_no_model_and_ends_on_sigterm(world: World, redis_url: str) -> None:
    script = (
        "import sys, workers.stream as s; heavy = {'onnxruntime', 'transformers', 'torch'} & set(sys.modules);"
        "s.serve = lambda *given, serve=s.serve: (print('ready', heavy or 'light', flush=True), serve(*given));"
        "s.main()"
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().split() == ["ready", "light"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
