"""Child processes that do not outlive their parent, also when the parent is killed with SIGKILL."""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1
# Loaded before any fork: between fork and exec nothing may be imported.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Command:
    """What to start, as whom (None: as the caller), and how to ask it to stop.

    `stop_signal` asks for an orderly end; the kernel sends the same one when the parent is gone.
    """

    argv: tuple[str, ...]
    user: str | None = None
    stop_signal: int = signal.SIGTERM
    environment: Mapping[str, str] = field(default_factory=dict)


def die_with_parent(stop_signal: int, parent: int | None = None) -> None:
    """Have the kernel send `stop_signal` to this process when the thread that forked it ends (Linux only).

    `parent` is the pid of the process that forked us: if it was gone before the request took hold, stop at once.
    Elsewhere than on Linux `workers.watchdog` does this work.
    """
    if _libc is None:
        return
    _libc.prctl(_PR_SET_PDEATHSIG, stop_signal, 0, 0, 0)
    if parent is not None and os.getppid() != parent:
        os._exit(1)


def spawn(command: Command, output: int | IO[bytes] | None, cwd: Path | None = None) -> "subprocess.Popen[bytes]":
    """Start the command with its output on `output`, in a session of its own.

    A session of its own keeps Ctrl-C of the terminal from reaching it: the parent decides the order of stopping.
    """
    who = pwd.getpwnam(command.user) if command.user else None
    return subprocess.Popen(  # noqa: S603 (an argument list, no shell)
        command.argv,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd=cwd,
        env={**os.environ, **command.environment},
        user=who.pw_uid if who else None,
        group=who.pw_gid if who else None,
        extra_groups=[] if who else None,
        start_new_session=True,
        preexec_fn=_tie(command.stop_signal),
    )


def _tie(stop_signal: int) -> Callable[[], None] | None:
    parent = os.getpid()
    return (lambda: die_with_parent(stop_signal, parent)) if _libc is not None else None


def end(process: "subprocess.Popen[bytes]", stop_signal: int, patience: float) -> bool:
    """Ask the process to stop, kill it after `patience` seconds. False when it had to be killed."""
    if process.poll() is None:
        process.send_signal(stop_signal)
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False
    return True
