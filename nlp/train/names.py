"""Names that training swaps, so that the network reads a name that is on no list like the sign of a listed one.

A text in which somebody is named has a *twin*: the same with other people and companies. Training asks for the same
answer to both. What that buys is measured by the fairness part of `nlp.evaluate --behaviour`.
"""

import random

from nlp.names import COMPANY_WORD, PERSON_WORD
from nlp.text import TARGET_WORD

OTHERWISE_SHARE = 0.5  # of our own texts with a target that is not marked: called otherwise
TWIN_SHARE = 0.6  # of the texts that name somebody

_BEGINNINGS = (
    "Al", "Bel", "Bra", "Cor", "Da", "Del", "Do", "El", "Fen", "Ga", "Gro", "Ha", "Il", "Jo", "Ka", "Kel", "La",
    "Lo", "Ma", "Mer", "Na", "Nor", "O", "Pa", "Pel", "Qui", "Ra", "Ro", "Sa", "Sko", "Ta", "Tri", "U", "Va", "Ves",
    "Wi", "Xa", "Ya", "Zel",
)  # fmt: skip
_MIDDLES = (
    "", "", "ba", "di", "fa", "go", "hi", "li", "lo", "ma", "mi", "no", "pa", "ri", "so", "ti", "ve", "wo", "za",
)  # fmt: skip
_ENDINGS = (
    "bo", "ck", "da", "dor", "ka", "la", "len", "ley", "lix", "ma", "mix", "na", "nd", "ne", "nia", "ra", "ran",
    "rex", "ri", "ro", "sh", "so", "sta", "ta", "ton", "tte", "va", "vin", "wen", "x", "ya", "zo",
)  # fmt: skip


def invented(rng: random.Random) -> str:
    """A name that nobody has, or hardly anybody."""
    return rng.choice(_BEGINNINGS) + rng.choice(_MIDDLES) + rng.choice(_ENDINGS)


def called_otherwise(text: str, names: tuple[str, ...], rng: random.Random) -> str:
    """A model text whose marked company is called by another name, or by the sign of listed companies."""
    return text.replace(TARGET_WORD, rng.choice((COMPANY_WORD, rng.choice(names), invented(rng))))


def with_invented(text: str, names: tuple[str, ...], rng: random.Random) -> str:
    """A model text in which who stands under a sign has a name that is on no list; the target stays marked."""
    text = text.replace(PERSON_WORD, invented(rng))
    return text.replace(COMPANY_WORD, rng.choice((rng.choice(names), invented(rng))))
