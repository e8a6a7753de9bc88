"""Advocacy lift (A8): how much more a post of an advocate sets off than one of the company's page, from own posts only.

The ratio of medians, same platform, same 90 days, 20 posts each at least. Posts of one person resemble each other, so
people are drawn, not posts (cluster bootstrap: Davison and Hinkley, Bootstrap Methods and their Application, 1997,
section 3.8), and the interval is widened by Student's t for the number of people.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from metrics.stats import FloatArray, median, t_of, z_of

LEAST_POSTS: Final = 20
LEAST_PEOPLE: Final = 5
DAYS: Final = 90
_RESAMPLES: Final = 1_000


@dataclass(frozen=True, slots=True)
class Lift:
    """Median per advocate post ÷ median per page post, with its 95 % interval; None where `reason` says why.

    `posts` of `people` advocates and `page_posts` went in.
    """

    value: float | None
    low: float | None
    high: float | None
    posts: int
    people: int
    page_posts: int
    reason: str = ""


def lift(advocates: Sequence[Sequence[float]], page: Sequence[float], seed: int = 1) -> Lift:
    """The lift from the figures of each advocate's posts and of the page's posts (E1 or R3, 0 or more).

    The same figures give the same interval: `seed` starts the drawing of resamples.
    """
    people = [np.asarray(posts, dtype=np.float64) for posts in advocates if len(posts)]
    own = np.concatenate(people) if people else np.empty(0)
    reason = _too_few(len(own), len(people), len(page))
    middle, base = median(own.tolist()), median(list(page))
    if not reason and (not middle or not base):
        reason = "The usual post has 0 of it, so that there is nothing to divide by."
    if reason or not middle or not base:
        return Lift(None, None, None, len(own), len(people), len(page), reason)
    rng = np.random.default_rng(seed)
    above = np.log(np.maximum(_of_people(people, rng), 0.5)) - math.log(middle)
    below = np.log(np.maximum(_of_posts(np.asarray(page, dtype=np.float64), rng), 0.5)) - math.log(base)
    wider = t_of(len(people) - 1) / z_of() * math.sqrt(len(people) / (len(people) - 1))
    low, high = np.quantile(above * wider - below, [0.025, 0.975])
    ratio = middle / base
    return Lift(
        ratio, ratio * math.exp(min(low, 0.0)), ratio * math.exp(max(high, 0.0)), len(own), len(people), len(page)
    )


def _too_few(posts: int, people: int, page: int) -> str:
    """Nothing is said of how much fewer than five people shared."""
    if people < LEAST_PEOPLE:
        return f"Posts of {LEAST_PEOPLE} advocates are needed."
    if posts < LEAST_POSTS or page < LEAST_POSTS:
        return f"{posts} posts of advocates and {page} of the page; {LEAST_POSTS} of each are needed."
    return ""


def _of_people(people: Sequence[FloatArray], rng: np.random.Generator) -> FloatArray:
    """Medians after drawing as many people as there are, each with all of their posts."""
    picks = rng.integers(0, len(people), size=(_RESAMPLES, len(people)))
    return np.asarray([np.median(np.concatenate([people[one] for one in row])) for row in picks])


def _of_posts(posts: FloatArray, rng: np.random.Generator) -> FloatArray:
    picks = rng.integers(0, len(posts), size=(_RESAMPLES, len(posts)))
    return np.asarray(np.median(posts[picks], axis=1))
