"""The supervisor: passes on, restarts, stops in order, and leaves nothing behind."""

import contextlib
import io
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.console import Console

from config.settings import ROOT, Settings
from storage import embedded
from storage.child import Command
from tests.conftest import free_port
from workers.children import Child, RunError, check_port, check_queue
from workers.run import serve
from workers.supervisor import Supervisor
from workers.watchdog import Watchdog

_DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"

_LOUD = "import time\nwhile True: print('here', flush=True), time.sleep(0.001)"


def _child(name: str, code: str, patience: float = 5.0) -> Child:
    return Child(name, "blue", Command((sys.executable, "-c", code)), patience)


@contextlib.contextmanager
def _watched(tmp_path: Path, *family: Child) -> Iterator[tuple[Supervisor, io.StringIO]]:
    said = io.StringIO()
    supervisor = Supervisor(list(family), tmp_path, Console(file=said, width=200))
    with supervisor.signals():
        try:
            supervisor.start(*(child.name for child in family))
            yield supervisor, said
        finally:
            supervisor.stop()


def _until(supervisor: Supervisor, happened: Callable[[], bool]) -> None:
    supervisor.wait_until(happened, 20.0)


def test_lines_are_passed_on_with_the_name_of_who_said_them(tmp_path: Path) -> None:
    child = _child("talker", "print('[bold]hello[/] \\xe9', flush=True); import time; time.sleep(60)")
    with _watched(tmp_path, child) as (supervisor, said):
        _until(supervisor, lambda: "hello" in said.getvalue())

    assert "talker [bold]hello[/] é" in said.getvalue()


def test_a_crash_is_reported_and_the_child_started_again(tmp_path: Path) -> None:
    child = _child("weak", "print('up', flush=True); raise SystemExit(3)")
    with _watched(tmp_path, child) as (supervisor, said):
        _until(supervisor, lambda: child.crashes >= 2)

    assert "weak ended with code 3; starting it again in 1 s." in said.getvalue()
    assert "starting it again in 2 s." in said.getvalue()
    assert said.getvalue().count("up") == 2


def test_a_kill_is_named(tmp_path: Path) -> None:
    child = _child("victim", "import time; time.sleep(60)")
    with _watched(tmp_path, child) as (supervisor, said):
        assert child.process is not None
        child.process.kill()
        _until(supervisor, lambda: child.crashes == 1)

    assert "victim was killed by SIGKILL" in said.getvalue()


def test_a_child_that_does_not_stop_is_killed_after_its_patience(tmp_path: Path) -> None:
    child = _child("deaf", _DEAF, patience=0.3)
    with _watched(tmp_path, child) as (supervisor, said):
        _until(supervisor, lambda: "deaf deaf" in re.sub(" +", " ", said.getvalue()))

    assert child.process is None


def test_a_child_that_cannot_start_ends_the_start_with_its_last_words(tmp_path: Path) -> None:
    child = _child("web", "raise SystemExit('the template is missing')")
    with (
        pytest.raises(RunError, match="web does not start: the template is missing"),
        _watched(tmp_path, child) as (supervisor, _),
    ):
        supervisor.wait_until(lambda: False, 20.0, "web")


def test_asking_to_stop_wakes_the_loop(tmp_path: Path) -> None:
    child = _child("sleeper", "import time; time.sleep(60)")
    with _watched(tmp_path, child) as (supervisor, said):
        os.kill(os.getpid(), signal.SIGTERM)
        supervisor.run()

    assert "Stopping" in said.getvalue()
    assert child.process is None


def test_a_taken_port_is_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(RunError, match=f"Port {port} on 127.0.0.1 cannot be used: .*Choose another one with PORT"):
            check_port("127.0.0.1", port)
    with pytest.raises(RunError, match="not an address of this machine"):
        check_port("no such host.invalid", 8000)


def test_names_that_cannot_be_hidden_are_one_sentence(settings: Callable[..., Settings], tmp_path: Path) -> None:
    chosen = settings(data_dir=tmp_path, names_model=str(tmp_path / "nothing"))
    with pytest.raises(RunError, match=r"NAMES_MODEL: .*neither rules nor spacy|NAMES_MODEL is .*not installed"):
        serve(chosen, Console(file=io.StringIO()))


def test_a_queue_that_is_away_is_one_sentence() -> None:
    with pytest.raises(RunError, match=r"The queue does not answer; see REDIS_URL: .*refused"):
        check_queue(f"redis://127.0.0.1:{free_port()}/0")


def test_a_talkative_child_is_not_asked_without_a_pause(tmp_path: Path) -> None:
    looks: list[float] = []
    with _watched(tmp_path, _child("loud", _LOUD)) as (supervisor, _):

        def third_look() -> bool:
            looks.append(time.monotonic())
            return len(looks) == 3

        supervisor.wait_until(third_look, 20.0)
    assert looks[2] - looks[0] > 0.09


def test_the_watchdog_ends_children_whose_supervisor_was_killed() -> None:
    orphan = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    spared = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        watchdog = Watchdog(needed=True)
        watchdog.add(orphan.pid, signal.SIGTERM)
        watchdog.add(spared.pid, signal.SIGTERM)
        watchdog.remove(spared.pid)
        process = watchdog._process
        assert process is not None
        assert process.stdin is not None
        process.stdin.close()  # as the kernel does when the supervisor is killed
        assert orphan.wait(20) == -signal.SIGTERM
        assert process.wait(20) == 0
        assert spared.poll() is None
    finally:
        for one in (orphan, spared):
            one.kill()
            one.wait()


class Service:
    """`manage.py run` as a person starts it."""

    def __init__(self, data_dir: Path, port: int) -> None:
        self.data_dir, self.port = data_dir, port
        keep = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
        self._environment = {
            **keep,
            "DATA_DIR": str(data_dir),
            "PORT": str(port),
            "COMPANY_FILE": str(data_dir / "no.toml"),
            "WORKER_PROCESSES": "1",
        }
        self.processes: list[subprocess.Popen[str]] = []

    def start(self) -> "subprocess.Popen[str]":
        self.processes.append(
            subprocess.Popen(
                [sys.executable, "manage.py", "run"],
                cwd=ROOT,
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
        return self.processes[-1]

    def read_until(self, word: str) -> str:
        """What it says, up to the line with the word."""
        said = ""
        stdout = self.processes[-1].stdout
        assert stdout is not None
        for line in stdout:
            said += line
            if word in line:
                return said
        raise AssertionError(f"it ended without saying {word!r}: {said}")

    def family(self) -> list[int]:
        """The numbers of all processes that have this data folder in their environment."""
        found = []
        for path in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                if f"DATA_DIR={self.data_dir}".encode() in (path / "environ").read_bytes():
                    found.append(int(path.name))
        return found

    def wait_until_gone(self) -> None:
        deadline = time.monotonic() + 30
        while self.family():
            assert time.monotonic() < deadline, f"left behind: {self.family()}"
            time.sleep(0.1)


@pytest.fixture
def service(open_folder: Path) -> Iterator[Service]:
    service = Service(open_folder / "var", free_port())
    yield service
    for process in service.processes:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@pytest.mark.timeout(300)  # three starts of everything on a busy machine
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_run_serves_resumes_after_a_kill_and_leaves_nothing_behind(service: Service) -> None:
    first = service.start()
    said = service.read_until("Ctrl-C stops everything")
    assert "admin@localhost" in said
    assert (password := re.search(r"Password +(\S+)", said)) is not None
    assert len(password[1]) >= 12
    with urllib.request.urlopen(f"http://127.0.0.1:{service.port}/healthz", timeout=10) as answer:
        assert answer.status == 200

    second = service.start()
    assert "is in use by manage.py run" in (second.communicate(timeout=120)[0] or "")
    assert second.returncode == 1
    service.processes.pop()

    first.send_signal(signal.SIGKILL)
    service.wait_until_gone()

    third = service.start()
    assert "Password" not in service.read_until("Ctrl-C stops everything")
    third.send_signal(signal.SIGTERM)
    assert third.wait(120) == 0
    service.wait_until_gone()
    assert not embedded.socket_dir(service.data_dir).exists()
