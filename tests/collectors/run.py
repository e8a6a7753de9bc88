"""One run of a collector, as a worker would drive it."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import datetime

from collectors.base import Batch, Collector, CollectRequest, Outcome
from collectors.http import HttpClient
from collectors.meter import Meter
from collectors.post import Json, RawPost
from tests.collectors.conftest import NOW


@dataclass(frozen=True, slots=True)
class Run:
    """Everything that a run handed over."""

    batches: tuple[Batch, ...]
    outcome: Outcome

    @property
    def posts(self) -> list[RawPost]:
        return [post for batch in self.batches for post in batch.posts]

    @property
    def cursor(self) -> Mapping[str, Json]:
        moved = [batch.cursor for batch in self.batches if batch.cursor is not None]
        return moved[-1] if moved else {}

    @property
    def readings(self) -> dict[str, Mapping[str, int]]:
        return {native_id: counts for batch in self.batches for native_id, counts in batch.readings.items()}

    @property
    def deleted(self) -> list[str]:
        return [native_id for batch in self.batches for native_id in batch.deleted]


def run(
    collector: Collector,
    http: HttpClient,
    options: Mapping[str, Json],
    *,
    terms: tuple[str, ...] = (),
    cursor: Mapping[str, Json] | None = None,
    now: datetime = NOW,
    credentials: Mapping[str, str] | None = None,
    meter: Meter | None = None,
) -> Run:
    """Drive the generator to its end and keep its return value."""
    request = CollectRequest(1, options, terms, cursor or {}, now, credentials or {}, meter or Meter())
    return drive(collector.collect(request, http))


def look_again(
    collector: Collector,
    http: HttpClient,
    options: Mapping[str, Json],
    refs: tuple[str, ...],
    *,
    now: datetime = NOW,
    credentials: Mapping[str, str] | None = None,
    meter: Meter | None = None,
) -> Run:
    """A second look at known posts."""
    request = CollectRequest(1, options, (), {}, now, credentials or {}, meter or Meter())
    return drive(collector.refresh(request, refs, http))


def drive(steps: Generator[Batch, None, Outcome]) -> Run:
    """All batches and what the generator returned."""
    batches = []
    while True:
        try:
            batches.append(next(steps))
        except StopIteration as end:
            return Run(tuple(batches), end.value)
