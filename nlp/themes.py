"""What a text is about, by a lexicon of words and phrases; and whether it touches protected activity.

The terms are in `themes.toml`. Matching is linear in the text (Aho-Corasick) and by whole words: "pay" is not in
"display". Case, accents, hyphens and the shape of quotes do not matter. Protected activity (organising, union, works
council, whistle-blowing, strike, and at work one's own health) is never a theme; `is_protected` rather finds too much
than too little.
"""

import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import ahocorasick

from nlp.nearby import Nearby, nearby
from nlp.text import HEAD_CHARS, TAIL_CHARS, cut

LEXICON = Path(__file__).with_name("themes.toml")
_PROTECTED = "protected"
_EMPLOYER_SIDE = frozenset({"employer", "both"})
_STAFF = frozenset({"employee", "alumnus", "candidate", "staff"})
_WORD_LISTS = ("terms", "de", "fr", "es", "pt", "it")


class ThemeSpan(NamedTuple):
    """Where a text speaks of a theme: characters `start` to `end` (exclusive)."""

    theme: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Entry:
    """What a matched term means; `certain`: without knowing the text's facet; `blocked`: there the theme is not."""

    label: str
    length: int
    open_end: bool
    certain: bool = True
    blocked: bool = False


class _Hit(NamedTuple):
    entry: _Entry
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Lexicon:
    version: str
    facets: Mapping[str, str]
    themes: ahocorasick.Automaton
    protected: ahocorasick.Automaton
    protected_at_work: ahocorasick.Automaton
    protected_nearby: Nearby


def theme_facets() -> Mapping[str, str]:
    """Every theme with the facet that it belongs to ("brand" or "employer")."""
    return _lexicon().facets


def taxonomy_version() -> str:
    """Version of labels and themes; raised by hand when their meaning changes, so that old tags are known as old."""
    return _lexicon().version


def find_themes(
    text: str, facet: str | None = None, audience: str | None = None, *, protected: bool | None = None
) -> tuple[str, ...]:
    """Themes of a text in the order of the lexicon; none for a text that touches protected activity.

    `protected`: whether it does, where the caller knows.

    A text known to be about one facet alone ("brand" or "employer") gets no theme of the other: "the manager" of a shop
    is no theme of work to its customer. Words that mean a theme of one facet only there ("hours", "the app") count in a
    text known to be about that facet or both.
    """
    folded = _folded(cut(text))
    if _is_protected(folded, staff=speaks_of_work(facet, audience)) if protected is None else protected:
        return ()
    found = {hit.entry.label for hit in _theme_hits(_plain(folded), facet)}
    return tuple(theme for theme in _lexicon().facets if theme in found)


def theme_spans(text: str, facet: str | None = None, audience: str | None = None) -> tuple[ThemeSpan, ...]:
    """The words that `find_themes` found its themes by, in the order of the text; spans of one theme do not overlap.

    Offsets count the characters of `text` as it was given. Slower than `find_themes`: for one text that is looked at.
    """
    folded, origin = _traced(text)
    if _is_protected(folded, staff=speaks_of_work(facet, audience)):
        return ()
    spans = [
        ThemeSpan(hit.entry.label, origin[hit.start], origin[hit.end - 1] + 1)
        for hit in _theme_hits(_plain(folded), facet)
    ]
    return tuple(sorted(_merged(spans), key=lambda span: (span.start, span.end, span.theme)))


def is_protected(text: str, *, staff: bool = True) -> bool:
    """Whether a text touches organising, unions, works councils, strikes or whistle-blowing. Recall comes first.

    `staff`: it is on the employer side or of somebody who works there (`speaks_of_work`); then one's own health and
    looser words of acting together count too.
    """
    return _is_protected(_folded(cut(text)), staff=staff)


def speaks_of_work(facet: str | None, audience: str | None = None) -> bool:
    """Whether a text of this facet and audience may tell of somebody's own work there."""
    return facet in _EMPLOYER_SIDE or audience in _STAFF


def _is_protected(folded: str, *, staff: bool) -> bool:
    lexicon = _lexicon()
    automaton = lexicon.protected_at_work if staff else lexicon.protected
    plain = _plain(folded)
    hits = list(_hits(automaton, plain))
    blocked = [hit for hit in hits if hit.entry.blocked]
    certain = any(
        not any(other.start <= hit.start and hit.end <= other.end for other in blocked)
        for hit in hits
        if not hit.entry.blocked
    )
    return certain or (staff and lexicon.protected_nearby.matches(plain))


def _theme_hits(folded: str, facet: str | None) -> list[_Hit]:
    """Hits of the themes that the facet allows, without those inside a phrase that means something else."""
    lexicon = _lexicon()
    hits, blocked = [], set[tuple[str, int]]()
    for hit in _hits(lexicon.themes, folded):
        side = lexicon.facets[hit.entry.label]
        if hit.entry.blocked:
            blocked.update((hit.entry.label, place) for place in range(hit.start, hit.end))
        elif facet in (side, "both") or (hit.entry.certain and facet not in ("brand", "employer")):
            hits.append(hit)
    return [hit for hit in hits if (hit.entry.label, hit.start) not in blocked] if blocked else hits


def _hits(automaton: ahocorasick.Automaton, folded: str) -> Iterator[_Hit]:
    for last, found in automaton.iter(folded):
        end = last + 1
        for entry in found:
            start = end - entry.length
            whole_start = start == 0 or not folded[start - 1].isalnum()
            whole_end = entry.open_end or end == len(folded) or not folded[end].isalnum()
            if whole_start and whole_end:
                yield _Hit(entry, start, _word_end(folded, end) if entry.open_end else end)


def _word_end(folded: str, end: int) -> int:
    while end < len(folded) and folded[end].isalnum():
        end += 1
    return end


def _merged(spans: Sequence[ThemeSpan]) -> Iterator[ThemeSpan]:
    last: ThemeSpan | None = None
    for span in sorted(spans):
        if last is not None and span.theme == last.theme and span.start < last.end:
            last = ThemeSpan(span.theme, last.start, max(span.end, last.end))
            continue
        if last is not None:
            yield last
        last = span
    if last is not None:
        yield last


def _folded(text: str) -> str:
    return " ".join(text.casefold().replace("\u2019", "'").split())


def _traced(text: str) -> tuple[str, list[int]]:
    """`_folded(cut(text))`, and for each of its characters the place in `text` that it came from."""
    places = range(len(text))
    whole = len(text) <= HEAD_CHARS + TAIL_CHARS
    kept = places if whole else [*places[:HEAD_CHARS], HEAD_CHARS, *places[-TAIL_CHARS:]]
    folded: list[str] = []
    origin: list[int] = []
    for number, place in enumerate(kept):
        for char in " " if not whole and number == HEAD_CHARS else text[place].casefold():
            if char.isspace() and (not folded or folded[-1] == " "):
                continue
            folded.append(" " if char.isspace() else "'" if char == "\u2019" else char)
            origin.append(place)
    return "".join(folded).rstrip(" "), origin


def _plain(folded: str) -> str:
    """Without accents and hyphens, of the same length."""
    folded = folded.replace("-", " ")
    return folded if folded.isascii() else folded.translate(_UNACCENTED)


def _unaccented() -> dict[int, str]:
    bases = {code: unicodedata.normalize("NFD", chr(code))[0] for code in range(0xC0, 0x180)}
    return {code: base for code, base in bases.items() if base != chr(code)} | {0x2010: " ", 0x2011: " ", 0x2013: " "}


_UNACCENTED = _unaccented()


def _entry(label: str, term: str, *, certain: bool = True, blocked: bool = False) -> tuple[str, _Entry]:
    plain = term.rstrip("*")
    return plain, _Entry(label, len(plain), term.endswith("*"), certain, blocked)


def _theme_entries(label: str, theme: Mapping[str, Any]) -> Iterator[tuple[str, _Entry]]:
    for words in _WORD_LISTS:
        yield from (_entry(label, _plain(_folded(term))) for term in theme.get(words, ()))
    for term in theme.get("facet_terms", ()):
        yield _entry(label, _plain(_folded(term)), certain=False)
    for term in theme.get("never", ()):
        yield _entry(label, _plain(_folded(term)), blocked=True)


def _protected_entries(lists: Mapping[str, Sequence[str]], *names: str) -> Iterator[tuple[str, _Entry]]:
    for name in names:
        yield from (_entry(_PROTECTED, _plain(_folded(term))) for term in lists[name])
    yield from (_entry(_PROTECTED, _plain(_folded(term)), blocked=True) for term in lists["never"])


def _automaton(terms: Iterator[tuple[str, _Entry]]) -> ahocorasick.Automaton:
    entries: dict[str, list[_Entry]] = {}
    for plain, entry in terms:
        entries.setdefault(plain, []).append(entry)
    automaton = ahocorasick.Automaton()
    for plain, values in entries.items():
        automaton.add_word(plain, tuple(values))
    automaton.make_automaton()
    return automaton


@lru_cache(maxsize=1)
def _lexicon() -> _Lexicon:
    raw = tomllib.loads(LEXICON.read_text(encoding="utf-8"))
    themes: dict[str, dict[str, Any]] = raw["themes"]
    return _Lexicon(
        version=str(raw["version"]),
        facets={name: theme["facet"] for name, theme in themes.items()},
        themes=_automaton(entry for name, theme in themes.items() for entry in _theme_entries(name, theme)),
        protected=_automaton(_protected_entries(raw["protected"], "terms")),
        protected_at_work=_automaton(_protected_entries(raw["protected"], "terms", "staff", "health")),
        protected_nearby=nearby(raw["protected"].get("near", ())),
    )
