"""Silence of a source: it used to speak every day and has stopped."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

LEAST_ITEMS = 7  # fewer say nothing about what is usual
LEAST_PER_DAY = 1.0
LEAST_QUIET = timedelta(hours=24)
GAPS = 3  # median gaps until the quiet is unusual
WATCHED = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Silence:
    """The verdict on one source with its arithmetic."""

    silent: bool
    quiet: timedelta | None  # since the last item; None: there never was one
    allowed: timedelta | None  # None: the source is too rare to be called silent
    per_day: float
    reason: str


def judge_silence(arrivals: Sequence[datetime], now: datetime) -> Silence:
    """Whether a source with these arrivals (any order, aware; the past 28 days count) has gone silent.

    Silent when it yielded at least one item a day until its last one and nothing for max(3 × median gap, 24 h).
    Times in the future are taken as now: a wrong clock at the source must not keep it alive for days.
    """
    times = sorted(min(time, now) for time in arrivals if now - time <= WATCHED)
    if not times:
        return Silence(False, None, None, 0.0, "Nothing came in the past 28 days, so nothing is missed.")
    quiet = now - times[-1]
    days = max((times[-1] - times[0]) / timedelta(days=1), 1.0)
    per_day = len(times) / days
    if len(times) < LEAST_ITEMS or per_day < LEAST_PER_DAY:
        return Silence(False, quiet, None, per_day, "Usually less than one item a day: quiet is normal.")
    allowed = max(GAPS * _median_gap(times), LEAST_QUIET)
    hours, bar = quiet / timedelta(hours=1), allowed / timedelta(hours=1)
    return Silence(
        quiet > allowed,
        quiet,
        allowed,
        per_day,
        f"Nothing for {hours:.0f} hours; {per_day:.1f} items a day were usual, and up to {bar:.0f} hours without one.",
    )


def is_silent(arrivals: Sequence[datetime], now: datetime) -> bool:
    """`judge_silence` as yes or no."""
    return judge_silence(arrivals, now).silent


def _median_gap(times: Sequence[datetime]) -> timedelta:
    gaps = ((later - earlier).total_seconds() for earlier, later in pairwise(times))
    return timedelta(seconds=median(gaps))
