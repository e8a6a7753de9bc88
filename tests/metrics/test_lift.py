"""Advocacy lift. Coverage over simulated posts is measured by `bench/uplift.py`."""

import numpy as np
import pytest

from metrics.lift import lift


def own(people: int, each: int, level: float) -> list[list[float]]:
    rng = np.random.default_rng(4)
    return [[float(rng.poisson(level * rng.lognormal(0, 0.6))) for _ in range(each)] for _ in range(people)]


def test_a_lift_has_an_interval_and_says_what_went_in() -> None:
    page = [posts[0] for posts in own(40, 1, 20)]
    found = lift(own(12, 4, 60), page)
    assert found.low is not None
    assert found.high is not None
    assert 1 < found.low < 3 < found.high
    assert (found.posts, found.people, found.page_posts) == (48, 12, 40)
    assert lift(own(12, 4, 60), page) == found


@pytest.mark.parametrize(
    ("people", "page", "reason"),
    [
        ([], [], "Posts of 5 advocates"),
        (own(4, 9, 20), [5.0] * 30, "Posts of 5 advocates"),
        (own(6, 3, 20), [5.0] * 30, "18 posts of advocates and 30 of the page"),
        (own(6, 5, 20), [5.0] * 19, "20 of each"),
        (own(6, 5, 20), [0.0] * 30, "nothing to divide by"),
    ],
)
def test_too_little_gives_no_lift_but_a_reason(people: list[list[float]], page: list[float], reason: str) -> None:
    found = lift(people, page)
    assert (found.value, found.low, found.high) == (None, None, None)
    assert reason in found.reason


def test_one_person_with_many_posts_does_not_make_a_narrow_interval() -> None:
    page = [posts[0] for posts in own(40, 1, 20)]
    even, uneven = own(8, 10, 40), [*own(7, 1, 40), [400.0] * 73]
    widths = []
    for people in (even, uneven):
        found = lift(people, page)
        assert found.low is not None
        assert found.high is not None
        widths.append(found.high / found.low)
    assert widths[1] > widths[0]
