"""From hourly counts to findings: who may be judged at all, and by which detector."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from alerts.baseline import DAY_HOURS
from alerts.negative import WINDOWS, negative_rise, positive_fall
from alerts.rules import Finding, HourCount, Series
from alerts.volume import LONG, RECENT_HOURS, SHORT, Bar, volume_spike
from metrics.listening import COVERAGE_FLOOR
from metrics.suppress import MIN_AUTHORS, PROTECTED_AUDIENCES

HOUR = timedelta(hours=1)
SENSITIVITY = {  # chance alone: once in so many hours
    "sensitive": Bar(1 / 672, 1.25),
    "balanced": Bar(1 / 2688, 1.5),
    "strict": Bar(1 / 10752, 2.0),
}
FLOOR = 5  # stories in a window
LEAST_AUTHORS = 3  # one loud person is no story
WEEKS_TO_FALSE_SHARE = {"sensitive": 1.0, "balanced": 4.0, "strict": 16.0}  # of a series, by chance alone
LATE_HOURS = 2  # hours before the last full one that are looked at again, since posts come in late
STALE = timedelta(hours=2)  # a series that ends earlier says nothing about now


def detect(series: Series, now: datetime, sensitivity: str = "balanced", floor: int = FLOOR) -> tuple[Finding, ...]:
    """The findings of one series at `now` (aware), at most one of each kind.

    Steps: 1. Nothing with coverage below 0.9 (a source alert says so elsewhere), with less than 24 hours of history, or
    for a series that ended two hours ago. 2. Fewer than 3 authors, or fewer than 5 on an employee, alumnus or staff
    slice: nothing. 3. Volume of the running hour, the last full one and, for late posts, the two before;
    where no single hour is a spike, of the three hours up to each of them. 4. A rise of
    the negative share within the last week, over at least 20 sure mentions; where there is none, a fall of the positive
    share. Raises ValueError for an unknown sensitivity or a naive `now`.
    """
    if sensitivity not in SENSITIVITY:
        raise ValueError(f"sensitivity must be one of {', '.join(SENSITIVITY)}, not {sensitivity!r}")
    if now.tzinfo is None:
        raise ValueError("now must be an aware time")
    hours = _observed(series, now)
    if not hours or now - hours[-1].hour > STALE or not _covered(series):
        return ()
    findings = []
    places = _judged_hours(series, hours)
    if places:
        windows_of = {SHORT: places, LONG: _judged_spans(series, hours, places)}
        findings.append(volume_spike(series, hours, windows_of, SENSITIVITY[sensitivity], floor))
    windows, weeks = _windows(series, hours), WEEKS_TO_FALSE_SHARE[sensitivity]
    if windows:
        findings.append(negative_rise(series, hours, windows, weeks) or positive_fall(series, hours, windows, weeks))
    return tuple(_with_gaps_told(finding, series) for finding in findings if finding is not None)


def _observed(series: Series, now: datetime) -> tuple[HourCount, ...]:
    """The hours that were watched: none before the first collection, none that lies ahead."""
    since = series.since
    return tuple(hour for hour in series.hours if hour.hour <= now and (since is None or hour.hour + HOUR > since))


def _covered(series: Series) -> bool:
    return series.coverage is None or series.coverage >= COVERAGE_FLOOR


def _judged_hours(series: Series, hours: Sequence[HourCount]) -> tuple[int, ...]:
    """The hours to look for a spike in: the running and the last full one, and two more for posts that come in late.

    Authors of the late ones are known as a part of the day's only. That will do against one loud person, but not for a
    protected slice.
    """
    last = len(hours) - 1
    recent = range(max(0, last + 1 - RECENT_HOURS), last + 1)
    late = range(max(0, recent.start - LATE_HOURS), recent.start)
    chosen: list[int] = []
    if series.audience not in PROTECTED_AUDIENCES and _enough(series, _mentions(hours, late), short=False):
        chosen.extend(late)
    if _enough(series, _mentions(hours, recent), short=True):
        chosen.extend(recent)
    return tuple(chosen)


def _judged_spans(series: Series, hours: Sequence[HourCount], places: Sequence[int]) -> tuple[int, ...]:
    """The last hours of the windows of three: the running and the last full one.

    On a protected slice the running one only: its window holds the hours whose authors are known.
    """
    first = len(hours) - (1 if series.audience in PROTECTED_AUDIENCES else RECENT_HOURS)
    spans = {place: range(max(0, place + 1 - LONG), place + 1) for place in places if place >= first}
    return tuple(place for place, span in spans.items() if _enough(series, _mentions(hours, span), short=False))


def _mentions(hours: Sequence[HourCount], places: Iterable[int]) -> int:
    """No more authors than mentions can have written in these hours."""
    return sum(hours[place].mentions for place in places)


def _enough(series: Series, mentions: int, short: bool) -> bool:
    least = MIN_AUTHORS if series.audience in PROTECTED_AUDIENCES else LEAST_AUTHORS
    authors = series.authors_hour if short else series.authors
    return min(authors, mentions) >= least


def _windows(series: Series, hours: Sequence[HourCount]) -> tuple[int, ...]:
    """The lengths in hours of the windows of shares whose number of authors is known to suffice.

    Authors are known for the last full hour with the running one, and for 24 hours back from now, which 25 hours of the
    clock contain. A protected slice is judged over these and over what is longer (no fewer people), but over nothing in
    between, since nobody can tell there how few people would be spoken of; others may be, as their bar is against one
    loud person only.
    """
    last_day = range(max(0, len(hours) - DAY_HOURS - 1), len(hours))
    day = _enough(series, _mentions(hours, last_day), short=False)
    if series.audience not in PROTECTED_AUDIENCES:
        return WINDOWS if day else ()
    recent = _enough(series, _mentions(hours, range(max(0, len(hours) - RECENT_HOURS), len(hours))), short=True)
    return ((RECENT_HOURS,) if recent else ()) + (WINDOWS[DAY_HOURS:] if day else ())


def _with_gaps_told(finding: Finding, series: Series) -> Finding:
    """The finding with what collection itself leaves open."""
    if series.coverage is None:
        note = "No collection was scheduled in the last 24 hours, so nobody knows how complete the counts are."
    elif series.coverage < 1.0:
        note = f"{100 * series.coverage:.0f} % of the scheduled collections of the last 24 hours succeeded."
    else:
        return finding
    return replace(finding, notes=(*finding.notes, note))
