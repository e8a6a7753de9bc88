"""How well protected activity is recognised: `python -m nlp.protected_figures`, on posts of our own writing.

`protected_sample.jsonl` has short posts in six languages with their kind (union, strike, health, …; "none" for hard
negatives) and the side on which they stand. The half "test" was written before the lexicon of it was read or extended;
"work" is for work on the lexicon. `protected_public.jsonl` has labels of ours for posts of a public set, whose texts
stay there (`../shared/data/nlp` or `OUTSPOKEN_SHARED`): some drawn at random,
some by wide words for more of what counts.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nlp.figures import rounded
from nlp.themes import is_protected
from nlp.train.data import read_jsonl, shared_folder

SAMPLE = Path(__file__).with_name("protected_sample.jsonl")
PUBLIC = Path(__file__).with_name("protected_public.jsonl")


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


def public_sample(half: str) -> list[ProtectedPost]:
    """Posts of strangers at work, `kind` how they were drawn or "none"; empty where the public sets are not there."""
    labels = {str(row["id"]): row for row in read_jsonl(PUBLIC) if row["half"] == half}
    path = shared_folder() / "data" / "nlp" / "reddit_amazonfc.jsonl.gz"
    texts = ((labels.get(str(row["id"])), str(row["text"])) for row in (read_jsonl(path) if path.exists() else ()))
    return [
        ProtectedPost(half, str(row["drawn"]), "public" if row["protected"] else "none", True, text)
        for row, text in texts
        if row is not None
    ]


def measure(posts: Sequence[ProtectedPost]) -> list[Recognition]:
    """All together, per language, and per kind; the side of each post is taken as labelled."""
    marked = [(post, is_protected(post.text, staff=post.employer_side)) for post in posts]
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


def _lines(half: str, posts: Sequence[ProtectedPost]) -> Iterator[str]:
    yield f"{half:16} protected others recall precision"
    for row in measure(posts):
        recall, precision = ("–" if value is None else f"{value:.3f}" for value in (row.recall, row.precision))
        yield f"{row.group:16} {row.protected:9} {row.others:6} {recall:>6} {precision:>9}"


if __name__ == "__main__":
    for name in ("test", "work"):
        sys.stdout.write("\n".join(_lines(name, sample(name))) + "\n\n")
        sys.stdout.write("\n".join(_lines(f"{name}, public", public_sample(name))) + "\n\n")
