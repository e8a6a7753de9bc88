"""The sequential test on a share: has it risen somewhere in the last week, and since when?

A generalised likelihood ratio in a limited window (Willsky and Jones 1976; Lai, Journal of the Royal Statistical
Society B 57, 1995), the form of Page's CUSUM (Biometrika 41, 1954; for Bernoulli data Reynolds and Stoumbos, Journal
of Quality Technology 31, 1999) that needs neither a known size of the change nor a stored state. For every possible
start k of a rise, hours k to now (n mentions, x of them events) are held against the hours before k (N, X), at most
four weeks and never the last 24 hours:

    q0 = max(2 %, (X + ½) ÷ (N + 1)),    q1 = max(x ÷ n, q0 + design)
    evidence = (x · ln(q1 ÷ q0) + (n − x) · ln((1 − q1) ÷ (1 − q0))) · N ÷ (N + n) ÷ dispersion

and the largest evidence counts. Hours are taken whole: the order within one plays no part. `design` is the smallest
rise worth an alarm: much less than half of it never rings, however many mentions there are, and a usual share that
leaves no room for it neither. N ÷ (N + n) is the price of a usual share that is known from N mentions only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np
import numpy.typing as npt

from alerts.baseline import BASELINE_WEEKS, DAY_HOURS, WEEK_HOURS

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

LEAST_JUDGED = 20  # below it neither fast nor quiet alarms are possible
LONGEST = WEEK_HOURS  # hours that a rise may go back
BASELINE_HOURS = BASELINE_WEEKS * WEEK_HOURS
USUAL_WEEKS = 4.0  # between two false alarms of one series
_PER_LOG = 0.6  # of ln(judged mentions in four weeks), see `bar`
_HIGHEST_BAR = 5.3
_LOWEST_BAR = 2.0
_BLOCK_HOURS = (6, DAY_HOURS)
_LEAST_BLOCKS = 10  # fewer tell nothing of how far mentions come in clumps
_UNKNOWN_DISPERSION = 2.0
_TRIMMED = 0.125  # of the blocks, the furthest out: an incident of three days in four weeks is no usual clump
_TRIMMED_MEAN = 0.569  # of a chi-square with one degree of freedom below its quantile 0.875
_SURE = 0.9999  # no share is taken for certain
_LEAST_USUAL = 0.02  # where events are rarer, nobody knows how they come in clumps


@dataclass(frozen=True, slots=True)
class Confusion:
    """What is known of the model's errors: events found (sensitivity), other mentions left alone (specificity)."""

    sensitivity: float = 1.0
    specificity: float = 1.0

    def __post_init__(self) -> None:
        if not (0 < self.sensitivity <= 1 and 0 < self.specificity <= 1 and self.informedness > 0):
            raise ValueError("sensitivity and specificity must lie in 0..1 and add up to more than 1")

    @property
    def informedness(self) -> float:
        """Of a rise of the true share so much is seen (Youden's J)."""
        return self.sensitivity + self.specificity - 1

    def observed(self, true: float) -> float:
        """The share that the model sees: p · sensitivity + (1 − p) · (1 − specificity)."""
        return true * self.sensitivity + (1 - true) * (1 - self.specificity)

    def corrected(self, observed: float) -> float:
        """The true share behind an observed one, within 0..1 (Rogan and Gladen, Am. J. of Epidemiology 107, 1978)."""
        return min(1.0, max(0.0, (observed - (1 - self.specificity)) / self.informedness))


@dataclass(frozen=True, slots=True)
class Rise:
    """The start with the most evidence: `events` of `n` from hour `start` on against `base_events` of `base_n`."""

    start: int
    n: int
    events: int
    base_n: int
    base_events: int
    evidence: float
    dispersion: float
    bar: float
    design: float

    @property
    def share(self) -> float:
        """Events among the mentions since the start, 0..1."""
        return self.events / self.n

    @property
    def usual(self) -> float:
        """The share before."""
        return _usual(self.base_n, self.base_events)

    @property
    def needed(self) -> float:
        """The share from which on so many mentions ring, 0..1; 1.0 where even all of them would not."""
        low, high = self.usual, 1.0
        for _ in range(40):
            middle = (low + high) / 2
            short = self._evidence(middle) < self.bar
            low, high = (middle, high) if short else (low, middle)
        return high

    def _evidence(self, share: float) -> float:
        return evidence(self.n, share * self.n, self.base_n, self.base_events, self.design, self.dispersion)


def evidence(n: float, events: float, base_n: float, base_events: float, design: float, dispersion: float) -> float:
    """The evidence of one start, in natural logarithms; negative where no rise of the size of `design` is likely."""
    values = _ratios(np.array([n]), np.array([events]), np.array([base_n]), np.array([base_events]), design)
    return float(values[0]) / dispersion


def bar(judged: float, weeks: float = USUAL_WEEKS) -> float:
    """The evidence that chance passes about once in `weeks`, for a series with so many judged mentions in four weeks.

    min(5.3, max(2, 0.6 · ln(judged))) + ln(weeks ÷ 4). Found by simulation of independent mentions, 0.5 to 50 an hour,
    usual share 5 to 50 %, looked at every hour with everything estimated as here (`bench/sentiment_alerts.py` repeats
    it): the more mentions, the more tries chance has, up to where the limited number of starts bounds them.
    """
    base = min(_HIGHEST_BAR, max(_LOWEST_BAR, _PER_LOG * log(max(judged, 1.0))))
    return max(1.0, base + log(weeks / USUAL_WEEKS))


def dispersion(judged: IntArray, events: IntArray) -> float:
    """How much wider shares scatter than independent mentions would (1: not at all), since mentions come in clumps.

    Pearson's chi-square per block, (x − n·q)² ÷ (n·q·(1 − q)), over blocks of 20 judged mentions, of 6 hours and of a
    day: short threads, the rhythm of a day, long quarrels. The furthest eighth of the blocks has no part in the share q
    nor in the mean, which is divided by what chance gives such a mean; the largest of the three, at least 1. With
    fewer than 10 blocks: 2.
    """
    total = int(judged.sum())
    if total == 0:
        return _UNKNOWN_DISPERSION
    share = _usual(total, int(events.sum()))
    before = np.cumsum(judged) - judged
    hours = np.arange(len(judged))
    cuts = (before // LEAST_JUDGED, *(hours // length for length in _BLOCK_HOURS))
    found = [value for cut in cuts if (value := _scatter(cut, judged, events, share)) is not None]
    return max(1.0, *found) if found else _UNKNOWN_DISPERSION


def ringing(
    judged: IntArray,
    events: IntArray,
    *,
    normal: Sequence[bool] | None = None,
    windows: Sequence[int] | None = None,
    design: float,
    weeks: float = USUAL_WEEKS,
) -> Rise | None:
    """The rise that is over its bar and still on, arguments as for `strongest`; None without one.

    Still on: the last 20 judged mentions or more, too, lie at least half of `design` above what is usual. Old evidence
    counts for a week; without this an incident would stay open for days after its end.
    """
    found = strongest(judged, events, normal=normal, windows=windows, design=design, weeks=weeks)
    if found is None or found.evidence < found.bar:
        return None
    end = len(judged)
    for window in range(1, LONGEST + 1) if windows is None else windows:
        last = slice(max(0, end - window), end)
        count = int(judged[last].sum())
        if count >= LEAST_JUDGED:
            return found if int(events[last].sum()) / count >= found.usual + design / 2 else None
    return None


def strongest(
    judged: Sequence[int] | IntArray,
    events: Sequence[int] | IntArray,
    *,
    normal: Sequence[bool] | None = None,
    windows: Sequence[int] | None = None,
    design: float,
    weeks: float = USUAL_WEEKS,
) -> Rise | None:
    """The rise with the most evidence at the end of hourly counts, over its bar or not.

    `normal` marks the hours that may tell what is usual (None: all); `windows` the lengths in hours that may be judged
    (None: 1 to 168). None where no window of at least 20 mentions has 20 before it.
    """
    counts, found = np.asarray(judged, dtype=np.int64), np.asarray(events, dtype=np.int64)
    end = len(counts)
    first = max(0, end - BASELINE_HOURS)
    rested = max(first, end - DAY_HOURS)
    told = np.ones(end, dtype=np.bool_) if normal is None else np.asarray(normal, dtype=np.bool_)
    sums, hits = _sums(counts), _sums(found)
    base_sums, base_hits = _sums(counts * told), _sums(found * told)
    lengths = np.arange(1, LONGEST + 1) if windows is None else np.asarray(windows, dtype=np.int64)
    starts = end - lengths[(lengths > 0) & (lengths <= end - first)]
    before = np.minimum(starts, rested)
    n, x = sums[end] - sums[starts], hits[end] - hits[starts]
    base_n, base_x = base_sums[before] - base_sums[first], base_hits[before] - base_hits[first]
    kept = (n >= LEAST_JUDGED) & (base_n >= LEAST_JUDGED)
    if not kept.any():
        return None
    starts, n, x, base_n, base_x = starts[kept], n[kept], x[kept], base_n[kept], base_x[kept]
    values = _ratios(n, x, base_n, base_x, design)
    best = int(values.argmax())
    usable = told[first:rested]
    spread = dispersion(counts[first:rested][usable], found[first:rested][usable])
    monthly = (base_sums[rested] - base_sums[first]) * BASELINE_HOURS / max(1, int(usable.sum()))
    return Rise(
        start=int(starts[best]),
        n=int(n[best]),
        events=int(x[best]),
        base_n=int(base_n[best]),
        base_events=int(base_x[best]),
        evidence=float(values[best]) / spread,
        dispersion=spread,
        bar=bar(monthly, weeks),
        design=design,
    )


def _sums(values: IntArray) -> IntArray:
    """Sums up to, and without, each place."""
    return np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(values)))


def _usual(n: int, events: int) -> float:
    return max(_LEAST_USUAL, (events + 0.5) / (n + 1))


def _ratios(
    n: npt.NDArray[np.number],
    x: npt.NDArray[np.number],
    base_n: npt.NDArray[np.number],
    base_x: npt.NDArray[np.number],
    design: float,
) -> FloatArray:
    usual = np.maximum((base_x + 0.5) / (base_n + 1.0), _LEAST_USUAL)
    risen = np.minimum(np.maximum(x / n, usual + design), _SURE)
    ratio = x * np.log(risen / usual) + (n - x) * np.log((1 - risen) / (1 - usual))
    room = usual + design < _SURE
    return np.asarray(np.where(room, ratio * (base_n / (base_n + n)), 0.0), dtype=np.float64)


def _scatter(cut: IntArray, judged: IntArray, events: IntArray, share: float) -> float | None:
    """The trimmed mean of the blocks' chi-squares against chance's; None with too few blocks."""
    sizes = np.bincount(cut, judged)
    n = sizes[sizes > 0].astype(np.float64)
    x = np.bincount(cut, events)[sizes > 0].astype(np.float64)
    if len(n) < _LEAST_BLOCKS:
        return None
    kept = len(n) - int(_TRIMMED * len(n))
    calm = np.argsort(_squares(n, x, share))[:kept]  # a past incident must not move the centre of the others either
    squares = _squares(n, x, _usual(int(n[calm].sum()), int(x[calm].sum())))
    return float(np.sort(squares)[:kept].mean()) / _TRIMMED_MEAN


def _squares(n: FloatArray, x: FloatArray, share: float) -> FloatArray:
    return np.asarray((x - n * share) ** 2 / (n * share * (1 - share)), dtype=np.float64)
