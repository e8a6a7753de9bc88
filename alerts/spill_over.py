"""An employer story that enters consumer talk: one topic, told on the employer side first, later on the brand side."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from alerts.rules import ALL, SPILL, Finding
from alerts.severity import severity
from metrics.spill_over import earlier
from metrics.suppress import MIN_AUTHORS

BOTH = "both"  # marketing and HR are concerned alike
LEAST_PEOPLE = MIN_AUTHORS  # on either side
CERTAIN = 2.33  # z that chance passes once in a hundred topics of both sides


@dataclass(frozen=True, slots=True)
class Telling:
    """A story of a topic: when it was told, by whom."""

    at: datetime
    author: str


@dataclass(frozen=True, slots=True)
class Spread:
    """A topic by side; what is about both sides at once counts as told to consumers."""

    company_id: int
    subject: str
    at_work: Sequence[Telling]
    by_consumers: Sequence[Telling]
    negative: int  # of `judged` mentions of the whole topic
    judged: int


def spill_over(spread: Spread, now: datetime) -> Finding | None:
    """The finding, where at least five people tell it on each side and the employer side did so earlier.

    Earlier: by the rank-sum test on the times, at one in a hundred, and its first telling before all of the brand side.
    """
    here, there = _people(spread.at_work), _people(spread.by_consumers)
    if min(here, there) < LEAST_PEOPLE:
        return None
    first, entered = min(each.at for each in spread.at_work), min(each.at for each in spread.by_consumers)
    z = earlier([each.at.timestamp() for each in spread.at_work], [each.at.timestamp() for each in spread.by_consumers])
    if first >= entered or z < CERTAIN:
        return None
    level, reason = severity(there / LEAST_PEOPLE, spread.negative, spread.judged, 1, len(spread.by_consumers))
    return Finding(
        kind=SPILL,
        company_id=spread.company_id,
        facet=BOTH,
        audience=ALL,
        at=first,
        window=now - first,
        observed=float(there),
        expected_low=0.0,
        expected_high=float(LEAST_PEOPLE),
        n=len(spread.by_consumers),
        authors=there,
        severity=level,
        severity_reason=reason,
        notes=(
            f"First told on the employer side at {first.astimezone(UTC):%d %b %H:%M} UTC, on the brand side "
            f"{_hours(entered - first)} later: {here} people there, {there} here.",
            f"The order is no chance (rank-sum z = {z:.1f}, alarm from {CERTAIN} on); whether the one caused the other "
            "nobody can tell from it.",
        ),
        figures={"people_at_work": float(here), "lag_hours": (entered - first) / timedelta(hours=1), "z": z},
        subject=spread.subject,
    )


def _people(tellings: Sequence[Telling]) -> int:
    return len({each.author for each in tellings})


def _hours(span: timedelta) -> str:
    hours = max(1, round(span / timedelta(hours=1)))
    return f"{hours} hour{'' if hours == 1 else 's'}"
