"""Processes forked from one that has loaded their libraries, which takes a part of a second or several.

What such a child does is the same. The one it is forked from only imports: it opens no file, no connection, no session.
"""

import contextlib
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

from config.settings import ROOT
from storage.child import die_with_parent

_popen = subprocess.Popen  # a test may put something else into its place


class Warm:
    """Starts children in a process that waits with everything loaded."""

    def __init__(self, asked: socket.socket) -> None:
        self._asked = asked

    def start(
        self, entry: str, arguments: Sequence[str], files: tuple[int, int, int], environment: Mapping[str, str]
    ) -> "Forked":
        """Run the function `module:name` with these `sys.argv`; `files` are its input, output and errors."""
        ended, to_end = os.pipe()
        message = json.dumps([entry, list(arguments), dict(environment)]).encode()
        socket.send_fds(self._asked, [message], [*files, to_end])
        os.close(to_end)
        answer = self._asked.recv(8)
        assert len(answer) == 8, "the process that starts others is gone"
        return Forked(int.from_bytes(answer), ended)


class Forked:
    """What a `subprocess.Popen` is to those who started it."""

    def __init__(self, pid: int, ended: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stdin: Any = None
        self.stdout: Any = None
        self._ended = ended

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not select.select([self._ended], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("a forked child", timeout or 0)
            self.returncode = os.waitstatus_to_exitcode(int.from_bytes(os.read(self._ended, 8)))
            os.close(self._ended)
        return self.returncode

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


@contextlib.contextmanager
def warm(*modules: str) -> Iterator[Warm]:
    """A process that has imported these modules, to fork children from."""
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-m", "tests.warm", str(theirs.fileno()), *modules]
    with ours, _popen(command, pass_fds=[theirs.fileno()], cwd=ROOT) as server:
        theirs.close()
        yield Warm(ours)
        ours.close()
        server.wait()


def _serve(asked: socket.socket, modules: Sequence[str]) -> None:
    """Load the libraries once; fork for each request, until nobody asks any more."""
    for module in modules:
        import_module(module)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # of the keepers, who wait for the children
    while True:
        message, given, _, _ = socket.recv_fds(asked, 65_536, 4)
        if not message:
            return
        if os.fork() == 0:
            _keep(asked, given, *json.loads(message))
        for number in given:
            os.close(number)


def _keep(
    asked: socket.socket, given: Sequence[int], entry: str, arguments: list[str], environment: dict[str, str]
) -> None:
    """The keeper: begin the child, tell its number, and how it ended."""
    die_with_parent(signal.SIGKILL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        asked.close()
        _become(given, entry, arguments, environment)
    for number in given[:3]:
        os.close(number)
    asked.send(pid.to_bytes(8))
    os.write(given[3], os.waitpid(pid, 0)[1].to_bytes(8))
    os._exit(0)


def _become(given: Sequence[int], entry: str, arguments: list[str], environment: dict[str, str]) -> None:
    os.setsid()
    die_with_parent(signal.SIGKILL)
    for number, wanted in zip(given, (0, 1, 2), strict=False):
        os.dup2(number, wanted)
        os.close(number)
    os.close(given[3])
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = arguments
    module, _, name = entry.partition(":")
    code: Any = 0
    try:
        getattr(import_module(module), name)()
    except SystemExit as end:
        code = end.code or 0
    except BaseException:  # noqa: BLE001 - the last line of all it says is its error, as of any Python
        traceback.print_exc()
        code = 1
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    die_with_parent(signal.SIGKILL)
    _serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2:])
