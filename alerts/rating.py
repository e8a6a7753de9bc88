"""The drop of the stars in a series of reviews, judged review by review instead of hour by hour.

A generalised likelihood ratio for a fall of the mean in a limited window, as in `alerts.sequential`: the last k reviews
(10 to 60, mean m1) are held against the up to 200 before them (n of them, mean m0). With d = m0 − m1 and D = max(d, ½),
since half a star is the smallest fall worth an alarm,

    evidence = (D · d − D² ÷ 2) ÷ s² · k · n ÷ (k + n)

and the largest evidence over k counts. s is the standard deviation of the reviews before or of the last ones, whichever
is larger, and at least half a star: most reviews give five stars, so that chance brings a few ones more easily than a
bell curve would. Reviews of the same moment are never parted: their order is not known. Stars of
different sources are different scales, so that each source is a series of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import log, sqrt

import numpy as np

from alerts.rules import ALL, RATING, Finding
from alerts.severity import severity
from metrics.suppress import MIN_AUTHORS

LEAST_REVIEWS = 10
MOST_REVIEWS = 60  # that a fall may go back
LEAST_BEFORE = 20
MOST_BEFORE = 200
FALL = 0.5  # stars: the smallest worth an alarm
LEAST_AUTHORS = 3  # on the brand side: one loud person is no story
ONGOING = timedelta(days=3)  # after the newest review a fall says nothing about now
REACH = timedelta(days=90)  # older reviews are no part of a present fall
MEMORY = timedelta(days=365)
REVIEWS_TO_FALSE_ALARM = {"sensitive": 250.0, "balanced": 1000.0, "strict": 4000.0}
_LEAST_SPREAD = 0.5
_BAR_AT_ONE = -1.9  # of ln(reviews to a false alarm), see `bar`


@dataclass(frozen=True, slots=True)
class Review:
    """Stars 1 to 5 at an aware time, by a pseudonym."""

    at: datetime
    stars: float
    author: str


@dataclass(frozen=True, slots=True)
class RatingSeries:
    """The reviews of company × facet in one source, in any order; protected ones and own ones are not among them."""

    company_id: int
    facet: str
    source: str
    reviews: tuple[Review, ...]


@dataclass(frozen=True, slots=True)
class Drop:
    """The last `n` reviews from place `start` on (mean `mean`) against the `base_n` before (mean `usual`)."""

    start: int
    n: int
    mean: float
    base_n: int
    usual: float
    spread: float
    evidence: float

    @property
    def stars(self) -> float:
        """How far the mean fell."""
        return self.usual - self.mean

    def needed(self, limit: float) -> float:
        """The fall from which on so many reviews ring at a bar of `limit`."""
        weight = self.n * self.base_n / (self.n + self.base_n) / self.spread**2
        free = sqrt(2 * limit / weight)  # where the evidence is d² ÷ 2 · weight
        return free if free >= FALL else (limit / weight + FALL**2 / 2) / FALL


def rating_drop(series: RatingSeries, now: datetime, sensitivity: str = "balanced") -> Finding | None:
    """The fall that is on at `now` (aware); None without one.

    Nothing with fewer than 10 reviews against 20, nor when the newest one is older than 3 days, nor with fewer than 3
    distinct authors on either side of the comparison (5 on the employer side). Raises ValueError for an unknown
    sensitivity or a naive `now`.
    """
    if sensitivity not in REVIEWS_TO_FALSE_ALARM:
        raise ValueError(f"sensitivity must be one of {', '.join(REVIEWS_TO_FALSE_ALARM)}, not {sensitivity!r}")
    if now.tzinfo is None:
        raise ValueError("now must be an aware time")
    reviews = sorted(
        (review for review in series.reviews if now - MEMORY < review.at <= now), key=lambda review: review.at
    )
    if not reviews or now - reviews[-1].at > ONGOING:
        return None
    found = strongest_drop([review.stars for review in reviews], _starts(reviews, now))
    limit = bar(REVIEWS_TO_FALSE_ALARM[sensitivity])
    if found is None or found.evidence < limit:
        return None
    authors = len({review.author for review in reviews[found.start :]})
    before = len({review.author for review in reviews[found.start - found.base_n : found.start]})
    if min(authors, before) < (LEAST_AUTHORS if series.facet == "brand" else MIN_AUTHORS):
        return None
    return _finding(series, reviews, found, authors, sensitivity, now)


def bar(reviews: float) -> float:
    """The evidence that chance passes about once in so many reviews: ln(reviews) − 1.9.

    Found by simulation of independent stars, of many fives and ones as well as bell-shaped ones, with everything
    estimated as here (`bench/sentiment_alerts.py` repeats it).
    """
    return max(1.0, log(max(reviews, 1.0)) + _BAR_AT_ONE)


def strongest_drop(stars: Sequence[float], starts: Sequence[int]) -> Drop | None:
    """The fall with the most evidence at the end of stars in the order of time, if it began at one of `starts`.

    None where none of them has 10 reviews after and 20 before it.
    """
    end = len(stars)
    sums = np.concatenate(([0.0], np.cumsum(stars)))
    squares = np.concatenate(([0.0], np.cumsum(np.square(stars))))
    places = np.array([place for place in starts if LEAST_BEFORE <= place <= end - LEAST_REVIEWS], dtype=np.int64)
    if len(places) == 0:
        return None
    first = np.maximum(0, places - MOST_BEFORE)
    n, base_n = end - places, places - first
    mean, usual = (sums[end] - sums[places]) / n, (sums[places] - sums[first]) / base_n
    before = ((squares[places] - squares[first]) / base_n - usual**2) * base_n / (base_n - 1)
    after = ((squares[end] - squares[places]) / n - mean**2) * n / (n - 1)
    spread = np.sqrt(np.maximum(np.maximum(before, after), _LEAST_SPREAD**2))
    fall = usual - mean
    size = np.maximum(fall, FALL)
    values = (size * fall - size**2 / 2) / spread**2 * n * base_n / (n + base_n)
    best = int(values.argmax())
    return Drop(
        int(places[best]),
        int(n[best]),
        float(mean[best]),
        int(base_n[best]),
        float(usual[best]),
        float(spread[best]),
        float(values[best]),
    )


def _starts(reviews: Sequence[Review], now: datetime) -> list[int]:
    """Places at which a fall may have begun: the last 60 reviews of 90 days, where time goes on."""
    return [
        place
        for place in range(max(1, len(reviews) - MOST_REVIEWS), len(reviews))
        if reviews[place].at > reviews[place - 1].at and now - reviews[place].at <= REACH
    ]


def _finding(
    series: RatingSeries, reviews: Sequence[Review], found: Drop, authors: int, sensitivity: str, now: datetime
) -> Finding:
    limit = bar(REVIEWS_TO_FALSE_ALARM[sensitivity])
    needed = found.needed(limit)
    since = reviews[found.start].at.astimezone(UTC)
    level, reason = severity(found.stars / needed, 0, 0, 1, found.n)
    return Finding(
        kind=RATING,
        company_id=series.company_id,
        facet=series.facet,
        audience=ALL,
        at=since,
        window=now - since,
        observed=found.stars,
        expected_low=0.0,
        expected_high=needed,
        n=found.n,
        authors=authors,
        severity=level,
        severity_reason=reason,
        notes=(
            f"{series.source}: the last {found.n} reviews, since {since:%d %b %H:%M} UTC, give {found.mean:.1f} stars "
            f"on average, the {found.base_n} before {found.usual:.1f}.",
            f"The evidence is {found.evidence:.1f} against a bar of {limit:.1f}, which chance passes about once in "
            f"{REVIEWS_TO_FALSE_ALARM[sensitivity]:,.0f} reviews.",
        ),
        figures={
            "mean": found.mean,
            "usual_mean": found.usual,
            "usual_reviews": float(found.base_n),
            "usual_drop": 0.0,
            "evidence": found.evidence,
            "evidence_bar": limit,
            "excess": found.stars * found.n,
            "ratio": found.stars / needed,
        },
    )
