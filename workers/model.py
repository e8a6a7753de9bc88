"""The model in force in this process: the network that the settings name, with the tuned heads that are active.

Which heads are active is a row; every process looks at it every few seconds, so that a switch reaches all workers
without a restart. Other weights need one, since a process loads them once.
"""

import logging
import time
from dataclasses import dataclass
from functools import lru_cache

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from nlp.heads import HeadsError, read_heads
from nlp.model import Network, network
from storage import db, tuned_models

log = logging.getLogger(__name__)

LOOK_EVERY = 3.0  # seconds between two looks at which heads are active
THREADS = 1  # of the model: the worker has a process per core already


@dataclass(frozen=True, slots=True)
class _Look:
    """The last look: when, and which version of which network is in use; `version` None: its own heads."""

    at: float
    network: Network
    version_id: int | None


_last: _Look | None = None


def network_in_force(*, fresh: bool = False) -> Network:
    """The network to tag with now; `fresh` looks at once. Raises `WeightsError` when there are no weights.

    Heads that were tuned on other weights, or that cannot be read, are ignored with a warning: then the network's own
    heads are in force.
    """
    global _last
    loaded = _loaded()
    known = _last is not None and _last.network is loaded
    if _last is not None and known and not fresh and time.monotonic() - _last.at < LOOK_EVERY:
        return loaded
    with db.reading() as session:
        active = tuned_models.active(session)
    wanted = None if active is None else active.id
    if _last is None or not known or _last.version_id != wanted:
        _use(loaded, wanted)
    _last = _Look(time.monotonic(), loaded, wanted)
    return loaded


@lru_cache(maxsize=1)
def _one_thread() -> None:
    """Tuned heads are two small matrices: more threads only wait for each other."""
    threadpool_limits(limits=THREADS, user_api="blas")


def _loaded() -> Network:
    loaded = network(THREADS)
    _one_thread()
    return loaded


def _use(loaded: Network, version_id: int | None) -> None:
    if version_id is None:
        loaded.use(None)
        return
    with db.reading() as session:
        document = tuned_models.document(session, version_id)
    try:
        loaded.use(None if document is None else read_heads(document))
    except HeadsError as error:
        log.warning("Tuned heads are ignored, those of the weights %s are used: %s.", loaded.meta.version, error)
        loaded.use(None)
        return
    log.info("Tagging with %s.", loaded.version)
