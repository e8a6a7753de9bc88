"""Which days count for which audience in a window: how `metrics.blocks` is asked of the database.

On a facet label where employees, alumni or staff spoke in the quarters of a window, audiences are told by the shared
blocks that lie in it as a whole: staff where they are five people, the unknown where nobody hides among them, all
others everywhere, and on days without staff and unknown, too. What a window does not tell stands in one cell, "rest".
What no block of its quarter holds is in no figure and no list (`storage.counted`): who reads texts one by one could
subtract them from any total that had it. Answers to surveys are no public talk, and voices of none of this. The day
that still runs counts as a whole once the window reaches the newest mention.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Protocol, TypeVar

from sqlalchemy import text
from sqlalchemy.orm import Session

from metrics.blocks import (
    UNKNOWN,
    Block,
    People,
    blocks,
    days_within,
    quarters,
    still_enough,
)
from storage import db
from storage.label_blocks import OTHERS, STAFF, LabelBlocks, label_blocks

Slice = tuple[str, str]  # facet label, audience
REST = "rest"
_DAY = timedelta(days=1)

_EXTENT = text(
    "SELECT min(published_at) AS oldest, max(published_at) AS newest FROM mentions WHERE company_id = :company"
)
# What a query on rollups `r` joins to tell whose mentions may be counted as whose; values: `ToldDays.columns`.
JOIN_DAYS = """
LEFT JOIN unnest(CAST(:day_facets AS text[]), CAST(:day_audiences AS text[]), CAST(:days AS timestamptz[]))
    AS d(facet, audience, day)
    ON d.facet = r.facet AND d.audience = r.audience AND d.day = date_trunc('day', r.hour, 'UTC')
"""
TOLD = f"CASE WHEN d.day IS NULL AND r.facet = ANY(CAST(:heard AS text[])) THEN '{REST}' ELSE r.audience END"


@dataclass(frozen=True, slots=True)
class Span:
    """A window as whole days of UTC, [first, until)."""

    first: date
    until: date
    latest: datetime | None = None  # the hour of the newest mention: a window that goes beyond it holds its day

    def days(self) -> Iterator[date]:
        """One after the other."""
        return (self.first + number * _DAY for number in range((self.until - self.first).days))

    def gathered(self) -> tuple[datetime, datetime]:
        """The quarters around it, in which its blocks are looked for."""
        found = list(quarters(self.first, self.until)) or [(self.first, self.first)]
        return midnight(found[0][0]), midnight(found[-1][1])


@dataclass(frozen=True, slots=True)
class ToldDays:
    """The days of a window that count, per slice, on the facet labels where staff spoke in its quarters.

    On other labels everything is told. `heard` are the slices of staff that spoke.
    """

    heard: frozenset[Slice]
    days: Mapping[Slice, frozenset[date]]

    @property
    def guarded(self) -> frozenset[str]:
        """The labels where staff spoke."""
        return frozenset(label for label, _ in self.heard)

    @property
    def withheld(self) -> frozenset[str]:
        """The audiences of which not everything is told: staff who spoke, and everybody beside them."""
        return frozenset({*OTHERS, UNKNOWN, *(name for _, name in self.heard)}) if self.heard else frozenset()

    def told(self, audience: str) -> bool:
        """Whether anything of an audience may be told, be it that there is nothing to tell."""
        return audience not in self.withheld or any(days for (_, name), days in self.days.items() if name == audience)

    def held_back(self) -> list[str]:
        """The audiences of which nothing may be told."""
        return [name for name in (*OTHERS, *STAFF, UNKNOWN) if not self.told(name)]

    def without_days(self) -> "ToldDays":
        """The same of a part of which nothing is told by audience."""
        return ToldDays(self.heard, {})

    def columns(self) -> dict[str, object]:
        """Parameters of `JOIN_DAYS` and `TOLD`: one row per day that counts, and the labels where that matters."""
        rows = [(facet, audience, midnight(day)) for (facet, audience), days in self.days.items() for day in days]
        return {
            "day_facets": [row[0] for row in rows],
            "day_audiences": [row[1] for row in rows],
            "days": [row[2] for row in rows],
            "heard": sorted(self.guarded),
        }


def midnight(day: date) -> datetime:
    """Where a day begins (UTC)."""
    return datetime.combine(day, time(), UTC)


def span(session: Session, company_id: int, start: datetime | None, end: datetime | None) -> Span | None:
    """The whole days in [start, end), open ends being as far as mentions go; None where there is none."""
    extent = ("extent", company_id)
    row = db.remembered(session, extent, lambda: session.execute(_EXTENT, {"company": company_id}).one())
    if row.newest is None:
        return None
    latest = row.newest.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    whole = Span((row.oldest - _DAY).astimezone(UTC).date(), latest.date() + _DAY, latest)
    return whole_days(whole, start or midnight(whole.first), end or midnight(whole.until))


def whole_days(around: Span, start: datetime, end: datetime) -> Span:
    """The whole days of `around` in [start, end)."""
    first = start.astimezone(UTC).date()
    if start > midnight(first):
        first += _DAY
    until = end.astimezone(UTC).date()
    if around.latest is not None and end > around.latest:
        until = around.until  # nothing is newer, so the day that still runs is in it as far as it goes
    first = max(first, around.first)
    return Span(first, max(first, min(until, around.until)), around.latest)


class Blocks:
    """All blocks in some quarters, on the facet labels where staff spoke: the sums of `LabelBlocks`."""

    def __init__(self, parts: Sequence[tuple[str, LabelBlocks]]) -> None:
        guarded = {label for label, found in parts if found.read}
        self._parts = [(label, found) for label, found in parts if label in guarded]

    @cached_property
    def told(self) -> Mapping[Slice, tuple[Block, ...]]:
        """The shared ones, per audience that may be told of them."""
        return self._sums(lambda found: found.told)

    @cached_property
    def read(self) -> Mapping[Slice, tuple[Block, ...]]:
        """Those that hold five people of one audience of staff, whose texts may be read."""
        return self._sums(lambda found: found.read)

    @cached_property
    def left_out(self) -> Mapping[Slice, frozenset[date]]:
        """The days of staff in none of these, which are in no figure at all."""
        sums: dict[Slice, frozenset[date]] = defaultdict(frozenset)
        for label, found in self._parts:
            for name, days in found.left_out.items():
                sums[label, name] |= days
        return dict(sums)

    def within(self, windows: Iterable[Span]) -> ToldDays:
        """What counts in windows that do not overlap, each for itself."""
        found: dict[Slice, frozenset[date]] = {}
        cut = [window for window in windows if window.first < window.until]
        for where, each in self.told.items():
            found[where] = frozenset().union(*(days_within(each, window.first, window.until) for window in cut))
        every_day = frozenset(day for window in cut for day in window.days())
        for label in {label for label, _ in self._parts}:
            crowd = every_day & frozenset().union(*(each.crowd for name, each in self._parts if name == label))
            hides = not crowd <= found[label, UNKNOWN]
            for audience in OTHERS if hides else (*OTHERS, UNKNOWN):
                found[label, audience] |= every_day - crowd
        return ToldDays(frozenset(self.read), found)

    def readable(self, window: Span) -> dict[Slice, frozenset[date]]:
        """The days of which texts of staff may be read in a window."""
        return {where: days_within(each, window.first, window.until) for where, each in self.read.items()}

    def _sums(self, of: Callable[[LabelBlocks], Mapping[str, tuple[Block, ...]]]) -> Mapping[Slice, tuple[Block, ...]]:
        sums: dict[Slice, tuple[Block, ...]] = defaultdict(tuple)
        for label, found in self._parts:
            for name, days in of(found).items():
                sums[label, name] += days
        return dict(sums)


def staff_blocks(session: Session, company_id: int, labels: Sequence[str], around: Span) -> Blocks:
    """All blocks of the quarters around a window; each label of a quarter is looked up once per page."""
    return Blocks(
        [
            part
            for quarter in quarters(around.first, around.until)
            for part in _of_quarter(session, company_id, labels, *quarter).items()
        ]
    )


def _of_quarter(
    session: Session, company_id: int, labels: Sequence[str], first: date, until: date
) -> dict[str, LabelBlocks]:
    known: dict[str, LabelBlocks] = db.remembered(session, ("staff blocks", company_id, first), dict)
    missing = [label for label in labels if label not in known]
    if missing:
        known |= label_blocks(session, company_id, missing, midnight(first), midnight(until))
    return {label: known[label] for label in labels}


def told_days(
    session: Session, company_id: int, labels: Sequence[str], start: datetime | None, end: datetime | None
) -> ToldDays:
    """What may be counted by audience in [start, end)."""
    window = span(session, company_id, start, end)
    if window is None:
        return ToldDays(frozenset(), {})
    return staff_blocks(session, company_id, labels, window).within([window])


class Dated(Protocol):
    """What some people said on a day."""

    @property
    def day(self) -> date: ...

    @property
    def people(self) -> Collection[str]: ...


D = TypeVar("D", bound=Dated)


def in_blocks(group: Sequence[D], window: Span, before: People | None = None) -> list[D]:
    """What lies in those blocks of a group that lie in the window; `group` has all of the quarters around it.

    Blocks are found by whom it had `before` corrections, where readers may have moved somebody in or out.
    """
    people: dict[date, set[str]] = defaultdict(set)
    for each in group:
        people[each.day] |= set(each.people)
    found = blocks(people) if before is None else still_enough(blocks(before), people)
    days = days_within(found, window.first, window.until)
    return [each for each in group if each.day in days]
