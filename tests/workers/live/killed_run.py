"""A process that is killed in the middle of a run, for `test_runs`: its argument is the source's id."""

import os
import signal
import sys

from collectors import registry
from collectors.base import Batch, Budget, CollectRequest
from collectors.http import HttpClient
from tests.scripted import Scripted, Steps, raw
from workers.collect import run_source


def killed(request: CollectRequest, http: HttpClient) -> Steps:
    """Two pages; the third is paid for and never stored."""
    for page in (1, 2):
        request.meter.charge(0.5)
        yield Batch((raw(str(page), f"Acme {page}"),), {"page": page})
    request.meter.charge(0.5)
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("this process is gone")


def main() -> None:
    """Begin the run that ends us."""
    registry._BY_KIND["scripted"] = Scripted(killed, credentials=(), budget=Budget("USD", "month"))
    run_source(int(sys.argv[1]), analyze=lambda _: None)
