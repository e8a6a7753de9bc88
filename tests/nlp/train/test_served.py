"""The exported form of the network, on a tiny random BERT: the same answers, and neighbours that change nothing."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest


@pytest.fixture(scope="module")
def torch() -> Any:
    """Loaded here, since it takes seconds and one process needs it."""
    pytest.importorskip("onnx")
    return pytest.importorskip("torch")


@pytest.fixture(scope="module")
def tagger(torch: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    from transformers import BertConfig, BertModel

    from nlp.train.network import Tagger

    folder = tmp_path_factory.mktemp("base")
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=50,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=40,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    made = Tagger(folder)
    with torch.no_grad():  # as after training: no scale is one, no bias is zero
        for value in made.parameters():
            value.add_(torch.randn_like(value) * 0.05)
    return made.eval()


def batch(torch: Any, lengths: list[int]) -> tuple[Any, Any]:
    ids = torch.randint(5, 50, (len(lengths), max(lengths)), generator=torch.Generator().manual_seed(9))
    mask = torch.zeros_like(ids)
    for row, length in enumerate(lengths):
        mask[row, :length] = 1
    return ids * mask, mask


def test_the_served_form_answers_as_the_network(torch: Any, tagger: Any) -> None:
    from nlp.train.served import Served

    ids, mask = batch(torch, [12, 5, 1])
    with torch.no_grad():
        for wanted, found in zip(tagger(ids, mask), Served(tagger)(ids, mask), strict=True):
            assert torch.allclose(wanted, found, atol=1e-5)


@pytest.mark.filterwarnings("ignore")
def test_int8_is_near_and_neighbours_change_nothing(torch: Any, tagger: Any, tmp_path: Path) -> None:
    from onnxruntime import InferenceSession

    from nlp.train.export import export_fp32
    from nlp.train.quantize import quantize
    from nlp.train.served import Served

    ids, mask = batch(torch, [12, 5, 9, 7])
    export_fp32(Served(tagger), tmp_path / "plain.onnx")
    windows = [row[: int(kept.sum())].tolist() for row, kept in zip(ids, mask, strict=True)]
    quantize(tmp_path / "plain.onnx", tmp_path / "small.onnx", windows)
    session = InferenceSession(tmp_path / "small.onnx", providers=["CPUExecutionProvider"])
    among = session.run(None, {"input_ids": ids.numpy(), "attention_mask": mask.numpy()})
    with torch.no_grad():
        plain = tagger(ids, mask)
    for head, (wanted, found) in enumerate(zip(plain, among, strict=True)):
        assert np.abs(wanted.numpy() - found).max() < 0.15 * max(1.0, float(wanted.abs().max()))
        for at, window in enumerate(windows):
            alone = session.run(None, {"input_ids": [window], "attention_mask": [[1] * len(window)]})[head]
            assert np.allclose(alone[0], found[at], atol=0.02)
