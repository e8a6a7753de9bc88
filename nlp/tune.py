"""Learning the heads anew from what people said about tags, and judging whether that made them better. No torch.

What is learnt reads the text vector of the built-in network, which stays as it is; a text of two windows is learnt by
the mean of their vectors. Learning starts from the network's own heads every time, stays near them, and is held by our
own posts (`nlp/train/corpus`), for which a head shall go on saying what it says (`nlp.head_fit`).

It is judged on people's words by cross-validation, in which copies of a text stay in one fifth, and on posts of our own
that no learning has seen (`nlp.tune_verdict` has the rules). Labels are compared as tagging would say them.

A head that does not pass stays as it is in force. Thresholds stay, and the temperature is set so that the
head is as sure of our own posts as it was: corrections are no fair sample, so they cannot show how sure it may be.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from metrics.stats import bootstrap_interval, row_means
from nlp.head_fit import Taught, fit, softmax
from nlp.heads import Calibration, Floats, HeadsError, Layers, Thresholds, TunedHeads
from nlp.model import Network, calibrated
from nlp.result import LABELS, STAFF, UNKNOWN, UNSURE
from nlp.train.recipe import FLAT_AUDIENCE
from nlp.tune_texts import Lesson, Posts, Taken, Word, grouped, own_posts, readable
from nlp.tune_verdict import HeadFigures, judged, refused, taken, too_few
from nlp.verdict import audience_verdict, facet_verdict, sentiment_verdict

__all__ = ["InForce", "Lesson", "Tuning", "Word", "tune"]

FOLDS = 5
SURE = 0.9  # probability that a lesson gives to the label a person named
SAME_NETWORK = 0.98  # share of texts for which stored heads must say what the network says

Bools = NDArray[np.bool_]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tuning:
    """What came of it: heads to keep (None: nothing is better than what is in force) and the reason in a sentence."""

    heads: TunedHeads | None
    why: str
    figures: Mapping[str, HeadFigures]
    left_out: Mapping[str, int]  # reason → texts

    def as_json(self) -> str:
        """Figures and reason as a JSON object, for keeping beside the heads."""
        heads = {head: asdict(one) for head, one in self.figures.items()}
        return json.dumps({"heads": heads, "left_out": dict(self.left_out), "why": self.why})


@dataclass(frozen=True, slots=True)
class InForce:
    """The tuned heads in force and since when, to which new ones are compared."""

    heads: TunedHeads
    made_at: datetime


@dataclass(frozen=True, slots=True)
class _State:
    """One head in one state, able to say labels."""

    head: str
    layers: Layers
    scaling: Calibration
    thresholds: Thresholds

    def said(self, vectors: Floats, languages: Sequence[str]) -> list[str]:
        """The labels that tagging would say."""
        return self.said_of(self.layers.logits(vectors), languages)

    def said_of(self, logits: Floats, languages: Sequence[str]) -> list[str]:
        """The same from logits (rows × labels)."""
        rows = calibrated(logits, self.scaling).tolist()
        return [self._label(row, language) for row, language in zip(rows, languages, strict=True)]

    def _label(self, row: Sequence[float], language: str) -> str:
        scores = dict(zip(LABELS[self.head], row, strict=True))
        if self.head == "sentiment":
            return sentiment_verdict(scores, self.thresholds.sentiment_in(language)).label
        if self.head == "audience":
            return audience_verdict(scores, self.thresholds).label
        return facet_verdict(scores).label


@dataclass(frozen=True, slots=True)
class _Told:
    """The words on one head: vectors, labels, and what judging needs; one row each."""

    vectors: Floats
    languages: list[str]
    labels: list[str]
    groups: Numbers
    drawn: Bools
    at: list[datetime]

    def right(self, said: Sequence[str]) -> Floats:
        """1.0 where what was said is the person's label."""
        return np.array([float(a == b) for a, b in zip(said, self.labels, strict=True)], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class _Own:
    """Our posts: vectors of both parts, and the guard's posts with their labels."""

    anchors: Floats
    guard: Floats
    posts: Posts

    def share_right(self, state: _State) -> tuple[int, float]:
        """Guard posts with a label for the head, and the share of right ones."""
        known = [at for at, post in enumerate(self.posts.guard) if state.head in post.labels]
        posts = [self.posts.guard[at] for at in known]
        said = state.said(self.guard[known], [post.language for post in posts])
        right = [a == post.labels[state.head] for a, post in zip(said, posts, strict=True)]
        return len(right), float(np.mean(right))


def tune(
    network: Network, start: TunedHeads, lessons: Sequence[Lesson], version: str, in_force: InForce | None = None
) -> Tuning:
    """Learn and judge; the same input gives the same heads. Seconds for some hundred texts, minutes for 50,000.

    `network` must use its own heads. Raises `HeadsError` when `start` (`heads.npz` beside the network) is not its own.
    """
    texts, left_out = readable(lessons, network.meta.languages)
    figures = {head: one for head in LABELS if (one := _too_few(texts, head)) is not None}
    if len(figures) == len(LABELS):
        return Tuning(None, refused(figures), figures, left_out)
    own = _own(network, start)
    if own is None:
        why = "Our own posts (nlp/train/corpus), which guard what the model knows, are not here: nothing can be judged."
        return Tuning(None, why, figures, left_out)
    vectors = network.vectors([one.text for one in texts])
    groups = np.array(grouped([one.keys for one in texts]), dtype=np.int64)
    states = {head: _state(head, network, start, in_force) for head in LABELS}
    for head in LABELS:
        if head not in figures:
            told = _told(texts, vectors, groups, head)
            base = _state(head, network, start, None)
            figures[head], learnt = _learn(base, told, own, in_force)
            states[head] = learnt if figures[head].accepted else states[head]
    if not any(one.accepted for one in figures.values()):
        return Tuning(None, refused(figures), figures, left_out)
    layers = {head: one.layers for head, one in states.items()}
    scaling = {head: one.scaling for head, one in states.items()}
    heads = TunedHeads(version, network.meta.version, layers, scaling, network.meta.thresholds)
    return Tuning(heads, taken(figures), figures, left_out)


def _too_few(texts: Sequence[Taken], head: str) -> HeadFigures | None:
    """The figures of a head that cannot learn from these words; None where it can."""
    said = [one for one in texts if head in one.words and one.words[head].label != UNSURE]
    groups = len(set(grouped([one.keys for one in said])))
    why = too_few([one.words[head].label for one in said], groups)
    drawn = sum(one.words[head].drawn for one in said)
    return None if why is None else HeadFigures(len(said), groups, drawn, False, why)


def _own(network: Network, start: TunedHeads) -> _Own | None:
    """Our posts as vectors; None where they are not here. Raises `HeadsError` for heads of another network."""
    posts = own_posts(network.meta.languages)
    if not posts.guard or not posts.anchors:
        return None
    if start.base != network.meta.version or network.heads_version != network.meta.version:
        raise HeadsError(f"heads of {start.base} are no start for {network.version}")
    windows = [read[0] for read in network.read([post.text for post in posts.guard])]
    vectors = np.stack([window.vector for window in windows])
    for head, layers in start.layers.items():
        own = np.stack([window.logits[head] for window in windows]).argmax(axis=1)
        if (layers.logits(vectors).argmax(axis=1) == own).mean() < SAME_NETWORK:
            raise HeadsError(f"the stored head {head} is not that of the network {network.meta.version}")
    return _Own(network.vectors([post.text for post in posts.anchors]), vectors, posts)


def _state(head: str, network: Network, start: TunedHeads, in_force: InForce | None) -> _State:
    """The head in force: tuned before, or the network's own."""
    heads = start if in_force is None else in_force.heads
    scaling = network.meta.calibration if in_force is None else heads.calibration
    return _State(head, heads.layers[head], scaling[head], network.meta.thresholds)


def _told(texts: Sequence[Taken], vectors: Floats, groups: Numbers, head: str) -> _Told:
    rows = [at for at, one in enumerate(texts) if head in one.words and one.words[head].label != UNSURE]
    words = [texts[at].words[head] for at in rows]
    return _Told(
        vectors[rows],
        [texts[at].language for at in rows],
        [word.label for word in words],
        groups[rows],
        np.array([word.drawn for word in words]),
        [word.at for word in words],
    )


def _learn(base: _State, told: _Told, own: _Own, in_force: InForce | None) -> tuple[HeadFigures, _State]:
    """The figures of one head, and the head as learnt from all words."""
    targets = np.array([_target(base.head, label) for label in told.labels], dtype=np.float32)
    anchors = Taught(own.anchors, softmax(base.layers.logits(own.anchors)))
    unseen = _unseen_logits(base.layers, Taught(told.vectors, targets), anchors, told.groups)
    learnt = fit(base.layers, Taught(told.vectors, targets), anchors)
    sure = calibrated(base.layers.logits(own.anchors), base.scaling)
    scaling = _scaling(base.scaling, learnt.logits(own.anchors), sure)
    state = _State(base.head, learnt, scaling, base.thresholds)
    before = told.right(base.said(told.vectors, told.languages))
    after = told.right(state.said_of(unseen, told.languages))
    gain = _interval(after - before, told.groups)
    posts, guard_before = own.share_right(base)
    newer = None if in_force is None else np.array([at > in_force.made_at for at in told.at])
    known = None if in_force is None else told.right(_present(base, in_force).said(told.vectors, told.languages))
    found = HeadFigures(
        words=len(told.labels), groups=len(set(told.groups.tolist())), drawn=int(told.drawn.sum()),
        accepted=False, why="",
        before=_share(before), after=_share(after), gain_low=gain[0], gain_high=gain[1],
        drawn_before=_share(before[told.drawn]), drawn_after=_share(after[told.drawn]),
        guard_posts=posts, guard_before=guard_before, guard_after=own.share_right(state)[1],
        newer=None if newer is None else int(newer.sum()),
        newer_in_force=None if newer is None or known is None else _share(known[newer]),
        newer_after=None if newer is None else _share(after[newer]),
    )  # fmt: skip
    return judged(found), state


def _present(base: _State, in_force: InForce) -> _State:
    heads = in_force.heads
    return _State(base.head, heads.layers[base.head], heads.calibration[base.head], base.thresholds)


def _target(head: str, label: str) -> tuple[float, ...]:
    """What a person's word makes of the probabilities of a head."""
    if head == "audience" and label == UNKNOWN:
        return FLAT_AUDIENCE
    named = ("employee", "alumnus") if label == STAFF else (label,)
    rest = (1.0 - SURE) / (len(LABELS[head]) - len(named))
    return tuple(SURE / len(named) if one in named else rest for one in LABELS[head])


def _unseen_logits(start: Layers, lessons: Taught, anchors: Taught, groups: Numbers) -> Floats:
    """Logits of every lesson by a head that learnt from the groups of the other folds."""
    names = np.unique(groups)
    np.random.default_rng(len(names)).shuffle(names)
    fold_of = {int(name): at % FOLDS for at, name in enumerate(names)}
    folds = np.array([fold_of[int(name)] for name in groups])
    logits = np.zeros_like(lessons.targets)
    for fold in range(FOLDS):
        apart = np.flatnonzero(folds == fold)
        learnt = fit(start, lessons.some(np.flatnonzero(folds != fold)), anchors)
        logits[apart] = learnt.logits(lessons.vectors[apart])
    return logits


def _scaling(base: Calibration, logits: Floats, targets: Floats) -> Calibration:
    """The base's with the temperature that fits these logits best to the probabilities that they should give."""
    found = [Calibration(base.temperature * factor, base.bias) for factor in np.linspace(0.6, 1.8, 25).tolist()]
    losses = [-(targets * np.log(calibrated(logits, one) + 1e-9)).sum(axis=1).mean() for one in found]
    return found[int(np.argmin(losses))]


def _interval(gains: Floats, groups: Numbers) -> tuple[float, float]:
    """The 95 % interval of the mean gain per word, drawn over groups of copies (their mean gain each)."""
    means = [float(gains[groups == name].mean()) for name in np.unique(groups)]
    found = bootstrap_interval(means, np.random.default_rng(7), statistic=row_means)
    return (0.0, 0.0) if found is None else (found.low, found.high)


def _share(right: Floats) -> float | None:
    return float(right.mean()) if len(right) else None
