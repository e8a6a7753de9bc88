"""One run of a collector, as a worker would drive it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from collectors.base import Batch, Collector, CollectRequest, Outcome
from collectors.http import HttpClient
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
        return self.batches[-1].cursor if self.batches else {}


def run(
    collector: Collector,
    http: HttpClient,
    options: Mapping[str, Json],
    *,
    terms: tuple[str, ...] = (),
    cursor: Mapping[str, Json] | None = None,
    now: datetime = NOW,
) -> Run:
    """Drive the generator to its end and keep its return value."""
    batches = []
    steps = collector.collect(CollectRequest(1, options, terms, cursor or {}, now), http)
    while True:
        try:
            batches.append(next(steps))
        except StopIteration as end:
            return Run(tuple(batches), end.value)
