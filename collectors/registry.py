"""All collectors by kind. Importing this module is cheap: platform libraries are loaded when a run needs them."""

from collectors.base import Collector
from collectors.feed import FeedCollector
from collectors.hackernews import HackerNewsCollector

_COLLECTORS: tuple[Collector, ...] = (HackerNewsCollector(), FeedCollector())
_BY_KIND = {collector.kind: collector for collector in _COLLECTORS}


def all_collectors() -> tuple[Collector, ...]:
    """Every collector, in the order in which forms offer them."""
    return _COLLECTORS


def get(kind: str) -> Collector:
    """The collector of a kind; raise `ValueError` naming the known ones."""
    if kind not in _BY_KIND:
        raise ValueError(f"unknown kind of source {kind!r}; known are {', '.join(sorted(_BY_KIND))}")
    return _BY_KIND[kind]
