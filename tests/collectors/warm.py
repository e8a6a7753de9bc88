"""Crawlers and readers of articles forked from a process that has loaded their libraries, which takes half a second.

What a child does is the same; that one starts from nothing is shown by the tests that take no `warm_children`.
"""

import contextlib
import gc
import os
import select
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from config.settings import ROOT

_popen = subprocess.Popen
ENTRIES = {"collectors.web.crawl": "main", "collectors.article": "serve"}


@contextlib.contextmanager
def warm_starter() -> Iterator[Callable[..., Any]]:
    """What starts these children quickly, in place of `subprocess.Popen`; others it starts as ever."""
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-m", "tests.collectors.warm", str(theirs.fileno())]
    with ours, subprocess.Popen(command, pass_fds=[theirs.fileno()], cwd=ROOT) as server:
        theirs.close()

        def start(command: Sequence[str], **more: Any) -> Any:
            if command[-1] in ENTRIES:
                return Forked(ours, command[-1], more["stderr"], more["env"])
            return _popen(command, **more)

        yield start
        ours.close()
        server.wait()


class Forked:
    """What a `subprocess.Popen` is to `LineProcess`."""

    def __init__(self, server: socket.socket, module: str, stderr: IO[bytes], env: Mapping[str, str]) -> None:
        child_in, to_child = os.pipe()
        from_child, child_out = os.pipe()
        self._ended, ended = os.pipe()
        given = [child_in, child_out, stderr.fileno(), ended]
        message = "\0".join([module, *(f"{name}={value}" for name, value in env.items())])
        socket.send_fds(server, [message.encode()], given)
        for number in (child_in, child_out, ended):
            os.close(number)
        self.pid = int.from_bytes(server.recv(8))
        self.stdin, self.stdout = open(to_child, "wb", 0), open(from_child, "rb", 0)  # noqa: SIM115 - LineProcess closes
        self.returncode: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not select.select([self._ended], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("a forked child", timeout or 0)
            self.returncode = os.waitstatus_to_exitcode(int.from_bytes(os.read(self._ended, 8)))
            os.close(self._ended)
        return self.returncode


def serve(asked: socket.socket) -> None:
    """Load the libraries once; fork for each request, until nobody asks any more."""
    modules = {name: import_module(name) for name in ENTRIES}
    import_module("trafilatura")
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # of the keepers, who wait for the children
    while True:
        message, given, _, _ = socket.recv_fds(asked, 65_536, 4)
        if not message:
            return
        if os.fork() == 0:
            name, *variables = message.decode().split("\0")
            _keep(asked, given, lambda: getattr(modules[name], ENTRIES[name])(), variables)  # noqa: B023 - in a fork
        for number in given:
            os.close(number)


def _keep(asked: socket.socket, given: Sequence[int], work: Any, variables: Sequence[str]) -> None:
    """The keeper: begin the child, tell its number, and how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        asked.close()
        _become(given, work, dict(each.split("=", 1) for each in variables))
    for number in given[:3]:
        os.close(number)
    asked.send(pid.to_bytes(8))
    os.write(given[3], os.waitpid(pid, 0)[1].to_bytes(8))
    os._exit(0)


def _become(given: Sequence[int], work: Any, environment: Mapping[str, str]) -> None:
    os.setsid()
    for number, wanted in zip(given, (0, 1, 2), strict=False):
        os.dup2(number, wanted)
        os.close(number)
    os.close(given[3])
    os.environ.clear()
    os.environ.update(environment)
    code = 0
    try:
        work()
    except BaseException:  # noqa: BLE001 - the last line of all it says is its error, as of any Python
        traceback.print_exc()
        code = 1
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    assert Path.cwd() == ROOT
    serve(socket.socket(fileno=int(sys.argv[1])))
