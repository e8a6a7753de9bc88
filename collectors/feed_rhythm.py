"""When to look at a feed again: by its own rhythm, by what it asks for, within the settings' bounds."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

NEWEST_DATES = 20
SHARE_OF_GAP = 0.5  # looking twice per typical gap finds an entry after a quarter of the gap on average
SLOWING = 1.5  # factor for a feed that had nothing new
UNKNOWN_RHYTHM = timedelta(hours=1)
_MAX_AGE = re.compile(r"(?i)(?:^|[,\s])max-age\s*=\s*\"?(\d{1,9})")


def from_dates(dates: Sequence[datetime], now: datetime) -> timedelta | None:
    """Half the median gap of the newest dates, longer when the feed has been silent; None below two dates."""
    newest = sorted((date for date in dates if date <= now), reverse=True)[:NEWEST_DATES]
    if len(newest) < 2:
        return None
    gap = median((later - earlier).total_seconds() for later, earlier in pairwise(newest))
    silence = (now - newest[0]).total_seconds() / 10
    return timedelta(seconds=max(gap * SHARE_OF_GAP, silence))


def slower(previous: timedelta | None) -> timedelta:
    """The interval after a look without news."""
    return (previous or UNKNOWN_RHYTHM / SLOWING) * SLOWING


def max_age(cache_control: str | None) -> timedelta | None:
    """How long the server calls its answer fresh."""
    found = _MAX_AGE.search(cache_control or "")
    return timedelta(seconds=int(found[1])) if found else None


def bounded(wanted: timedelta, asked: Sequence[timedelta | None], shortest: timedelta, longest: timedelta) -> timedelta:
    """`wanted`, but not before the feed's own words allow, and within the bounds of the settings."""
    floor = max([shortest, *(word for word in asked if word is not None)])
    return min(max(wanted, floor), max(longest, shortest))
