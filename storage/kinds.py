"""What storage asks about a kind of source: its collector, if it has one, and whether it is ever due."""

from collectors import registry
from collectors.base import Collector
from collectors.redistribution import NOBODY_SAID, WHOLE, Redistribution

FILLED_BY_HAND = ("import", "api")  # kinds without a collector
_NEVER_DUE = (*FILLED_BY_HAND, "demo")


def collector_of(kind: str) -> Collector | None:
    """The collector of a kind; None: filled by files or the API, or by a collector that is no longer there."""
    if kind in FILLED_BY_HAND:
        return None
    try:
        return registry.get(kind)
    except ValueError:
        return None


def is_polled(kind: str) -> bool:
    """Whether its sources are ever due. A kind that is gone stays due, so that its next run says so."""
    if kind in _NEVER_DUE:
        return False
    found = collector_of(kind)
    return found is None or found.polled


def streams() -> list[str]:
    """Kinds whose runs go on for an hour, in a process of their own."""
    return [collector.kind for collector in registry.all_collectors() if collector.long_running]


def redistribution_of(kind: str) -> Redistribution:
    """What of its posts may leave in a file. What the company sent or imported itself is its own to pass on."""
    if kind in _NEVER_DUE:
        return WHOLE
    found = collector_of(kind)
    return NOBODY_SAID if found is None else found.redistribution
