"""Fine-tune the tagger: `python -m nlp.train.train --minutes 75 --out FOLDER`.

Training runs for a given time, since processors differ more than data, or, where runs are to be compared, for a given
number of texts (`--texts`): the learning rate rises over the first 4 % of it and falls to zero at its end. Our own
corpus is read anew at each epoch. Figures on the parts kept apart are written after every epoch, a checkpoint then and
every `CHECKPOINT_SECONDS`.
"""

import argparse
import json
import logging
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from transformers import PreTrainedTokenizerBase

from nlp.train.data import Mix, Row, auxiliary_rows, corpus_rows, epoch_rows, public_rows
from nlp.train.network import HEADS, MAX_TOKENS, Tagger, base_folder, load_tokenizer, load_weights
from nlp.train.validate import validate

log = logging.getLogger(__name__)

TOKENS_PER_BATCH = 2_000
ENCODER_RATE = 1.1e-4
HEAD_RATE = 6e-4
WARM_UP_SHARE = 0.04
CHECKPOINT_SECONDS = 300
HEAD_WEIGHTS = {"sentiment": 1.0, "audience": 0.9, "facet": 0.7}
AUX_WEIGHT = 0.4
TWIN_WEIGHT = 1.0
AVERAGE_DECAY = 0.998  # of the exponential moving average of the weights, per step; the average is what is kept


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded token ids with, per head, a target matrix and a weight per text (0 where the label is missing).

    `aux` holds, per auxiliary task that occurs, the rows of the batch that are its and their labels. `twins` are pairs
    of rows (n × 2) that shall get the same answer.
    """

    input_ids: Tensor
    attention_mask: Tensor
    targets: dict[str, Tensor]
    weights: dict[str, Tensor]
    aux: dict[str, tuple[Tensor, Tensor]]
    twins: Tensor


def batches(rows: list[Row], tokenizer: PreTrainedTokenizerBase, rng: random.Random) -> Iterator[Batch]:
    """Batches of about `TOKENS_PER_BATCH` tokens of texts alike in length, in random order."""
    encoded = _encoded([row.text for row in rows], tokenizer)
    twins = _encoded([row.twin or "" for row in rows], tokenizer)
    order = sorted(range(len(rows)), key=lambda index: len(encoded[index]) + rng.random() * 6)
    groups: list[list[int]] = [[]]
    size = 0
    for index in order:
        if (size + 1) * len(encoded[index]) > TOKENS_PER_BATCH:
            groups.append([])
            size = 0
        groups[-1].append(index)
        size += 2 if rows[index].twin else 1
    rng.shuffle(groups)
    for group in groups:
        paired = [index for index in group if rows[index].twin]
        yield _batch(
            [rows[index] for index in (*group, *paired)],
            [encoded[index] for index in group] + [twins[index] for index in paired],
            torch.tensor(
                [(group.index(index), len(group) + at) for at, index in enumerate(paired)], dtype=torch.long
            ).view(-1, 2),
        )


def _encoded(texts: list[str], tokenizer: PreTrainedTokenizerBase) -> list[list[int]]:
    found: list[list[int]] = tokenizer(texts, truncation=True, max_length=MAX_TOKENS)["input_ids"]
    return found


def _batch(rows: list[Row], encoded: list[list[int]], twins: Tensor) -> Batch:
    width = max(map(len, encoded))
    ids = torch.tensor([tokens + [0] * (width - len(tokens)) for tokens in encoded])
    mask = torch.tensor([[1] * len(tokens) + [0] * (width - len(tokens)) for tokens in encoded])
    targets, weights = {}, {}
    for head, labels in HEADS.items():
        known = [getattr(row, head) for row in rows]
        targets[head] = torch.tensor([target or (0.0,) * len(labels) for target in known])
        weights[head] = torch.tensor([row.weight if target else 0.0 for row, target in zip(rows, known, strict=True)])
    return Batch(ids, mask, targets, weights, _auxiliary(rows), twins)


def _auxiliary(rows: list[Row]) -> dict[str, tuple[Tensor, Tensor]]:
    found: dict[str, list[tuple[int, int]]] = {}
    for at, row in enumerate(rows):
        if row.aux is not None:
            found.setdefault(row.aux[0], []).append((at, row.aux[1]))
    return {
        task: (torch.tensor([at for at, _ in own]), torch.tensor([label for _, label in own]))
        for task, own in found.items()
    }


def loss_of(network: Tagger, batch: Batch) -> Tensor:
    """Weighted cross entropy against the soft targets: mean over the texts of the batch, sum over the heads."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        *logits, vectors = network(batch.input_ids, batch.attention_mask)
        aux = {task: network.aux[task](vectors[own]) for task, (own, _) in batch.aux.items()}
    total = torch.zeros(())
    for head, scores in zip(HEADS, logits, strict=True):
        entropy = -(batch.targets[head] * functional.log_softmax(scores.float(), dim=-1)).sum(-1)
        total = total + HEAD_WEIGHTS[head] * (entropy * batch.weights[head]).sum() / len(entropy)
        total = total + TWIN_WEIGHT * _apart(scores.float(), batch.twins) / len(entropy)
    for task, scores in aux.items():
        entropies = functional.cross_entropy(scores.float(), batch.aux[task][1], reduction="sum")
        total = total + AUX_WEIGHT * entropies / len(batch.input_ids)
    return total


def _apart(scores: Tensor, twins: Tensor) -> Tensor:
    """How far the answers to two texts that name others are from each other: the sum over the pairs of the mean of
    both Kullback-Leibler divergences (as X. Liang et al., R-Drop, 2021, take it between two passes of one text)."""
    one, other = (functional.log_softmax(scores[twins[:, side]], dim=-1) for side in (0, 1))
    return ((one.exp() - other.exp()) * (one - other)).sum() / 2


def rate_at(progress: float) -> float:
    """Factor of the learning rate at a share of the time: up in a straight line, then down to zero."""
    if progress < WARM_UP_SHARE:
        return progress / WARM_UP_SHARE
    return max(0.0, (1.0 - progress) / (1.0 - WARM_UP_SHARE))


def optimizer_of(network: Tagger) -> torch.optim.Optimizer:
    """AdamW with a gentle rate for the encoder and a quicker one for the new heads."""
    groups = [
        {"params": list(network.encoder.parameters()), "lr": ENCODER_RATE, "base": ENCODER_RATE},
        {
            "params": [*network.heads.parameters(), *network.aux.parameters()],
            "lr": HEAD_RATE,
            "base": HEAD_RATE,
        },
    ]
    return torch.optim.AdamW(groups, weight_decay=0.01, betas=(0.9, 0.98), fused=True)


@dataclass(frozen=True, slots=True)
class Plan:
    """One run: where to, how long, from which checkpoint, how fast at most (factor of the rates) and on which mix."""

    out: Path
    minutes: float
    seed: int
    start: Path | None
    peak: float
    mix: Mix
    non_commercial: bool
    texts: int | None = None  # in place of the minutes

    def progress(self, seconds: float, texts: int) -> float:
        """The share of the run that is done, from 0 on; 1 is its end."""
        return texts / self.texts if self.texts else seconds / (self.minutes * 60)


def train(plan: Plan) -> None:
    """Run until the time is over; the folder gets `checkpoint.pt` (the moving average) and `progress.jsonl`."""
    plan.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(plan.seed)
    rng = random.Random(plan.seed)
    tokenizer, network = load_tokenizer(), Tagger(base_folder())
    if plan.start is not None:
        load_weights(network, plan.start)
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(AVERAGE_DECAY))
    optimizer, public = optimizer_of(network), public_rows("train", non_commercial=plan.non_commercial)
    public += auxiliary_rows() if plan.mix.aux_share else []
    started = saved = time.monotonic()
    steps = texts = epoch = 0
    progress = 0.0
    while progress < 1.0:
        epoch += 1
        network.train()
        for batch in batches(epoch_rows(public, corpus_rows(held_out=False), rng, plan.mix), tokenizer, rng):
            progress = plan.progress(time.monotonic() - started, texts)
            if progress >= 1.0:
                break
            loss = _step(network, optimizer, batch, plan.peak * rate_at(progress))
            average.update_parameters(network)
            steps, texts = steps + 1, texts + len(batch.input_ids)
            if steps % 100 == 0:
                speed = texts / (time.monotonic() - started)
                log.info("epoch %d step %d progress %.3f loss %.4f texts/s %.0f", epoch, steps, progress, loss, speed)
            if time.monotonic() - saved > CHECKPOINT_SECONDS:
                saved = time.monotonic()
                torch.save(average.module.state_dict(), plan.out / "checkpoint.pt")
        torch.save(average.module.state_dict(), plan.out / "checkpoint.pt")
        figures = {"epoch": epoch, "steps": steps, "texts": texts, "progress": progress}
        _note(plan.out, {**figures, **validate(average.module, tokenizer)})


def _step(network: Tagger, optimizer: torch.optim.Optimizer, batch: Batch, factor: float) -> float:
    for group in optimizer.param_groups:
        group["lr"] = group["base"] * factor
    optimizer.zero_grad(set_to_none=True)
    loss = loss_of(network, batch)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimizer.step()
    return float(loss.detach())


def _note(out: Path, figures: dict[str, object]) -> None:
    log.info("%s", figures)
    with (out / "progress.jsonl").open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(figures) + "\n")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=75.0)
    parser.add_argument("--texts", type=int, help="stop after so many texts instead of minutes")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--start", type=Path, help="go on from this checkpoint, with a fresh optimizer")
    parser.add_argument("--peak", type=float, default=1.0, help="factor of the learning rates")
    parser.add_argument("--public-share", type=float, default=1.0, help="factor of the public sets' rows per epoch")
    parser.add_argument("--own-copies", type=int, default=3, help="copies of our own posts per epoch")
    parser.add_argument("--aux-share", type=float, default=1.0, help="factor of the auxiliary tasks' rows per epoch")
    parser.add_argument("--non-commercial", action="store_true", help="learn from sets that forbid commercial use too")
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(given.threads)
    mix = Mix(given.public_share, given.own_copies, given.aux_share)
    train(Plan(given.out, given.minutes, given.seed, given.start, given.peak, mix, given.non_commercial, given.texts))


if __name__ == "__main__":
    main()
