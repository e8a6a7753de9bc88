"""The training rows: public sets and our own corpus as one list of texts with soft targets for three heads.

The public sets stand outside the repository (`OUTSPOKEN_SHARED` or `../shared`); an absent set is skipped by name.
Left out on purpose: sets under a non-commercial licence, unless the trainer asks for them (airline_tweets,
spotify_support_tweets; news_phrasebank, an investor's view, never), and reddit_retail_callcenter_titles, whose short
titles teach that a short text is an employee's.
"""

import gzip
import json
import logging
import os
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from nlp.result import AUDIENCES, FACETS, SENTIMENTS
from nlp.text import model_text
from nlp.train.names import OTHERWISE_SHARE, TWIN_SHARE, called_otherwise, with_invented
from nlp.train.recipe import AUXILIARY, HELD_OUT_COMPANIES, RECIPES, Recipe

log = logging.getLogger(__name__)

CORPUS = Path(__file__).parent / "corpus"
CORPUS_WEIGHT = 2.0
MARKED_SHARE = 0.6  # of the texts whose target is known: with its name marked; the rest keeps the name
HELD_OUT_BATCHES = ("3", "8")  # batches of our own corpus whose number ends so are kept apart

Target = tuple[float, ...]

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
_GIVEAWAY = re.compile(
    r"\b(?:PNC(?: Bank)?|Anonymous Investments|Deutsche Bank|Soci[ée]t[ée] G[ée]n[ée]rale|Credit Suisse|Wells Fargo"
    r"|TD(?: Bank)?|ASPCA|Pets Best|Embrace|Healthy Paws|Fetch|Pumpkin|AKC|Trupanion|Nationwide"
    r"|Tata Consultancy Services|TCS|Two Sigma|IBM|Amazon|Porsche|Adidas|City of [A-Z]\w+)\b"
)
_STAND_INS = ("Northwind", "Calder", "Acme", "Brightline", "Vantor", "Halden", "the company", "this company", "Orbis")


@dataclass(frozen=True, slots=True)
class Row:
    """One text with a distribution per head; None where nothing is known. `weight` scales its loss.

    `target` is who the sentiment is about, marked in some epochs and not in others; `marked` texts always have it
    marked, since without the mark they would carry two labels. `twin` is the same text with others named. `aux` is a
    label of an auxiliary task: its name and number.
    """

    text: str
    source: str
    sentiment: Target | None = None
    audience: Target | None = None
    facet: Target | None = None
    weight: float = 1.0
    whole: bool = False
    target: str | None = None
    marked: bool = False
    twin: str | None = None
    aux: tuple[str, int] | None = None


def shared_folder() -> Path:
    """Where the public sets are: the environment's word, else `shared` beside the repository."""
    named = os.environ.get("OUTSPOKEN_SHARED")
    return Path(named) if named else Path(__file__).resolve().parents[2].parent / "shared"


def read_jsonl(path: Path) -> Iterator[dict[str, object]]:
    """Rows of a `.jsonl` or `.jsonl.gz` file."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def one_hot(label: object, labels: tuple[str, ...], sure: float = 1.0) -> Target | None:
    """A distribution with `sure` on the label and the rest spread evenly; None for a label outside the list."""
    if label not in labels:
        return None
    rest = (1.0 - sure) / (len(labels) - 1)
    return tuple(sure if name == label else rest for name in labels)


def public_rows(split: str, *, non_commercial: bool = False) -> list[Row]:
    """All rows of the recipes of one split ("train" or "dev"), whole, before any cutting."""
    rows: list[Row] = []
    for recipe in RECIPES:
        if recipe.non_commercial and not non_commercial:
            continue
        path = shared_folder() / "data" / "nlp" / f"{recipe.file}.jsonl.gz"
        if not path.exists():
            log.warning("set absent, skipped: %s", recipe.file)
            continue
        rows.extend(_recipe_rows(recipe, path, split))
    return rows


def _recipe_rows(recipe: Recipe, path: Path, split: str) -> Iterator[Row]:
    for raw in read_jsonl(path):
        if (
            raw.get("split") == split
            and raw.get("lang") in recipe.languages
            and raw.get("company") not in HELD_OUT_COMPANIES
        ):
            yield from _public_rows(recipe, raw)


def _public_rows(recipe: Recipe, raw: Mapping[str, object]) -> Iterator[Row]:
    text = str(raw["text"])
    if recipe.tokenised:
        text = detokenised(text)
    sentiment = one_hot(raw.get("sentiment"), SENTIMENTS, recipe.sentiment_sure)
    if raw.get("sentiment_from") == "stars" and raw.get("sentiment") == "neutral":
        sentiment = (0.25, 0.6, 0.15)  # three stars: mixed rather than neutral
    audience = recipe.audience_target(raw)
    row = Row(text, recipe.file, sentiment, audience, recipe.facet_target(raw), recipe.weight, recipe.whole)
    if recipe.target == "aspects":
        yield row
        yield from _aspect_rows(row, raw.get("aspects"))
    else:
        name = raw.get(recipe.target) if recipe.target else None
        yield replace(row, target=name if isinstance(name, str) else None)


def _aspect_rows(row: Row, aspects: object) -> Iterator[Row]:
    """A row per aspect with the sentiment towards it; "conflict" is none of the labels."""
    for aspect in aspects if isinstance(aspects, list) else ():
        sentiment = one_hot(aspect[1], SENTIMENTS, 0.95)
        if sentiment is not None:
            yield replace(row, sentiment=sentiment, target=detokenised(str(aspect[0])), marked=True)


def auxiliary_rows() -> list[Row]:
    """Rows of the auxiliary tasks (training parts); labels are numbered in alphabetical order."""
    rows: list[Row] = []
    for task in AUXILIARY:
        path = shared_folder() / "data" / "nlp" / f"aux_{task}.jsonl.gz"
        if not path.exists():
            log.warning("set absent, skipped: aux_%s", task)
            continue
        raws = [raw for raw in read_jsonl(path) if raw.get("split") == "train"]
        numbers = {label: number for number, label in enumerate(sorted({str(raw["label"]) for raw in raws}))}
        rows.extend(
            Row(str(raw["text"]), f"aux_{task}", whole=True, aux=(task, numbers[str(raw["label"])])) for raw in raws
        )
    return rows


def detokenised(text: str) -> str:
    """Undo the tokenising of old review sets, which would otherwise give their source away."""
    text = text.replace("-LRB-", "(").replace("-RRB-", ")").replace("``", '"').replace("''", '"')
    text = re.sub(r"\s+(n't|'(?:s|m|re|ve|ll|d)\b|[.,!?;:)%])", r"\1", text, flags=re.IGNORECASE)
    return re.sub(r"([($#])\s+", r"\1", text)


def corpus_rows(*, held_out: bool) -> list[Row]:
    """Our own posts, either the batches kept apart or the others."""
    raws: list[dict[str, object]] = []
    for path in sorted(CORPUS.glob("*.jsonl")):
        if path.stem.endswith(HELD_OUT_BATCHES) is held_out:
            raws.extend(read_jsonl(path))
    copies = Counter(str(raw["text"]) for raw in raws)
    return [_corpus_row(raw, marked=copies[str(raw["text"])] > 1) for raw in raws]


def _corpus_row(raw: Mapping[str, object], *, marked: bool) -> Row:
    audience = raw["audience"]
    # No standpoint told: near flat, so that no class comes near its threshold.
    target = (0.36, 0.11, 0.1, 0.11, 0.32) if audience == "unknown" else one_hot(audience, AUDIENCES, 0.97)
    return Row(
        str(raw["text"]),
        "corpus",
        one_hot(raw["sentiment"], SENTIMENTS, 0.97),
        target,
        one_hot(raw["facet"], FACETS, 0.97),
        CORPUS_WEIGHT,
        True,
        str(raw.get("target") or "") or None,
        marked,
    )


@dataclass(frozen=True, slots=True)
class Mix:
    """How an epoch is mixed: share of the public sets' quotas and of the auxiliary tasks', copies of our own posts."""

    public_share: float = 1.0
    own_copies: int = 3
    aux_share: float = 0.0


def epoch_rows(public: list[Row], own: list[Row], rng: random.Random, mix: Mix = Mix()) -> list[Row]:
    """One epoch: a fresh sample per source, long texts cut to post length, giveaways replaced, texts spelled out."""
    wanted = {recipe.file: round(recipe.per_epoch * mix.public_share) for recipe in RECIPES}
    wanted |= {f"aux_{task}": round(count * mix.aux_share) for task, count in AUXILIARY.items()}
    by_source: dict[str, list[Row]] = {}
    for row in public:
        by_source.setdefault(row.source, []).append(row)
    chosen = own * mix.own_copies
    for source, rows in by_source.items():
        quota = wanted[source]
        chosen.extend(rng.sample(rows, quota) if quota < len(rows) else rows * round(quota / len(rows)))
    rng.shuffle(chosen)
    return [varied(row, rng) for row in chosen]


def varied(row: Row, rng: random.Random) -> Row:
    """The row with its text cut at random and stand-ins for names; stars say nothing about a small part of a review."""
    if row.aux is not None:
        return replace(row, text=model_text(row.text))
    words = len(row.text.split())
    keep = row.whole or words <= 14 or (words <= 60 and rng.random() < 0.6)
    text = row.text if keep else window(row.text, rng)
    share = len(text.split()) / max(words, 1)
    sentiment = row.sentiment if share > 0.6 else None
    target = row.target if row.marked or rng.random() < MARKED_SHARE else None
    if row.source != "corpus":
        text, target = without_giveaways(text, target, rng)
    read = twin = disguised(model_text(text, target), rng)
    if row.source == "corpus" and row.target and target is None and rng.random() < OTHERWISE_SHARE:
        marked = disguised(model_text(text, row.target), rng)
        read, twin = called_otherwise(marked, company_names(), rng), called_otherwise(marked, company_names(), rng)
    twin = with_invented(twin, company_names(), rng)
    paired = twin != read and rng.random() < TWIN_SHARE
    return replace(row, text=read, twin=twin if paired else None, sentiment=sentiment)


@lru_cache(maxsize=1)
def company_names() -> tuple[str, ...]:
    """The invented companies of our own posts for training, each as often as it is a target."""
    return tuple(row.target for row in corpus_rows(held_out=False) if row.target)


def without_giveaways(text: str, target: str | None, rng: random.Random) -> tuple[str, str | None]:
    """The text with stand-ins for the companies that a set is about; a row without a target may get one of them."""
    if target is not None or _GIVEAWAY.search(text) is None:
        return text, target
    stand_in = rng.choice(_STAND_INS)
    return _GIVEAWAY.sub(stand_in, text), stand_in if rng.random() < MARKED_SHARE else None


def disguised(text: str, rng: random.Random) -> str:
    """The text with marks of a platform put on or taken off at random, so that they do not tell the audience."""
    if text.startswith("@user") and rng.random() < 0.3:
        text = text.removeprefix("@user").lstrip() or text
    elif rng.random() < 0.12:
        text = f"@user {text}"
    if rng.random() < 0.2:
        text = text.rstrip(".")
    return f"{text} http" if rng.random() < 0.05 else text


def window(text: str, rng: random.Random) -> str:
    """Neighbouring sentences of a text, 6 to 60 words in all."""
    sentences = [part for part in _SENTENCE_END.split(text) if part.strip()] or [text]
    start, limit = rng.randrange(len(sentences)), rng.randint(6, 60)
    words = sentences[start].split()
    for sentence in sentences[start + 1 :]:
        if len(words) + len(sentence.split()) > limit:
            break
        words += sentence.split()
    return " ".join(words[:70])
