"""What sources have spent of their budgets: summed from their runs, from where the platform's period began.

Runs are kept for 90 days (`storage.retention`), longer than any period lasts.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from collectors import registry
from collectors.base import Collector
from collectors.meter import Budget, Meter
from collectors.post import Json
from storage.models.sources import CollectionRun

_SPENT = text("""
SELECT r.source_id, sum(r.cost) AS cost FROM collection_runs r JOIN sources s ON s.id = r.source_id
WHERE s.kind = :kind AND r.started_at >= :start
  AND (CAST(:ids AS integer[]) IS NULL OR s.id = ANY(CAST(:ids AS integer[])))
GROUP BY r.source_id
""")
_OF_ONE = text("""
SELECT coalesce(sum(cost), 0) FROM collection_runs
WHERE source_id = :source AND started_at >= :start AND id IS DISTINCT FROM CAST(:run AS bigint)
""")


@dataclass(frozen=True, slots=True)
class Spending:
    """What one source has spent in the period that runs; `limit` None: none is set."""

    unit: str
    period: str
    spent: float
    limit: float | None

    @property
    def used_up(self) -> bool:
        """Whether the limit is reached."""
        return self.limit is not None and self.spent >= self.limit - 1e-9


def meter_of(
    session: Session, collector: Collector, source_id: int, options: Mapping[str, Json], now: datetime,
    run_id: int | None = None,
) -> Meter:  # fmt: skip
    """A meter that knows what the period has seen; the run that it is for does not count as seen."""
    if collector.budget is None:
        return Meter()
    values = {"source": source_id, "start": collector.budget.period_start(now), "run": run_id}
    return Meter(float(session.scalar(_OF_ONE, values) or 0.0), limit_of(collector.budget, options))


def limit_of(budget: Budget, options: Mapping[str, Json]) -> float | None:
    """The limit of one period as the source's options say; None: no limit."""
    value = options.get(budget.option)
    return None if isinstance(value, bool) or not isinstance(value, int | float) else float(value)


def spent_by_source(session: Session, now: datetime, ids: Collection[int] | None = None) -> Mapping[int, float]:
    """What every source of a kind with a budget has spent in its period; those that spent nothing are left out."""
    only = None if ids is None else list(ids)
    found: dict[int, float] = {}
    for collector in registry.all_collectors():
        if collector.budget is not None:
            values = {"kind": collector.kind, "start": collector.budget.period_start(now), "ids": only}
            found |= {row.source_id: float(row.cost) for row in session.execute(_SPENT, values)}
    return found


def note_spending(session: Session, run_id: int, *, requests: int | None = None, cost: float | None = None) -> None:
    """What a run has sent and owes so far, in all; None leaves what is noted."""
    given = {"requests": requests, "cost": cost}
    values = {name: value for name, value in given.items() if value is not None}
    session.execute(update(CollectionRun).where(CollectionRun.id == run_id).values(values))


def note_trial(session: Session, source_id: int, requests: int, cost: float, now: datetime) -> None:
    """What trying a source cost: it stands among the runs, and counts against the budget."""
    session.add(
        CollectionRun(
            source_id=source_id,
            purpose="trial",
            started_at=now,
            finished_at=now,
            complete=True,
            reason="ok",
            requests=requests,
            cost=cost,
        )
    )
    session.flush()
