"""How good the tags are: what people say who looked at mentions drawn at random, without having seen the tags.

Voluntary corrections measure nothing by themselves, since people open what looks wrong. Everything here is therefore
computed from checks of a random sample.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from metrics.stats import Interval, Proportion, proportion, wilson

BINS = 10
_LEVELS = 20  # points of a risk-coverage curve


@dataclass(frozen=True, slots=True)
class Scale:
    """The labels of one head. `abstentions` claim nothing. A label in `broader` is also right for those it stands for.

    `labels` are those that a person may give; an abstention may be one of them ("the text does not tell").
    """

    labels: tuple[str, ...]
    abstentions: frozenset[str] = frozenset()
    broader: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """What the model said of one mention, and what a person says.

    `likeliest` and its stored `probability` (0..1) are the model's own best class, also where it abstained; None where
    something else decided or the model was changed since. `stratum` names the part of the mentions that this one was
    drawn from.
    """

    predicted: str
    actual: str
    likeliest: str | None = None
    probability: float | None = None
    stratum: str = ""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share (0..1) of a population, estimated from `n` checks; None where there are none.

    `effective_n` is the size of a plain random sample that would tell as much.
    """

    value: float | None
    interval: Interval | None
    n: int
    effective_n: float


@dataclass(frozen=True, slots=True)
class Confusion:
    """Checks by label: a row for each that people gave, a column for each that the model gave."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    @property
    def n(self) -> int:
        """All checks."""
        return sum(map(sum, self.counts))


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """Recall: of the mentions that are of this label, those the model labelled so. Precision: the other way round."""

    label: str
    recall: Proportion
    precision: Proportion


@dataclass(frozen=True, slots=True)
class Bin:
    """Checks whose probability lies in low ≤ p < high (the last with its end): mean probability and share right."""

    low: float
    high: float
    confidence: float | None
    right: Proportion


@dataclass(frozen=True, slots=True)
class Calibration:
    """Ten bins, and the expected calibration error; `by_chance`: what a perfectly calibrated model would show."""

    bins: tuple[Bin, ...]
    error: float | None
    by_chance: float | None
    n: int


@dataclass(frozen=True, slots=True)
class CoveragePoint:
    """The surest `coverage` (0..1) of the checks, those with at least `threshold`, and how many of them are right."""

    coverage: float
    threshold: float
    right: Proportion


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two people on the same mentions. `kappa` is None without pairs, and where only one label occurs at all."""

    same: Proportion
    kappa: float | None


def is_right(check: Check, scale: Scale) -> bool:
    """Whether the model's label is what the person says, or a broader one that holds it."""
    return check.actual == check.predicted or check.actual in scale.broader.get(check.predicted, ())


def confusion(checks: Iterable[Check], scale: Scale) -> Confusion:
    """The matrix; a label that neither gave has no row and no column."""
    cells = Counter((check.actual, check.predicted) for check in checks)
    order = [*scale.labels, *sorted(scale.abstentions - set(scale.labels))]
    rows = tuple(label for label in order if any(actual == label for actual, _ in cells))
    columns = tuple(label for label in order if any(predicted == label for _, predicted in cells))
    return Confusion(rows, columns, tuple(tuple(cells[row, column] for column in columns) for row in rows))


def class_figures(checks: Sequence[Check], scale: Scale) -> tuple[ClassFigures, ...]:
    """Recall and precision with Wilson intervals. What the model left open counts as not found.

    A broader label is precise where it holds what the person said; recall asks for the very label.
    """
    found = []
    for label in scale.labels:
        of_label = [check for check in checks if check.actual == label]
        called = [check for check in checks if check.predicted == label]
        found.append(
            ClassFigures(
                label,
                proportion(sum(check.predicted == label for check in of_label), len(of_label)),
                proportion(sum(is_right(check, scale) for check in called), len(called)),
            )
        )
    return tuple(found)


def answered(checks: Iterable[Check], scale: Scale) -> list[Check]:
    """The checks of labels that claim something."""
    return [check for check in checks if check.predicted not in scale.abstentions]


def accuracy(checks: Sequence[Check], scale: Scale, sizes: Mapping[str, int] | None = None) -> Estimate:
    """Right labels ÷ labels that claim something. `sizes`: how many such labels each stratum holds in all.

    Parts are checked at different rates (one role is more diligent than another), so each stratum counts by its size
    and not by its checks: Σ size_h · right_h ÷ n_h. Wilson's interval for Kish's effective size, 1 ÷ Σ w_h² ÷ n_h
    (L. Kish, Survey Sampling, 1965). A stratum without checks, or of unknown size, is left out of both; without sizes
    every check counts the same.
    """
    judged = answered(checks, scale)
    if sizes is None:
        return _plain(judged, scale)
    parts: dict[str, list[bool]] = defaultdict(list)
    for check in judged:
        if sizes.get(check.stratum, 0) > 0:
            parts[check.stratum].append(is_right(check, scale))
    whole = sum(sizes[stratum] for stratum in parts)
    if not whole:
        return _plain(judged, scale)
    weights = {stratum: sizes[stratum] / whole for stratum in parts}
    value = math.fsum(weights[stratum] * sum(rights) / len(rights) for stratum, rights in parts.items())
    size = 1 / math.fsum(weights[stratum] ** 2 / len(rights) for stratum, rights in parts.items())
    value = min(1.0, max(0.0, value))
    return Estimate(value, wilson(min(size, value * size), size), sum(map(len, parts.values())), size)


def calibration(checks: Iterable[Check], classes: Sequence[str]) -> Calibration:
    """Stored probability of the likeliest class against how often it is right, in ten bins of equal width.

    Only checks whose true label is one of the model's `classes` count. The expected calibration error is
    Σ n_b ÷ n · |share right − mean probability| (M. Naeini and others, AAAI 2015; C. Guo and others, ICML 2017). It is
    never 0 for a small sample: `by_chance` is its mean for a perfectly calibrated model, the mean absolute deviation
    of a normal variable in each bin, √(2 p (1−p) ÷ (π n_b)).
    """
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for probability, good in _judged(checks, classes):
        bins[min(BINS - 1, int(probability * BINS))].append((probability, good))
    n = sum(map(len, bins))
    shown, error, chance = [], 0.0, 0.0
    for number, members in enumerate(bins):
        mean = math.fsum(p for p, _ in members) / len(members) if members else None
        right = proportion(sum(good for _, good in members), len(members))
        shown.append(Bin(number / BINS, (number + 1) / BINS, mean, right))
        if mean is not None and right.value is not None:
            error += len(members) / n * abs(right.value - mean)
            chance += len(members) / n * math.sqrt(2 * mean * max(0.0, 1 - mean) / (math.pi * len(members)))
    return Calibration(tuple(shown), error if n else None, chance if n else None, n)


def risk_coverage(checks: Iterable[Check], classes: Sequence[str]) -> tuple[CoveragePoint, ...]:
    """How the share right falls when less sure labels are taken too, in about twenty steps; risk is 1 − share right.

    R. El-Yaniv and Y. Wiener, Journal of Machine Learning Research 11 (2010). Equal probabilities are taken together.
    """
    ordered = sorted(_judged(checks, classes), key=lambda each: -each[0])
    n, points = len(ordered), list[CoveragePoint]()
    taken = right = 0
    for place, (probability, good) in enumerate(ordered, start=1):
        right += good
        last_of_equals = place == n or ordered[place][0] < probability
        if last_of_equals and place * _LEVELS // n > taken:
            taken = place * _LEVELS // n
            points.append(CoveragePoint(place / n, probability, proportion(right, place)))
    return tuple(points)


def agreement(pairs: Sequence[tuple[str, str]]) -> Agreement:
    """How two people agree: Cohen's κ = (p_o − p_e) ÷ (1 − p_e), p_e the agreement that their label shares give alone.

    J. Cohen, Educational and Psychological Measurement 20 (1960). No model can be expected to agree with people better
    than they do with each other.
    """
    n = len(pairs)
    same = sum(first == second for first, second in pairs)
    if n == 0:
        return Agreement(proportion(0, 0), None)
    firsts, seconds = Counter(first for first, _ in pairs), Counter(second for _, second in pairs)
    expected = sum(firsts[label] * seconds[label] for label in firsts)  # ÷ n²; whole numbers until the end
    kappa = (same * n - expected) / (n * n - expected) if expected < n * n else None
    return Agreement(proportion(same, n), kappa)


def _plain(judged: Sequence[Check], scale: Scale) -> Estimate:
    share = proportion(sum(is_right(check, scale) for check in judged), len(judged))
    return Estimate(share.value, share.interval, share.n, float(share.n))


def _judged(checks: Iterable[Check], classes: Sequence[str]) -> list[tuple[float, bool]]:
    """(probability, whether the likeliest class is right) of the checks that can tell."""
    return [
        (check.probability, check.likeliest == check.actual)
        for check in checks
        if check.probability is not None and check.actual in classes
    ]
