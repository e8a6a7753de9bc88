"""The second reader of protected activity: a logistic on the text vector that the built-in network gives anyway.

The lexicon (`nlp.themes`) finds words, this one finds talk without them ("three of us went to HR, now we are all on
the early rota"). A text is protected when either says so. `nlp.protected_fit` makes the file beside this module; it
fits one version of the network, and with another one the lexicon is alone.
"""

import io
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from nlp.heads import Floats
from nlp.themes import is_protected

FILE = Path(__file__).with_name("protected.npz")
BY_WORDS = "words of protected activity"
BY_VECTOR = "the whole text reads like protected activity"


@dataclass(frozen=True, slots=True)
class Reader:
    """`score` is above zero where a text is taken for protected: on the employer side, and elsewhere with `stricter`.

    `base` is the version of the network whose vectors it reads.
    """

    base: str
    weights: Floats  # width of the vector
    bias: float
    stricter: float

    def scores(self, vectors: Floats) -> Floats:
        """One number for each text vector (rows x width)."""
        return np.asarray(vectors @ self.weights + np.float32(self.bias), dtype=np.float32)

    def to_bytes(self) -> bytes:
        """The reader as one `.npz` file."""
        about = {"base": self.base, "bias": self.bias, "stricter": self.stricter}
        buffer = io.BytesIO()
        np.savez_compressed(buffer, about=np.array(json.dumps(about)), weights=self.weights)
        return buffer.getvalue()


@lru_cache(maxsize=4)
def reader_for(base: str) -> Reader | None:
    """The shipped reader if it was fitted on this version of the network."""
    with np.load(FILE, allow_pickle=False) as file:
        about = json.loads(str(file["about"]))
        found = Reader(str(about["base"]), file["weights"], float(about["bias"]), float(about["stricter"]))
    return found if found.base == base else None


def protected_by(text: str, *, staff: bool, score: float | None, stricter: float = 0.0) -> str | None:
    """What took a text for protected activity; None where nothing did.

    `staff`: see `nlp.themes.is_protected`. `score`: of the reader, None where the network did not read the text.
    """
    if is_protected(text, staff=staff):
        return BY_WORDS
    return BY_VECTOR if score is not None and score > (0.0 if staff else stricter) else None
