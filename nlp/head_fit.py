"""Learning one head anew on text vectors, near to where it starts: Adam over two small layers, no torch.

Each step lessens the cross entropy of a handful of lessons and, weighted, of a handful of anchors, which are texts for
which the head shall say what it says now; and takes back a little of the way from the start.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from nlp.heads import Floats, Layers

STEPS = 160
AT_ONCE = 64  # lessons, and as many anchors, of one step
RATE = 3e-4
PULL = 0.005  # share of the distance from the start that is taken back by a step at the full rate
# Tried on 100 to 400 corrections: with 1 our own posts lose twice as much as with 3; with 10 little is learnt.
ANCHORED = 3.0
_SMALL = 1e-8

Arrays = tuple[Floats, Floats, Floats, Floats]


@dataclass(frozen=True, slots=True)
class Taught:
    """Vectors (rows × width) with the probabilities (rows × labels) that a head shall give them."""

    vectors: Floats
    targets: Floats

    def some(self, rows: NDArray[np.int64]) -> "Taught":
        """These rows."""
        return Taught(self.vectors[rows], self.targets[rows])

    def __len__(self) -> int:
        return len(self.vectors)


def softmax(logits: Floats) -> Floats:
    """Probabilities (rows sum to 1) of raw logits."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), dtype=np.float32)


def fit(start: Layers, lessons: Taught, anchors: Taught, seed: int = 7) -> Layers:
    """The head after learning; `anchors` may be empty, `lessons` not. The same input gives the same head."""
    # The matrices are small: more threads only wait for each other, for ten times as long on a busy machine.
    with threadpool_limits(limits=1, user_api="blas"):
        return _fit(start, lessons, anchors, seed)


def _fit(start: Layers, lessons: Taught, anchors: Taught, seed: int) -> Layers:
    chance = np.random.default_rng(seed)
    origin: Arrays = (start.first, start.first_bias, start.second, start.second_bias)
    values = [part.astype(np.float32).copy() for part in origin]
    first, second = ([np.zeros_like(part) for part in values] for _ in range(2))
    for step in range(1, STEPS + 1):
        rate = RATE * 0.5 * (1.0 + np.cos(np.pi * step / STEPS))
        slopes = _slopes(values, _drawn(lessons, chance))
        if len(anchors):
            slopes = [a + ANCHORED * b for a, b in zip(slopes, _slopes(values, _drawn(anchors, chance)), strict=True)]
        for at, slope in enumerate(slopes):
            first[at] = 0.9 * first[at] + 0.1 * slope
            second[at] = 0.99 * second[at] + 0.01 * slope**2
            move = (first[at] / (1 - 0.9**step)) / (np.sqrt(second[at] / (1 - 0.99**step)) + _SMALL)
            # The pull towards the start is no part of Adam's step, so that it is as strong for every weight.
            values[at] = values[at] - np.float32(rate) * (move + PULL / RATE * (values[at] - origin[at]))
    return Layers(*(np.asarray(part, dtype=np.float32) for part in values))


def _drawn(taught: Taught, chance: np.random.Generator) -> Taught:
    return taught.some(chance.integers(0, len(taught), size=AT_ONCE))


def _slopes(values: list[Floats], rows: Taught) -> list[Floats]:
    """Gradients of the mean cross entropy of these rows."""
    first, first_bias, second, second_bias = values
    inner = np.tanh(rows.vectors @ first + first_bias)
    excess = (softmax(inner @ second + second_bias) - rows.targets) / len(rows)
    back = (excess @ second.T) * (1.0 - inner**2)
    return [rows.vectors.T @ back, back.sum(axis=0), inner.T @ excess, excess.sum(axis=0)]
