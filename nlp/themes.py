"""What a text is about, by a lexicon of words and phrases; and whether it touches protected activity.

The terms are in `themes.toml`. Matching is linear in the text (Aho-Corasick) and by whole words: "pay" is not in
"display". Protected activity (organising, union, works council, whistle-blowing, strike) is never a theme;
`is_protected` rather finds too much than too little.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import ahocorasick

from nlp.text import cut

LEXICON = Path(__file__).with_name("themes.toml")
_PROTECTED = "protected"


@dataclass(frozen=True, slots=True)
class _Lexicon:
    version: str
    facets: Mapping[str, str]
    themes: ahocorasick.Automaton
    protected: ahocorasick.Automaton


def theme_facets() -> Mapping[str, str]:
    """Every theme with the facet that it belongs to ("brand" or "employer")."""
    return _lexicon().facets


def taxonomy_version() -> str:
    """Version of labels and themes; raised by hand when their meaning changes, so that old tags are known as old."""
    return _lexicon().version


def find_themes(text: str, facet: str | None = None) -> tuple[str, ...]:
    """Themes of a text in the order of the lexicon; none for a text that touches protected activity.

    A text known to be about one facet alone ("brand" or "employer") gets no theme of the other: "the manager" of a shop
    is no theme of work to its customer.
    """
    lexicon, folded = _lexicon(), _folded(text)
    if _holds(lexicon.protected, folded):
        return ()
    found = set(_hits(lexicon.themes, folded))
    one_sided = facet if facet in ("brand", "employer") else None
    return tuple(theme for theme, side in lexicon.facets.items() if theme in found and one_sided in (None, side))


def is_protected(text: str) -> bool:
    """Whether a text touches organising, unions, works councils, strikes or whistle-blowing. Recall comes first."""
    return _holds(_lexicon().protected, _folded(text))


def _folded(text: str) -> str:
    return " ".join(cut(text).casefold().replace("\u2019", "'").split())


def _holds(automaton: ahocorasick.Automaton, folded: str) -> bool:
    return next(iter(_hits(automaton, folded)), None) is not None


def _hits(automaton: ahocorasick.Automaton, folded: str) -> Iterator[str]:
    for end, found in automaton.iter(folded):
        for label, length, open_end in found:
            start = end - length + 1
            whole_start = start == 0 or not folded[start - 1].isalnum()
            whole_end = open_end or end + 1 == len(folded) or not folded[end + 1].isalnum()
            if whole_start and whole_end:
                yield label


def _automaton(terms: Mapping[str, Sequence[str]]) -> ahocorasick.Automaton:
    entries: dict[str, list[tuple[str, int, bool]]] = {}
    for label, words in terms.items():
        for term in words:
            plain = term.rstrip("*")
            entries.setdefault(plain, []).append((label, len(plain), term.endswith("*")))
    automaton = ahocorasick.Automaton()
    for plain, values in entries.items():
        automaton.add_word(plain, tuple(values))
    automaton.make_automaton()
    return automaton


@lru_cache(maxsize=1)
def _lexicon() -> _Lexicon:
    raw = tomllib.loads(LEXICON.read_text(encoding="utf-8"))
    return _Lexicon(
        version=str(raw["version"]),
        facets={name: theme["facet"] for name, theme in raw["themes"].items()},
        themes=_automaton({name: theme["terms"] for name, theme in raw["themes"].items()}),
        protected=_automaton({_PROTECTED: raw["protected"]["terms"]}),
    )
