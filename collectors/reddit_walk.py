"""Where the reading of Reddit's listings stands, and which posts' comments are due: pure, plain JSON outside a run."""

import math
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from collectors.base import AGES
from collectors.post import Json
from collectors.reddit_posts import Listing, created_of

LISTING_ENDS = 900  # Reddit ends each listing at about 1,000 items; one that ends below this has shown all it holds
MAX_PAGES = 15
MAX_TREES = 300  # posts whose comments are waited for at one time


@dataclass(frozen=True, slots=True)
class Reach:
    """How far one listing has been read, in seconds since 1970.

    Everything up to `reached` is stored. A walk down from the newest item that was cut off goes on after the item
    `after`; it began at `top` and has seen `count` items. `walked_at` is when its turn last ended.
    """

    reached: float | None = None
    top: float | None = None
    after: str | None = None
    count: int = 0
    walked_at: float = 0.0

    def until(self, now: float) -> "Reach":
        """Never further than the present: a date that is wrong must not silence a listing."""
        reached = None if self.reached is None else min(self.reached, now)
        return replace(self, reached=reached, walked_at=self.walked_at if self.after else now)

    def as_json(self) -> dict[str, Json]:
        return {"reached": self.reached, "top": self.top, "after": self.after, "count": self.count,
                "walked_at": self.walked_at}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One page and what is true once its items are stored."""

    reach: Reach
    items: tuple[Json, ...] = ()
    lost: bool = False  # the listing ended above what was read before: what lies between is not served


Fetch = Callable[[str | None], Listing]


def walk(fetch: Fetch, reach: Reach, first: float, overlap: float) -> Generator[Step, None, None]:
    """Read from the newest item down to what is known, the rest of a walk that was cut off first.

    `first` is where a listing begins that was never read; `overlap` seconds are looked at again, since items are
    shown late. An item that was removed meanwhile is no way on: the walk then begins anew.
    """
    if reach.after is not None:
        for step in _down(fetch, reach, first, overlap):
            reach = step.reach
            yield step
    for step in _down(fetch, replace(reach, top=None, after=None, count=0), first, overlap):
        yield step


def _down(fetch: Fetch, reach: Reach, first: float, overlap: float) -> Generator[Step, None, None]:
    known = reach.reached
    floor = first if known is None else known - overlap
    goes_on, pages = reach.after is not None, set[str]()
    while True:
        page = fetch(reach.after)
        times = [moment for item in page.items if (moment := created_of(item)) is not None]
        if goes_on and not page.items:  # the item to go on from is gone
            yield Step(replace(reach, top=None, after=None, count=0))
            return
        goes_on = False
        top = max([*times, reach.top or 0.0])
        reach = replace(reach, top=top, count=reach.count + len(page.items))
        low = bool(times) and times[-1] < floor
        if low or page.after is None or page.after in pages or len(pages) >= MAX_PAGES:
            stuck = page.after in pages
            lost = not low and (reach.count >= LISTING_ENDS or stuck)
            done = max(top, known or 0.0) or first
            yield Step(Reach(reached=done), page.items, lost)
            return
        pages.add(page.after)
        reach = replace(reach, after=page.after)
        yield Step(reach, page.items)


def reach_of(cursor: Mapping[str, Json], key: str, now: float) -> Reach:
    """What a cursor says of one listing; an old or damaged one starts anew."""
    listings = cursor.get("listings")
    known = listings.get(key) if isinstance(listings, dict) else None
    if not isinstance(known, dict):
        return Reach()
    reached, top, count, after = (known.get(name) for name in ("reached", "top", "count", "after"))
    turn = known.get("walked_at")
    walked_at = min(_seconds(turn), now) if _is_number(turn) else 0.0
    moment = min(_seconds(reached), now) if _is_number(reached) else None  # a clock that ran ahead silences nothing
    if not isinstance(after, str) or not after or len(after) > 30:
        return Reach(moment, walked_at=walked_at)
    seen = count if isinstance(count, int) and not isinstance(count, bool) and 0 <= count < 10_000 else 0
    return Reach(moment, min(_seconds(top), now) if _is_number(top) else None, after, seen, walked_at)


@dataclass(slots=True)
class Trees:
    """Posts whose comments are still to come: when they were made, and when they are looked at next."""

    due: dict[str, tuple[float, float]]
    dropped: int = 0

    @classmethod
    def of(cls, cursor: Mapping[str, Json], now: float) -> "Trees":
        found = cursor.get("trees")
        pairs = {
            name: (_seconds(pair[0]), _seconds(pair[1]))
            for name, pair in (found.items() if isinstance(found, dict) else ())
            if isinstance(pair, list) and len(pair) == 2 and name.startswith("t3_") and all(map(_is_number, pair))
        }
        return cls({name: pair for name, pair in pairs.items() if now - pair[0] <= 2 * AGES[-1].total_seconds()})

    def as_json(self) -> dict[str, Json]:
        return {name: [made, due] for name, (made, due) in self.due.items()}

    def add(self, name: str, made: float, now: float, *, has_comments: bool) -> None:
        """Wait for the comments of a post; one that is known keeps its turn."""
        if name in self.due:
            return
        due = now if has_comments else _next_age(made, now)
        if due is None:
            return
        self.due[name] = (made, due)
        if len(self.due) > MAX_TREES:
            del self.due[min(self.due, key=lambda each: self.due[each][0])]
            self.dropped += 1

    def next(self, now: float) -> str | None:
        """The post that has waited longest."""
        ready = [name for name, (_, due) in self.due.items() if due <= now]
        return min(ready, key=lambda name: self.due[name][1], default=None)

    def read(self, name: str, now: float) -> None:
        """The comments are stored: come back at the next age, if there is one."""
        made = self.due[name][0]
        due = _next_age(made, now)
        if due is None:
            del self.due[name]
        else:
            self.due[name] = (made, due)

    def put_off(self, name: str, now: float) -> None:
        """Try again in an hour."""
        self.due[name] = (self.due[name][0], now + 3_600.0)

    def forget(self, name: str) -> None:
        """The post is gone."""
        self.due.pop(name, None)


def _next_age(made: float, now: float) -> float | None:
    return next((made + _in_seconds(age) for age in AGES if made + _in_seconds(age) > now), None)


def _in_seconds(age: timedelta) -> float:
    return age.total_seconds()


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _seconds(value: Json) -> float:
    return float(value) if isinstance(value, int | float) and abs(value) < 1e12 else 0.0
