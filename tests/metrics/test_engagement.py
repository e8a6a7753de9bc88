import pytest

from metrics.engagement import (
    FORMULAS,
    amplification,
    applause,
    conversation,
    conversation_quality,
    engagement_rates,
    engagements,
)
from metrics.reach import PostReach


def post(platform: str = "x", author: str = "a", followers: int | None = 100, **counters: int) -> PostReach:
    return PostReach(platform, author, followers, counters)


def test_components_are_kept_beside_the_total() -> None:
    found = engagements("x", {"likes": 3, "reposts": 1, "impressions": 500, "quotes": 0})
    assert found.total == 4
    assert found.components == {"reposts": 1, "likes": 3, "quotes": 0}
    assert found.missing == ("replies", "bookmarks")
    assert found.version == "x-1"


def test_nothing_known_is_not_zero() -> None:
    assert engagements("instagram", {"views": 5}).total is None


def test_unknown_platforms_count_comments_and_scores_never_pull_down() -> None:
    assert engagements("some-forum", {"comments": 2, "likes": 9}).total == 2
    assert engagements("reddit", {"points": -5, "comments": 3}).total == 3


@pytest.mark.parametrize("platform", FORMULAS)
def test_every_formula_is_versioned_and_counts_each_thing_once(platform: str) -> None:
    formula = FORMULAS[platform]
    assert formula.version.startswith(f"{platform}-")
    assert len(set(formula.components)) == len(formula.components)


def test_rates_name_their_denominator() -> None:
    rates = engagement_rates([post(likes=10, impressions=200), post(likes=5), post(author="b", likes=5)])
    assert rates.by_impressions == 10 / 200
    assert rates.by_followers == 20 / 200
    assert (rates.with_impressions, rates.with_followers) == (1, 3)


def test_rates_without_denominator_are_undefined() -> None:
    rates = engagement_rates([post(followers=None, likes=3, impressions=0)])
    assert (rates.by_impressions, rates.by_followers) == (None, None)


def test_means_per_post_count_only_posts_that_say() -> None:
    posts = [post(likes=4, reposts=1, quotes=2), post(replies=3, likes=2), post("youtube", comments=1)]
    assert (amplification(posts).value, amplification(posts).n) == (3, 1)
    assert (conversation(posts).value, conversation(posts).n) == (2, 2)
    assert (applause(posts).value, applause(posts).n) == (3, 2)
    assert applause([]).value is None


def test_quality_of_conversations_is_four_figures_of_what_is_known() -> None:
    found = conversation_quality(
        [
            post(comments=4, outside_comments=2, questions=1, impressions=500, bookmarks=3),
            post(comments=0, outside_comments=0),
            post(comments=2, impressions=100),
            post(likes=9),
        ]
    )
    assert (found.outside.count, found.outside.n) == (1, 2)
    assert (found.questions.count, found.questions.n) == (1, 4)
    assert (found.median_comments.value, found.median_comments.n) == (2, 3)
    assert found.saves_per_thousand == 6
    nothing = conversation_quality([])
    assert (nothing.outside.value, nothing.questions.value, nothing.saves_per_thousand) == (None, None, None)
