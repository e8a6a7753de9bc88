"""What a platform charges or allows, and how much of it is left."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

WARN_AT = 0.8  # share of the budget from which the Sources page warns


@dataclass(frozen=True, slots=True)
class Budget:
    """How a kind of source is paid for. `option` names the source's option that holds the limit of one period."""

    unit: str  # "USD", "units"
    period: Literal["day", "month"]
    zone: str = "UTC"  # where the platform's period begins at midnight
    option: str = "budget"

    def period_start(self, now: datetime) -> datetime:
        """When the period that holds `now` began."""
        start = now.astimezone(ZoneInfo(self.zone)).replace(hour=0, minute=0, second=0, microsecond=0)
        return start.replace(day=1) if self.period == "month" else start


class Meter:
    """Spending of one run, on top of what the period has seen before it; a limit of None is no limit."""

    def __init__(self, spent_before: float = 0.0, limit: float | None = None) -> None:
        self.spent_before = spent_before
        self.limit = limit
        self.cost = 0.0  # of this run

    def charge(self, amount: float) -> None:
        """Note what is owed; call it when the request is sent, since failed answers are billed too by some."""
        self.cost += amount

    @property
    def left(self) -> float | None:
        """What may still be spent in this period, at least 0; None: no limit."""
        return None if self.limit is None else max(0.0, self.limit - self.spent_before - self.cost)

    def affords(self, amount: float) -> bool:
        """Whether `amount` is within the limit."""
        left = self.left
        return left is None or amount <= left + 1e-9

    @property
    def near_limit(self) -> bool:
        """Whether the share at which people are warned is reached."""
        return self.limit is not None and self.spent_before + self.cost >= WARN_AT * self.limit
