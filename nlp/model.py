"""The built-in network through ONNX Runtime: texts in, calibrated probabilities per head out. No torch.

Loaded once per process. Every text is one window of at most `max_tokens` word pieces, or two (its head and its tail,
probabilities averaged) when it is longer. Windows are sorted by length and run in small groups, one group per thread at
a time; answers come back in input order. A text's probabilities do not depend on its neighbours: the ranges of int8 are
fixed when the network is exported.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from config.settings import get_settings
from nlp.heads import Calibration, Floats, HeadsError, Thresholds, TunedHeads
from nlp.protected import reader_for
from nlp.recent import RecentAnswers
from nlp.result import LABELS
from nlp.shipped import WEIGHTS, WeightsError, read_meta

if TYPE_CHECKING:
    from nlp.hub import Choice

TOKENS = 512  # of one run of the network, padding included
REMEMBERED = 4_096  # answers, about a megabyte
VECTOR = "vector"  # the output that the heads read: the mean of the word pieces' last states
OUTPUTS = (*LABELS, VECTOR)
PROTECTED = "protected"  # beside the heads: the score of `nlp.protected`, above zero where a text touches it

Probabilities = NDArray[np.float32]


def calibrated(logits: NDArray[np.float32], scaling: Calibration) -> Probabilities:
    """Probabilities (rows sum to 1) of a logit matrix."""
    scaled = logits / scaling.temperature + np.asarray(scaling.bias, dtype=np.float32)
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), dtype=np.float32)


class SentimentModel(Protocol):
    """What can stand in for the sentiment head (`nlp.hub`): one answer for each clean and masked text."""

    version: str
    threshold: float

    def reads(self, language: str, *, plain_latin: bool) -> bool:
        """Whether it is to be asked about texts of a language (ISO 639-1 or "und")."""

    def probabilities(self, texts: Sequence[str]) -> Probabilities:
        """Probabilities (texts × sentiments) in input order."""


@dataclass(frozen=True, slots=True)
class Window:
    """What the network says of one window of a text: its vector (width) and the logits per head."""

    vector: Floats
    logits: Mapping[str, Floats]


class Network:
    """One loaded network with its tokenizer; `tuned` heads take the place of its own."""

    def __init__(self, folder: Path = WEIGHTS, threads: int = 1, tuned: TunedHeads | None = None) -> None:
        from onnxruntime import InferenceSession, SessionOptions
        from tokenizers import Tokenizer

        self.meta = read_meta(folder)
        self.protected = reader_for(self.meta.version)
        self.sentiment: SentimentModel | None = None
        self._tuned: TunedHeads | None = None
        self._recent = RecentAnswers(REMEMBERED)
        # Several threads with a group of texts each are faster than several that share every product of one group.
        self._threads = max(1, threads)
        self._pool = ThreadPoolExecutor(threads, "network") if threads > 1 else None
        options = SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            self._session = InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # what both raise has no class of its own
            raise WeightsError(f"{folder}: {error}") from error
        self._tokenizer.no_truncation()  # windows are cut here
        self._tokenizer.no_padding()
        self.use(tuned)

    def use(self, tuned: TunedHeads | None) -> None:
        """Put tuned heads in the place of the network's own; None: its own again. `HeadsError` for another's."""
        if tuned is not None and tuned.base != self.meta.version:
            raise HeadsError(f"heads {tuned.version} were tuned on {tuned.base}, not on {self.meta.version}")
        width = {one.name: one.shape[-1] for one in self._session.get_outputs()}.get(VECTOR)
        if tuned is not None and any(layers.first.shape[0] != width for layers in tuned.layers.values()):
            raise HeadsError(f"heads {tuned.version} do not read vectors of {width} numbers")
        self._tuned = tuned
        self._recent.clear()

    @property
    def version(self) -> str:
        """Version of the weights, or of the tuned heads that stand on them, and of another sentiment model."""
        return f"{self.heads_version}+{self.sentiment.version}" if self.sentiment else self.heads_version

    @property
    def heads_version(self) -> str:
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
        answers = self._begin(windows)()
        rows: list[list[Window]] = [[] for _ in texts]
        for number, owner in enumerate(owners):
            logits = {head: answers[head][number] for head in LABELS}
            rows[owner].append(Window(answers[VECTOR][number], logits))
        return [tuple(row) for row in rows]

    def probabilities(self, texts: Sequence[str]) -> dict[str, Probabilities]:
        """Calibrated probabilities per head (texts × labels), in input order, and `PROTECTED` (texts × 1).

        `PROTECTED` is below any threshold where nothing reads it: the shipped reader fits one version of the network.
        """
        return self.begin(texts)()

    def begin(self, texts: Sequence[str]) -> Callable[[], dict[str, Probabilities]]:
        """Start on `probabilities` in the network's threads; calling the answer waits for it.

        Without threads of its own the network reads at once. Copies, of one call or of what was read lately, are read
        once.
        """
        keys = [RecentAnswers.key(text, self.heads_version) for text in texts]
        rows = {key: self._recent.get(key) for key in keys}
        waiting = {key: text for key, text in zip(keys, texts, strict=True) if rows[key] is None}
        fresh = self._begin_rows(list(waiting.values()))

        def finish() -> dict[str, Probabilities]:
            for key, row in zip(waiting, fresh(), strict=True):
                rows[key] = row
                self._recent.put(key, row)
            return _per_head([rows[key] for key in keys])

        return finish

    def forget(self) -> None:
        """Forget what was read lately, for measurements."""
        self._recent.clear()

    def vectors(self, texts: Sequence[str]) -> Floats:
        """Text vectors (texts × width), mean over the windows; at least one text."""
        return np.stack([np.mean([window.vector for window in windows], axis=0) for windows in self.read(texts)])

    def pieces(self, texts: Sequence[str]) -> list[int]:
        """How many word pieces each text has; a window holds `meta.max_tokens - 2` of them."""
        return [len(coded) for coded in self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]

    def _begin_rows(self, texts: Sequence[str]) -> Callable[[], Floats]:
        """The probabilities of all heads side by side in one row for each text, and the score of protected activity."""
        owners, windows = self._windows(texts)
        calibration, answers = self.calibration, self._begin(windows)

        def finish() -> Floats:
            found = answers()
            columns = [calibrated(found[head], calibration[head]) for head in LABELS]
            sums = np.zeros((len(texts), sum(map(len, LABELS.values()))), dtype=np.float32)
            np.add.at(sums, owners, np.concatenate(columns, axis=1))
            counts = np.bincount(owners, minlength=len(texts)).astype(np.float32)
            return np.concatenate([sums / counts[:, None], self._protected(found, owners, len(texts))], axis=1)

        return finish

    def _protected(self, found: Mapping[str, Floats], owners: list[int], texts: int) -> Floats:
        """The score of each text (texts × 1): the higher one of its windows."""
        scores = np.full(texts, -np.inf, dtype=np.float32)
        if self.protected is not None and owners:
            np.maximum.at(scores, owners, self.protected.scores(found[VECTOR]))
        return scores[:, None]

    def _windows(self, texts: Sequence[str]) -> tuple[list[int], list[list[int]]]:
        owners: list[int] = []
        windows: list[list[int]] = []
        limit = self.meta.max_tokens
        for owner, coded in enumerate(self._tokenizer.encode_batch_fast(list(texts))):
            ids = coded.ids
            parts = [ids] if len(ids) <= limit else [[*ids[: limit - 1], ids[-1]], [ids[0], *ids[-limit + 1 :]]]
            owners.extend([owner] * len(parts))
            windows.extend(parts)
        return owners, windows

    def _begin(self, windows: list[list[int]]) -> Callable[[], dict[str, Floats]]:
        """Start on the logits and vectors of all windows."""
        started = [(group, self._start([windows[at] for at in group])) for group in _groups(windows, self._threads)]
        tuned = self._tuned

        def finish() -> dict[str, Floats]:
            answers = {head: np.zeros((len(windows), len(labels)), np.float32) for head, labels in LABELS.items()}
            for group, wait in started:
                for name, values in zip(OUTPUTS, wait(), strict=True):
                    rows = answers.setdefault(name, np.zeros((len(windows), values.shape[1]), np.float32))
                    rows[group] = values
            if tuned is not None and windows:
                answers |= {head: layers.logits(answers[VECTOR]) for head, layers in tuned.layers.items()}
            return answers

        return finish

    def _start(self, windows: list[list[int]]) -> Callable[[], list[Floats]]:
        if self._pool is not None:
            return self._pool.submit(self._answer, windows).result
        found = self._answer(windows)
        return lambda: found

    def _answer(self, windows: list[list[int]]) -> list[Floats]:
        width = max(map(len, windows))
        ids = np.zeros((len(windows), width), dtype=np.int64)
        mask = np.zeros((len(windows), width), dtype=np.int64)
        for row, window in enumerate(windows):
            ids[row, : len(window)] = window
            mask[row, : len(window)] = 1
        found: list[Floats] = self._session.run(OUTPUTS, {"input_ids": ids, "attention_mask": mask})
        return found


def _groups(windows: list[list[int]], threads: int) -> list[list[int]]:
    """Windows of like length together, at most `TOKENS` with padding, and at least one group for each thread.

    The long ones come first, so that no thread begins a long group when the others are done.
    """
    order = sorted(range(len(windows)), key=lambda at: -len(windows[at]))
    budget = min(TOKENS, -(-sum(map(len, windows)) // threads))
    groups: list[list[int]] = []
    width = 0
    for at in order:
        if not groups or (len(groups[-1]) + 1) * width > budget:
            groups.append([])
            width = len(windows[at])
        groups[-1].append(at)
    return groups


def _per_head(rows: Sequence[Floats | None]) -> dict[str, Probabilities]:
    width = sum(map(len, LABELS.values())) + 1
    table = np.array(rows, dtype=np.float32).reshape(len(rows), width)
    ends = np.cumsum([len(labels) for labels in LABELS.values()])
    return dict(zip((*LABELS, PROTECTED), np.split(table, ends, axis=1), strict=True))


def network(threads: int = 1) -> Network:
    """The process's one network from the folder that the settings name, loaded at the first call (1.5 seconds)."""
    from nlp.hub import choice_of

    settings = get_settings()
    return _network(settings.model_dir, threads, choice_of(settings))


@lru_cache(maxsize=2)
def _network(folder: Path, threads: int, choice: "Choice | None") -> Network:
    from nlp.hub import HubClassifier

    loaded = Network(folder, threads)
    loaded.sentiment = HubClassifier(choice, threads) if choice else None
    return loaded
