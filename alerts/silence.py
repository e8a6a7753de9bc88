"""Silence of a source: it used to speak every day and has stopped, or it waits for a person and collects no more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from alerts.rules import ALL, SILENCE, Finding, Intent, OpenIncident

LEAST_ITEMS = 7  # fewer say nothing about what is usual
LEAST_PER_DAY = 1.0
LEAST_QUIET = timedelta(hours=24)
GAPS = 3  # median gaps until the quiet is unusual
WATCHED = timedelta(days=28)
WINDOW_NOTICE = timedelta(days=1)  # before a platform's window closes
SEVERITY = "medium"
_NAMED = 5  # sources that a sentence names


@dataclass(frozen=True, slots=True)
class Silence:
    """The verdict on one source with its arithmetic."""

    silent: bool
    quiet: timedelta | None  # since the last item; None: there never was one
    allowed: timedelta | None  # None: the source is too rare to be called silent
    per_day: float
    reason: str


@dataclass(frozen=True, slots=True)
class SilentSource:
    """A source that is silent now, for how long at least, and why it is called so."""

    id: int
    name: str
    reason: str
    quiet: timedelta


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


def judge_window(last_complete: datetime | None, window: timedelta, now: datetime) -> Silence | None:
    """The verdict on a source whose platform serves only the last `window`; None: the window is not about to close.

    Silent from a day before the window closes on what was last read completely, so that a person can still act. A
    source that was never read completely has lost nothing yet that it had.
    """
    if last_complete is None:
        return None
    quiet, allowed = now - last_complete, max(window - WINDOW_NOTICE, window / 2)
    if quiet <= allowed:
        return None
    days, width = quiet / timedelta(days=1), window / timedelta(days=1)
    when = "is lost for good" if quiet > window else f"will be lost for good from {last_complete + window:%d %B} on"
    reason = (
        f"It was last read completely {days:.1f} days ago, and the platform serves only the last {width:.0f} days: "
        f"what is older {when}."
    )
    return Silence(True, quiet, allowed, 0.0, reason)


def decide_silence(
    company_id: int,
    gone: Sequence[SilentSource],
    silent: Sequence[SilentSource],
    incident: OpenIncident | None,
    now: datetime,
) -> Intent | None:
    """One incident for all silent sources: opened by the first, grown by each that follows, over when all speak again.

    `gone` are those of `silent` that were caught just now; `incident` is the open one of this kind. None: no news.
    While it is snoozed nothing is told; afterwards it is, if a source is still silent.
    """
    if incident is not None and not silent:
        told = incident.snoozed_until is None
        return Intent("close", incident.id, None, incident.severity, "No source is silent any more.", told)
    until = incident.snoozed_until if incident is not None else None
    awake = until is not None and now >= until
    if not gone and not awake:
        return None
    finding = _finding(company_id, silent, now)
    reason = f"{_names(gone)} went silent." if gone else f"The snooze is over; still silent: {_names(silent)}."
    if incident is None:
        return Intent("open", None, finding, SEVERITY, reason, True)
    return Intent("grow", incident.id, finding, incident.severity, reason, until is None or awake)


def _finding(company_id: int, silent: Sequence[SilentSource], now: datetime) -> Finding:
    quiet = max(source.quiet for source in silent)
    return Finding(
        kind=SILENCE,
        company_id=company_id,
        facet=ALL,
        audience=ALL,
        at=now - quiet,
        window=quiet,
        observed=quiet / timedelta(hours=1),
        expected_low=0.0,
        expected_high=LEAST_QUIET / timedelta(hours=1),
        n=len(silent),
        authors=0,
        severity=SEVERITY,
        severity_reason="A source that falls silent is always medium: what is said there is missing from every figure.",
        notes=tuple(f"{source.name}: {source.reason}" for source in silent[:_NAMED]),
    )


def _names(sources: Sequence[SilentSource]) -> str:
    more = f" and {len(sources) - _NAMED} more" if len(sources) > _NAMED else ""
    return ", ".join(source.name for source in sources[:_NAMED]) + more


def _median_gap(times: Sequence[datetime]) -> timedelta:
    gaps = ((later - earlier).total_seconds() for earlier, later in pairwise(times))
    return timedelta(seconds=median(gaps))
