"""An attacker asks for counts by random overlapping windows and filters, and tries to solve for a few people.

What they learn is linear: every figure told is a sum of mentions in cells (half day × source × facet label × audience),
and they are even given which days each figure is made of. A group of employees, alumni or staff is recovered when its
number is a combination of figures told, that is when its indicator lies in the space spanned by what was asked; all
roles pool what they see. Readers then add all texts that they may read one by one, with hour, source, label and
audience, and solve for whoever is held back from them. `ATTACK_QUERIES` in the environment asks for longer, as
docs/privacy.md does.
"""

import logging
import os
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import product

import numpy as np
import pytest
from sqlalchemy.orm import Session

from metrics.suppress import MIN_AUTHORS
from storage import mentions, rollups
from storage.blocks import ToldDays, span, staff_blocks, told_days, whole_days
from storage.counted import uncounted
from storage.mentions import MentionFilter, search
from storage.rollups import SeriesFilter, breakdown, series, totals
from storage.viewer import STAFF_AUDIENCES, Viewer, count_labels
from tests import factories as make
from tests.factories import ADMINISTRATOR, HR, LEADERSHIP, MARKETING, World

log = logging.getLogger(__name__)
QUERIES = int(os.environ.get("ATTACK_QUERIES", "60"))
FIRST = datetime(2026, 1, 26, tzinfo=UTC)
DAYS = 12
HALVES = tuple(FIRST + timedelta(days=day, hours=hour) for day in range(DAYS) for hour in (9, 15))
LABELS = ("employer", "both", "brand")
AUDIENCES = ("consumer", "employee", "alumnus", "staff", "candidate", "other", "unknown")
ASKED = (None, None, None, "consumer", "unknown", "employee", "employee", "alumnus", "staff")
Cell = tuple[int, int, str, str]  # half day, source, facet label, audience
Vector = np.ndarray[tuple[int], np.dtype[np.float64]]


@dataclass(frozen=True)
class Truth:
    """What was really said: mentions and people per cell, and the place of each cell in a vector."""

    cells: dict[Cell, int]
    said: Vector
    people: dict[Cell, set[str]]
    texts: dict[str, Cell]

    def indicator(self, chosen: Callable[[Cell], bool]) -> Vector:
        return np.array([float(chosen(cell)) for cell in self.cells])

    def authors(self, vector: Vector) -> int:
        """How many people stand behind a set of cells."""
        chosen = [self.people[cell] for cell, number in self.cells.items() if vector[number]]
        return len(set().union(*chosen)) if chosen else 0


@dataclass
class Attacker:
    """Collects what was told; each figure is checked against the truth on the way."""

    session: Session
    truth: Truth
    rows: list[Vector] = field(default_factory=list)
    told: int = 0
    told_of_staff: int = 0
    small: int = 0
    counted: Vector | float = 1.0  # 0 for the cells that are in no figure

    def learn(self, vector: Vector, value: int | None) -> None:
        if value is None:
            return
        vector = vector * self.counted
        assert vector @ self.truth.said == value, "a figure is wrong"
        self.told += 1
        self.told_of_staff += all(cell[3] in STAFF_AUDIENCES for cell, at in self.truth.cells.items() if vector[at])
        self.rows.append(vector)

    def read(self) -> Vector:
        """Which cells can be read, text by text, by those who read the most; all of each, or nothing."""
        found, after = np.zeros(len(self.truth.cells)), None
        while True:
            page = search(self.session, ADMINISTRATOR, MentionFilter(), limit=200, after=after)
            for item in page.items:
                found[self.truth.cells[self.truth.texts[item.text]]] += 1
            if page.next is None:
                break
            after = page.next
        whole = np.array([cell[3] not in STAFF_AUDIENCES for cell in self.truth.cells]) | (found > 0)
        assert (found[whole] == self.truth.said[whole]).all()
        return whole.astype(float)

    def recovered(self, groups: Iterator[Vector], read: Vector | None = None) -> list[Vector]:
        """The groups of one to four people whose number follows; of what is not `read`, where that is known."""
        unread = 1.0 if read is None else 1.0 - read
        groups = (group * unread for group in groups)
        _, sizes, basis = np.linalg.svd(np.array(self.rows) * unread, full_matrices=False)
        known = basis[sizes > max(1e-9 * sizes[0], 1e-9)]
        small = [group for group in groups if 0 < self.truth.authors(group) < MIN_AUTHORS]
        self.small = len(small)
        return [group for group in small if np.linalg.norm(group - known.T @ (known @ group)) < 1e-6]


@pytest.fixture
def world(session: Session) -> World:
    return make.set_up(session)


def _publish(session: Session, world: World, dice: random.Random) -> Truth:
    """Seven hundred mentions; on most days few employees speak on a label, and fewer alumni."""
    said: dict[str, tuple[Cell, str]] = {}
    posts: dict[int, list[object]] = {world.forum: [], world.news: []}
    for number in range(700):
        audience = dice.choices(AUDIENCES, weights=(6, 5, 2, 1, 1, 1, 4))[0]
        cell = (dice.randrange(len(HALVES)), dice.choice(list(posts)), dice.choice(LABELS), audience)
        who, text = make.author(f"{audience} {dice.randrange(9)}"), make.different(number)
        said[text] = (cell, who)
        posts[cell[1]].append(make.a_post(f"n{number}", text, HALVES[cell[0]], author_key=who))
    for source, each in posts.items():
        mentions.add_new(session, source, each, world.matcher, make.NOW)  # type: ignore[arg-type]
    waiting = mentions.claim_pending(session, 10_000)
    tagged = [
        make.analyzed(each.id, each.text, make.tags(each.id, "neutral", said[each.text][0][3], said[each.text][0][2]))
        for each in waiting
    ]
    mentions.save_analysis(session, tagged, make.NOW)
    places = product(range(len(HALVES)), posts, LABELS, AUDIENCES)
    cells = {cell: number for number, cell in enumerate(places)}
    counts, people = np.zeros(len(cells)), {cell: set[str]() for cell in cells}
    for cell, who in said.values():
        counts[cells[cell]] += 1
        people[cell].add(who)
    return Truth(cells, counts, people, {text: cell for text, (cell, _) in said.items()})


def _left_out(session: Session, world: World, truth: Truth) -> Vector:
    """0 for the cells that are in no figure."""
    out = uncounted(session, world.acme, LABELS, FIRST, FIRST + DAYS * make.DAY)
    return truth.indicator(lambda cell: (cell[2], cell[3], HALVES[cell[0]].date()) not in out)


def _in(start: datetime, end: datetime) -> Callable[[int], bool]:
    return lambda half: start <= HALVES[half] < end


def _counts(days: ToldDays, cell: Cell, audience: str) -> bool:
    """Whether a cell is in the figure of an audience."""
    half, _, label, who = cell
    if who != audience:
        return False
    return label not in days.guarded or HALVES[half].date() in days.days.get((label, audience), ())


def _told(days: ToldDays, cell: Cell) -> bool:
    return any(_counts(days, cell, name) for name in AUDIENCES)


def _ask_parts(attacker: Attacker, viewer: Viewer, dice: random.Random, world: World) -> None:
    """A breakdown, whose parts are each a figure."""
    start, end = _window(dice)
    facet = dice.choice([None, *sorted({"brand", "employer", "both"} & viewer.aggregate_facets)])
    source = dice.choice([None, None, world.forum, world.news])
    labels, inside = count_labels(viewer, facet), _in(start, end)

    def here(cell: Cell) -> bool:
        return inside(cell[0]) and cell[2] in labels and source in (None, cell[1])

    by = dice.choice(["audience", "facet", "source", "sentiment"])
    audience = None if by == "audience" else dice.choice(ASKED)
    days = told_days(attacker.session, world.acme, labels, start, end)
    days = days if source is None else days.without_days()
    for found in breakdown(
        attacker.session, viewer, None, start, end, by, facet=facet, audience=audience, source_id=source
    ):
        key = found.key
        if by == "audience" and key == "rest":
            vector = attacker.truth.indicator(lambda cell: here(cell) and not _told(days, cell))
        else:
            vector = attacker.truth.indicator(
                lambda cell, key=key: (
                    here(cell)  # type: ignore[misc]
                    and (audience is None or _counts(days, cell, audience))
                    and (by != "audience" or _counts(days, cell, key))
                    and (by != "facet" or cell[2] == key)
                    and (by != "source" or str(cell[1]) == key)
                )
            )
        attacker.learn(vector, found.mentions)


def _ask_total(attacker: Attacker, viewer: Viewer, dice: random.Random, world: World) -> None:
    start, end = _window(dice)
    audience = dice.choice(ASKED)
    labels, inside = count_labels(viewer), _in(start, end)
    days = told_days(attacker.session, world.acme, labels, start, end)
    value = totals(attacker.session, viewer, None, start, end, audience=audience).mentions
    vector = attacker.truth.indicator(
        lambda cell: inside(cell[0]) and cell[2] in labels and (audience is None or _counts(days, cell, audience))
    )
    attacker.learn(vector, value)


def _ask_series(attacker: Attacker, viewer: Viewer, dice: random.Random, world: World) -> None:
    start, end = _window(dice)
    audience = dice.choice(ASKED)
    bucket, zone = dice.choice(["hour", "day", "day", "day", "week"]), dice.choice(["UTC", "UTC", "Asia/Tokyo"])
    wanted = SeriesFilter(start, end, audience=audience, bucket=bucket, timezone=zone)
    labels = count_labels(viewer)
    found = series(attacker.session, viewer, wanted)
    ends = [*(each.start for each in found[1:]), found[-1].start + timedelta(hours={"hour": 1}.get(bucket, 24))]
    if bucket == "week":
        ends[-1] = found[-1].start + timedelta(days=7)
    whole = span(attacker.session, world.acme, found[0].start, ends[-1])
    assert whole is not None
    blocks = staff_blocks(attacker.session, world.acme, labels, whole)
    for each, until in zip(found, ends, strict=True):
        within = () if bucket == "hour" else (whole_days(whole, each.start, until),)
        days, inside = blocks.within(within), _in(each.start, until)
        vector = attacker.truth.indicator(
            lambda cell, days=days, inside=inside: (
                inside(cell[0])  # type: ignore[misc]
                and cell[2] in labels
                and (audience is None or _counts(days, cell, audience))
            )
        )
        attacker.learn(vector, each.mentions)


def _window(dice: random.Random) -> tuple[datetime, datetime]:
    first, last = sorted(dice.sample(range(4 * DAYS + 1), 2))
    return FIRST + timedelta(hours=6 * first), FIRST + timedelta(hours=6 * last)


def _group(truth: Truth, who: set[str], label: str | None, halves: set[int], source: int | None = None) -> Vector:
    return truth.indicator(
        lambda cell: cell[3] in who and label in (None, cell[2]) and cell[0] in halves and source in (None, cell[1])
    )


def _groups(truth: Truth, world: World) -> Iterator[Vector]:
    """Employees, alumni, staff, all of them: by half day, day, two or three days, with and without label and source."""
    audiences = [{name} for name in STAFF_AUDIENCES] + [set(STAFF_AUDIENCES)]
    days = [set(range(day, min(day + length, DAYS))) for day in range(DAYS) for length in (1, 2, 3)]
    for who, label in product(audiences, (None, *LABELS)):
        for some in days:
            yield _group(truth, who, label, {half for half in range(len(HALVES)) if half // 2 in some})
        for half, source in product(range(len(HALVES)), (None, world.forum, world.news)):
            yield _group(truth, who, label, {half}, source)


def _attack(session: Session, world: World, ask: Sequence[Callable[..., None]], seed: int) -> Attacker:
    dice = random.Random(seed)
    attacker = Attacker(session, _publish(session, world, dice))
    attacker.counted = _left_out(session, world, attacker.truth)
    for _ in range(QUERIES):
        dice.choice(ask)(attacker, dice.choice([HR, MARKETING, LEADERSHIP]), dice, world)
    return attacker


def test_no_few_people_follow_from_any_combination_of_counts(session: Session, world: World) -> None:
    attacker = _attack(session, world, (_ask_parts, _ask_total, _ask_series), seed=7)
    recovered = len(attacker.recovered(_groups(attacker.truth, world)))
    figures = (QUERIES, attacker.told, attacker.told_of_staff, attacker.small, recovered)
    log.info("%d queries told %d figures, %d of staff; %d small groups, %d recovered", *figures)  # --log-cli-level=INFO
    assert rollups.check(session) == []
    assert (attacker.told > 2 * QUERIES, attacker.small > 100) == (True, True)
    assert attacker.told_of_staff > QUERIES / 10
    assert recovered == 0
    read = attacker.read()
    recovered = len(attacker.recovered(_groups(attacker.truth, world), read))
    texts = int(attacker.truth.said @ read), int(attacker.truth.said.sum())
    log.info("%d of %d texts read: %d small groups among the others, %d recovered", *texts, attacker.small, recovered)
    assert (attacker.small > 50, recovered) == (True, 0)


def test_readers_would_find_the_held_back_in_totals_that_count_them(session: Session, world: World) -> None:
    """Else the test above could not fail."""
    attacker = Attacker(session, _publish(session, world, random.Random(7)))
    for half in range(len(HALVES)):
        vector = attacker.truth.indicator(lambda cell, half=half: cell[0] == half)  # type: ignore[misc]
        attacker.learn(vector, int(vector @ attacker.truth.said))
    assert attacker.recovered(_groups(attacker.truth, world), attacker.read())


def test_the_attacker_finds_what_is_there_to_find(session: Session, world: World) -> None:
    """With exact counts of employees by the day the same attack succeeds; else the test above could not fail."""
    dice = random.Random(7)
    attacker = Attacker(session, _publish(session, world, dice))
    for day in range(DAYS):
        until = _in(FIRST, FIRST + timedelta(days=day + 1))
        vector = attacker.truth.indicator(lambda cell, until=until: cell[3] == "employee" and until(cell[0]))  # type: ignore[misc]
        attacker.learn(vector, int(vector @ attacker.truth.said))
    assert attacker.recovered(_groups(attacker.truth, world))
