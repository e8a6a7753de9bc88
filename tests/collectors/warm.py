"""Crawlers and readers of articles forked from a process that has loaded their libraries, which takes half a second.

That one starts from nothing is shown by the tests that take no `warm_children`.
"""

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Any

from tests.warm import Forked, Warm, warm

_popen = subprocess.Popen
_ENTRIES = {"collectors.web.crawl": "main", "collectors.article": "serve"}


@contextlib.contextmanager
def warm_starter() -> Iterator[Callable[..., Any]]:
    """What starts these children quickly, in place of `subprocess.Popen`; others it starts as ever."""
    with warm(*_ENTRIES, "trafilatura") as server:

        def start(command: Sequence[str], **more: Any) -> Any:
            if command[-1] in _ENTRIES:
                return _piped(server, command[-1], more["stderr"], more["env"])
            return _popen(command, **more)

        yield start


def _piped(server: Warm, module: str, errors: IO[bytes], environment: Mapping[str, str]) -> Forked:
    """What a `subprocess.Popen` with pipes is to `LineProcess`."""
    child_in, to_child = os.pipe()
    from_child, child_out = os.pipe()
    entry = f"{module}:{_ENTRIES[module]}"
    child = server.start(entry, [module], (child_in, child_out, errors.fileno()), environment)
    os.close(child_in)
    os.close(child_out)
    child.stdin, child.stdout = open(to_child, "wb", 0), open(from_child, "rb", 0)  # noqa: SIM115 - LineProcess closes
    return child
