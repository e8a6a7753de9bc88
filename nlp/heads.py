"""Heads that a customer tuned: two small layers per label set on the text vector of the built-in network.

They stand beside the network and take the place of its own heads. As bytes they are one `.npz` file without pickled
objects, so that a stored or uploaded copy can hold nothing but numbers.
"""

import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.result import LABELS

Floats = NDArray[np.float32]

HEADS_FILE = "heads.npz"  # beside the network: its own heads, from which tuning starts
_PARTS = ("first", "first_bias", "second", "second_bias")


class HeadsError(ValueError):
    """Bytes that are no tuned heads, or heads for another network."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Vector scaling of one head: probabilities = softmax(logits / temperature + bias)."""

    temperature: float
    bias: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When a label is said: probabilities from 0 to 1, found on the parts kept apart (`nlp.train.calibrate`).

    `languages` holds the confidence that a sentiment needs in languages where it is not that of English.
    """

    sentiment: float
    audience: Mapping[str, float]
    staff: float
    languages: Mapping[str, float]

    def sentiment_in(self, language: str) -> float:
        """The confidence from which a sentiment is said in a language (ISO 639-1)."""
        return self.languages.get(language, self.sentiment)


@dataclass(frozen=True, slots=True)
class Layers:
    """One head: logits = tanh(vector · first + first_bias) · second + second_bias."""

    first: Floats  # width x width
    first_bias: Floats
    second: Floats  # width x labels
    second_bias: Floats

    def logits(self, vectors: Floats) -> Floats:
        """Logits (texts × labels) of text vectors (texts × width)."""
        return np.asarray(np.tanh(vectors @ self.first + self.first_bias) @ self.second + self.second_bias)


@dataclass(frozen=True, slots=True)
class TunedHeads:
    """All heads of one tuned version with their calibration; `base` is the version of the network they read."""

    version: str
    base: str
    layers: Mapping[str, Layers]
    calibration: Mapping[str, Calibration]
    thresholds: Thresholds

    def to_bytes(self) -> bytes:
        """The heads as one `.npz` file."""
        arrays = {f"{head}.{part}": value for head, one in self.layers.items() for part, value in _parts(one)}
        about = {
            "version": self.version,
            "base": self.base,
            "calibration": {head: asdict(one) for head, one in self.calibration.items()},
            "thresholds": asdict(self.thresholds),
        }
        buffer = io.BytesIO()
        np.savez_compressed(buffer, about=np.array(json.dumps(about)), **arrays)  # type: ignore[arg-type]
        return buffer.getvalue()


def _parts(layers: Layers) -> tuple[tuple[str, Floats], ...]:
    return tuple((name, getattr(layers, name)) for name in _PARTS)


def read_heads(document: bytes) -> TunedHeads:
    """Heads from `to_bytes`; `HeadsError` says what is wrong with the bytes."""
    try:
        with np.load(io.BytesIO(document), allow_pickle=False) as file:
            about: dict[str, Any] = json.loads(str(file["about"]))
            layers = {head: _layers(head, file) for head in LABELS}
        return TunedHeads(
            str(about["version"]), str(about["base"]), layers, _calibration(about), thresholds_of(about["thresholds"])
        )
    except Exception as error:  # unzip, NumPy, its tokenizer and JSON raise a dozen kinds on damaged bytes
        raise HeadsError(f"no tuned heads: {error!r}") from error


def _layers(head: str, file: Mapping[str, Any]) -> Layers:
    found = Layers(*(file[f"{head}.{part}"] for part in _PARTS))
    width = found.first_bias.size
    shapes = ((found.first.shape[0], width), (width,), (width, len(LABELS[head])), (len(LABELS[head]),))
    for (name, value), shape in zip(_parts(found), shapes, strict=True):
        if value.shape != shape or value.dtype != np.float32 or not np.isfinite(value).all():
            raise ValueError(f"{head}.{name}: wanted {shape} finite numbers of 32 bits")
    return found


def _calibration(about: Mapping[str, Any]) -> dict[str, Calibration]:
    found = {}
    for head, labels in LABELS.items():
        one = about["calibration"][head]
        found[head] = Calibration(float(one["temperature"]), tuple(map(float, one["bias"])))
        if len(found[head].bias) != len(labels):
            raise ValueError(f"calibration of {head} has {len(found[head].bias)} labels, wanted {len(labels)}")
        if not (found[head].temperature > 0 and np.isfinite((found[head].temperature, *found[head].bias)).all()):
            raise ValueError(f"calibration of {head}: wanted a temperature above zero and finite biases")
    return found


def thresholds_of(raw: Mapping[str, Any]) -> Thresholds:
    """Thresholds from their plain form in `meta.json` or a heads file; `KeyError` or `ValueError` where one lacks."""
    return Thresholds(
        sentiment=float(raw["sentiment"]),
        audience={label: float(raw["audience"][label]) for label in LABELS["audience"]},
        staff=float(raw["staff"]),
        languages={str(code): float(value) for code, value in raw.get("languages", {}).items()},
    )
