"""A child process that is spoken to in lines of JSON: for work on hostile pages that may crash, hang or grow.

The child gets no secret of ours: its environment is a handful of variables. It ends when we do, since it sees the end
of its input, and `close` kills whatever is left of it.
"""

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, cast

from collectors.post import Json

ROOT = Path(__file__).resolve().parent.parent  # not the settings': the child loads no more than it must
MAX_LINE = 64_000_000  # bytes of one message
_PASSED_ON = ("PATH", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "SYSTEMROOT")
_STEP = 65_536


class ChildError(Exception):
    """The child cannot be used any more: `cause` is "ended", "silent" or "garbage"; the text says more."""

    def __init__(self, cause: str, detail: str) -> None:
        super().__init__(detail)
        self.cause = cause
        self.detail = detail


class LineProcess:
    """`python -m module`, its input and output as JSON lines with deadlines. Use as a context manager."""

    def __init__(self, module: str) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `close`
        self._child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            cwd=ROOT,
            env={name: os.environ[name] for name in _PASSED_ON if name in os.environ} | {"LANG": "C.UTF-8"},
            start_new_session=True,
        )
        self._held = b""
        for pipe in (self._child.stdin, self._child.stdout):
            os.set_blocking(_number(pipe), False)

    def __enter__(self) -> "LineProcess":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def send(self, message: Json, seconds: float) -> None:
        """Hand over one line; raise `ChildError` when the child does not take it in time."""
        data = memoryview(json.dumps(message).encode() + b"\n")
        end = time.monotonic() + seconds
        while data:
            self._wait(self._child.stdin, selectors.EVENT_WRITE, end)
            try:
                data = data[os.write(_number(self._child.stdin), data[:_STEP]) :]
            except BrokenPipeError as error:
                raise self._ended() from error

    def receive(self, seconds: float) -> dict[str, Json]:
        """The next message; raise `ChildError` after `seconds` of silence, at the end and on garbage."""
        end = time.monotonic() + seconds
        while b"\n" not in self._held:
            self._wait(self._child.stdout, selectors.EVENT_READ, end)
            piece = os.read(_number(self._child.stdout), _STEP)
            if not piece:
                raise self._ended()
            self._held += piece
            if len(self._held) > MAX_LINE:
                raise ChildError("garbage", "It wrote more than can be read.")
        line, _, self._held = self._held.partition(b"\n")
        try:
            message = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ChildError("garbage", "It wrote something that is not JSON.") from error
        if not isinstance(message, dict):
            raise ChildError("garbage", "It wrote something that is no message.")
        return cast("dict[str, Json]", message)

    def close(self) -> None:
        """End the child at once, with all that it may have started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, signal.SIGKILL)
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                pipe.close()
        self._child.wait()
        self._errors.close()

    def _wait(self, pipe: IO[bytes] | None, event: int, end: float) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(_number(pipe), event)
            if not selector.select(max(0.0, end - time.monotonic())):
                raise ChildError("silent", "It gave no sign of life.")

    def _ended(self) -> ChildError:
        """With the kind of the exception that ended it, if it left one; its text may quote pages."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(2)
        code = self._child.returncode
        self._errors.seek(max(0, self._errors.seek(0, os.SEEK_END) - 2_000))
        last = self._errors.read().decode("utf-8", "replace").strip().rpartition("\n")[2]
        kind = last.partition(":")[0] if last[:1].isalpha() else ""
        why = f"exit code {code}{f', {kind[:60]}' if kind else ''}"
        return ChildError("ended", f"It ended before its work was done ({why}).")


def _number(pipe: IO[bytes] | None) -> int:
    if pipe is None:
        raise RuntimeError("the child has no pipes")
    return pipe.fileno()


def claim_output() -> IO[str]:
    """In the child: our end of its output, and nobody else's; what libraries print goes to the error stream."""
    ours = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    return ours


def limit_resources(memory: int, seconds: int, file_bytes: int = 50_000_000) -> None:
    """In the child: at most so many bytes of memory, seconds of computing and bytes per written file."""
    import resource

    for kind, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with contextlib.suppress(ValueError, OSError):  # some systems refuse a limit of address space
            resource.setrlimit(kind, (value, hard))
