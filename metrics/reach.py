"""How far posts got, in kinds that are never added together: measured, estimated, potential (R1–R6).

Each kind is a type of its own without arithmetic, so that adding two of them fails instead of giving a wrong number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from metrics.stats import Proportion, median, proportion, quantile

DEFAULT_FACTOR: Final = 0.10  # Visibrain: real impressions average about 10 % of the sum of followers
FACTOR_MIN_POSTS: Final = 30

# R3: the platform's own counter of how often a post was shown. Definitions differ from platform to platform.
IMPRESSION_COUNTERS: Final[Mapping[str, str]] = {
    "x": "impressions",
    "linkedin": "impressions",
    "facebook": "impressions",
    "instagram": "views",
    "threads": "views",
    "tiktok": "views",
    "youtube": "views",
}
# R4: the platform's own count of distinct people; not additive over posts or days.
REACH_COUNTER: Final = "unique_viewers"


@dataclass(frozen=True, slots=True)
class PostReach:
    """What is known of one post at its last observation. Followers are those at posting time; None is unknown.

    `author` is a pseudonym; `resharers` are the followers of those who are known to have shared it on.
    """

    platform: str
    author: str | None
    followers: int | None
    counters: Mapping[str, int] = field(default_factory=dict)
    resharers: tuple[int, ...] = ()

    @property
    def impressions(self) -> int | None:
        """R3 of the post."""
        name = IMPRESSION_COUNTERS.get(self.platform)
        return None if name is None else self.counters.get(name)

    @property
    def reach(self) -> int | None:
        """R4 of the post. There is no total of it: the same person would be counted again for every post."""
        return self.counters.get(REACH_COUNTER)

    @property
    def audience(self) -> int | None:
        """R2 of the post: followers of the author and of known resharers."""
        return None if self.followers is None else self.followers + sum(self.resharers)


@dataclass(frozen=True, slots=True)
class Measured:
    """What platforms reported. `value` is None when no post has a counter; `coverage` (R6) goes beside every total."""

    value: int | None
    coverage: Proportion
    by_platform: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Factor:
    """Impressions per follower on one platform: median and 10th–90th percentile of `n` posts, or the default."""

    value: float
    n: int
    low: float | None = None
    high: float | None = None

    @property
    def is_default(self) -> bool:
        """Whether too few own posts were measured, so that the documented default stands in."""
        return self.low is None


@dataclass(frozen=True, slots=True)
class Estimated:
    """A model's figure for posts without a counter. The band is None where a default factor took part."""

    value: float | None
    low: float | None
    high: float | None
    posts: int
    factors: Mapping[str, Factor]


@dataclass(frozen=True, slots=True)
class Potential:
    """An upper bound. `known` and `unknown` count authors (R1) or posts (R2) with and without followers."""

    value: int | None
    known: int
    unknown: int


@dataclass(frozen=True, slots=True)
class ReachReport:
    """All kinds side by side, for `posts` posts."""

    posts: int
    measured_impressions: Measured
    estimated_impressions: Estimated
    potential_reach: Potential
    potential_impressions: Potential


def potential_reach(posts: Sequence[PostReach]) -> Potential:
    """R1 = sum of followers over distinct (platform, author), each with their highest count in the window.

    Posts without an author cannot be told apart from others and count as one unknown author each.
    """
    followers: dict[tuple[str, str], int | None] = {}
    nameless = 0
    for post in posts:
        if post.author is None:
            nameless += 1
            continue
        key = (post.platform, post.author)
        counts = [count for count in (followers.get(key), post.followers) if count is not None]
        followers[key] = max(counts, default=None)
    known = [count for count in followers.values() if count is not None]
    return Potential(sum(known) if known else None, len(known), len(followers) - len(known) + nameless)


def potential_impressions(posts: Sequence[PostReach]) -> Potential:
    """R2 = sum over posts of followers at posting time, with those of known resharers."""
    known = [post.audience for post in posts if post.audience is not None]
    return Potential(sum(known) if known else None, len(known), len(posts) - len(known))


def measured_impressions(posts: Sequence[PostReach]) -> Measured:
    """R3 = sum of the platforms' own counters, with R6 = posts that have one ÷ all posts."""
    by_platform: dict[str, int] = {}
    measured = 0
    for post in posts:
        if post.impressions is not None:
            measured += 1
            by_platform[post.platform] = by_platform.get(post.platform, 0) + post.impressions
    value = sum(by_platform.values()) if measured else None
    return Measured(value, proportion(measured, len(posts)), by_platform)


def learn_factor(own_posts: Sequence[PostReach]) -> Factor:
    """c of R5 from posts of one platform: the median of impressions ÷ audience, if at least 30 posts have both."""
    if len({post.platform for post in own_posts}) > 1:
        raise ValueError("a factor is learnt from the posts of one platform")
    ratios = [post.impressions / post.audience for post in own_posts if post.impressions is not None and post.audience]
    middle = median(ratios)
    if middle is None or len(ratios) < FACTOR_MIN_POSTS:
        return Factor(DEFAULT_FACTOR, len(ratios))
    return Factor(middle, len(ratios), quantile(ratios, 0.1), quantile(ratios, 0.9))


def estimated_impressions(posts: Sequence[PostReach], factors: Mapping[str, Factor]) -> Estimated:
    """R5 = R2 × c(platform), over the posts only that have followers and no counter of their own.

    The band adds up the percentiles of the factors, as if all posts did badly or well together: it is wide on purpose.
    """
    value = low = high = 0.0
    used: dict[str, Factor] = {}
    estimated = 0
    for post in posts:
        if post.impressions is not None or post.audience is None:
            continue
        factor = factors.get(post.platform, Factor(DEFAULT_FACTOR, 0))
        used[post.platform] = factor
        estimated += 1
        value += post.audience * factor.value
        low += post.audience * (factor.low or 0.0)
        high += post.audience * (factor.high or 0.0)
    if not estimated:
        return Estimated(None, None, None, 0, {})
    banded = not any(factor.is_default for factor in used.values())
    return Estimated(value, low if banded else None, high if banded else None, estimated, used)


def reach_report(posts: Sequence[PostReach], factors: Mapping[str, Factor]) -> ReachReport:
    """R1, R2, R3, R5 and R6 of the same posts."""
    return ReachReport(
        len(posts),
        measured_impressions(posts),
        estimated_impressions(posts, factors),
        potential_reach(posts),
        potential_impressions(posts),
    )
