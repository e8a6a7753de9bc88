import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from config.settings import Settings
from nlp.heads import Calibration
from nlp.model import Network, calibrated, network
from nlp.result import LABELS
from nlp.shipped import WEIGHTS, WeightsError, model_version, read_meta


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder with the small files of the weights (the network itself is absent)."""
    for name in ("meta.json", "tokenizer.json", "tokenizer_config.json"):
        shutil.copy(WEIGHTS / name, tmp_path / name)
    return tmp_path


def changed(folder: Path, **values: Any) -> Path:
    path = folder / "meta.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))
    return folder


def test_vector_scaling_by_hand() -> None:
    found = calibrated(np.array([[2.0, 0.0]], dtype=np.float32), Calibration(2.0, (0.0, 1.0)))
    assert found.tolist() == [[0.5, 0.5]]


def test_huge_logits_stay_finite() -> None:
    found = calibrated(np.array([[1e4, -1e4, 0.0]], dtype=np.float32), Calibration(1.0, (0.0, 0.0, 0.0)))
    assert found.tolist() == [[1.0, 0.0, 0.0]]


def test_the_committed_weights_are_whole() -> None:
    meta = read_meta()
    assert "en" in meta.languages
    assert set(meta.thresholds.languages) <= meta.languages
    assert all(0.5 <= value <= 1.0 for value in meta.thresholds.audience.values())
    assert 0.34 <= meta.thresholds.sentiment < 1.0
    assert sum(file.stat().st_size for file in WEIGHTS.iterdir()) < 35_000_000


def test_weights_for_other_labels_are_refused(copy: Path) -> None:
    labels = {head: list(names) for head, names in LABELS.items()} | {"facet": ["brand", "employer"]}
    with pytest.raises(WeightsError, match="head facet was trained for"):
        read_meta(changed(copy, labels=labels))


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"version": 1'])
def test_a_broken_meta_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "meta.json").write_text(content)
    with pytest.raises(WeightsError, match=r"meta\.json"):
        read_meta(tmp_path)


def test_an_absent_network_is_named(copy: Path) -> None:
    with pytest.raises(WeightsError, match=re.escape(str(copy))):
        Network(copy)


def test_a_long_text_has_two_windows() -> None:
    loaded = network()
    windows = loaded.read(["short", "word " * 1_000])
    assert [len(parts) for parts in windows] == [1, 2]
    assert windows[1][0].logits["sentiment"].shape == (3,)


def test_a_vector_for_every_text_that_tells_topics_apart() -> None:
    late, delayed, pay = network().vectors(
        ["my parcel is late again", "delivery delayed, again", "they raised our pay"]
    )
    assert late.shape == (384,)
    assert cosine(late, delayed) > cosine(late, pay)


def cosine(left: np.ndarray[Any, Any], right: np.ndarray[Any, Any]) -> float:
    return float(left @ right / np.linalg.norm(left) / np.linalg.norm(right))


def test_the_tail_counts_as_much_as_the_head() -> None:
    bland = "the office is on the second floor of the building and opens at nine " * 10
    plain, angry = network().probabilities([bland, bland + "horrible, the worst company, i hate them so much " * 8])[
        "sentiment"
    ]
    assert angry[0] > plain[0] + 0.1


def test_no_texts_no_rows() -> None:
    assert network().probabilities([])["facet"].shape == (0, 4)


def test_the_settings_name_the_folder(tmp_path: Path, settings: Callable[..., Settings]) -> None:
    settings(model_dir=tmp_path)
    with pytest.raises(WeightsError, match=r"meta\.json"):
        network()
    with pytest.raises(WeightsError, match=r"meta\.json"):
        model_version()
