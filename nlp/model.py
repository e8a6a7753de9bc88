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

from config.settings import get_settings
from nlp.heads import Calibration, Floats, HeadsError, Thresholds, TunedHeads, thresholds_of
from nlp.result import LABELS

WEIGHTS = Path(__file__).parent / "weights"
BATCH = 24
VECTOR = "vector"  # the output that the heads read: the mean of the word pieces' last states

Probabilities = NDArray[np.float32]


class WeightsError(RuntimeError):
    """The weights are absent, incomplete or made for other labels."""


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
        for head, labels in LABELS.items():
            if tuple(raw["labels"][head]) != labels:
                raise WeightsError(f"{path}: head {head} was trained for {raw['labels'][head]}, wanted {list(labels)}")
        return _meta(raw)
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{path}: {error!r}") from error


def _meta(raw: Mapping[str, Any]) -> WeightsMeta:
    scaling = {head: raw["calibration"][head] for head in LABELS}
    return WeightsMeta(
        version=str(raw["version"]),
        languages=frozenset(raw["languages"]),
        max_tokens=int(raw["max_tokens"]),
        calibration={head: Calibration(float(one["temperature"]), tuple(one["bias"])) for head, one in scaling.items()},
        thresholds=thresholds_of(raw["thresholds"]),
    )


def calibrated(logits: NDArray[np.float32], scaling: Calibration) -> Probabilities:
    """Probabilities (rows sum to 1) of a logit matrix."""
    scaled = logits / scaling.temperature + np.asarray(scaling.bias, dtype=np.float32)
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Window:
    """What the network says of one window of a text: its vector (width) and the logits per head."""

    vector: Floats
    logits: Mapping[str, Floats]


class Network:
    """One loaded network with its tokenizer; `tuned` heads take the place of its own."""

    def __init__(self, folder: Path = WEIGHTS, threads: int = 1, tuned: TunedHeads | None = None) -> None:
        from onnxruntime import InferenceSession, SessionOptions

        # It tells every process that PyTorch is missing, which only training needs.
        os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
        from transformers import PreTrainedTokenizerFast

        self.meta = read_meta(folder)
        self._tuned: TunedHeads | None = None
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
        self.use(tuned)

    def use(self, tuned: TunedHeads | None) -> None:
        """Put tuned heads in the place of the network's own; None: its own again. `HeadsError` for another's."""
        if tuned is not None and tuned.base != self.meta.version:
            raise HeadsError(f"heads {tuned.version} were tuned on {tuned.base}, not on {self.meta.version}")
        self._tuned = tuned

    @property
    def version(self) -> str:
        """Version of the weights, or of the tuned heads that stand on them."""
        return self._tuned.version if self._tuned else self.meta.version

    @property
    def thresholds(self) -> Thresholds:
        """The thresholds in force."""
        return self._tuned.thresholds if self._tuned else self.meta.thresholds

    @property
    def calibration(self) -> Mapping[str, Calibration]:
        """The calibration in force, per head."""
        return self._tuned.calibration if self._tuned else self.meta.calibration

    def read(self, texts: Sequence[str]) -> list[tuple[Window, ...]]:
        """The windows (one or two) of every text, in input order; texts as `nlp.text.spelled` makes them."""
        if not texts:
            return []
        owners, windows = self._windows(texts)
        answers = self._run(windows)
        rows: list[list[Window]] = [[] for _ in texts]
        for number, owner in enumerate(owners):
            logits = {head: answers[head][number] for head in LABELS}
            rows[owner].append(Window(answers[VECTOR][number], logits))
        return [tuple(row) for row in rows]

    def probabilities(self, texts: Sequence[str]) -> dict[str, Probabilities]:
        """Calibrated probabilities per head (texts × labels), in input order."""
        found = {head: np.zeros((len(texts), len(labels)), dtype=np.float32) for head, labels in LABELS.items()}
        for row, windows in enumerate(self.read(texts)):
            for head in LABELS:
                logits = np.stack([window.logits[head] for window in windows])
                found[head][row] = calibrated(logits, self.calibration[head]).mean(axis=0)
        return found

    def vectors(self, texts: Sequence[str]) -> Floats:
        """Text vectors (texts × width), mean over the windows; at least one text."""
        return np.stack([np.mean([window.vector for window in windows], axis=0) for windows in self.read(texts)])

    def pieces(self, texts: Sequence[str]) -> list[int]:
        """How many word pieces each text has; a window holds `meta.max_tokens - 2` of them."""
        coded = self._tokenizer(list(texts), add_special_tokens=False, return_attention_mask=False)
        return [len(ids) for ids in coded["input_ids"]]

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

    def _run(self, windows: list[list[int]]) -> dict[str, Floats]:
        outputs = [*LABELS, VECTOR]
        answers = {head: np.zeros((len(windows), len(labels)), dtype=np.float32) for head, labels in LABELS.items()}
        for group in _by_length(windows):
            width = max(len(windows[index]) for index in group)
            ids = np.zeros((len(group), width), dtype=np.int64)
            mask = np.zeros((len(group), width), dtype=np.int64)
            for row, index in enumerate(group):
                ids[row, : len(windows[index])] = windows[index]
                mask[row, : len(windows[index])] = 1
            found = self._session.run(outputs, {"input_ids": ids, "attention_mask": mask})
            for name, values in zip(outputs, found, strict=True):
                answers.setdefault(name, np.zeros((len(windows), values.shape[1]), dtype=np.float32))[group] = values
        if self._tuned is not None:
            answers |= {head: layers.logits(answers[VECTOR]) for head, layers in self._tuned.layers.items()}
        return answers


def _by_length(windows: list[list[int]]) -> Iterator[list[int]]:
    order = sorted(range(len(windows)), key=lambda index: len(windows[index]))
    for start in range(0, len(order), BATCH):
        yield order[start : start + BATCH]


def network(threads: int = 1) -> Network:
    """The process's one network from the folder that the settings name, loaded at the first call (1.5 seconds)."""
    return _network(get_settings().model_dir, threads)


def model_version() -> str:
    """Version of the weights in the folder that the settings name, without loading them."""
    return _version(get_settings().model_dir)


@lru_cache(maxsize=2)
def _network(folder: Path, threads: int) -> Network:
    return Network(folder, threads)


@lru_cache(maxsize=2)
def _version(folder: Path) -> str:
    return read_meta(folder).version
