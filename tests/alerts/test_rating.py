"""The drop of ratings: by hand, small groups, old news, and what may never change the verdict."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.rating import RatingSeries, Review, bar, rating_drop, strongest_drop
from alerts.rules import RATING
from tests.alerts.streams import HOUR, START

GOOD = [5, 4, 5, 3, 5, 4, 5, 5, 2, 4] * 4
NOW = START + timedelta(days=60)


def reviews(stars: Sequence[float], *, facet: str = "brand", authors: int = 99, last: datetime = NOW) -> RatingSeries:
    """One review an hour, the last one at `last`."""
    times = (last - (len(stars) - 1 - place) * HOUR for place in range(len(stars)))
    pairs = zip(times, stars, strict=True)
    return RatingSeries(1, facet, "Shop", tuple(Review(at, s, f"a{n % authors}") for n, (at, s) in enumerate(pairs)))


def test_a_fall_is_found_with_its_arithmetic() -> None:
    found = rating_drop(reviews([*GOOD, *[1, 2, 1, 3, 1, 2, 1, 1, 4, 2, 1, 1]]), NOW)
    assert found is not None
    assert (found.kind, found.facet, found.audience, found.n, found.authors) == (RATING, "brand", "all", 12, 12)
    assert found.at == NOW - 11 * HOUR
    assert found.observed == pytest.approx(4.2 - 20 / 12)
    assert found.figures["usual_mean"] == pytest.approx(4.2)
    assert 0.5 < found.expected_high < found.observed
    assert found.notes[0].startswith("Shop: the last 12 reviews")


def test_evidence_by_hand() -> None:
    drop = strongest_drop([*[4.0, 5.0] * 20, *[2.0, 3.0] * 5], [40])
    assert drop is not None
    spread = 0.25 * 10 / 9
    assert drop.evidence == pytest.approx((2.0**2 / 2) / spread * 10 * 40 / 50)
    assert drop.evidence == pytest.approx(
        drop.stars**2 / 2 * drop.n * drop.base_n / (drop.n + drop.base_n) / drop.spread**2
    )
    assert drop.needed(drop.evidence) == pytest.approx(drop.stars)


def test_a_fall_of_less_than_half_of_half_a_star_is_no_evidence() -> None:
    drop = strongest_drop([*[4.0, 5.0] * 100, *[4.0, 4.0, 5.0] * 18], range(1, 254))
    assert drop is not None
    assert drop.evidence < 0
    assert drop.needed(5.0) > drop.stars


@pytest.mark.parametrize(
    ("series", "why"),
    [
        (reviews([*GOOD[:20], *[1] * 9]), "fewer than ten"),
        (reviews([*GOOD[:19], *[1] * 10]), "fewer than twenty before"),
        (reviews([*GOOD, *[1] * 12], last=NOW - timedelta(days=4)), "old news"),
        (reviews([*GOOD, *[1] * 12], authors=2), "two loud people"),
        (reviews([*GOOD, *[1] * 12], facet="employer", authors=4), "four people on the employer side"),
        (reviews([]), "none at all"),
    ],
)
def test_no_verdict(series: RatingSeries, why: str) -> None:
    assert rating_drop(series, NOW) is None, why


def test_five_people_on_the_employer_side_are_enough() -> None:
    assert rating_drop(reviews([*GOOD, *[1] * 12], facet="employer", authors=5), NOW) is not None


def test_reviews_of_one_moment_are_never_parted() -> None:
    at_once = tuple(Review(NOW, 5 if n < 4 else 1, f"x{n}") for n in range(16))
    early = reviews([*GOOD, 5], last=NOW - HOUR).reviews
    found = rating_drop(RatingSeries(1, "brand", "Shop", (*early, *at_once)), NOW)
    assert found is not None
    assert found.n == 16


def test_the_bar_is_stated_in_reviews() -> None:
    assert bar(1_000) == pytest.approx(5.008, abs=0.001)
    assert bar(0) == 1.0


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="balanced"):
        rating_drop(reviews(GOOD), NOW, "loud")
    with pytest.raises(ValueError, match="aware"):
        rating_drop(reviews(GOOD), datetime(2026, 3, 30))  # noqa: DTZ001 - the mistake under test


@settings(max_examples=30)
@given(st.lists(st.integers(1, 5), min_size=30, max_size=90), st.lists(st.integers(1, 5), max_size=20), st.randoms())
def test_neither_order_nor_later_reviews_change_the_verdict(past: list[int], later: list[int], rng: Random) -> None:
    series = reviews(past)
    ahead = tuple(Review(NOW + (place + 1) * HOUR, s, "z") for place, s in enumerate(later))
    mixed = [*series.reviews, *ahead]
    rng.shuffle(mixed)
    assert rating_drop(replace(series, reviews=tuple(mixed)), NOW) == rating_drop(series, NOW)
