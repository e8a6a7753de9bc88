"""From a checkpoint to weights: `python -m nlp.train.export --checkpoint FILE --out FOLDER --version VERSION`.

Exports to ONNX in the form of `nlp.train.served` and quantizes to int8 (`nlp.train.quantize`) with our own posts.
`meta.json` starts without calibration; `nlp.train.calibrate` fills it. `heads.npz` holds the heads before they were
quantized, from which `nlp.tune` starts.
"""

import argparse
import json
import tempfile
from pathlib import Path

import torch
from torch import nn

from nlp.heads import HEADS_FILE, Layers, TunedHeads
from nlp.model import VECTOR
from nlp.names import COMPANY_WORD, PERSON_WORD
from nlp.shipped import read_meta
from nlp.text import TARGET_WORD, model_text
from nlp.train.data import corpus_rows
from nlp.train.network import HEADS, MAX_TOKENS, Tagger, base_folder, load_checkpoint, load_tokenizer
from nlp.train.quantize import quantize
from nlp.train.recipe import HELD_OUT_COMPANIES, RECIPES
from nlp.train.served import Served

OPSET = 17
# In service a text may be a little longer than in training; position embeddings reach 512.
SERVICE_TOKENS = MAX_TOKENS + 16
CALIBRATION_TEXTS = 500


def export_fp32(network: nn.Module, path: Path) -> None:
    """The plain network as ONNX with free batch and length, one output per head and the text vector."""
    ids = torch.ones((2, 12), dtype=torch.long)
    free = {0: "texts", 1: "tokens"}
    torch.onnx.export(
        network.eval(),
        (ids, torch.ones_like(ids)),
        str(path),
        input_names=["input_ids", "attention_mask"],
        output_names=[*HEADS, VECTOR],
        dynamic_axes={"input_ids": free, "attention_mask": free, **{name: {0: "texts"} for name in (*HEADS, VECTOR)}},
        opset_version=OPSET,
        dynamo=False,
    )


def calibration_windows() -> list[list[int]]:
    """Word piece ids of posts of our own, from which the ranges of the activations are taken.

    Every sign stands in a part of them: one that no text has would be cut off wherever it occurs later.
    """
    rows = corpus_rows(held_out=False)
    rows = rows[:: max(1, len(rows) // CALIBRATION_TEXTS)]
    texts = [_with_signs(model_text(row.text, row.target), at) for at, row in enumerate(rows)]
    coded = load_tokenizer()(texts, truncation=True, max_length=SERVICE_TOKENS)
    return [list(ids) for ids in coded["input_ids"]]


def _with_signs(text: str, at: int) -> str:
    """Of three texts one as it is, one that begins with a person, one in which the company in question is another."""
    if at % 3 == 1:
        return f"{PERSON_WORD} {text}"
    return text.replace(TARGET_WORD, COMPANY_WORD) if at % 3 == 2 else text


def write_tokenizer(out: Path) -> None:
    """`tokenizer.json` and the little configuration that `AutoTokenizer` needs."""
    load_tokenizer().backend_tokenizer.save(str(out / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": 512,
        "unk_token": "[UNK]",
        "sep_token": "[SEP]",
        "pad_token": "[PAD]",
        "cls_token": "[CLS]",
        "mask_token": "[MASK]",
    }
    (out / "tokenizer_config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")


def write_meta(out: Path, version: str) -> None:
    """`meta.json` with labels and training sets and a calibration that changes nothing."""
    meta = {
        "version": version,
        "languages": ["en"],
        "max_tokens": SERVICE_TOKENS,
        "labels": {head: list(labels) for head, labels in HEADS.items()},
        "calibration": {head: {"temperature": 1.0, "bias": [0.0] * len(labels)} for head, labels in HEADS.items()},
        "thresholds": {
            "sentiment": 0.5,
            "audience": dict.fromkeys(HEADS["audience"], 0.6),
            "staff": 0.6,
            "languages": {},
        },
        "base": base_folder().parent.name,
        "training_sets": ["nlp/train/corpus", *(recipe.file for recipe in RECIPES)],
        "held_out_companies": sorted(HELD_OUT_COMPANIES),
    }
    (out / "meta.json").write_text(json.dumps(meta, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def write_heads(network: Tagger, out: Path) -> None:
    """`heads.npz`: the heads as they were trained, without calibration, which `meta.json` has."""
    meta = read_meta(out)
    layers = {name: _layers(network.heads[name]) for name in HEADS}
    heads = TunedHeads(meta.version, meta.version, layers, meta.calibration, meta.thresholds)
    (out / HEADS_FILE).write_bytes(heads.to_bytes())


def _layers(head: nn.Module) -> Layers:
    first, second = (part for part in head.modules() if isinstance(part, nn.Linear))
    return Layers(*(value.detach().numpy().copy() for one in (first, second) for value in (one.weight.T, one.bias)))


def export(checkpoint: Path, out: Path, version: str, fp32: Path | None = None) -> None:
    """All files of the weights; `fp32` keeps the unquantized network for comparison."""
    out.mkdir(parents=True, exist_ok=True)
    network = load_checkpoint(checkpoint)
    with tempfile.TemporaryDirectory() as folder:
        plain, small = (Path(folder) / name for name in ("plain.onnx", "small.onnx"))
        export_fp32(Served(network), fp32 or plain)
        quantize(fp32 or plain, small, calibration_windows())
        # Moved into place at the end, so that a service that starts meanwhile never sees half a file.
        (out / "model.onnx.part").write_bytes(small.read_bytes())
        (out / "model.onnx.part").replace(out / "model.onnx")
    write_tokenizer(out)
    write_meta(out, version)
    write_heads(network, out)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--fp32", type=Path, help="also keep the unquantized network here")
    given = parser.parse_args()
    export(given.checkpoint, given.out, given.version, given.fp32)


if __name__ == "__main__":
    main()
