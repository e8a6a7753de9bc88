"""A table of own posts with the numbers that a platform shows its member: the way in where there is no other. Pure."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from advocacy.invitees import BadLine
from advocacy.shares import PublicPost, ShareError, read_share

MOST = 500
COUNTERS = ("impressions", "views", "unique_viewers", "likes", "comments", "replies", "reposts", "quotes", "bookmarks")
_NAMES = {
    "url": "url", "address": "url", "link": "url", "post": "url", "post url": "url", "permalink": "url",
    "published": "published", "date": "published", "published on": "published", "title": "title",
    "followers": "followers", "reactions": "likes", "favourites": "likes", "boosts": "reposts", "shares": "reposts",
    "people reached": "unique_viewers", "members reached": "unique_viewers", "reach": "unique_viewers",
    **{name: name for name in COUNTERS},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class OwnFigures:
    """One line: a post and what the platform shows of it. What the line leaves empty is unknown."""

    line: int
    post: PublicPost
    published_at: datetime | None
    title: str | None
    followers: int | None
    counters: Mapping[str, int]


def read_figures(text: str, now: datetime) -> tuple[tuple[OwnFigures, ...], tuple[BadLine, ...]]:
    """The lines of a CSV whose first line names its columns, `url` among them. `ValueError`: the table is none."""
    lines = text.lstrip("\ufeff")[:2_000_000].splitlines()
    head = lines[0] if lines else ""
    mark = max(",;\t", key=head.count)
    columns = [_NAMES.get(cell.strip().strip('"').casefold()) for cell in head.split(mark)]
    if "url" not in columns:
        raise ValueError("table: the first line must name the columns, one of them url")
    good: list[OwnFigures] = []
    bad: list[BadLine] = []
    for number, line in enumerate(lines[1:], 2):
        if not line.strip():
            continue
        if len(good) + len(bad) >= MOST:
            raise ValueError(f"table: at most {MOST} posts at once")
        try:
            good.append(_figures(number, _named(columns, line, mark), now))
        except (ValueError, ShareError) as error:
            bad.append(BadLine(number, line[:60], str(error)))
    return tuple(good), tuple(bad)


def _named(columns: list[str | None], line: str, mark: str) -> dict[str, str]:
    try:
        cells = next(csv.reader(io.StringIO(line), delimiter=mark), [])
    except csv.Error as error:
        raise ValueError(f"this line cannot be read: {error}") from error
    return {name: cell.strip() for name, cell in zip(columns, cells, strict=False) if name and cell.strip()}


def _figures(line: int, cells: Mapping[str, str], now: datetime) -> OwnFigures:
    post = read_share(cells.get("url", ""))
    counters = {name: _count(name, cells[name]) for name in COUNTERS if name in cells}
    followers = _count("followers", cells["followers"]) if "followers" in cells else None
    published = _day(cells["published"], now) if "published" in cells else None
    return OwnFigures(line, post, published, cells.get("title"), followers, counters)


def _count(name: str, cell: str) -> int:
    plain = "".join(letter for letter in cell if letter not in ",.' \u00a0\u202f_")
    if not (plain.isascii() and plain.isdecimal() and len(plain) <= 15):
        raise ValueError(f"{name} is no whole number")
    return int(plain)


def _day(cell: str, now: datetime) -> datetime:
    try:
        moment = datetime.fromisoformat(cell)
    except ValueError:
        raise ValueError("write the day as 2026-01-31") from None
    moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    if len(cell) <= 10:
        moment += timedelta(hours=12)
    if moment.year < 2000 or moment.date() > now.date():
        raise ValueError("this day has not come yet, or is too long ago")
    return min(moment, now)
