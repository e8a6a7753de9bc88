"""Match texts against many queries in one pass.

All words and phrases of all queries are needles of one Aho-Corasick automaton that runs once over the folded text, so
the time is linear in the text, whatever the queries are; then the few queries whose needles were seen are evaluated.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import ahocorasick

from config.query import AllOf, AnyOf, Node, Not, Query, Term, terms_of
from config.tokens import TokenMap, line_of, map_tokens, tokens_of

_FOUND_PER_TERM = 100  # places shown in a preview; the rest of a very long text looks the same
_BLAMED = 20


@dataclass(frozen=True, slots=True)
class Found:
    """A term of a query and one place of the original text: `text[start:end]`, whole words."""

    term: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a text was kept or dropped.

    `found` are the places of all terms of the query, those under NOT too. If the text was dropped, `missing` are the
    terms that would have been needed (of an OR, all of them) and `excluded` the found ones that NOT forbids.
    """

    kept: bool
    found: tuple[Found, ...]
    missing: tuple[str, ...]
    excluded: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Group:
    """A compiled AND (`every`) or OR: needles that must be (partly) seen, other parts, the result turned if negated."""

    every: bool
    negated: bool
    needles: frozenset[str]
    parts: tuple["_Group", ...]

    def holds(self, seen: set[str]) -> bool:
        if self.every:
            held = self.needles <= seen and all(part.holds(seen) for part in self.parts)
        else:
            held = not self.needles.isdisjoint(seen) or any(part.holds(seen) for part in self.parts)
        return held != self.negated


class Matcher:
    """Matches texts against named queries. It never changes after it was made, so threads may share it."""

    def __init__(self, queries: Mapping[str, Query]) -> None:
        self._queries = dict(queries)
        self._compiled = {key: _compile(query.root) for key, query in self._queries.items()}
        self._keys_of: dict[str, set[str]] = {}
        for key, query in self._queries.items():
            for term, _ in terms_of(query.root):
                self._keys_of.setdefault(term.needle, set()).add(key)
        self._idle = frozenset(key for key, group in self._compiled.items() if group.holds(set()))
        self._automaton = ahocorasick.Automaton()
        for needle in self._keys_of:
            self._automaton.add_word(needle, needle)
        if self._keys_of:
            self._automaton.make_automaton()

    def match(self, text: str) -> frozenset[str]:
        """The keys of the queries that `text` satisfies."""
        seen = self._seen(line_of(tokens_of(text)))
        if not seen:
            return self._idle
        touched = set(self._idle).union(*(self._keys_of[needle] for needle in seen))
        return frozenset(key for key in touched if self._compiled[key].holds(seen))

    def explain(self, text: str) -> Mapping[str, Explanation]:
        """For every query, whether it keeps `text` and why. For previews: several times slower than `match`."""
        tokens = map_tokens(text)
        places = self._places(tokens)
        return {key: _explain(query, places) for key, query in self._queries.items()}

    def _seen(self, line: str) -> set[str]:
        if not self._keys_of:
            return set()
        return {needle for _, needle in self._automaton.iter(line)}

    def _places(self, tokens: TokenMap) -> dict[str, list[tuple[int, int]]]:
        places: dict[str, list[tuple[int, int]]] = {}
        if not self._keys_of:
            return places
        for last, needle in self._automaton.iter(tokens.line):
            spans = places.setdefault(needle, [])
            if len(spans) < _FOUND_PER_TERM:
                first = last - len(needle) + 2  # behind the space that every needle starts with
                spans.append(tokens.original(first, last + (not needle.endswith(" "))))
        return places


def _compile(node: Node, negated: bool = False) -> _Group:
    match node:
        case Term():
            return _Group(True, negated, frozenset({node.needle}), ())
        case Not(child):
            return _compile(child, not negated)
        case AllOf(children) | AnyOf(children):
            needles = frozenset(child.needle for child in children if isinstance(child, Term))
            parts = tuple(_compile(child) for child in children if not isinstance(child, Term))
            return _Group(isinstance(node, AllOf), negated, needles, parts)


def _explain(query: Query, places: Mapping[str, list[tuple[int, int]]]) -> Explanation:
    found = {
        Found(term.text, start, end) for term, _ in terms_of(query.root) for start, end in places.get(term.needle, ())
    }
    kept = _holds(query.root, places)
    blamed = [] if kept else list(dict.fromkeys(_blame(query.root, places, wanted=True)))
    return Explanation(
        kept,
        tuple(sorted(found, key=lambda each: (each.start, each.end, each.term))),
        tuple(term for kind, term in blamed if kind == "missing")[:_BLAMED],
        tuple(term for kind, term in blamed if kind == "excluded")[:_BLAMED],
    )


def _holds(node: Node, places: Mapping[str, list[tuple[int, int]]]) -> bool:
    return _compile(node).holds(set(places))


def _blame(node: Node, places: Mapping[str, list[tuple[int, int]]], *, wanted: bool) -> Iterator[tuple[str, str]]:
    """The terms because of which `node` is not what is wanted of it."""
    match node:
        case Term():
            yield ("missing" if wanted else "excluded"), node.text
        case Not(child):
            yield from _blame(child, places, wanted=not wanted)
        case AllOf(children) | AnyOf(children):
            for child in children:
                if _holds(child, places) != wanted:
                    yield from _blame(child, places, wanted=wanted)
