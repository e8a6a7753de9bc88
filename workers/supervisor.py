"""Watches over child processes: passes on what they say, restarts one that ended, stops all in order when asked to.

One thread and one loop. No threads means that a fork is safe; every child is tied to this process by the kernel
(`storage.child`), or by `workers.watchdog` where the kernel cannot.
"""

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import IO

from rich.console import Console
from rich.markup import escape

from config.settings import ROOT
from storage import embedded
from storage.child import spawn
from workers.children import Child, RunError
from workers.watchdog import Watchdog

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 60.0  # seconds before a crashed child is started again; doubles each time
_LOOK_EVERY = 0.05  # seconds
_STEADY = 60.0  # seconds after which a child counts as well, and its next crash as the first


class Supervisor:
    """Starts the children, passes on what they say, restarts them, stops them."""

    def __init__(self, family: list[Child], data_dir: Path, console: Console) -> None:
        self._family = family
        self._data_dir = data_dir
        self._console = console
        self._selector = selectors.DefaultSelector()
        self._asked_to_stop = 0
        self._stopping = False
        self._watchdog = Watchdog()

    @contextlib.contextmanager
    def signals(self) -> Iterator[None]:
        """Turn the signals to stop into wake-ups of the loop."""
        reading, writing = socket.socketpair()
        reading.setblocking(False)
        writing.setblocking(False)
        old_fd = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
        old = {number: signal.signal(number, self._note_stop) for number in _STOP_SIGNALS}
        self._selector.register(reading, selectors.EVENT_READ, None)
        try:
            yield
        finally:
            self._selector.unregister(reading)
            signal.set_wakeup_fd(old_fd)
            for number, handler in old.items():
                signal.signal(number, handler)
            reading.close()
            writing.close()
            self._selector.close()

    @property
    def asked_to_stop(self) -> bool:
        """Whether somebody pressed Ctrl-C, closed the terminal or sent SIGTERM."""
        return self._asked_to_stop > 0

    def start(self, *names: str) -> None:
        """Start the named children."""
        for child in self._family:
            if child.name in names:
                self._start(child)

    def wait_until(self, ready: Callable[[], bool], timeout: float, *names: str) -> None:
        """Keep the loop going until `ready()`; raise `RunError` when one of the named children ends, or at time-out."""
        deadline, next_look = time.monotonic() + timeout, 0.0
        while not self.asked_to_stop:
            if time.monotonic() >= next_look:  # a child that talks about being asked must not be asked without a pause
                if ready():
                    return
                next_look = time.monotonic() + _LOOK_EVERY
            self.step(_LOOK_EVERY)
            for child in self._family:
                if child.name in names and child.crashes:
                    raise RunError(f"{child.name} does not start: {self._last_words(child)}")
            if time.monotonic() > deadline:
                raise RunError(f"{' and '.join(names)} did not answer within {timeout:.0f} seconds.")

    def run(self) -> None:
        """Watch over the children until asked to stop."""
        while not self.asked_to_stop:
            self.step(1.0)

    def step(self, patience: float) -> None:
        """Read what there is to read, note who ended, start again whose time has come."""
        for key, _ in self._selector.select(patience):
            if key.data is None:
                with contextlib.suppress(BlockingIOError):
                    key.fileobj.recv(1000)  # type: ignore[union-attr]
            else:
                self._read(key.data)
        for child in self._family:
            if child.process is not None and child.process.poll() is not None:
                self._note_end(child)
            elif child.start_at is not None and time.monotonic() >= child.start_at and not self._stopping:
                self._start(child)

    def stop(self) -> None:
        """Stop the service's own processes together, then the servers they need; a second Ctrl-C makes it short."""
        self._stopping = True
        for child in self._family:
            child.start_at = None
        self._stop_together([child for child in self._family if child.log is None])
        for child in reversed([child for child in self._family if child.log is not None]):
            self._stop_together([child])
        self._watchdog.close()

    def _stop_together(self, some: list[Child]) -> None:
        already, begun = self._asked_to_stop, time.monotonic()
        for child in some:
            if child.process is not None:
                child.process.send_signal(child.command.stop_signal)
        while any(child.process is not None for child in some):
            self.step(0.1)
            for child in some:
                in_a_hurry = self._asked_to_stop > already and child.log is None
                if child.process is not None and (in_a_hurry or time.monotonic() - begun > child.patience):
                    _kill(child.process)

    def _start(self, child: Child) -> None:
        child.start_at, child.started_at, child.rest = None, time.monotonic(), b""
        if child.log is not None:
            log = embedded.open_log(self._data_dir, child.log)
            child.process = spawn(child.command, log, self._data_dir)
            os.close(log)
            self._watchdog.add(child.process.pid, child.command.stop_signal)
            return
        child.process = spawn(child.command, subprocess.PIPE, ROOT)
        self._watchdog.add(child.process.pid, child.command.stop_signal)
        pipe = self._pipe(child)
        os.set_blocking(pipe.fileno(), False)
        self._selector.register(pipe, selectors.EVENT_READ, child)

    @staticmethod
    def _pipe(child: Child) -> IO[bytes]:
        if child.process is None or child.process.stdout is None:
            raise RuntimeError(f"{child.name} has no pipe")
        return child.process.stdout

    def _read(self, child: Child) -> None:
        data = b""
        with contextlib.suppress(BlockingIOError):
            data = os.read(self._pipe(child).fileno(), 65536)
            if not data:
                self._selector.unregister(self._pipe(child))
        *lines, child.rest = (child.rest + data).split(b"\n")
        for line in lines:
            self._pass_on(child, line.decode("utf-8", "replace").rstrip())

    def _pass_on(self, child: Child, line: str) -> None:
        if line:
            child.last_lines.append(line)
            self.say(f"[{child.colour}]{child.name:>9}[/] {escape(line)}")

    def say(self, text: str) -> None:
        """Print a line; a terminal that was closed is no reason to fail."""
        with contextlib.suppress(OSError):
            self._console.print(text, highlight=False, soft_wrap=True)

    def _note_end(self, child: Child) -> None:
        process, child.process = child.process, None
        if process is None:
            return
        self._watchdog.remove(process.pid)
        if process.stdout is not None:
            self._drain(child, process.stdout)
        if self._stopping or self.asked_to_stop:
            return
        if time.monotonic() - child.started_at > _STEADY:
            child.crashes = 0
        child.crashes += 1
        wait = min(_FIRST_WAIT * 2 ** (child.crashes - 1), _LONGEST_WAIT)
        child.start_at = time.monotonic() + wait
        self.say(f"[bold red]{child.name} {_how(process.returncode)}; starting it again in {wait:.0f} s.[/]")

    def _drain(self, child: Child, pipe: IO[bytes]) -> None:
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(pipe)
        with contextlib.suppress(BlockingIOError):
            while data := os.read(pipe.fileno(), 65536):
                child.rest += data
        for line in child.rest.split(b"\n"):
            self._pass_on(child, line.decode("utf-8", "replace").rstrip())
        child.rest = b""
        pipe.close()

    def _last_words(self, child: Child) -> str:
        words = embedded.last_words(self._data_dir, child.log) if child.log else "".join(list(child.last_lines)[-1:])
        return words or "it says nothing"

    def _note_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._asked_to_stop += 1
        if self._asked_to_stop == 1:
            self.say("\nStopping …")


def _how(returncode: int) -> str:
    if returncode >= 0:
        return f"ended with code {returncode}"
    with contextlib.suppress(ValueError):
        return f"was killed by {signal.Signals(-returncode).name}"
    return f"was killed by signal {-returncode}"


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """Kill the child with all it started: it leads a session of its own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
