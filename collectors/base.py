"""The protocol of a collector: a run yields batches with their cursor and ends with an outcome, never with silence."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from collectors.errors import CollectError
from collectors.http import HttpClient
from collectors.post import Json, RawPost


@dataclass(frozen=True, slots=True)
class CollectRequest:
    """What one run needs to know.

    `options` are the source's own settings (feed address, instance, tags), already validated by
    `Collector.check_options`. `terms` are the plain names and phrases worth searching for; `cursor` is what the last
    stored batch left behind ({} at the first run).
    """

    source_id: int
    options: Mapping[str, Json]
    terms: tuple[str, ...]
    cursor: Mapping[str, Json]
    now: datetime


@dataclass(frozen=True, slots=True)
class Batch:
    """Some posts and the cursor that is true once they are stored; both go into one transaction."""

    posts: tuple[RawPost, ...]
    cursor: Mapping[str, Json]
    deleted: tuple[str, ...] = ()  # native ids that the platform says are gone


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended. `reason` is one of `REASONS`; `detail` is a sentence for the Sources page."""

    complete: bool
    reason: str
    detail: str = ""
    requests: int = 0
    cost: float = 0.0  # in the currency of the platform's price list; 0 for free sources
    next_check: timedelta | None = None  # the collector's own wish (adaptive polling); None: the source's interval
    retry_at: datetime | None = None  # the platform's word (Retry-After); nothing may run before


REASONS = ("ok", "not_modified", "limit_reached", "rate_limited", "unauthorized", "gone", "bad_answer", "unreachable")


@dataclass(frozen=True, slots=True)
class Option:
    """One setting of a source as forms and `company.toml` show it."""

    name: str
    label: str
    help: str = ""
    required: bool = False
    default: Json = None


class Collector(Protocol):
    """One platform. Modules register an instance in `collectors.registry`."""

    kind: str  # "hackernews", "feed"; also the platform of its authors' pseudonyms
    label: str
    options: tuple[Option, ...]
    interval: timedelta  # how often a source of this kind is checked when nothing says otherwise
    needs_terms: bool  # whether it searches by terms or takes all the source has

    def check_options(self, options: Mapping[str, Json]) -> dict[str, Json]:
        """Return the options completed with defaults; raise `ValueError` naming the option that is wrong."""
        ...

    def collect(self, request: CollectRequest, http: HttpClient) -> Generator[Batch, None, Outcome]:
        """Yield batches, return the outcome; raise `CollectError`."""
        ...


__all__ = ["REASONS", "Batch", "CollectError", "CollectRequest", "Collector", "Option", "Outcome"]
