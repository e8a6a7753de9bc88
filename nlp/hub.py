"""Another sentiment model: any sequence classifier in the Hugging Face format, in the place of the built-in head.

The setting `SENTIMENT_MODEL` names it (a folder, or a name in the local Hugging Face cache); audience and facet stay
with the built-in network. Weights are read from safetensors alone and no code of the model is run. Needs PyTorch
(`make hub-setup`). Whatever is wrong is a `HubError` that begins with the setting to mend, and then nothing is tagged:
mentions wait, since sentiments of two models must not be mixed behind the back of whoever chose one.

`python -m nlp.hub calibrate FILE` fits temperature and threshold on labelled texts (`text`, `sentiment`).
"""

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from config.settings import Settings, get_settings
from nlp.heads import Floats
from nlp.result import SENTIMENTS
from nlp.shipped import WeightsError
from nlp.text import clean, mask

BATCH = 16
MAX_TOKENS = 256
_FILES = ("*.json", "*.txt", "*.model", "*.safetensors")
_STARS = re.compile(r"([1-5])[ _-]?stars?")
_OF_STARS = {"1": "negative", "2": "negative", "3": "neutral", "4": "positive", "5": "positive"}
_SHORT = {"neg": "negative", "neu": "neutral", "pos": "positive"}


class HubError(WeightsError):
    """The model that the settings name cannot take the place of the sentiment head; begins with the setting."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the settings say of the other sentiment model; no languages: all."""

    model: str
    labels: str = ""
    languages: frozenset[str] = frozenset()
    temperature: float = 1.0
    threshold: float = 0.5
    download: bool = False


def choice_of(settings: Settings) -> Choice | None:
    """The choice in the settings; None for the built-in head."""
    if not settings.sentiment_model:
        return None
    return Choice(
        settings.sentiment_model,
        settings.sentiment_labels,
        frozenset(code.lower() for code in re.split(r"[,\s]+", settings.sentiment_languages) if code),
        settings.sentiment_temperature,
        settings.sentiment_threshold,
        settings.sentiment_model_download,
    )


def label_map(names: Sequence[str], given: str) -> tuple[str, ...]:
    """The sentiment of each of a model's labels, by a map ("LABEL_0=negative, …") or, where that is empty, by name."""
    wanted = _parsed(given)
    known = {name.strip().lower(): name for name in names}
    if unknown := [name for name in wanted if name not in known]:
        raise HubError(f"SENTIMENT_LABELS: the model has no label {unknown[0]!r}; its labels are {_listed(names)}")
    found = [wanted.get(name) if wanted else _guessed(name) for name in known]
    if open_names := [name for name, sentiment in zip(known.values(), found, strict=True) if sentiment is None]:
        raise HubError(
            f"SENTIMENT_LABELS: say what {_listed(open_names)} stand for, as in "
            f'"{open_names[0]}=negative, …"; the model\'s labels are {_listed(names)}'
        )
    if missing := [sentiment for sentiment in SENTIMENTS if sentiment not in found]:
        raise HubError(
            f"SENTIMENT_MODEL: no label of it stands for {_listed(missing)}; its labels are {_listed(names)}, "
            "and all of negative, neutral and positive are needed"
        )
    return tuple(sentiment for sentiment in found if sentiment is not None)


def _parsed(given: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in given.split(","))):
        name, sign, sentiment = (part.strip().lower() for part in pair.rpartition("="))
        if not sign or not name or sentiment not in SENTIMENTS:
            raise HubError(f'SENTIMENT_LABELS: wanted "label=negative", neutral or positive, not {pair!r}')
        found[name] = sentiment
    return found


def _guessed(name: str) -> str | None:
    if stars := _STARS.fullmatch(name):
        return _OF_STARS[stars[1]]
    words = [_SHORT.get(word, word) for word in re.split(r"[\s_-]+", name)]
    found = {word for word in words if word in SENTIMENTS}
    return found.pop() if len(found) == 1 else None


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (", …" if len(names) > 8 else "")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the files are, and the version that stored tags carry: "hub:<name>@<revision or digest>"."""

    folder: Path
    version: str


def version_suffix(settings: Settings) -> str:
    """What the other sentiment model adds to the model version of tags; empty without one or while it is not found.

    Never downloads: the web process asks too, and must not wait for gigabytes.
    """
    choice = choice_of(settings)
    try:
        return f"+{find(choice.model, download=False).version}" if choice else ""
    except HubError:
        return ""


@lru_cache(maxsize=4)
def find(model: str, download: bool) -> Place:
    """The folder of a model; only a lookup on this machine unless `download`. Needs no PyTorch."""
    folder = Path(model).expanduser()
    if folder.is_dir():
        return Place(folder, f"hub:{folder.resolve().name}@{_digest(folder)}")
    from huggingface_hub import snapshot_download

    try:
        found = Path(snapshot_download(model, local_files_only=not download, allow_patterns=list(_FILES)))
    except Exception as error:
        hint = "" if download else "; SENTIMENT_MODEL_DOWNLOAD=true lets the service fetch it"
        raise HubError(
            f"SENTIMENT_MODEL: {model!r} is no folder and not in the local cache{hint} ({_first_line(error)})"
        ) from error
    return Place(found, f"hub:{model}@{found.name[:12]}")


def _digest(folder: Path) -> str:
    """First digits of the SHA-256 of configuration and weights."""
    sha = hashlib.sha256()
    for file in [folder / "config.json", *sorted(folder.glob("*.safetensors"))]:
        if not file.is_file():
            raise HubError(f"SENTIMENT_MODEL: {folder} is no model: it has no {file.name}")
        with file.open("rb") as opened:
            while piece := opened.read(1 << 20):
                sha.update(piece)
    return sha.hexdigest()[:12]


class HubClassifier:
    """A loaded classifier with its label map. `threads` are PyTorch's, for the whole process."""

    def __init__(self, choice: Choice, threads: int = 1) -> None:
        place = find(choice.model, choice.download)
        self.version = place.version
        self.threshold = choice.threshold
        self._languages, self._temperature = choice.languages, choice.temperature
        self._model, self._tokenizer = _load(place.folder, threads)
        config = self._model.config
        names = [str(config.id2label[at]) for at in range(config.num_labels)]
        sentiments = label_map(names, choice.labels)
        self._sums = np.array([[one == wanted for wanted in SENTIMENTS] for one in sentiments], dtype=np.float32)
        reach = getattr(config, "max_position_embeddings", MAX_TOKENS + 2) - 2  # XLM-R counts from two
        self._max_tokens = max(8, min(MAX_TOKENS, reach))

    def reads(self, language: str, *, plain_latin: bool) -> bool:
        """Whether it is asked about texts of a language; "und" in plain Latin letters counts as English."""
        if not self._languages or language in self._languages:
            return True
        return language == "und" and plain_latin and "en" in self._languages

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """Floats (texts × negative, neutral, positive) of clean and masked texts, in input order."""
        return self.scaled(self.logits(texts), self._temperature)

    def scaled(self, logits: Floats, temperature: float) -> Floats:
        """Floats of logits (texts × the model's own labels): softmax at a temperature, summed by sentiment."""
        powers = np.exp((logits - logits.max(axis=-1, keepdims=True)) / temperature)
        return np.asarray(powers / powers.sum(axis=-1, keepdims=True) @ self._sums, dtype=np.float32)

    def logits(self, texts: Sequence[str]) -> Floats:
        """Logits (texts × the model's own labels), in input order."""
        import torch

        found = np.zeros((len(texts), len(self._sums)), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        for start in range(0, len(order), BATCH):
            group = order[start : start + BATCH]
            coded = self._tokenizer(
                [texts[at] for at in group],
                padding=True,
                truncation=True,
                max_length=self._max_tokens,
                return_tensors="pt",
            )
            with torch.inference_mode():
                found[group] = self._model(**coded).logits.float().numpy()
        return found


def _load(folder: Path, threads: int) -> tuple[Any, Any]:
    try:
        import torch
        from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer
    except ImportError as error:
        raise HubError("SENTIMENT_MODEL: needs PyTorch, which is not installed: make hub-setup") from error
    safe: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    try:
        kinds = AutoConfig.from_pretrained(str(folder), **safe).architectures or []
        if kinds and all(kind.endswith("ForSequenceClassification") for kind in kinds):
            tokenizer = AutoTokenizer.from_pretrained(str(folder), **safe)
            model = AutoModelForSequenceClassification.from_pretrained(
                str(folder), use_safetensors=True, dtype=torch.float32, **safe
            )
            torch.set_num_threads(max(1, threads))
            return model.eval(), tokenizer
    except Exception as error:  # the library raises whatever its parts raise
        raise HubError(f"SENTIMENT_MODEL: {folder} cannot be loaded: {_first_line(error)}") from error
    raise HubError(f"SENTIMENT_MODEL: {folder} is no sequence classifier but {_listed(kinds) or 'of unknown kind'}")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


def fit_temperature(classifier: HubClassifier, logits: Floats, labels: Sequence[int]) -> float:
    """The temperature of the least mean negative log likelihood of the labels, by a grid from 0.1 to 10."""
    rows = np.arange(len(labels))

    def loss(temperature: float) -> float:
        chances = classifier.scaled(logits, temperature)[rows, labels]
        return float(-np.log(np.maximum(chances, 1e-9)).mean())

    return min((float(value) for value in np.geomspace(0.1, 10.0, 201)), key=loss)


def fit_threshold(chances: Floats, labels: Sequence[int], accuracy: float) -> float | None:
    """The lowest confidence from which at least `accuracy` of the answers are right; None: there is none."""
    sure, right = chances.max(axis=1), chances.argmax(axis=1) == np.asarray(labels)
    for threshold in np.arange(0.34, 1.0, 0.01):
        kept = sure >= threshold
        if kept.any() and right[kept].mean() >= accuracy:
            return round(float(threshold), 2)
    return None


def calibrate(file: Path, choice: Choice, accuracy: float) -> Mapping[str, float | None]:
    """Temperature and threshold of a model from labelled texts; `ValueError` where there are none."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    rows = [row for row in rows if isinstance(row.get("text"), str) and row.get("sentiment") in SENTIMENTS]
    if not rows:
        raise ValueError(f"{file}: no line has a text and a sentiment (negative, neutral, positive)")
    classifier = HubClassifier(choice, threads=2)
    logits = classifier.logits([mask(clean(row["text"])) for row in rows])
    labels = [SENTIMENTS.index(row["sentiment"]) for row in rows]
    temperature = fit_temperature(classifier, logits, labels)
    threshold = fit_threshold(classifier.scaled(logits, temperature), labels, accuracy)
    return {"SENTIMENT_TEMPERATURE": round(temperature, 3), "SENTIMENT_THRESHOLD": threshold}


def main() -> int:
    """Command line; status 2 when the model or the file cannot be used."""
    parser = argparse.ArgumentParser(
        prog="python -m nlp.hub", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=["calibrate"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--accuracy", type=float, default=0.8, help="wanted among the answers that are not unsure")
    given = parser.parse_args()
    choice = choice_of(get_settings())
    if choice is None:
        print("nlp.hub: SENTIMENT_MODEL is empty", file=sys.stderr)
        return 2
    try:
        found = calibrate(given.file, choice, given.accuracy)
    except (OSError, ValueError, HubError) as error:
        print(f"nlp.hub: {error}", file=sys.stderr)
        return 2
    for name, value in found.items():
        print(f"{name}={value}" if value is not None else f"# {name}: no confidence reaches that accuracy")
    return 0


if __name__ == "__main__":
    sys.exit(main())
