"""Name a group of texts by the words that they use and the rest of the talk does not.

Log-odds ratio with an informative Dirichlet prior (B. Monroe, M. Colaresi, K. Quinn, Fightin' Words, 2008, eq. 16 to
22). A word counts once for each person, so that one who repeats it, or copies, weighs no more than anybody else.

A name must tell about nobody: texts are masked first (handles, addresses, numbers), a word needs several people, words
of protected activity are out, and so is what looks like a proper name: a word that inside sentences is written with a
capital letter more often than not. Where a language writes all nouns with capitals, hardly any word is left.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log, sqrt

from config.tokens import tokens_of
from nlp.text import clean, mask
from nlp.themes import is_protected

WORDS = 4
LEAST_SHARE = 0.25  # of the people of the group use a word of its name
CERTAIN = 2.0  # standard deviations from 0 that the log-odds must be
PRIOR = 500.0  # words that the prior weighs
_SHORTEST, _LONGEST = 3, 24
_TEXT_CHARS = 2_000
_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_BETWEEN = re.compile(r"[.!?:;\n\"“”()|•…-]\s*$")  # before the first word of a sentence or a line
_MASKS = frozenset({"user", "http", "email", "number", "amp", "via", "rt"})
_COMMON_WORDS = """
about above after again all also and any are because been before being but can could did does doing done down each
even ever every few for from get gets getting going gone got had has have having her here hers him his how into its
it's i'm i've just know like made make many maybe more most much must never new not now off once one only other our
ours out over own really said same say says she should since some still such than that that's the their them then
there these they thing things think this those through time today too two under until upon use very want was way well
went were what when where which while who whom why will with without would yet you your yours don't can't won't didn't
isn't wasn't doesn't couldn't wouldn't day days week year years people company good bad great someone anyone everyone
something anything nothing let lot lots see look looks back take first last another nobody
"""
_COMMON = frozenset(_COMMON_WORDS.split())


@dataclass(frozen=True, slots=True)
class Said:
    """A text and the pseudonym of who wrote it."""

    text: str
    author: str


Read = Mapping[Said, list[tuple[str, bool]]]


def name_of(group: Sequence[Said], rest: Sequence[Said], least: int, without: Collection[str] = ()) -> tuple[str, ...]:
    """Up to four words that tell the group from the rest, the most telling first; each used by `least` people or more.

    `without`: names of companies, which everybody uses. Empty where no word is telling enough.
    """
    read = {each: _words(each.text) for each in {*group, *rest}}
    inside, outside = _users(group, read), _users(rest, read)
    out = _COMMON | _MASKS | {token for name in without for token in tokens_of(name)}
    people = len({each.author for each in group})
    least = max(least, round(LEAST_SHARE * people))
    names = _proper(read)
    scored = [
        (_log_odds(word, inside, outside), word)
        for word, users in inside.items()
        if users >= least and word not in out and word not in names and not is_protected(word, staff=False)
    ]
    telling = sorted(((z, word) for z, word in scored if z >= CERTAIN), key=lambda each: (-each[0], each[1]))
    return _apart(word for _, word in telling)


def _log_odds(word: str, inside: Counter[str], outside: Counter[str]) -> float:
    """z of the log-odds of a word in the group against the rest."""
    all_in, all_out = inside.total(), outside.total()
    prior = PRIOR * (inside[word] + outside[word]) / max(1, all_in + all_out)
    ours, theirs = inside[word] + prior, outside[word] + prior
    difference = log(ours / (all_in + PRIOR - ours)) - log(theirs / (all_out + PRIOR - theirs))
    return difference / sqrt(1 / ours + 1 / theirs)


def _users(texts: Iterable[Said], read: Read) -> Counter[str]:
    """Word → people who use it."""
    said: dict[str, set[str]] = defaultdict(set)
    for each in texts:
        said[each.author] |= {word.lower() for word, _ in read[each] if _SHORTEST <= len(word) <= _LONGEST}
    return Counter(word for words in said.values() for word in words)


def _proper(read: Read) -> frozenset[str]:
    """Words that look like names: capital inside sentences more often than not, or nowhere written small."""
    large, small, begun = Counter[str](), Counter[str](), Counter[str]()
    for each, words in read.items():
        shouting = each.text.isupper()
        for word, begins in words:
            plain = word.lower()
            if not word[0].isupper():
                small[plain] += 1
            elif begins or shouting or (len(word) > 1 and word.isupper()):
                begun[plain] += 1
            else:
                large[plain] += 1
    seen = large.keys() | begun.keys()
    return frozenset(word for word in seen if large[word] > small[word] or not small[word])


def _words(text: str) -> list[tuple[str, bool]]:
    """The words of a masked text, each with whether it begins a sentence or line."""
    masked = mask(clean(text[:_TEXT_CHARS]))
    found = []
    for match in _WORD.finditer(masked):
        if match.start() and masked[match.start() - 1] in "@/":
            continue
        word = match[0].replace("’", "'").rstrip("'-").removesuffix("'s")
        before = masked[: match.start()]
        found.append((word, not before.strip() or _BETWEEN.search(before[-4:]) is not None))
    return found


def _apart(words: Iterable[str]) -> tuple[str, ...]:
    """Without words that begin like one that is there: "layoff" beside "layoffs"."""
    chosen: list[str] = []
    for word in words:
        stem = word[: max(4, len(word) - 3)]
        if not any(other.startswith(stem) or word.startswith(other[: max(4, len(other) - 3)]) for other in chosen):
            chosen.append(word)
        if len(chosen) == WORDS:
            break
    return tuple(chosen)
