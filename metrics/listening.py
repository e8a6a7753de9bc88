"""What is heard: shares, net sentiment, share of voice, ratings, freshness, coverage and their movement (L2–L9)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from metrics.stats import (
    Interval,
    Proportion,
    difference,
    mean_interval,
    proportion,
    quantile,
    rate_ratio,
    z_of,
)

NET_SENTIMENT_MIN_N = 20  # below this the interval spans most of the scale
COVERAGE_FLOOR = 0.9  # below this, charts are marked and no spike alert is raised


@dataclass(frozen=True, slots=True)
class SentimentCounts:
    """Mentions by sentiment. `unsure` ones were heard but not judged."""

    positive: int = 0
    neutral: int = 0
    negative: int = 0
    unsure: int = 0

    def __post_init__(self) -> None:
        for name in ("positive", "neutral", "negative", "unsure"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative")

    @property
    def n(self) -> int:
        """All mentions."""
        return self.judged + self.unsure

    @property
    def judged(self) -> int:
        """Mentions whose sentiment is known."""
        return self.positive + self.neutral + self.negative

    def __add__(self, other: "SentimentCounts") -> "SentimentCounts":
        return SentimentCounts(
            self.positive + other.positive,
            self.neutral + other.neutral,
            self.negative + other.negative,
            self.unsure + other.unsure,
        )


@dataclass(frozen=True, slots=True)
class SentimentShares:
    """L2: each sentiment ÷ all mentions, unsure included."""

    positive: Proportion
    neutral: Proportion
    negative: Proportion
    unsure: Proportion


@dataclass(frozen=True, slots=True)
class NetSentiment:
    """L3, from −100 to +100. `value` and `interval` are None below the least n; `n` counts judged mentions."""

    value: float | None
    interval: Interval | None
    n: int

    @property
    def hidden(self) -> bool:
        """Whether there are too few judged mentions to show a figure."""
        return self.value is None


@dataclass(frozen=True, slots=True)
class Movement:
    """A figure against the window before. `change` is relative for counts (0.25: a quarter more), else a difference.

    None where either side is unknown. `clear`: the 95 % interval leaves "no change" out.
    """

    now: float | None
    before: float | None
    change: float | None
    interval: Interval | None

    @property
    def clear(self) -> bool:
        """Whether chance alone would hardly make this change."""
        return self.interval is not None and (self.interval.low > 0 or self.interval.high < 0)


@dataclass(frozen=True, slots=True)
class Voice:
    """Mentions of one company. `owned` ones, by its own accounts, are in `mentions` too."""

    key: str
    mentions: int
    owned: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.owned <= self.mentions:
            raise ValueError(f"owned of {self.key} must lie between 0 and mentions")


@dataclass(frozen=True, slots=True)
class VoiceShare:
    """One company's part of all earned mentions, and its owned voice beside it."""

    key: str
    earned: Proportion
    owned: int


@dataclass(frozen=True, slots=True)
class Rating:
    """L7: mean stars (1..5) of the reviews published in a window."""

    mean: float | None
    interval: Interval | None
    n: int


@dataclass(frozen=True, slots=True)
class Freshness:
    """L8: how long posts took from being published to being collected."""

    p50: timedelta | None
    p95: timedelta | None
    n: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """L9: scheduled collections that succeeded. `value` is None when nothing was scheduled."""

    succeeded: int
    scheduled: int

    def __post_init__(self) -> None:
        if not 0 <= self.succeeded <= self.scheduled:
            raise ValueError("succeeded must lie between 0 and scheduled")

    @property
    def value(self) -> float | None:
        """succeeded ÷ scheduled, 0..1."""
        return self.succeeded / self.scheduled if self.scheduled else None

    @property
    def enough(self) -> bool:
        """Whether statistics over the window may be trusted."""
        return self.value is not None and self.value >= COVERAGE_FLOOR


def sentiment_shares(counts: SentimentCounts) -> SentimentShares:
    """L2 with Wilson intervals."""
    n = counts.n
    return SentimentShares(
        proportion(counts.positive, n),
        proportion(counts.neutral, n),
        proportion(counts.negative, n),
        proportion(counts.unsure, n),
    )


def net_sentiment(counts: SentimentCounts, min_n: int = NET_SENTIMENT_MIN_N) -> NetSentiment:
    """L3 = (positive − negative) ÷ (positive + neutral + negative) × 100 with a 95 % interval.

    Delta method for the difference d of two multinomial shares: var(d) = (p₊ + p₋ − d²) ÷ n, with half a mention
    added to the positive and to the negative ones and one to the neutral ones, so that unanimous samples do not get
    an interval of no width (after A. Agresti and Y. Min, Statistics in Medicine 24 (2005)). The interval is cut to the
    scale and, where needed, widened to contain the figure.
    """
    n = counts.judged
    if n < max(min_n, 1):
        return NetSentiment(None, None, n)
    value = 100 * (counts.positive - counts.negative) / n
    positive, negative, total = counts.positive + 0.5, counts.negative + 0.5, n + 2
    shift = (positive - negative) / total
    half = z_of() * math.sqrt(((positive + negative) / total - shift * shift) / total)
    low, high = 100 * max(-1.0, shift - half), 100 * min(1.0, shift + half)
    return NetSentiment(value, Interval(min(low, value), max(high, value)), n)


def share_of_voice(voices: Sequence[Voice]) -> tuple[VoiceShare, ...]:
    """L4 = earned mentions ÷ earned mentions of all, in the order given; owned voice is left out of both sides.

    The caller takes the same sources and the same window for all. A key that stands here twice is a `ValueError`.
    """
    keys = [voice.key for voice in voices]
    if len(set(keys)) < len(keys):
        raise ValueError("each company may stand in a share of voice only once")
    total = sum(voice.mentions - voice.owned for voice in voices)
    return tuple(VoiceShare(v.key, proportion(v.mentions - v.owned, total), v.owned) for v in voices)


def rating(stars: Sequence[float]) -> Rating:
    """L7 with Student's interval, cut to the scale; no interval below four reviews."""
    if any(not 1 <= star <= 5 for star in stars):
        raise ValueError("stars must lie between 1 and 5")
    if not stars:
        return Rating(None, None, 0)
    mean = math.fsum(stars) / len(stars)
    interval = mean_interval(stars)
    cut = None if interval is None else Interval(max(1.0, interval.low), min(5.0, interval.high))
    return Rating(mean, cut, len(stars))


def freshness(delays: Sequence[timedelta]) -> Freshness:
    """L8. A post that claims to be from the future counts as collected at once."""
    seconds = [max(0.0, delay.total_seconds()) for delay in delays]
    p50, p95 = quantile(seconds, 0.5), quantile(seconds, 0.95)
    return Freshness(
        None if p50 is None else timedelta(seconds=p50), None if p95 is None else timedelta(seconds=p95), len(seconds)
    )


def count_movement(now: int, before: int) -> Movement:
    """A count against that of an equally long window before, relative: now ÷ before − 1 (see `stats.rate_ratio`)."""
    ratio = rate_ratio(now, before)
    if before == 0:
        return Movement(now, before, None, None)
    interval = None if ratio is None else Interval(ratio.low - 1, ratio.high - 1)
    return Movement(now, before, now / before - 1, interval)


def net_sentiment_movement(now: SentimentCounts, before: SentimentCounts) -> Movement:
    """Net sentiment against the window before, in points."""
    a, b = net_sentiment(now), net_sentiment(before)
    if a.value is None or b.value is None or a.interval is None or b.interval is None:
        return Movement(a.value, b.value, None, None)
    return Movement(a.value, b.value, a.value - b.value, difference(a.value, a.interval, b.value, b.interval))
