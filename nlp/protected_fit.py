"""Fit the second reader of protected activity anew: `python -m nlp.protected_fit [OUT]`, some minutes of one thread.

1. Labelled posts: our own (`protected_posts.jsonl`), the half "work" of our sample, and posts of strangers whose labels
   are in `protected_public.jsonl` (halves "work" and "train").
2. Unlabelled ones, each worth little: our own corpus and public sets. They count as the lexicon says, which is
   nearly always right about what is ordinary.
3. A logistic on their text vectors by Newton's method, no more than numpy.
4. A fifth of the unlabelled posts without a word of the lexicon is kept apart for the thresholds: so many of them may
   be taken for protected, though a few truly are.

Batches of our own posts whose number ends in 3 or 8 are kept apart, as in the corpus, and so is a quarter of the
strangers' posts, by their ids.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlp.heads import Floats
from nlp.model import Network, network
from nlp.protected import FILE, Reader
from nlp.protected_figures import NOT_READ, own_posts, public_sample, sample
from nlp.text import clean, mask, spelled
from nlp.themes import is_protected
from nlp.train.data import CORPUS, read_jsonl, shared_folder

STAFF_SETS = (
    "reddit_amazonfc",
    "reddit_shipping_comments",
    "reddit_rjobs",
    "indeed_bank_pnc",
    "indeed_city_governments",
    "glassdoor_investment_firm",
    "glassdoor_banks",
    "interview_reviews",
    "reddit_retail_callcenter_titles",
)
OTHER_SETS = ("semeval2013_2016", "trustpilot_pet_insurance", "hackernews_company_titles")
OF_EACH = 600  # posts of a public set, and ten times as many of our own corpus
LONGEST = 1_200  # characters: longer posts say more than their vector does
# What an unlabelled post is worth: of strangers, of our corpus (which is close to the labelled ones; worth less, every
# ninth of it was taken for protected), and with a word of the lexicon.
STRANGER, OWN, HIT = 0.1, 0.5, 0.4
PROTECTED_WEIGHT = 3.0
RIDGE = 50.0
ALLOWED, ALLOWED_ELSEWHERE = 0.004, 0.001  # of ordinary posts of staff, and of others
MARGIN = 1.0  # the least by which the score has to be higher elsewhere
STEPS = 12

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lesson:
    """A post, whether it is protected, what it is worth; `kept`: for thresholds only."""

    text: str
    protected: bool
    weight: float
    staff: bool
    kept: bool = False


def held_out(post_id: str) -> bool:
    """Whether a post of strangers is never learnt from: a quarter of them, by id."""
    return _drawn("fresh", post_id) % 4 == 0


def _drawn(what: str, post_id: str) -> int:
    return sha1(f"{what}{post_id}".encode(), usedforsecurity=False).digest()[0]


def _labelled() -> Iterator[Lesson]:
    posts = [*own_posts(kept=False), *sample("work"), *public_sample("work"), *public_sample("train")]
    for post in posts:
        if post.lang not in NOT_READ:
            yield Lesson(post.text, post.protected, 1.0, post.employer_side)


def _unlabelled() -> Iterator[Lesson]:
    rows = [row for path in sorted(CORPUS.glob("*.jsonl")) for row in read_jsonl(path) if row["lang"] == "en"]
    for row in _some(rows, 10 * OF_EACH, "text"):
        yield _guessed(str(row["text"]), str(row["text"]), OWN, staff=row["facet"] in ("employer", "both"))
    for name in (*STAFF_SETS, *OTHER_SETS):
        path = shared_folder() / "data" / "nlp" / f"{name}.jsonl.gz"
        known = (row for row in read_jsonl(path) if row["lang"] in ("en", "und") and not held_out(str(row["id"])))
        for row in _some(known, OF_EACH, "id"):
            if len(str(row["text"])) <= LONGEST:
                yield _guessed(str(row["text"]), str(row["id"]), STRANGER, staff=name in STAFF_SETS)


def _some(rows: Iterable[dict[str, object]], count: int, key: str) -> list[dict[str, object]]:
    return sorted(rows, key=lambda row: sha1(str(row[key]).encode(), usedforsecurity=False).digest())[:count]


def _guessed(text: str, key: str, worth: float, *, staff: bool) -> Lesson:
    found = is_protected(text, staff=staff)
    return Lesson(text, found, HIT if found else worth, staff, not found and _drawn("kept", key) % 5 == 0)


def lessons() -> list[Lesson]:
    """All posts, each text once: a label goes before a guess, and what is a test is left out."""
    tests = {post.text for post in (*sample("test"), *public_sample("test"), *public_sample("fresh"))}
    found: dict[str, Lesson] = {}
    for one in (*_labelled(), *_unlabelled()):
        if one.text not in tests:
            found.setdefault(one.text, one)
    return list(found.values())


def vectors(loaded: Network, texts: Sequence[str]) -> list[Floats]:
    """Of each post the vectors of its windows (one or two x width), as tagging would read it without a company."""
    read = [spelled(mask(clean(text))) for text in texts]
    found = (loaded.read(read[start : start + 256]) for start in range(0, len(read), 256))
    return [np.stack([window.vector for window in windows]) for part in found for windows in part]


def fit(given: Sequence[Lesson], found: Sequence[Floats], base: str) -> Reader:
    """The logistic on the mean of a post's windows; its threshold at zero, for the higher one of them."""
    taught = [(rows.mean(axis=0), one) for rows, one in zip(found, given, strict=True) if not one.kept]
    weights, bias = _logistic(np.array([row for row, _ in taught], dtype=np.float64), [one for _, one in taught])
    kept = [
        (float((rows @ weights).max()) + bias, one.staff) for rows, one in zip(found, given, strict=True) if one.kept
    ]
    ordinary = {side: [score for score, staff in kept if staff is side] for side in (True, False)}
    at_work = float(np.quantile(ordinary[True], 1 - ALLOWED))
    elsewhere = float(np.quantile(ordinary[False], 1 - ALLOWED_ELSEWHERE))
    return Reader(base, weights.astype(np.float32), bias - at_work, max(MARGIN, elsewhere - at_work))


def _logistic(rows: Doubles, given: Sequence[Lesson]) -> tuple[Doubles, float]:
    """Weights and bias by Newton's method; `RIDGE` pulls the weights, not the bias, towards zero."""
    wanted = np.array([one.protected for one in given], dtype=np.float64)
    worth = np.array([one.weight * (PROTECTED_WEIGHT if one.protected else 1.0) for one in given])
    table = np.hstack([rows, np.ones((len(rows), 1))])
    pull = np.full(table.shape[1], RIDGE)
    pull[-1] = 1e-6
    found = np.zeros(table.shape[1])
    for _ in range(STEPS):
        chance = 1.0 / (1.0 + np.exp(-np.clip(table @ found, -30, 30)))
        slope = table.T @ (worth * (chance - wanted)) + pull * found
        bend = (table * (worth * chance * (1 - chance))[:, None]).T @ table + np.diag(pull)
        found -= np.linalg.solve(bend, slope)
    return found[:-1], float(found[-1])


def main(out: Path = FILE) -> None:
    """Fit and write."""
    loaded = network(1)
    given = lessons()
    reader = fit(given, vectors(loaded, [one.text for one in given]), loaded.meta.version)
    out.write_bytes(reader.to_bytes())
    count = sum(one.weight == 1.0 for one in given)
    sys.stdout.write(f"{count} labelled and {len(given) - count} other posts; written to {out}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FILE)
