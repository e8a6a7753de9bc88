"""What is known of the shipped weights without loading them: where they are, `meta.json`, their version."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from config.settings import get_settings
from nlp.heads import Calibration, Thresholds, thresholds_of
from nlp.result import LABELS

WEIGHTS = Path(__file__).parent / "weights"


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


def model_version() -> str:
    """Version of the weights in the folder that the settings name, without loading them."""
    return _version(get_settings().model_dir)


@lru_cache(maxsize=2)
def _version(folder: Path) -> str:
    return read_meta(folder).version
