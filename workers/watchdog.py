"""Ends the children of a killed supervisor where the kernel does not do it (macOS; Linux has `storage.child`).

A small process of its own reads the list of children from a pipe. When the pipe ends without a word of farewell, the
supervisor was killed, and every child still listed gets its signal to stop.
"""

import contextlib
import os
import signal
import subprocess
import sys

from config.settings import ROOT

_FAREWELL = b"done"


class Watchdog:
    """The supervisor's side. Does nothing on Linux unless `needed` says so."""

    def __init__(self, needed: bool = sys.platform != "linux") -> None:
        self._process: subprocess.Popen[bytes] | None = None
        if needed:
            command = [sys.executable, "-m", "workers.watchdog"]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, cwd=ROOT, start_new_session=True)  # noqa: S603

    def add(self, pid: int, stop_signal: int) -> None:
        """Name a child and the signal that stops it."""
        self._tell(f"+ {pid} {int(stop_signal)}".encode())

    def remove(self, pid: int) -> None:
        """Forget a child that has ended: its number may be given to another program."""
        self._tell(f"- {pid} 0".encode())

    def close(self) -> None:
        """Say farewell, so that nothing is ended."""
        self._tell(_FAREWELL)
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
            self._process.wait()
            self._process = None

    def _tell(self, line: bytes) -> None:
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):  # the watchdog itself was killed: the service goes on without it
                self._process.stdin.write(line + b"\n")
                self._process.stdin.flush()


def watch() -> None:
    """Read until the pipe ends; then stop whoever is still listed."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # it ends with the pipe and not before
    children: dict[int, int] = {}
    for line in sys.stdin.buffer:
        if line.strip() == _FAREWELL:
            return
        sign, pid, stop_signal = line.split()
        if sign == b"+":
            children[int(pid)] = int(stop_signal)
        else:
            children.pop(int(pid), None)
    for pid_left, stop_signal_left in reversed(list(children.items())):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid_left, stop_signal_left)


if __name__ == "__main__":
    watch()
