"""Near-duplicate guard: twenty colleagues with one text look like a bot farm, and networks treat them so.

Measure: Jaccard index of the sets of three-word shingles (Broder 1997), of character trigrams for texts under six
words. Links, handles, hashtag signs, case and punctuation do not count.

`TOO_SIMILAR` is measured on the pairs of `tests/advocacy/likeness_pairs.py` (docs/sharing.md has the table): the twenty
copies as people make them reach 0.31 to 1.0, the thirty pairs of own words about the same facts 0 to 0.18.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

SHINGLE = 3
SHORT_WORDS = 6
TOO_SIMILAR = 0.3
MAX_CHARS = 20_000
_LINK = re.compile(r"https?://\S+|www\.\S+")
_HANDLE = re.compile(r"@\w[\w.-]*")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A text that is too similar: its place in what was given, and the index (0..1)."""

    place: int
    similarity: float


def similarity(one: str, other: str) -> float:
    """The Jaccard index of two texts, 0..1; 0 when either has no words."""
    return _index(words_of(one), words_of(other))


def near_duplicates(text: str, others: Iterable[str], least: float = TOO_SIMILAR) -> tuple[Duplicate, ...]:
    """Those of `others` that are at least so similar, the most similar first."""
    words = words_of(text)
    judged = (Duplicate(place, _index(words, words_of(other))) for place, other in enumerate(others))
    return tuple(
        sorted((found for found in judged if found.similarity >= least), key=lambda d: (-d.similarity, d.place))
    )


def words_of(text: str) -> list[str]:
    """What is compared of a text: its words in their plain form, without links and handles."""
    plain = unicodedata.normalize("NFKC", text[:MAX_CHARS]).casefold()
    return _WORD.findall(_HANDLE.sub(" ", _LINK.sub(" ", plain)))


def _index(one: list[str], other: list[str]) -> float:
    if not one or not other:
        return 0.0
    short = min(len(one), len(other)) < SHORT_WORDS
    first, second = (trigrams(words) if short else shingles(words) for words in (one, other))
    return len(first & second) / len(first | second)


def shingles(words: list[str]) -> set[str]:
    """Runs of three words."""
    return {" ".join(words[start : start + SHINGLE]) for start in range(len(words) - SHINGLE + 1)}


def trigrams(words: list[str]) -> set[str]:
    """Runs of three letters, spaces between words included."""
    joined = f"  {' '.join(words)} "
    return {joined[start : start + 3] for start in range(len(joined) - 2)}
