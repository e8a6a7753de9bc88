"""Figures of a network in training on the parts kept apart; quick, torch only, argmax without thresholds."""

from collections.abc import Sequence

import torch
from transformers import PreTrainedTokenizerBase

from nlp.result import AUDIENCES
from nlp.text import model_text
from nlp.train.apart import Labelled, apart_sets
from nlp.train.network import HEADS, MAX_TOKENS, Tagger


def logits_of(network: Tagger, tokenizer: PreTrainedTokenizerBase, rows: Sequence[Labelled]) -> dict[str, torch.Tensor]:
    """Logits per head (texts × labels, fp32) in input order."""
    network.eval()
    cleaned = [model_text(row.text, row.target) for row in rows]
    order = sorted(range(len(cleaned)), key=lambda index: len(cleaned[index]))
    parts: dict[str, list[torch.Tensor]] = {head: [] for head in HEADS}
    for start in range(0, len(order), 32):
        group = [cleaned[index] for index in order[start : start + 32]]
        coded = tokenizer(group, truncation=True, max_length=MAX_TOKENS, padding=True, return_tensors="pt")
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
            answers = network(coded["input_ids"], coded["attention_mask"])
        for head, answer in zip(HEADS, answers, strict=False):
            parts[head].append(answer.float())
    back = torch.tensor(order).argsort()
    return {head: torch.cat(parts[head])[back] for head in HEADS}


def macro_recall(predicted: Sequence[int], wanted: Sequence[int]) -> float:
    """Mean over the classes that occur of the share found."""
    shares = []
    for label in sorted(set(wanted)):
        hits = [guess == label for guess, truth in zip(predicted, wanted, strict=True) if truth == label]
        shares.append(sum(hits) / len(hits))
    return sum(shares) / max(len(shares), 1)


LOOKED_AT = {
    "corpus": 500,
    "targets": 150,
    "absa2014:dev": 200,
    "target_tweets2014:dev": 200,
    "umsab-de:dev": 150,
    "umsab-fr:dev": 150,
    "umsab-es:dev": 150,
    "umsab-pt:dev": 150,
    "umsab-it:dev": 150,
    "corpus-de": 60,
    "corpus-fr": 60,
    "corpus-es": 55,
    "corpus-pt": 55,
    "corpus-it": 55,
    "semeval2013_2016:dev": 700,
    "glassdoor_banks:unseen": 200,
    "trustpilot_pet_insurance:unseen": 150,
    "airline_tweets:unseen": 250,
    "reddit_amazonfc:dev": 210,
    "interview_reviews:dev": 100,
}


def validate(network: Tagger, tokenizer: PreTrainedTokenizerBase) -> dict[str, object]:
    """Macro recall and accuracy per set and head, and the share of texts held to be staff's, on a few sets."""
    figures: dict[str, object] = {}
    for name, rows in apart_sets().items():
        rows = rows[: LOOKED_AT.get(name, 0)]
        if rows:
            figures[name] = _figures(rows, logits_of(network, tokenizer, rows))
    return figures


def _figures(rows: Sequence[Labelled], logits: dict[str, torch.Tensor]) -> dict[str, float]:
    found: dict[str, float] = {}
    for head, labels in HEADS.items():
        best = logits[head].argmax(-1).tolist()
        known = [
            (best[at], labels.index(row.labels[head])) for at, row in enumerate(rows) if row.labels.get(head) in labels
        ]
        if known:
            found[f"{head}_recall"] = round(macro_recall([k[0] for k in known], [k[1] for k in known]), 4)
            found[f"{head}_accuracy"] = round(sum(a == b for a, b in known) / len(known), 4)
            if head == "audience":
                merged = [(1 if a == 2 else a, 1 if b == 2 else b) for a, b in known]
                found["staff_merged_recall"] = round(macro_recall([k[0] for k in merged], [k[1] for k in merged]), 4)
    staff = logits["audience"].softmax(-1)[:, [AUDIENCES.index("employee"), AUDIENCES.index("alumnus")]].sum(-1)
    found["staff_over_half"] = round(float((staff > 0.5).float().mean()), 4)
    return found
