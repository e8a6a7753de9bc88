"""How the advocates' programme is doing: head-counts, rates, originals and clicks (A1–A6, E7, E8)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from metrics.stats import Proportion, proportion

ACTIVATION_WINDOW = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class HeadCount:
    """A1: people on one day, stored daily so that last year's rates stay what they were. None: not known."""

    day: date
    eligible: int | None
    invited: int
    joined: int
    connected: int | None
    active: int


@dataclass(frozen=True, slots=True)
class Joiner:
    """When one advocate joined and first shared; aware times."""

    joined_at: datetime
    first_share_at: datetime | None


@dataclass(frozen=True, slots=True)
class Activation:
    """A3. `open` joiners have not shared yet and still have time; they are in the denominator."""

    rate: Proportion
    open: int


@dataclass(frozen=True, slots=True)
class ActiveRate:
    """A4. `average_joined` is the mean over the days of the period; the value may pass 1 when many left."""

    value: float | None
    active: int
    average_joined: float | None


@dataclass(frozen=True, slots=True)
class ClickCounts:
    """E7: all requests, those that passed the filters (screens show these), and distinct visitors per day of them."""

    raw: int
    filtered: int
    unique: int


def adoption_rate(end: HeadCount) -> Proportion | None:
    """A2 = joined ÷ eligible at the end of the period; None when eligible is unknown or fewer than joined."""
    if end.eligible is None or end.eligible < end.joined:
        return None
    return proportion(end.joined, end.eligible)


def activation_rate(joiners: Iterable[Joiner], start: datetime, end: datetime, now: datetime) -> Activation:
    """A3 = joined in [start, end) with a share within 30 days ÷ joined in [start, end)."""
    joined = [each for each in joiners if start <= each.joined_at < end]
    shared = waiting = 0
    for each in joined:
        deadline = each.joined_at + ACTIVATION_WINDOW
        if each.first_share_at is not None and each.first_share_at <= deadline:
            shared += 1
        elif now < deadline:
            waiting += 1
    return Activation(proportion(shared, len(joined)), waiting)


def active_rate(active: int, daily: Sequence[HeadCount]) -> ActiveRate:
    """A4 = advocates with at least one share in the period ÷ average daily joined over the period."""
    if not daily:
        return ActiveRate(None, active, None)
    average = sum(day.joined for day in daily) / len(daily)
    return ActiveRate(active / average if average else None, active, average)


def retention(active_before: Collection[str], active_now: Collection[str]) -> Proportion:
    """A5 = active in this and the previous month ÷ active in the previous month, by opaque advocate ids."""
    before = set(active_before)
    return proportion(len(before & set(active_now)), len(before))


def originals_share(originals: int, shares: int) -> Proportion:
    """A6 = posts in the advocate's own words ÷ all posts of advocates (`shares`, originals included)."""
    return proportion(originals, shares)


def click_through_rate(filtered: int, impressions: int | None) -> float | None:
    """E8 = filtered clicks ÷ measured impressions of the same posts; undefined without impressions."""
    return filtered / impressions if impressions else None
