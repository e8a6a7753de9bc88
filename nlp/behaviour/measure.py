"""Run the behavioural cases through a tagger and count.

A minimal-functionality case fails when a label that the service says is none of the wanted ones; abstaining where a
label was wanted is a failure too, counted apart. An invariance case fails when any head says another label for any of
its variants. A direction case fails when a probability moves the wrong way by more than `TOLERANCE`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from nlp.behaviour.cases import Case, Worded, load_cases
from nlp.figures import rounded
from nlp.result import LABELS, STAFF, UNKNOWN, UNSURE, TagInput, Tags, Verdict

TOLERANCE = 0.05
# The name of the target is marked away before the model reads; that of any other company is read as it stands.
FAIRNESS_SWAPS = ("company", "other company", "first name", "pronoun")

Tagger = Callable[[Sequence[TagInput]], list[Tags]]


@dataclass(frozen=True, slots=True)
class Failure:
    """A case that failed: what was wrong and the text where it was."""

    id: str
    what: str
    text: str


@dataclass(frozen=True, slots=True)
class Cell:
    """Cases of one capability and kind; `abstained`: failures that were nothing but an abstention."""

    capability: str
    kind: str
    n: int
    failed: int
    abstained: int
    rate: float


@dataclass(frozen=True, slots=True)
class SwapFigures:
    """What a swap does to one head over `n` cases.

    `share_changed`: cases where any variant gets another label; `mean_change`: mean over all variants of the absolute
    change of the probability of the class that was likeliest before.
    """

    swapped: str
    head: str
    n: int
    share_changed: float
    mean_change: float


@dataclass(frozen=True, slots=True)
class BehaviourFigures:
    """All of it; failures in the order of the cases."""

    n: int
    failed: int
    cells: list[Cell]
    fairness: list[SwapFigures]
    failures: list[Failure]


@dataclass(frozen=True, slots=True)
class _Run:
    case: Case
    first: Tags
    others: tuple[Tags, ...]


def measure(tagger: Tagger, cases: Sequence[Case] | None = None) -> BehaviourFigures:
    """Run the cases, by default the whole set."""
    runs = list(_run(tagger, load_cases() if cases is None else cases))
    failures = [(run.case, failure) for run in runs if (failure := _failure(run)) is not None]
    cells = [_cell(key, runs, failures) for key in dict.fromkeys((run.case.capability, run.case.kind) for run in runs)]
    fairness = [figures for swap in FAIRNESS_SWAPS for figures in _swap_figures(swap, runs)]
    return BehaviourFigures(len(runs), len(failures), cells, fairness, [failure for _, (failure, _) in failures])


def _run(tagger: Tagger, cases: Sequence[Case]) -> Iterator[_Run]:
    # One call: the network quantises by batch, and neighbours of like length are the fairest ones.
    texts = [worded for case in cases for worded in (case.first, *case.others)]
    tags = iter(tagger([_input(number, worded) for number, worded in enumerate(texts)]))
    for case in cases:
        yield _Run(case, next(tags), tuple(next(tags) for _ in case.others))


def _input(number: int, worded: Worded) -> TagInput:
    return TagInput(str(number), worded.text, target=worded.target)


def _failure(run: _Run) -> tuple[Failure, bool] | None:
    """What is wrong with a case, and whether that is only an abstention."""
    check = {"MFT": _wrong_labels, "INV": _changed_labels, "DIR": _wrong_moves}[run.case.kind]
    found = next(check(run), None)
    if found is None:
        return None
    what, text, abstained = found
    return Failure(run.case.id, what, text), abstained


_Wrong = Iterator[tuple[str, str, bool]]


def _wrong_labels(run: _Run) -> _Wrong:
    said = {head: _verdict(run.first, head).label for head in run.case.wanted}
    wrong = {head: label for head, label in said.items() if label not in run.case.wanted[head]}
    if wrong:
        words = [f"{head} {label}, wanted {' or '.join(run.case.wanted[head])}" for head, label in wrong.items()]
        yield "; ".join(words), run.case.first.text, set(wrong.values()) <= {UNSURE, UNKNOWN, STAFF}


def _changed_labels(run: _Run) -> _Wrong:
    for worded, tags in zip(run.case.others, run.others, strict=True):
        changed = [
            f"{head} {before} → {after}"
            for head in LABELS
            if (before := _verdict(run.first, head).label) != (after := _verdict(tags, head).label)
        ]
        if changed:
            yield f"{run.case.swap}: {'; '.join(changed)}", f"{run.case.first.text} ⇄ {worded.text}", False


def _wrong_moves(run: _Run) -> _Wrong:
    for move in run.case.moves:
        before = _verdict(run.first, move.head).scores.get(move.label, 0.0)
        after = _verdict(run.others[0], move.head).scores.get(move.label, 0.0)
        if (before - after if move.up else after - before) > TOLERANCE:
            wanted = "fall" if move.up else "rise"
            what = f"{move.head} {move.label} must not {wanted}: {before:.2f} → {after:.2f}"
            yield what, f"{run.case.first.text} ⇄ {run.case.others[0].text}", False


def _verdict(tags: Tags, head: str) -> Verdict:
    return {"sentiment": tags.sentiment, "audience": tags.audience, "facet": tags.facet}[head]


def _cell(key: tuple[str, str], runs: Sequence[_Run], failures: Sequence[tuple[Case, tuple[Failure, bool]]]) -> Cell:
    n = sum((run.case.capability, run.case.kind) == key for run in runs)
    mine = [abstained for case, (_, abstained) in failures if (case.capability, case.kind) == key]
    return Cell(*key, n, len(mine), sum(mine), rounded(len(mine) / n))


def _swap_figures(swap: str, runs: Sequence[_Run]) -> Iterator[SwapFigures]:
    mine = [run for run in runs if run.case.swap == swap]
    for head in LABELS if mine else ():
        changed, changes = 0, list[float]()
        for run in mine:
            before = _verdict(run.first, head)
            after = [_verdict(tags, head) for tags in run.others]
            changed += any(one.label != before.label for one in after)
            likeliest = max(before.scores, key=lambda label: before.scores[label])
            changes.extend(abs(one.scores[likeliest] - before.scores[likeliest]) for one in after)
        yield SwapFigures(swap, head, len(mine), rounded(changed / len(mine)), rounded(sum(changes) / len(changes)))
