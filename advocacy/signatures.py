"""Signatures of shared texts, so that a new text can be compared with colleagues' earlier ones though none is kept.

1. Shingles as in `advocacy.similarity`: runs of three words, and of three letters for texts under six words.
2. Each shingle is hashed with a key of this installation (BLAKE2b): without the key nobody can try texts against a
   signature.
3. The least value of each of 128 hash functions (A. Broder, On the resemblance and containment of documents, 1997),
   of which one byte is kept (P. Li, A. C. König, b-Bit Minwise Hashing, 2010): equal bytes at a share p estimate the
   Jaccard index as (p − 1/256) ÷ (1 − 1/256), with a standard error of at most 0.045.

A signature has 258 bytes: version, whether the text is short, 128 bytes of words, 128 of letters. Two texts are
compared by letters when either is short.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

import numpy as np
import numpy.typing as npt

from advocacy.similarity import SHORT_WORDS, shingles, trigrams, words_of

VERSION: Final = 1
HASHES: Final = 128
SIZE: Final = 2 + 2 * HASHES
_CHUNK: Final = 1024
_BY_CHANCE: Final = 1 / 256
_U64 = npt.NDArray[np.uint64]


def signature(text: str, key: bytes) -> bytes | None:
    """The signature of a text under a key of this installation; None: the text has no words."""
    words = words_of(text)
    if not words:
        return None
    short = len(words) < SHORT_WORDS
    runs = set() if short else shingles(words)
    return bytes([VERSION, short]) + _least(runs, key) + _least(trigrams(words), key)


def likeness(signed: bytes, others: Sequence[bytes]) -> float:
    """The greatest estimated Jaccard index (0..1) to any of `others`; those of another version are like nothing."""
    usable = [other for other in others if len(other) == SIZE and other[0] == signed[0]]
    if not usable:
        return 0.0
    table = np.frombuffer(b"".join(usable), dtype=np.uint8).reshape(len(usable), SIZE)
    own = np.frombuffer(signed, dtype=np.uint8)
    equal = table[:, 2:] == own[2:]
    by_words, by_letters = equal[:, :HASHES].mean(axis=1), equal[:, HASHES:].mean(axis=1)
    either_short = (table[:, 1] | own[1]).astype(bool)
    best = float(np.where(either_short, by_letters, by_words).max())
    return max(0.0, (best - _BY_CHANCE) / (1 - _BY_CHANCE))


def _least(runs: set[str], key: bytes) -> bytes:
    if not runs:
        return bytes(HASHES)
    hashed = [
        int.from_bytes(blake2b(run.encode("utf-8", "replace"), digest_size=8, key=key[:64]).digest()) for run in runs
    ]
    numbers = np.array(hashed, dtype=np.uint64)
    least = np.full(HASHES, np.iinfo(np.uint64).max, dtype=np.uint64)
    for start in range(0, len(numbers), _CHUNK):
        part = numbers[start : start + _CHUNK, np.newaxis]
        least = np.minimum(least, _mixed(part ^ _SEEDS).min(axis=0))
    kept: bytes = (least & np.uint64(0xFF)).astype(np.uint8).tobytes()
    return kept


def _mixed(values: _U64) -> _U64:
    """The finaliser of SplitMix64 (G. Steele and others, 2014): each bit of the input moves each of the output."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        values = (values ^ (values >> np.uint64(shift))) * np.uint64(factor)
    return values ^ (values >> np.uint64(31))


_SEEDS: Final[_U64] = _mixed(np.arange(1, HASHES + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15))
