"""Say what is wrong or too broad about a query before it is saved."""

from collections.abc import Iterator
from dataclasses import dataclass

from config.query import AllOf, AnyOf, Node, Not, QueryError, Term, parse_query, terms_of
from config.words import AMBIGUOUS, COMMON

_SHORT = 2  # letters of a Latin word that turns up by chance
_SHORT_PREFIX = 3
_COMPARED = 400  # terms of one group that are compared pair by pair


@dataclass(frozen=True, slots=True)
class Lint:
    """One remark. An `error` cannot be saved; `column` counts from 1, None: the query as a whole."""

    severity: str  # error, warning, hint
    message: str
    column: int | None


def lint(text: str) -> tuple[Lint, ...]:
    """Remarks on a query, errors first. Empty: nothing to say."""
    try:
        query = parse_query(text)
    except QueryError as error:
        return (Lint("error", error.message, error.column),)
    remarks = [*_matches_nothing(query.root), *_too_broad(query.root), *_words(query.root), *_repeats(query.root)]
    remarks += [
        Lint("hint", "AND and OR meet here: put parentheses around what belongs together.", column)
        for column in query.mixed
    ]
    order = ("error", "warning", "hint")
    return tuple(sorted(dict.fromkeys(remarks), key=lambda each: (order.index(each.severity), each.column or 0)))


def _needs(node: Node, negated: bool = False) -> tuple[frozenset[str], frozenset[str]]:
    """The needles without which `node` (negated: its opposite) cannot hold, and those that it forbids."""
    match node:
        case Term():
            own = frozenset({node.needle})
            return (frozenset(), own) if negated else (own, frozenset())
        case Not(child):
            return _needs(child, not negated)
        case AllOf(children) | AnyOf(children):
            parts = [_needs(child, negated) for child in children]
            if isinstance(node, AllOf) != negated:
                return frozenset().union(*(part[0] for part in parts)), frozenset().union(*(part[1] for part in parts))
            return frozenset.intersection(*(p[0] for p in parts)), frozenset.intersection(*(p[1] for p in parts))


def _matches_nothing(root: Node) -> Iterator[Lint]:
    """Groups that contradict themselves: an error for the whole query, a warning for one alternative."""
    for node in _groups(root):
        needed, forbidden = _needs(node)
        clash = next((bad for bad in sorted(forbidden) if any(bad in good for good in needed)), None)
        if clash:
            column = next((term.column for term, no in terms_of(node) if no and term.needle == clash), None)
            message = f"“{clash.strip()}” is wanted and forbidden at once, so this can never match."
            yield Lint("error" if node is root else "warning", message, column)


def _groups(node: Node) -> Iterator[Node]:
    yield node
    match node:
        case Not(child):
            yield from _groups(child)
        case AllOf(children) | AnyOf(children):
            for child in children:
                if not isinstance(child, Term):
                    yield from _groups(child)


def _without_words(node: Node, negated: bool = False) -> bool:
    """Whether a text with none of the words satisfies `node`."""
    match node:
        case Term():
            return negated
        case Not(child):
            return _without_words(child, not negated)
        case AllOf(children) | AnyOf(children):
            every = isinstance(node, AllOf) != negated
            return (all if every else any)(_without_words(child, negated) for child in children)


def _too_broad(root: Node) -> Iterator[Lint]:
    if _without_words(root):
        plain = all(negated for _, negated in terms_of(root))
        why = "The query only says what must not occur" if plain else "An alternative only says what must not occur"
        yield Lint("error", f"{why}, so nearly every post would match. Add a word that must occur.", None)
        return
    for term in _broad(root):
        yield Lint("warning", _broad_reason(term), term.column)


def _broad(node: Node) -> list[Term]:
    """The terms that alone let a post through although they are ordinary; empty where something narrows them."""
    match node:
        case Term():
            return [node] if _is_broad(node) else []
        case AnyOf(children):
            return [term for child in children for term in _broad(child)]
        case AllOf(children):
            narrowing = [_broad(child) for child in children if not _without_words(child)]
            return [term for terms in narrowing for term in terms] if all(narrowing) else []
    return []


def _is_broad(term: Term) -> bool:
    words = term.needle.split()
    if term.prefix:
        return len(words) == 1 and words[0].isascii() and len(words[0]) < _SHORT_PREFIX
    if len(words) > 1:
        return all(word in COMMON for word in words)
    word = words[0]
    return word in COMMON or word in AMBIGUOUS or word.isdigit() or (word.isascii() and len(word) <= _SHORT)


def _broad_reason(term: Term) -> str:
    word = term.needle.strip()
    advice = "Add words of your field that must occur too, or what to leave out."
    if term.prefix:
        return f"“{term.text}” finds every word that starts with “{word}”. {advice}"
    if word in AMBIGUOUS and word not in COMMON:
        return f"“{term.text}” is also an ordinary word. {advice}"
    if word.isdigit() or len(word) <= _SHORT:
        return f"“{term.text}” is so short that it turns up by chance. {advice}"
    return f"“{term.text}” is a very common word. {advice}"


def _words(root: Node) -> Iterator[Lint]:
    for term, _ in terms_of(root):
        if not term.quoted and term.text in {"and", "or", "not"}:
            big = term.text.upper()
            yield Lint("warning", f"“{term.text}” is looked for as a word. As an operator it is {big}.", term.column)
        elif not term.quoted and len(term.needle.split()) > 1 and term.needle.isascii():
            words = term.needle.strip()
            yield Lint("hint", f"“{term.text}” is looked for as the words “{words}” in a row.", term.column)


def _repeats(root: Node) -> Iterator[Lint]:
    for node in _groups(root):
        if isinstance(node, AllOf | AnyOf):
            terms = [child for child in node.children if isinstance(child, Term)][:_COMPARED]
            seen: dict[str, Term] = {}
            for term in terms:
                if term.needle in seen:
                    yield Lint("warning", f"“{term.text}” stands here twice.", term.column)
                seen.setdefault(term.needle, term)
            if isinstance(node, AnyOf):
                yield from _covered(list(seen.values()))


def _covered(terms: list[Term]) -> Iterator[Lint]:
    """In an OR, what another term finds anyway: `acme OR "acme bank"`."""
    for term in terms:
        wider = next((o for o in terms if o is not term and o.needle in term.needle), None)
        if wider:
            yield Lint("hint", f"“{term.text}” adds nothing: “{wider.text}” finds these posts already.", term.column)
