"""Real workers, forked from a process that has loaded what they load: `storage.child.spawn` takes three seconds."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeAlias, cast

import pytest

from storage.child import end
from tests.warm import Warm, warm
from workers.app import modules_of, worker_arguments

Process: TypeAlias = "subprocess.Popen[bytes]"
Worker: TypeAlias = Callable[..., AbstractContextManager[Process]]
_LOADED = (*modules_of("analyze", "upkeep"), "celery.apps.worker", "celery.concurrency.prefork", "celery.bin.celery",
           "kombu.transport.redis", "tests.factories")  # fmt: skip


@pytest.fixture(scope="package")
def loaded() -> Iterator[Warm]:
    """The process that workers are forked from."""
    with warm(*_LOADED) as server:
        yield server


@pytest.fixture
def worker(loaded: Warm) -> Worker:
    """`worker(app, log, queue, processes)`: a worker as `celery --app APP worker` starts it; killed at the end."""

    @contextlib.contextmanager
    def start(app: str, log: Path, queue: str = "analyze", processes: int = 1) -> Iterator[Process]:
        arguments = ["celery", "--app", app, "--quiet", *worker_arguments("test", processes, queue)]
        with log.open("ab") as said, open(os.devnull, "rb") as nothing:
            files = (nothing.fileno(), said.fileno(), said.fileno())
            process = cast("Process", loaded.start("celery.__main__:main", arguments, files, os.environ))
        try:
            yield process
        finally:
            end(process, signal.SIGKILL, 10)

    return start
