"""Arithmetic of the evaluation: from labels and verdicts to accuracy, recall, F1, calibration and risk-coverage curves.

Shares and probabilities are from 0 to 1, rounded to four places.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

from nlp.result import STAFF, UNKNOWN, UNSURE, Verdict

BINS = 10
COVERAGES = (100, 90, 80, 70, 60, 50, 40, 30, 20, 10)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One labelled row of one head: its label, the likeliest class (None: not read), its probability, abstained."""

    wanted: str
    found: str | None
    confidence: float
    abstained: bool


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """Figures of one class; `n` labelled rows. Precision is None where the class was never said."""

    precision: float | None
    recall: float
    f1: float
    n: int


@dataclass(frozen=True, slots=True)
class Curve:
    """Accuracy among the most confident rows, by coverage in percent; `area`: mean over all coverages (1 - AURC)."""

    accuracy_at: dict[int, float]
    area: float


@dataclass(frozen=True, slots=True)
class HeadFigures:
    """Figures of one head over one set of rows."""

    n: int
    accuracy: float
    macro_recall: float
    macro_f1: float
    per_class: dict[str, ClassFigures]
    ece: float | None
    share_unsure: float
    accuracy_sure: float | None
    curve: Curve


@dataclass(frozen=True, slots=True)
class FileFigures:
    """Figures of one file, and of its groups by one field of the rows where that was asked for.

    `texts_per_second` covers cleaning, language, network and themes; None without rows.
    """

    file: str
    rows: int
    heads: dict[str, HeadFigures]
    texts_per_second: float | None
    groups: dict[str, dict[str, HeadFigures]] = field(default_factory=dict)


def was_read(verdict: Verdict) -> bool:
    """Whether the model read the text; flat scores say that it did not."""
    return len(set(verdict.scores.values())) > 1


def outcome(wanted: str, verdict: Verdict) -> Outcome:
    """Compare a label with a verdict."""
    abstained = verdict.label in (UNSURE, UNKNOWN, STAFF)
    if not was_read(verdict):
        return Outcome(wanted, None if abstained else verdict.label, 0.0, abstained)
    best = max(verdict.scores, key=lambda label: verdict.scores[label])
    return Outcome(wanted, best, verdict.scores[best], abstained)


def merged_outcome(wanted: str, verdict: Verdict) -> Outcome:
    """Compare an audience with a verdict, employee and alumnus being one class, "staff"."""

    def merge(label: str) -> str:
        return STAFF if label in ("employee", "alumnus") else label

    scores: dict[str, float] = {}
    for label, score in verdict.scores.items() if was_read(verdict) else ():
        scores[merge(label)] = scores.get(merge(label), 0.0) + score
    found = outcome(merge(wanted), Verdict(verdict.label, scores))
    said = None if verdict.label == UNKNOWN else merge(verdict.label)
    return Outcome(found.wanted, found.found or said, found.confidence, verdict.label == UNKNOWN)


def head_figures(outcomes: Sequence[Outcome]) -> HeadFigures:
    """All figures of one head; at least one outcome."""
    sure = [one for one in outcomes if not one.abstained]
    per_class = {label: _class_figures(outcomes, label) for label in sorted({one.wanted for one in outcomes})}
    ece = calibration_error([one for one in outcomes if one.confidence > 0.0])
    return HeadFigures(
        n=len(outcomes),
        accuracy=_accuracy(outcomes),
        macro_recall=rounded(sum(one.recall for one in per_class.values()) / len(per_class)),
        macro_f1=rounded(sum(one.f1 for one in per_class.values()) / len(per_class)),
        per_class=per_class,
        ece=ece,
        share_unsure=rounded(1 - len(sure) / len(outcomes)),
        accuracy_sure=_accuracy(sure) if sure else None,
        curve=risk_coverage(outcomes),
    )


def _class_figures(outcomes: Sequence[Outcome], label: str) -> ClassFigures:
    wanted = sum(one.wanted == label for one in outcomes)
    said = sum(one.found == label for one in outcomes)
    hits = sum(one.wanted == label == one.found for one in outcomes)
    return ClassFigures(
        precision=rounded(hits / said) if said else None,
        recall=rounded(hits / wanted),
        f1=rounded(2 * hits / (wanted + said)),
        n=wanted,
    )


def calibration_error(outcomes: Sequence[Outcome]) -> float | None:
    """Expected calibration error: Σ over bins of (rows in bin ÷ rows) × |accuracy − mean confidence|; None: no rows."""
    if not outcomes:
        return None
    bins: list[list[Outcome]] = [[] for _ in range(BINS)]
    for one in outcomes:
        bins[min(int(one.confidence * BINS), BINS - 1)].append(one)
    gaps = [abs(sum(one.found == one.wanted for one in group) - sum(one.confidence for one in group)) for group in bins]
    return rounded(sum(gaps) / len(outcomes))


def risk_coverage(outcomes: Sequence[Outcome]) -> Curve:
    """Accuracy when only the most confident share of the rows is answered (El-Yaniv and Wiener 2010), 1 - risk.

    At least one outcome. Rows of equal confidence count with their mean, so that the order of a file does not matter.
    """
    ordered = sorted(outcomes, key=lambda one: -one.confidence)
    accuracies: list[float] = []
    right = 0.0
    for _, same in groupby(ordered, key=lambda one: one.confidence):
        group = list(same)
        mean = sum(one.found == one.wanted for one in group) / len(group)
        for _ in group:
            right += mean
            accuracies.append(right / (len(accuracies) + 1))
    at = {share: accuracies[max(-(-len(ordered) * share // 100), 1) - 1] for share in COVERAGES}
    return Curve({share: rounded(value) for share, value in at.items()}, rounded(sum(accuracies) / len(accuracies)))


def _accuracy(outcomes: Sequence[Outcome]) -> float:
    return rounded(sum(one.wanted == one.found for one in outcomes) / len(outcomes))


def rounded(value: float) -> float:
    """As figures are shown: four places."""
    return round(value, 4)
