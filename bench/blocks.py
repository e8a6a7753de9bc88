"""How much of what employees say is told apart from other voices, by how often they speak: `python -m bench.blocks`.

What hiding small groups costs (`metrics.blocks`). Invented talk of a year, twelve times: employees at a weekly rate,
alumni at six tenths of it, unknown standpoints at a tenth, every mention by somebody else; asked for by windows of 30
and 90 days and by whole quarters.
"""

import math
import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

from metrics.blocks import UNKNOWN, People, blocks, days_within, quarters, shared_blocks, told_of

FIRST, UNTIL = date(2026, 1, 1), date(2027, 1, 1)
YEARS = 12
RATES = {"employee": 1.0, "alumnus": 0.6, UNKNOWN: 0.1}
GUARDED = frozenset({"employee", "alumnus"})
WEEKLY = (2, 5, 10, 20, 50)


def windows(days: int | None) -> Iterator[tuple[date, date]]:
    """Windows of so many days over the year, or its quarters."""
    if days is None:
        yield from quarters(FIRST, UNTIL)
        return
    for end in range(100, 365, 23):
        until = FIRST + timedelta(days=end)
        yield until - timedelta(days=days), until


def told_share(weekly: float, days: int | None) -> float:
    """The share of the employees' mentions in windows that is told as theirs."""
    told = said = 0
    for year in range(YEARS):
        spoke = _year(weekly, random.Random(year))
        employees, found = spoke["employee"], _told(spoke)
        for first, until in windows(days):
            inside = days_within(found, first, until)
            told += sum(len(people) for day, people in employees.items() if day in inside)
            said += sum(len(people) for day, people in employees.items() if first <= day < until)
    return told / said


def _told(spoke: dict[str, dict[date, set[int]]]) -> tuple[frozenset[date], ...]:
    kept: dict[str, People] = {UNKNOWN: spoke[UNKNOWN]}
    for name in GUARDED:
        days = frozenset[date]().union(*blocks(spoke[name]))
        kept[name] = {day: people for day, people in spoke[name].items() if day in days}
    return told_of("employee", shared_blocks(kept, GUARDED), kept, GUARDED)


def _year(weekly: float, dice: random.Random) -> dict[str, dict[date, set[int]]]:
    spoke: dict[str, dict[date, set[int]]] = defaultdict(lambda: defaultdict(set))
    for day in range((UNTIL - FIRST).days):
        for name, rate in RATES.items():
            for _ in range(_poisson(weekly * rate / 7, dice)):
                spoke[name][FIRST + timedelta(days=day)].add(dice.getrandbits(62))
    return spoke


def _poisson(mean: float, dice: random.Random) -> int:
    """Knuth's method; means here are small."""
    number, left = 0, dice.random()
    while left > math.exp(-mean):
        number += 1
        left *= dice.random()
    return number


def main() -> None:
    """Print the table of docs/privacy.md."""
    print("| mentions by employees a week | 30 days | 90 days | a whole quarter |\n|---|---|---|---|")
    for weekly in WEEKLY:
        shares = (told_share(weekly, days) for days in (30, 90, None))
        print(f"| {weekly} | " + " | ".join(f"{share:.0%}" for share in shares) + " |")


if __name__ == "__main__":
    main()
