import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.listening import (
    Coverage,
    Movement,
    SentimentCounts,
    Voice,
    count_movement,
    freshness,
    net_sentiment,
    net_sentiment_movement,
    rating,
    sentiment_shares,
    share_of_voice,
)

some = st.integers(0, 60)
sentiment_counts = st.builds(SentimentCounts, some, some, some, some)


@given(sentiment_counts)
def test_shares_add_up_with_unsure_among_them(counts: SentimentCounts) -> None:
    shares = sentiment_shares(counts)
    values = [share.value for share in (shares.positive, shares.neutral, shares.negative, shares.unsure)]
    if counts.n == 0:
        assert values == [None] * 4
    else:
        assert sum(value for value in values if value is not None) == pytest.approx(1)


@given(sentiment_counts)
def test_net_sentiment_lies_in_its_interval_and_turns_with_its_sides(counts: SentimentCounts) -> None:
    net = net_sentiment(counts)
    turned = net_sentiment(SentimentCounts(counts.negative, counts.neutral, counts.positive))
    if counts.judged < 20:
        assert net.hidden
        return
    assert net.value is not None
    assert net.interval is not None
    assert turned.value == pytest.approx(-net.value)
    assert -100 <= net.interval.low <= net.value <= net.interval.high <= 100
    assert net.interval.low < net.interval.high


def test_net_sentiment_leaves_unsure_out() -> None:
    net = net_sentiment(SentimentCounts(positive=15, neutral=10, negative=5, unsure=500))
    assert net.value == pytest.approx(100 * 10 / 30)
    assert net.n == 30


@pytest.mark.parametrize(("p", "q"), [(0.2, 0.1), (0.5, 0.4), (0.02, 0.03), (0.9, 0.05), (0.05, 0.6)])
def test_net_sentiment_covers_the_truth(p: float, q: float) -> None:
    """The chance, by exact trinomial sums at n = 40, that the interval holds the true value."""
    n, covered = 40, 0.0
    for i in range(n + 1):
        for j in range(n + 1 - i):
            interval = net_sentiment(SentimentCounts(i, n - i - j, j)).interval
            if interval is not None and interval.low <= 100 * (p - q) <= interval.high:
                ways = math.comb(n, i) * math.comb(n - i, j)
                covered += ways * p**i * q**j * (1 - p - q) ** (n - i - j)
    assert 0.92 < covered <= 1


def test_negative_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="neutral"):
        SentimentCounts(1, -1, 0, 0)


def test_counts_add() -> None:
    assert SentimentCounts(1, 2, 3, 4) + SentimentCounts(1, 1, 1, 1) == SentimentCounts(2, 3, 4, 5)


def test_share_of_voice_leaves_owned_voice_out_of_both_sides() -> None:
    own, rival = share_of_voice([Voice("acme", 60, owned=30), Voice("contoso", 70)])
    assert (own.earned.count, own.earned.n, own.earned.value) == (30, 100, 0.3)
    assert own.owned == 30
    assert rival.earned.value == 0.7


def test_share_of_voice_without_mentions_is_unknown() -> None:
    assert [share.earned.value for share in share_of_voice([Voice("acme", 0), Voice("contoso", 2, owned=2)])] == [
        None
    ] * 2


def test_a_company_counts_only_once() -> None:
    with pytest.raises(ValueError, match="only once"):
        share_of_voice([Voice("acme", 1), Voice("acme", 2)])


@pytest.mark.parametrize("owned", [-1, 4])
def test_owned_voice_is_a_part_of_the_mentions(owned: int) -> None:
    with pytest.raises(ValueError, match="owned of acme"):
        Voice("acme", 3, owned)


def test_rating() -> None:
    assert rating([]).mean is None
    assert rating([4, 5]).interval is None
    high = rating([5, 5, 5, 4])
    assert high.mean == 4.75
    assert high.interval is not None
    assert high.interval.high == 5
    with pytest.raises(ValueError, match="between 1 and 5"):
        rating([0.5])


def test_freshness_of_posts_from_the_future_is_zero() -> None:
    fresh = freshness([timedelta(seconds=-60), timedelta(seconds=10), timedelta(seconds=20)])
    assert (fresh.p50, fresh.p95, fresh.n) == (timedelta(seconds=10), timedelta(seconds=19), 3)
    assert freshness([]).p50 is None


def test_coverage() -> None:
    assert Coverage(0, 0).value is None
    assert not Coverage(0, 0).enough
    assert Coverage(9, 10).enough
    assert not Coverage(89, 100).enough
    with pytest.raises(ValueError, match="succeeded"):
        Coverage(3, 2)


def test_count_movement_is_clear_only_beyond_chance() -> None:
    small, large = count_movement(6, 4), count_movement(600, 400)
    assert small.change == large.change == pytest.approx(0.5)
    assert not small.clear
    assert large.clear
    assert count_movement(5, 0) == Movement(5, 0, None, None)


def test_net_sentiment_movement() -> None:
    good, bad = SentimentCounts(80, 10, 10), SentimentCounts(20, 20, 60)
    moved = net_sentiment_movement(bad, good)
    assert moved.change == pytest.approx(-110)
    assert moved.clear
    assert not net_sentiment_movement(good, good).clear
    assert net_sentiment_movement(good, SentimentCounts(1)).change is None
