"""Names that the model does not get to see: people's first names and well-known companies become signs.

A network knows names from its pre-training and judges by them: the same sentence about another airline, or about Mehmet
in place of Thomas, got another label in up to two thirds of the cases. So a listed name is replaced before the text is
read, in training and in service, and "she" is read as "he". What is not listed the network has learnt to read like a
sign (`nlp/train/names.py`). Names are only looked up; nothing about a person is concluded from one.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

# Word pieces of the base model that no text has, beside the sign of the company in question (`nlp.text.TARGET_WORD`).
PERSON_WORD = "[unused2]"
COMPANY_WORD = "[unused3]"

FIRST_NAMES = Path(__file__).with_name("first_names.txt")
COMPANIES = Path(__file__).with_name("companies.txt")

_WORD = re.compile(r"[^\W_]+(?:['’&.-][^\W_]+)*")
_OWNER = re.compile(r"['’]s?$|(?<=s)['’]$", re.IGNORECASE)
_SENTENCE_BEGINS = re.compile(r"(?:^|[.!?:…\n\"“])\W*$")
_EXACT = "="  # in the lists, before a name that is also a word: counts as written and not where a sentence begins
_PRONOUN = re.compile(r"\b(?:she|her|hers|him|herself)\b", re.IGNORECASE)
_READ_AS = {"she": "he", "her": "his", "hers": "his", "him": "his", "herself": "himself"}


@dataclass(frozen=True, slots=True)
class _Names:
    """Names by their folded words; `exact` holds the spelling of those that count only as written. `firsts`: first
    words with the number of words of the longest name that begins so."""

    signs: dict[tuple[str, ...], str]
    exact: dict[tuple[str, ...], tuple[str, ...]]
    firsts: dict[str, int]


def without_names(text: str) -> str:
    """The text with listed names as signs and one gender of pronouns; linear in its length."""
    names, found = _names(), list(_WORD.finditer(text))
    words = [_plain(match[0]) for match in found]
    folded = [word.casefold() for word in words]
    if names.firsts.keys().isdisjoint(folded):
        return _PRONOUN.sub(_one_gender, text)
    parts, done, at = list[str](), 0, 0
    while at < len(found):
        count = _longest(names, folded, words, at, text, found[at].start())
        if count:
            last = found[at + count - 1]
            end = last.start() + len(words[at + count - 1])
            parts += [text[done : found[at].start()], names.signs[tuple(folded[at : at + count])]]
            done = end
        at += count or 1
    return _PRONOUN.sub(_one_gender, "".join([*parts, text[done:]]))


def is_first_name(word: str, *, begins: bool, followed: bool) -> bool:
    """Whether a word is a listed first name where it stands: one that is also a word only as written, and where a
    sentence `begins` only if it is `followed` by what may be a family name."""
    key = (word.casefold(),)
    if _names().signs.get(key, "").strip() != PERSON_WORD:
        return False
    spelling = _names().exact.get(key)
    return spelling is None or (spelling == (word,) and (followed or not begins))


def is_company_word(word: str) -> bool:
    """Whether a word alone is a listed company."""
    return _names().signs.get((word.casefold(),), "").strip() == COMPANY_WORD


def _longest(names: _Names, folded: list[str], words: list[str], at: int, text: str, start: int) -> int:
    """How many words from `at` on are a listed name; 0 for none."""
    for count in range(min(names.firsts.get(folded[at], 0), len(folded) - at), 0, -1):
        key = tuple(folded[at : at + count])
        if key not in names.signs:
            continue
        spelling = names.exact.get(key)
        if spelling is None or (
            tuple(words[at : at + count]) == spelling and not _SENTENCE_BEGINS.search(text, max(0, start - 10), start)
        ):
            return count
    return 0


def _plain(word: str) -> str:
    """A word without the ending that makes it an owner: Sarah's."""
    return _OWNER.sub("", word) if "'" in word or "’" in word else word


def _one_gender(match: re.Match[str]) -> str:
    return _READ_AS[match[0].lower()]


@lru_cache(maxsize=1)
def _names() -> _Names:
    signs: dict[tuple[str, ...], str] = {}
    exact: dict[tuple[str, ...], tuple[str, ...]] = {}
    for path, sign in ((FIRST_NAMES, PERSON_WORD), (COMPANIES, COMPANY_WORD)):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("#") or not line.strip():
                continue
            spelling = tuple(_plain(word) for word in _WORD.findall(line.removeprefix(_EXACT)))
            key = tuple(word.casefold() for word in spelling)
            signs[key] = f" {sign} "
            if line.startswith(_EXACT):
                exact[key] = spelling
    firsts: dict[str, int] = {}
    for key in signs:
        firsts[key[0]] = max(firsts.get(key[0], 0), len(key))
    return _Names(signs, exact, firsts)
