"""What counters gained within a window, whenever the posts appeared: the second view of A7, beside publication date.

Sums by publication date hold everything that posts of the window ever got. Sums by date observed hold what was added
in the window, older posts included. The two differ on purpose and are never mixed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from metrics.engagement import engagements
from metrics.reach import IMPRESSION_COUNTERS


@dataclass(frozen=True, slots=True)
class TwoReadings:
    """Counters of one post at the start and the end of a window; `new`: it appeared in between, at 0."""

    platform: str
    new: bool
    before: Mapping[str, int]
    after: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Gained:
    """A sum over the `known` posts with a reading on both sides; `unknown` have one at the end only.

    Counters fall when platforms take back what robots did; the sum may be below 0.
    """

    value: int | None
    known: int
    unknown: int


def gained_impressions(posts: Sequence[TwoReadings]) -> Gained:
    """R3 by date observed."""
    return _gained([_difference(post, *_impressions(post)) for post in posts if _impressions(post)[1] is not None])


def gained_engagements(posts: Sequence[TwoReadings]) -> Gained:
    """E1 by date observed."""
    return _gained([_difference(post, *_engagements(post)) for post in posts if _engagements(post)[1] is not None])


def _impressions(post: TwoReadings) -> tuple[int | None, int | None]:
    name = IMPRESSION_COUNTERS.get(post.platform, "")
    return post.before.get(name), post.after.get(name)


def _engagements(post: TwoReadings) -> tuple[int | None, int | None]:
    """Over the components that are known on both sides, so that a counter that is new is no gain."""
    if post.new:
        return 0, engagements(post.platform, post.after).total
    both = {name: value for name, value in post.after.items() if name in post.before}
    return engagements(post.platform, post.before).total, engagements(post.platform, both or post.after).total


def _difference(post: TwoReadings, before: int | None, after: int | None) -> int | None:
    if after is None:
        return None
    if post.new:
        return after
    return None if before is None else after - before


def _gained(found: Sequence[int | None]) -> Gained:
    known = [each for each in found if each is not None]
    return Gained(sum(known) if known else None, len(known), len(found) - len(known))
