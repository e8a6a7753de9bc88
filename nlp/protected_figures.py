"""How well protected activity is recognised: `python -m nlp.protected_figures`, on posts of our own writing.

`protected_sample.jsonl` has short posts in six languages with their kind (union, strike, health, …; "none" for hard
negatives) and the side on which they stand. The half "test" was written before the lexicon of it was read or extended;
"work" is for work on the lexicon. `protected_posts.jsonl` teaches the second reader (`nlp.protected_fit`); batches
whose number ends in 3 or 8 are kept apart. `protected_public.jsonl` has labels of ours for posts of public sets, whose
texts stay there (`../shared/data/nlp` or `OUTSPOKEN_SHARED`): some drawn at random, some by wide words for more of what
counts, and for teaching some by what an early reader thought of them. "fresh" was labelled last and is for measuring.

Without an argument figures are of words and vector together, with "words" of the words alone.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nlp.figures import rounded
from nlp.model import PROTECTED, network
from nlp.protected import protected_by
from nlp.text import clean, mask, spelled
from nlp.train.data import HELD_OUT_BATCHES, read_jsonl, shared_folder

SAMPLE = Path(__file__).with_name("protected_sample.jsonl")
PUBLIC = Path(__file__).with_name("protected_public.jsonl")
POSTS = Path(__file__).with_name("protected_posts.jsonl")
NOT_READ = frozenset({"de", "fr", "es", "pt", "it"})  # by the network, so by no vector


@dataclass(frozen=True, slots=True)
class ProtectedPost:
    """One post of the sample; `kind` "none": it touches nothing protected."""

    half: str
    lang: str
    kind: str
    employer_side: bool
    text: str

    @property
    def protected(self) -> bool:
        return self.kind != "none"


@dataclass(frozen=True, slots=True)
class Recognition:
    """Of `protected` posts and `others` those that were taken for protected; shares None where there are no posts."""

    group: str
    protected: int
    others: int
    found: int
    false_alarms: int

    @property
    def recall(self) -> float | None:
        return rounded(self.found / self.protected) if self.protected else None

    @property
    def precision(self) -> float | None:
        marked = self.found + self.false_alarms
        return rounded(self.found / marked) if marked else None


def sample(half: str) -> list[ProtectedPost]:
    """One half of the sample: "test" or "work"."""
    rows = (
        ProtectedPost(str(row["half"]), str(row["lang"]), str(row["kind"]), row["side"] == "employer", str(row["text"]))
        for row in read_jsonl(SAMPLE)
    )
    return [row for row in rows if row.half == half]


def own_posts(*, kept: bool) -> list[ProtectedPost]:
    """Our posts for teaching the second reader, or those of them that are kept apart; `half` is the batch."""
    rows = (row for row in read_jsonl(POSTS) if str(row["batch"]).endswith(HELD_OUT_BATCHES) is kept)
    return [
        ProtectedPost(str(row["batch"]), "en", str(row["kind"]), row["side"] == "employer", str(row["text"]))
        for row in rows
    ]


def public_sample(half: str) -> list[ProtectedPost]:
    """Posts of strangers at work, `lang` how they were drawn, `kind` "public" or "none"; empty without public sets."""
    labels = {str(row["id"]): row for row in read_jsonl(PUBLIC) if row["half"] == half}
    found: dict[str, ProtectedPost] = {}
    for name in dict.fromkeys(str(row["file"]) for row in labels.values()):
        path = shared_folder() / "data" / "nlp" / f"{name}.jsonl.gz"
        for raw in read_jsonl(path) if path.exists() else ():
            row = labels.get(str(raw["id"]))
            if row is not None:
                kind = "public" if row["protected"] else "none"
                found[str(raw["id"])] = ProtectedPost(half, str(row["drawn"]), kind, True, str(raw["text"]))
    return [found[key] for key in labels if key in found]


def scores(posts: Sequence[ProtectedPost]) -> list[float | None]:
    """What the second reader says of each post, None where the network does not read its language."""
    read = [post.lang not in NOT_READ for post in posts]
    texts = [spelled(mask(clean(post.text))) for post, is_read in zip(posts, read, strict=True) if is_read]
    found = iter(network().probabilities(texts)[PROTECTED][:, 0].tolist())
    return [next(found) if is_read else None for is_read in read]


def measure(posts: Sequence[ProtectedPost], *, words_alone: bool = False) -> list[Recognition]:
    """All together, per language, and per kind; the side of each post is taken as labelled."""
    reader = network().protected if not words_alone else None
    stricter = reader.stricter if reader else 0.0
    said = [None] * len(posts) if words_alone else scores(posts)
    marked = [
        (post, protected_by(post.text, staff=post.employer_side, score=score, stricter=stricter) is not None)
        for post, score in zip(posts, said, strict=True)
    ]
    groups = ["all", *dict.fromkeys(post.lang for post in posts), *dict.fromkeys(post.kind for post in posts)]
    return [
        _recognition(group, ((post, found) for post, found in marked if group in ("all", post.lang, post.kind)))
        for group in groups
    ]


def _recognition(group: str, marked: Iterable[tuple[ProtectedPost, bool]]) -> Recognition:
    rows = list(marked)
    return Recognition(
        group,
        protected=sum(post.protected for post, _ in rows),
        others=sum(not post.protected for post, _ in rows),
        found=sum(post.protected and found for post, found in rows),
        false_alarms=sum(found and not post.protected for post, found in rows),
    )


def _lines(half: str, posts: Sequence[ProtectedPost], *, words_alone: bool) -> Iterator[str]:
    yield f"{half:16} protected others recall precision false"
    for row in measure(posts, words_alone=words_alone):
        recall, precision = ("–" if value is None else f"{value:.3f}" for value in (row.recall, row.precision))
        false = f"{row.false_alarms / row.others:.3f}" if row.others else "–"
        yield f"{row.group:16} {row.protected:9} {row.others:6} {recall:>6} {precision:>9} {false:>5}"


if __name__ == "__main__":
    alone = "words" in sys.argv[1:]
    groups = {name: sample(name) for name in ("test", "work")}
    groups |= {f"{name}, public": public_sample(name) for name in ("fresh", "test", "work")}
    groups["own, kept apart"] = own_posts(kept=True)
    for name, posts in groups.items():
        sys.stdout.write("\n".join(_lines(name, posts, words_alone=alone)) + "\n\n")
