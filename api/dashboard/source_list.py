"""The list of sources: filtered, in groups with what needs a person first, a page at a time."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from api.dashboard.source_words import GROUPS, Countdown, LedgerWords, StateWords, leaves, ledger, state_words
from api.dashboard.wording import label
from storage.kinds import collector_of, is_polled
from storage.sources import SourceRow

PAGE = 100  # sources
FILTER_FROM = 10  # sources: fewer are seen at a glance


@dataclass(frozen=True, slots=True)
class Shown:
    """One line of the list."""

    row: SourceRow
    kind: str
    polled: bool
    words: StateWords
    ledger: LedgerWords | None
    leaves: Countdown | None


@dataclass(frozen=True, slots=True)
class Group:
    """The lines of one group on this page; `total` counts those on other pages too."""

    title: str
    total: int
    lines: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """One page. `previous` and `following` are addresses, "" at the ends."""

    groups: tuple[Group, ...]
    total: int  # of all sources
    found: int  # of those that fit the filters
    first: int
    last: int
    previous: str
    following: str
    kinds: tuple[str, ...]
    typed: Mapping[str, str]

    @property
    def filterable(self) -> bool:
        """Whether filters are worth their room."""
        return self.total >= FILTER_FROM or any(self.typed.values())


def listing(rows: Sequence[SourceRow], now: datetime, typed: Mapping[str, str], number: int) -> Listing:
    """Page `number` (from 1) of the sources that fit what was typed: `q`, `kind`, `group`."""
    lines = sorted(
        (line for row in rows if (line := _line(row, now)) and _fits(line, typed)),
        key=lambda line: (GROUPS.index(line.words.group), line.row.kind, line.row.name.casefold(), line.row.id),
    )
    totals = Counter(line.words.group for line in lines)
    pages = max(1, -(-len(lines) // PAGE))
    number = min(max(number, 1), pages)
    start = (number - 1) * PAGE
    page = lines[start : start + PAGE]
    return Listing(
        groups=tuple(_groups(page, totals)),
        total=len(rows),
        found=len(lines),
        first=start + 1 if page else 0,
        last=start + len(page),
        previous=_address(typed, number - 1) if number > 1 else "",
        following=_address(typed, number + 1) if number < pages else "",
        kinds=tuple(sorted({row.kind for row in rows})),
        typed=typed,
    )


def _line(row: SourceRow, now: datetime) -> Shown:
    polled = is_polled(row.kind)
    found = collector_of(row.kind)
    kind = label(row.kind) if found is None else found.label
    return Shown(row, kind, polled, state_words(row, polled=polled), ledger(row), leaves(row, now))


def _fits(line: Shown, typed: Mapping[str, str]) -> bool:
    return (
        typed["q"].casefold() in line.row.name.casefold()
        and typed["kind"] in ("", line.row.kind)
        and typed["group"] in ("", line.words.group)
    )


def _groups(page: Sequence[Shown], totals: Mapping[str, int]) -> Iterable[Group]:
    for title in GROUPS:
        lines = tuple(line for line in page if line.words.group == title)
        if lines:
            yield Group(title, totals[title], lines)


def _address(typed: Mapping[str, str], number: int) -> str:
    given = {name: value for name, value in typed.items() if value}
    return f"/sources?{urlencode({**given, 'page': number})}"
