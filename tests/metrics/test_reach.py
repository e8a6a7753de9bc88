import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.reach import (
    DEFAULT_FACTOR,
    Factor,
    PostReach,
    estimated_impressions,
    learn_factor,
    measured_impressions,
    potential_impressions,
    potential_reach,
    reach_report,
)

posts = st.lists(
    st.builds(
        PostReach,
        st.sampled_from(["x", "bluesky", "youtube"]),
        st.none() | st.sampled_from(["a", "b", "c"]),
        st.none() | st.integers(0, 10_000),
        st.dictionaries(st.sampled_from(["impressions", "views", "likes"]), st.integers(0, 5_000)),
    ),
    max_size=12,
)


def x(author: str | None = "a", followers: int | None = 100, **counters: int) -> PostReach:
    return PostReach("x", author, followers, counters)


def test_an_author_counts_once_in_reach_and_per_post_in_impressions() -> None:
    given = [x(followers=100), x(followers=120), x("b", 50)]
    assert potential_reach(given).value == 170
    assert potential_impressions(given).value == 270


def test_the_same_name_on_two_platforms_is_two_authors() -> None:
    assert potential_reach([x(), PostReach("bluesky", "a", 10)]).value == 110


def test_unknown_followers_are_counted_as_unknown_not_as_zero() -> None:
    found = potential_reach([x(), x("b", None), x(None, 900)])
    assert (found.value, found.known, found.unknown) == (100, 1, 2)
    assert potential_reach([x(followers=100), x(followers=None)]).value == 100
    assert potential_reach([x("b", None)]).value is None
    assert potential_impressions([]).value is None


def test_known_resharers_widen_the_audience() -> None:
    assert potential_impressions([PostReach("x", "a", 100, {}, (30, 20))]).value == 150


@given(posts)
def test_potential_impressions_are_never_below_potential_reach(given: list[PostReach]) -> None:
    reach, impressions = potential_reach(given).value, potential_impressions(given).value
    assert reach is None or (impressions is not None and impressions >= reach)


def test_each_platform_has_its_own_counter() -> None:
    video = PostReach("youtube", "a", None, {"views": 7, "impressions": 99})
    toot = PostReach("mastodon", "a", 5, {"views": 7})
    found = measured_impressions([x(impressions=10), video, toot, x()])
    assert found.value == 17
    assert found.by_platform == {"x": 10, "youtube": 7}
    assert (found.coverage.count, found.coverage.n) == (2, 4)


def test_a_measured_zero_is_not_unknown() -> None:
    assert measured_impressions([x(impressions=0)]).value == 0
    assert measured_impressions([x()]).value is None


def test_the_factor_needs_thirty_own_posts() -> None:
    few = learn_factor([x(impressions=30)] * 29)
    assert (few.value, few.n, few.is_default) == (DEFAULT_FACTOR, 29, True)
    many = learn_factor([x(impressions=20 + n) for n in range(31)])
    assert (many.value, many.n, many.is_default) == (0.35, 31, False)
    assert many.low == pytest.approx(0.23)
    assert many.high == pytest.approx(0.47)


def test_posts_without_followers_teach_no_factor() -> None:
    assert learn_factor([x(followers=0, impressions=5), x(followers=None, impressions=5)] * 40).n == 0


def test_a_factor_is_of_one_platform() -> None:
    with pytest.raises(ValueError, match="one platform"):
        learn_factor([x(), PostReach("youtube", "a", 1)])


def test_only_what_is_not_measured_is_estimated() -> None:
    learnt = Factor(0.2, 40, 0.1, 0.5)
    found = estimated_impressions([x(impressions=9), x(), x(followers=None)], {"x": learnt})
    assert (found.value, found.low, found.high, found.posts) == (20, 10, 50, 1)
    assert found.factors == {"x": learnt}


def test_an_estimate_by_the_default_has_no_band() -> None:
    found = estimated_impressions([x(), PostReach("bluesky", "a", 50)], {"x": Factor(0.2, 40, 0.1, 0.5)})
    assert (found.value, found.low, found.high) == (25, None, None)
    assert estimated_impressions([x(impressions=1)], {}).value is None


@given(posts)
def test_a_report_puts_every_post_with_followers_into_at_most_one_of_measured_and_estimated(
    given: list[PostReach],
) -> None:
    report = reach_report(given, {})
    assert report.measured_impressions.coverage.count + report.estimated_impressions.posts <= report.posts


def test_kinds_cannot_be_added() -> None:
    report = reach_report([x(impressions=1), x()], {})
    with pytest.raises(TypeError):
        operator.add(report.measured_impressions, report.estimated_impressions)
    with pytest.raises(TypeError):
        operator.add(report.potential_reach, report.potential_impressions)


def test_measured_reach_stays_with_its_post() -> None:
    assert x(unique_viewers=12).reach == 12
    assert x().reach is None
    assert not hasattr(reach_report([x(unique_viewers=12)], {}), "measured_reach")
