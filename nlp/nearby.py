"""Words that mean something only beside each other: "wrist" and "swollen", "compare" and "salaries" and "colleagues".

A rule names two or more groups of words, and within how many words one of each has to stand. A word that ends with *
matches any ending.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_REMEMBERED = 100_000  # words; texts bring ever new ones
_FAR = 1_000  # words before a text


@dataclass(frozen=True, slots=True)
class Nearby:
    """Rules as groups of words, each with the number of words in which all its groups have to be met."""

    spans: tuple[int, ...]
    sizes: tuple[int, ...]
    whole: Mapping[str, frozenset[tuple[int, int]]]
    starts: Mapping[str, frozenset[tuple[int, int]]]
    _known: dict[str, frozenset[tuple[int, int]]] = field(default_factory=dict, repr=False)

    def matches(self, plain: str) -> bool:
        """Whether any rule is met; the text folded and without accents, as the lexicon reads it."""
        last: dict[tuple[int, int], int] = {}
        known = self._known
        for place, word in enumerate(_WORD.findall(plain)):
            groups = known.get(word)
            if groups is None:
                groups = self._groups(word)
            if groups:
                last |= dict.fromkeys(groups, place)
                if any(self._met(rule, last, place) for rule, _ in groups):
                    return True
        return False

    def _met(self, rule: int, last: Mapping[tuple[int, int], int], place: int) -> bool:
        first = place - self.spans[rule]
        return all(last.get((rule, group), -_FAR) > first for group in range(self.sizes[rule]))

    def _groups(self, word: str) -> frozenset[tuple[int, int]]:
        starts = (self.starts.get(word[:end], frozenset()) for end in range(1, len(word) + 1))
        found = self.whole.get(word, frozenset()).union(*starts)
        if len(self._known) < _REMEMBERED:
            self._known[word] = found
        return found


def nearby(rules: Sequence[Mapping[str, Any]]) -> Nearby:
    """Rules of the form `{within = 5, words = [["wrist*"], ["swollen"]]}`, their words plain already."""
    whole: dict[str, set[tuple[int, int]]] = {}
    starts: dict[str, set[tuple[int, int]]] = {}
    for number, rule in enumerate(rules):
        for group, words in enumerate(rule["words"]):
            for word in words:
                side, key = (starts, word[:-1]) if word.endswith("*") else (whole, word)
                side.setdefault(key, set()).add((number, group))
    frozen = partial(map, lambda item: (item[0], frozenset(item[1])))
    return Nearby(
        tuple(int(rule["within"]) for rule in rules),
        tuple(len(rule["words"]) for rule in rules),
        dict(frozen(whole.items())),
        dict(frozen(starts.items())),
    )
