"""What people did with posts: engagements per platform and what follows from them (E1–E6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from metrics.reach import PostReach, potential_reach
from metrics.stats import Proportion, median, proportion


@dataclass(frozen=True, slots=True)
class Formula:
    """Which public counters add up to engagements. `version` is stored beside every figure: formulas change."""

    version: str
    components: tuple[str, ...]


# After Talkwalker's published table (July 2024), widened to the open networks.
FORMULAS: Final[Mapping[str, Formula]] = {
    "x": Formula("x-1", ("reposts", "likes", "quotes", "replies", "bookmarks")),
    "linkedin": Formula("linkedin-1", ("likes", "comments", "reposts")),
    "facebook": Formula("facebook-1", ("likes", "comments", "reposts")),
    "instagram": Formula("instagram-1", ("likes", "comments")),
    "youtube": Formula("youtube-1", ("likes", "comments")),
    "bluesky": Formula("bluesky-1", ("likes", "reposts", "replies", "quotes")),
    "mastodon": Formula("mastodon-1", ("likes", "reposts", "replies")),
    "reddit": Formula("reddit-1", ("points", "comments")),
    "hackernews": Formula("hackernews-1", ("points", "comments")),
}
FORUM: Final = Formula("forum-1", ("comments",))

_RESHARES = ("reposts", "quotes")
_COMMENTS = ("comments", "replies")
_APPLAUSE = ("likes", "points")
_SAVES = ("saves", "bookmarks", "sends")
# Who commented and how, as the advocate or a reading of the thread tells it: no platform counts this.
OUTSIDE = "outside_comments"
QUESTIONS = "questions"


@dataclass(frozen=True, slots=True)
class Engagements:
    """E1 of one post: the components are what is kept, the total is what they add up to.

    `total` is None when no component is known; while some are `missing`, it is a lower bound.
    """

    total: int | None
    components: Mapping[str, int]
    missing: tuple[str, ...]
    version: str


@dataclass(frozen=True, slots=True)
class PerPost:
    """A mean over the `n` posts whose counter is known; None when there are none."""

    value: float | None
    n: int


@dataclass(frozen=True, slots=True)
class EngagementRates:
    """E2, two rates that must not be mixed up, each with the posts behind it. None is undefined, not zero."""

    by_impressions: float | None
    by_followers: float | None
    with_impressions: int
    with_followers: int


@dataclass(frozen=True, slots=True)
class Conversation:
    """E6: four figures that are never made one. `outside`: posts with a comment from outside the company, of those
    where that is known. `questions`: of the comments of posts where both are known."""

    outside: Proportion
    median_comments: PerPost
    questions: Proportion
    saves_per_thousand: float | None


def engagements(platform: str, counters: Mapping[str, int]) -> Engagements:
    """E1 by the platform's formula; a platform without one counts comments, as forums do. Scores below 0 count as 0."""
    formula = FORMULAS.get(platform, FORUM)
    known = {name: max(0, counters[name]) for name in formula.components if name in counters}
    missing = tuple(name for name in formula.components if name not in counters)
    return Engagements(sum(known.values()) if known else None, known, missing, formula.version)


def engagement_rates(posts: Sequence[PostReach]) -> EngagementRates:
    """E2 by impressions = E1 ÷ R3 over posts with both; by followers = E1 ÷ R1 over posts with known followers."""
    acts = views = seen = 0
    reached: list[PostReach] = []
    acts_of_reached = 0
    for post in posts:
        total = engagements(post.platform, post.counters).total
        if total is None:
            continue
        if post.impressions:
            acts += total
            views += post.impressions
            seen += 1
        if post.followers is not None and post.author is not None:
            reached.append(post)
            acts_of_reached += total
    followers = potential_reach(reached).value
    return EngagementRates(
        acts / views if views else None, acts_of_reached / followers if followers else None, seen, len(reached)
    )


def amplification(posts: Sequence[PostReach]) -> PerPost:
    """E3 = reshares (reposts and quotes) ÷ posts."""
    return _per_post(posts, _RESHARES)


def conversation(posts: Sequence[PostReach]) -> PerPost:
    """E4 = comments (or replies) ÷ posts."""
    return _per_post(posts, _COMMENTS)


def applause(posts: Sequence[PostReach]) -> PerPost:
    """E5 = likes (or points) ÷ posts."""
    return _per_post(posts, _APPLAUSE)


def conversation_quality(posts: Sequence[PostReach]) -> Conversation:
    """E6; saves and sends are counted per 1,000 impressions of the posts that have both."""
    known = [post.counters[OUTSIDE] for post in posts if OUTSIDE in post.counters]
    comments = [count for post in posts if (count := _sum(post, _COMMENTS)) is not None]
    both = [(post.counters[QUESTIONS], count) for post in posts if QUESTIONS in post.counters
            and (count := _sum(post, _COMMENTS)) is not None]  # fmt: skip
    saved = [(count, post.impressions) for post in posts if post.impressions
             and (count := _sum(post, _SAVES)) is not None]  # fmt: skip
    views = sum(shown for _, shown in saved)
    return Conversation(
        proportion(sum(count > 0 for count in known), len(known)),
        PerPost(median(comments), len(comments)),
        proportion(sum(min(asked, count) for asked, count in both), sum(count for _, count in both)),
        1000 * sum(count for count, _ in saved) / views if views else None,
    )


def _per_post(posts: Sequence[PostReach], names: tuple[str, ...]) -> PerPost:
    known = [count for post in posts if (count := _sum(post, names)) is not None]
    return PerPost(sum(known) / len(known) if known else None, len(known))


def _sum(post: PostReach, names: tuple[str, ...]) -> int | None:
    found = [max(0, post.counters[name]) for name in names if name in post.counters]
    return sum(found) if found else None
