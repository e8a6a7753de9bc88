"""The built-in network through ONNX Runtime: texts in, calibrated probabilities per head out. No torch.

Loaded once per process. Every text is one window of at most `max_tokens` word pieces, or two (its head and its tail,
probabilities averaged) when it is longer. Windows are sorted by length and run in small batches, answers come back in
input order. Dynamic quantization takes its ranges from a whole batch, so that a text's probabilities may move by a few
thousandths with its neighbours.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.result import AUDIENCES, FACETS, SENTIMENTS

WEIGHTS = Path(__file__).parent / "weights"
HEADS: Mapping[str, tuple[str, ...]] = {"sentiment": SENTIMENTS, "audience": AUDIENCES, "facet": FACETS}
BATCH = 24

Probabilities = NDArray[np.float32]


class WeightsError(RuntimeError):
    """The weights are absent, incomplete or made for other labels."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Vector scaling of one head: probabilities = softmax(logits / temperature + bias)."""

    temperature: float
    bias: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When a label is said: probabilities from 0 to 1, found on the parts kept apart (`nlp.train.calibrate`)."""

    sentiment: float
    audience: Mapping[str, float]
    staff: float


@dataclass(frozen=True, slots=True)
class WeightsMeta:
    """What `meta.json` beside the network says."""

    version: str
    languages: frozenset[str]
    max_tokens: int
    calibration: Mapping[str, Calibration]
    thresholds: Thresholds


def read_meta(folder: Path = WEIGHTS) -> WeightsMeta:
    """Read and check `meta.json`; `WeightsError` names what is wrong."""
    path = folder / "meta.json"
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path}: {error}") from error
    try:
        for head, labels in HEADS.items():
            if tuple(raw["labels"][head]) != labels:
                raise WeightsError(f"{path}: head {head} was trained for {raw['labels'][head]}, wanted {list(labels)}")
        return _meta(raw)
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{path}: {error!r}") from error


def _meta(raw: Mapping[str, Any]) -> WeightsMeta:
    scaling = {head: raw["calibration"][head] for head in HEADS}
    thresholds = raw["thresholds"]
    return WeightsMeta(
        version=str(raw["version"]),
        languages=frozenset(raw["languages"]),
        max_tokens=int(raw["max_tokens"]),
        calibration={head: Calibration(float(one["temperature"]), tuple(one["bias"])) for head, one in scaling.items()},
        thresholds=Thresholds(
            sentiment=float(thresholds["sentiment"]),
            audience={label: float(thresholds["audience"][label]) for label in AUDIENCES},
            staff=float(thresholds["staff"]),
        ),
    )


def calibrated(logits: NDArray[np.float32], scaling: Calibration) -> Probabilities:
    """Probabilities (rows sum to 1) of a logit matrix."""
    scaled = logits / scaling.temperature + np.asarray(scaling.bias, dtype=np.float32)
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), dtype=np.float32)


class Network:
    """One loaded network with its tokenizer."""

    def __init__(self, folder: Path = WEIGHTS, threads: int = 1) -> None:
        from onnxruntime import InferenceSession, SessionOptions

        # It tells every process that PyTorch is missing, which only training needs.
        os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
        from transformers import PreTrainedTokenizerFast

        self.meta = read_meta(folder)
        options = SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Spinning threads would take the processor from the other workers.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])
            self._tokenizer = PreTrainedTokenizerFast.from_pretrained(str(folder), local_files_only=True)
        except Exception as error:  # what ONNX Runtime raises has no class of its own
            raise WeightsError(f"{folder}: {error}") from error
        self._tokenizer.model_max_length = 1_000_000  # windows are cut here, not there

    def logits(self, texts: Sequence[str]) -> dict[str, list[NDArray[np.float32]]]:
        """Per head and text, the logits of its windows (windows × labels); texts as `nlp.text.spelled` makes them."""
        owners, windows = self._windows(texts)
        found: dict[str, list[NDArray[np.float32]]] = {head: [] for head in HEADS}
        rows: dict[str, list[list[NDArray[np.float32]]]] = {head: [[] for _ in texts] for head in HEADS}
        answers = self._run(windows)
        for number, owner in enumerate(owners):
            for head in HEADS:
                rows[head][owner].append(answers[head][number])
        for head in HEADS:
            found[head] = [np.stack(parts) for parts in rows[head]]
        return found

    def probabilities(self, texts: Sequence[str]) -> dict[str, Probabilities]:
        """Calibrated probabilities per head (texts × labels), in input order."""
        found = {head: np.zeros((len(texts), len(labels)), dtype=np.float32) for head, labels in HEADS.items()}
        if not texts:
            return found
        for head, parts in self.logits(texts).items():
            for row, windows in enumerate(parts):
                found[head][row] = calibrated(windows, self.meta.calibration[head]).mean(axis=0)
        return found

    def _windows(self, texts: Sequence[str]) -> tuple[list[int], list[list[int]]]:
        owners: list[int] = []
        windows: list[list[int]] = []
        limit = self.meta.max_tokens
        coded = self._tokenizer(list(texts), return_token_type_ids=False, return_attention_mask=False)
        for owner, ids in enumerate(coded["input_ids"]):
            parts = [ids] if len(ids) <= limit else [[*ids[: limit - 1], ids[-1]], [ids[0], *ids[-limit + 1 :]]]
            owners.extend([owner] * len(parts))
            windows.extend(parts)
        return owners, windows

    def _run(self, windows: list[list[int]]) -> dict[str, NDArray[np.float32]]:
        answers = {head: np.zeros((len(windows), len(labels)), dtype=np.float32) for head, labels in HEADS.items()}
        for group in _by_length(windows):
            width = max(len(windows[index]) for index in group)
            ids = np.zeros((len(group), width), dtype=np.int64)
            mask = np.zeros((len(group), width), dtype=np.int64)
            for row, index in enumerate(group):
                ids[row, : len(windows[index])] = windows[index]
                mask[row, : len(windows[index])] = 1
            for head, logits in zip(
                HEADS, self._session.run(list(HEADS), {"input_ids": ids, "attention_mask": mask}), strict=True
            ):
                answers[head][group] = logits
        return answers


def _by_length(windows: list[list[int]]) -> Iterator[list[int]]:
    order = sorted(range(len(windows)), key=lambda index: len(windows[index]))
    for start in range(0, len(order), BATCH):
        yield order[start : start + BATCH]


@lru_cache(maxsize=2)
def network(threads: int = 1) -> Network:
    """The process's one network, loaded at the first call (about a second and a half)."""
    return Network(threads=threads)


@lru_cache(maxsize=1)
def model_version() -> str:
    """Version of the weights, without loading them."""
    return read_meta().version
