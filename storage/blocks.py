"""Which days count for which audience in a window: how `metrics.blocks` is asked of the database.

On a facet label where employees, alumni or staff spoke in the quarters of a window, mentions are told by audience only
in whole days; those of staff only in whole blocks of days, and those of unknown standpoint not at all. What a window
does not tell stands in one cell, "rest". What no block of its quarter holds is in no figure and no list
(`storage.counted`): who reads texts one by one could subtract them from any total that had it. Answers to surveys are
no public talk, and voices of none of this. The day that still runs counts as a whole once the window reaches the newest
mention.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Protocol, TypeVar

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from metrics.blocks import (
    CLAIMED,
    UNKNOWN,
    Block,
    People,
    blocks,
    dark_days,
    days_within,
    quarter_of,
    quarters,
    still_told,
)
from storage import db
from storage.answers import ANSWER
from storage.viewer import STAFF_AUDIENCES

Slice = tuple[str, str]  # facet label, audience
_Voices = defaultdict[str, defaultdict[str, dict[date, frozenset[str]]]]  # by label and audience
STAFF = sorted(STAFF_AUDIENCES)
REST = "rest"
OTHERS = ("candidate", "consumer", "other")  # audiences that are not guarded
_SAMPLE = 60  # mentions of a day that are looked at; on busy days they hold five people many times over
_DAY = timedelta(days=1)

_EXTENT = text(
    "SELECT min(published_at) AS oldest, max(published_at) AS newest FROM mentions WHERE company_id = :company"
)
_VOICES = text(f"""
SELECT d.facet, d.audience, d.day, v.people
FROM (
    SELECT DISTINCT facet, audience, date_trunc('day', hour, 'UTC') AS day FROM rollups
    WHERE company_id = :company AND hour >= :start AND hour < :end AND mentions > owned
      AND facet = ANY(CAST(:facets AS text[])) AND audience = ANY(CAST(:audiences AS text[]))
) d CROSS JOIN LATERAL (
    SELECT array_agg(s.author) AS people
    FROM (
        SELECT CASE WHEN m.id = ANY(CAST(:moved AS bigint[])) THEN 'claimed' ELSE coalesce(m.author_key, m.id::text)
            END AS author
        FROM mentions m
        WHERE m.company_id = :company AND m.audience = d.audience AND m.facet = d.facet AND m.published_at >= d.day
          AND m.published_at < d.day + interval '24 hours' AND m.counted AND NOT m.own_account AND NOT {ANSWER}
        ORDER BY m.published_at, m.id LIMIT :sample
    ) s
) v
WHERE v.people IS NOT NULL ORDER BY d.day
""")  # noqa: S608 - a constant

# Mentions that readers put into other groups by correcting their labels, with the labels before.
_MOVED = text(f"""
SELECT m.id, coalesce(m.author_key, m.id::text) AS author, date_trunc('day', m.published_at, 'UTC') AS day,
    coalesce(f.old, m.facet) AS facet, coalesce(a.old, m.audience) AS audience
FROM (SELECT DISTINCT mention_id FROM corrections WHERE head IN ('audience', 'facet') AND old <> new) c
JOIN mentions m ON m.id = c.mention_id
LEFT JOIN LATERAL (SELECT old FROM corrections WHERE mention_id = m.id AND head = 'facet' AND old <> new
    ORDER BY at, id LIMIT 1) f ON true
LEFT JOIN LATERAL (SELECT old FROM corrections WHERE mention_id = m.id AND head = 'audience' AND old <> new
    ORDER BY at, id LIMIT 1) a ON true
WHERE m.company_id = :company AND m.published_at >= :start AND m.published_at < :end AND m.counted AND NOT m.own_account
  AND NOT {ANSWER}
""")  # noqa: S608 - a constant

# What a query on rollups `r` joins to tell whose mentions may be counted as whose; values: `ToldDays.columns`.
JOIN_DAYS = """
LEFT JOIN unnest(CAST(:day_facets AS text[]), CAST(:day_audiences AS text[]), CAST(:days AS timestamptz[]))
    AS d(facet, audience, day)
    ON d.facet = r.facet AND d.audience = r.audience AND d.day = date_trunc('day', r.hour, 'UTC')
"""
TOLD = f"""CASE WHEN d.day IS NULL AND (r.facet = ANY(CAST(:heard AS text[]))
        OR r.audience = '{UNKNOWN}' AND cardinality(CAST(:heard AS text[])) > 0) THEN '{REST}' ELSE r.audience END"""


class Heads:
    """Who spoke, in rows of groups and days that come in order of time.

    Survey answers that name no respondent stand for as many people as gave one and the same question an answer: one
    person may have answered every question, and nobody a question twice.
    """

    def __init__(self) -> None:
        self._answers: dict[tuple[Sequence[str], date], Counter[str]] = defaultdict(Counter)

    def of(self, row: Row[Any], *group: str) -> tuple[date, frozenset[str]]:
        """The day of a row, and its people; the row has `day`, `people` and the `questions` of answers without one."""
        day: date = row.day.astimezone(UTC).date()
        answers = self._answers[group, quarter_of(day)]
        found = set(row.people or ())
        for question in row.questions or ():
            answers[question] += 1
            found.add(f"{' '.join(group)} {answers[question]}")
        return day, frozenset(found)


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

    On other labels everything is told but the unknown. `heard` are the slices of staff that spoke.
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
    row = session.execute(_EXTENT, {"company": company_id}).one()
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


@dataclass(frozen=True, slots=True)
class Blocks:
    """All blocks of staff in some quarters, and per facet label the days of which nothing is told by audience.

    `staff` are told as figures; `read` are those that only hold five people, whose texts may be read, and `left_out`
    the days of staff in none of these, which are in no figure at all.
    """

    staff: Mapping[Slice, tuple[Block, ...]]
    read: Mapping[Slice, tuple[Block, ...]]
    left_out: Mapping[Slice, frozenset[date]]
    dark: Mapping[str, frozenset[date]]

    def within(self, windows: Iterable[Span]) -> ToldDays:
        """What counts in windows that do not overlap, each for itself."""
        found: dict[Slice, frozenset[date]] = {}
        cut = [window for window in windows if window.first < window.until]
        for where, each in self.staff.items():
            found[where] = frozenset().union(*(days_within(each, window.first, window.until) for window in cut))
        for label in {label for label, _ in self.staff}:
            clear = frozenset(day for window in cut for day in window.days()) - self.dark[label]
            found |= {(label, audience): clear for audience in OTHERS}
        return ToldDays(frozenset(self.staff), found)

    def readable(self, window: Span) -> dict[Slice, frozenset[date]]:
        """The days of which texts of staff may be read in a window."""
        return {where: days_within(each, window.first, window.until) for where, each in self.read.items()}


def staff_blocks(session: Session, company_id: int, labels: Sequence[str], around: Span) -> Blocks:
    """All blocks of the quarters around a window, looked up once per page."""
    start, end = around.gathered()
    key = ("staff blocks", company_id, frozenset(labels), start, end)
    return db.remembered(session, key, lambda: _blocks(session, company_id, labels, start, end))


def _blocks(session: Session, company_id: int, labels: Sequence[str], start: datetime, end: datetime) -> Blocks:
    values = {"company": company_id, "start": start, "end": end, "facets": list(labels), "sample": _SAMPLE}
    moved = session.execute(_MOVED, values).all()
    rows = session.execute(_VOICES, {**values, "audiences": [*STAFF, UNKNOWN], "moved": [row.id for row in moved]})
    spoke: _Voices = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        spoke[row.facet][row.audience][row.day.astimezone(UTC).date()] = frozenset(row.people)
    published = _before_corrections(spoke, moved) if moved else spoke
    found = {label: _blocks_of(voices, published[label]) for label, voices in spoke.items()}
    return Blocks(
        {(label, audience): each.staff[audience] for label, each in found.items() for audience in each.staff},
        {(label, audience): each.read[audience] for label, each in found.items() for audience in each.read},
        {(label, audience): days for label, each in found.items() for audience, days in each.left_out.items()},
        {label: each.dark for label, each in found.items()},
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """What `Blocks` holds, of one facet label."""

    staff: Mapping[str, tuple[Block, ...]]
    read: Mapping[str, tuple[Block, ...]]
    left_out: Mapping[str, frozenset[date]]
    dark: frozenset[date]


def _blocks_of(spoke: Mapping[str, People], published: Mapping[str, People]) -> _Found:
    """The blocks of one label, by who spoke and by who did before readers corrected labels."""
    read = {name: _of_five(name, spoke[name], published.get(name, {})) for name in STAFF if name in spoke}
    days = {name: frozenset().union(*found) for name, found in read.items()}
    now, before = _only(spoke, days), _only(published, days)
    staff = {name: still_told(name, blocks(name, before, STAFF_AUDIENCES), now, STAFF_AUDIENCES) for name in read}
    dark = dark_days(now, STAFF_AUDIENCES) | dark_days(before, STAFF_AUDIENCES)
    return _Found(staff, read, {name: frozenset(spoke[name]) - days[name] for name in read}, dark)


def _of_five(name: str, spoke: People, published: People) -> tuple[Block, ...]:
    """The blocks of a group for itself, whoever else spoke."""
    return still_told(name, blocks(name, {name: published}, {name}), {name: spoke}, {name})


def _only(voices: Mapping[str, People], days: Mapping[str, frozenset[date]]) -> dict[str, People]:
    """The voices, those of some groups on some days only."""
    return {
        name: people if name not in days else {day: who for day, who in people.items() if day in days[name]}
        for name, people in voices.items()
    }


def _before_corrections(told: _Voices, moved: Sequence[Row[Any]]) -> _Voices:
    """Who spoke by the labels that the mentions had: a reader who corrects some moves no bound of a block."""
    found: _Voices = defaultdict(lambda: defaultdict(dict))
    for label, spoke in told.items():
        for audience, days in spoke.items():
            found[label][audience] = {day: people - {CLAIMED} for day, people in days.items()}
    for row in moved:
        if row.audience in STAFF_AUDIENCES or row.audience == UNKNOWN:
            days, day = found[row.facet][row.audience], row.day.astimezone(UTC).date()
            days[day] = days.get(day, frozenset()) | {row.author}
    return found


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


def in_blocks(group: Sequence[D], window: Span) -> list[D]:
    """What lies in those blocks of a group that lie in the window; `group` has all of the quarters around it."""
    people: dict[date, set[str]] = defaultdict(set)
    for each in group:
        people[each.day] |= set(each.people)
    days = days_within(blocks("group", {"group": people}, {"group"}), window.first, window.until)
    return [each for each in group if each.day in days]
