"""Queries in Lucene's syntax: the part of it that is useful for names, with an error that points at what is wrong.

Kept: words, "phrases", AND, OR, NOT, + and -, parentheses, `word*`. Words side by side mean AND and bind loosest (as in
Luqum): `acme OR contoso review` is `(acme OR contoso) AND review`. The rest of Lucene is refused, see `REFUSED`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from luqum import parser as lucene
from luqum import tree
from luqum.exceptions import ParseError

from config.tokens import line_of, tokens_of

MAX_CHARS = 300_000
MAX_TERMS = 2_000
MAX_WORDS = 40  # of one phrase: bounds how many phrases can end at the same place of a text
MAX_DEPTH = 32  # parentheses and signs inside one another; the tree is walked recursively afterwards

REFUSED = {
    ":": 'Searching in fields is not supported. Write the words alone; put an address in quotes: "acme.example/jobs".',
    "^": "Boosting is not supported, since a post matches or does not. Leave ^ and the number out.",
    "~": "Fuzzy and near searches are not supported. Write the spellings one by one: (acme OR akme).",
    "[": "Ranges are not supported. Leave the brackets out, or write parentheses.",
    "]": "Ranges are not supported. Leave the brackets out, or write parentheses.",
    "{": "Ranges are not supported. Leave the braces out, or write parentheses.",
    "}": "Ranges are not supported. Leave the braces out, or write parentheses.",
    "?": "The wildcard ? is not supported. Write the spellings one by one: (organise OR organize).",
    "*": "The wildcard * is possible only at the end of a word, after a letter or digit: acme*.",
}
_REFUSED_AT_START = {
    "<": "Ranges are not supported. Leave < out.",
    ">": "Ranges are not supported. Leave > out.",
    "/": "Regular expressions are not supported. Write the spellings with OR, or a word with * at its end.",
    "!": "Write NOT or - instead of !.",
    "'": 'Phrases stand in double quotes: "acme bank".',
}
_SIGNS = {"&&": "AND", "||": "OR", "&": "AND", "|": "OR"}

_LEXEME = re.compile(
    r'(?P<space>\s+)|(?P<phrase>"(?:[^"\\]|\\.)*")|(?P<quote>")|(?P<open>\()|(?P<close>\))'
    r'|(?P<word>(?:[^\s"()\\]|\\.)+)|(?P<slash>\\)',
    re.DOTALL,
)
_SPECIAL = re.compile(r"\\.|(?P<char>[:^~\[\]{}?*])", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_PLAIN = str.maketrans("“”„‟«»\r\n", '""""""  ')
_PROTECT = re.compile(r'([\\"“”„‟«»*])')


class QueryError(ValueError):
    """A query that cannot be used. `column` counts from 1."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message)
        self.message = message
        self.column = column


@dataclass(frozen=True, slots=True)
class Term:
    """A word or phrase. `needle` is what is looked for in a line of folded tokens (`config.tokens.line_of`)."""

    text: str  # as written, without quotes and escapes
    column: int
    quoted: bool
    prefix: bool
    needle: str


@dataclass(frozen=True, slots=True)
class Not:
    """Holds where its child does not."""

    child: "Node"


@dataclass(frozen=True, slots=True)
class AllOf:
    """Holds where all children hold."""

    children: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Holds where at least one child holds."""

    children: tuple["Node", ...]


Node = Term | Not | AllOf | AnyOf


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query. `mixed` are the columns where AND and OR meet without parentheses."""

    text: str
    root: Node
    mixed: tuple[int, ...] = ()


@dataclass(slots=True)
class _Scan:
    """The state of the check that runs before the parser."""

    opened: list[tuple[int, int]] = field(default_factory=list)  # column and weight of each open parenthesis
    depth: int = 0  # parentheses and the signs before them
    signs: int = 0  # NOT, - and + in a row, not yet followed by anything
    words: int = 0
    before: str = ""  # kind of the last lexeme


def parse_query(text: str) -> Query:
    """Parse `text`; raise `QueryError` for all that is not part of the syntax above."""
    text = text.translate(_PLAIN)
    _check(text)
    try:
        # PLY keeps its state in the lexer: a copy for each call makes this safe in threads and after errors.
        parsed = lucene.parse(text, lexer=lucene.lexer.clone())
    except ParseError as error:
        raise _plain_error(text, str(error)) from error
    mixed: list[int] = []
    return Query(text, _node(parsed, mixed), tuple(mixed))


def quote(words: str) -> str:
    """`words` as a phrase of the query syntax."""
    return '"' + _PROTECT.sub(r"\\\1", words) + '"'


def terms_of(node: Node, negated: bool = False) -> Iterator[tuple[Term, bool]]:
    """All terms below `node` in order, each with whether it stands under an odd number of NOT."""
    match node:
        case Term():
            yield node, negated
        case Not(child):
            yield from terms_of(child, not negated)
        case AllOf(children) | AnyOf(children):
            for each in children:
                yield from terms_of(each, negated)


def _check(text: str) -> None:
    if not text.strip():
        raise QueryError("The query is empty.", 1)
    if len(text) > MAX_CHARS:
        raise QueryError(f"The query has {len(text):,} characters; {MAX_CHARS:,} are possible.", MAX_CHARS + 1)
    if broken := re.search("[\ud800-\udfff]", text):
        raise QueryError("Here is half a character (a lone surrogate).", broken.start() + 1)
    scan = _Scan()
    for found in _LEXEME.finditer(text):
        scan.before = _check_lexeme(scan, found, text[found.end() : found.end() + 1])
    if scan.opened:
        raise QueryError("This parenthesis is never closed.", scan.opened[-1][0])


def _check_lexeme(scan: _Scan, found: re.Match[str], after: str) -> str:
    column = found.start() + 1
    kind = found.lastgroup or ""
    match kind:
        case "open":
            _open(scan, column)
        case "close":
            _close(scan, column)
        case "quote":
            raise QueryError("This quotation mark has no partner.", column)
        case "slash":
            raise QueryError("A backslash must stand before the character that it protects.", column)
        case "phrase":
            if scan.before == "word":
                raise QueryError("Put a space before this quotation mark.", column)
            _check_phrase(found[0], column)
            _count_word(scan, column)
        case "word":
            return _check_word(scan, found[0], column, after)
    return kind


def _open(scan: _Scan, column: int) -> None:
    weight = 1 + scan.signs
    scan.opened.append((column, weight))
    scan.depth += weight
    scan.signs = 0
    _check_depth(scan, column)


def _close(scan: _Scan, column: int) -> None:
    if not scan.opened:
        raise QueryError("This parenthesis was never opened.", column)
    opened, weight = scan.opened.pop()
    if scan.before == "open":
        raise QueryError("There is nothing between the parentheses.", opened)
    scan.depth -= weight


def _check_word(scan: _Scan, word: str, column: int, after: str) -> str:
    bare = word.lstrip("+-")
    start = column + len(word) - len(bare)
    scan.signs += start - column + (bare == "NOT")
    _check_depth(scan, column)
    if not bare:
        if after not in ("(", '"'):
            raise QueryError(f"“{word[-1]}” must stand directly before a word; to find it, use quotes.", start - 1)
        return "sign"
    if bare not in ("AND", "OR", "NOT"):
        _check_characters(bare, start)
        _count_word(scan, column)
    return "word"


def _check_depth(scan: _Scan, column: int) -> None:
    if scan.depth + scan.signs > MAX_DEPTH:
        raise QueryError(f"More than {MAX_DEPTH} parentheses or signs inside one another.", column)


def _count_word(scan: _Scan, column: int) -> None:
    scan.signs = 0
    scan.words += 1
    if scan.words > MAX_TERMS:
        raise QueryError(f"More than {MAX_TERMS:,} terms.", column)


def _check_phrase(phrase: str, column: int) -> None:
    if any(found["char"] == "*" for found in _SPECIAL.finditer(phrase)):
        raise QueryError("A * inside quotes is not a wildcard. Write it behind a word, or \\* for the sign.", column)


def _check_characters(word: str, column: int) -> None:
    if word in _SIGNS:
        raise QueryError(f"Write {_SIGNS[word]} instead of {word}.", column)
    if word[0] in _REFUSED_AT_START:
        raise QueryError(_REFUSED_AT_START[word[0]], column)
    for found in _SPECIAL.finditer(word):
        char = found["char"]
        if char is None or (char == "*" and found.end() == len(word) and tokens_of(word[found.start() - 1 : -1])):
            continue
        raise QueryError(REFUSED[char], column + found.start())


def _plain_error(text: str, message: str) -> QueryError:
    """Luqum's message in plain words. It knows the position, or says that the end came too early."""
    found = re.search(r"at position (\d+)!?$", message)
    if not found:
        return QueryError("The query ends too early: a word is missing after the last operator.", len(text.rstrip()))
    at = int(found[1])
    word = (text[at:].split(maxsplit=1) or [""])[0][:20]
    return QueryError(f"“{word}” cannot stand here: AND and OR need a word on both sides, NOT one behind.", at + 1)


def _node(item: Any, mixed: list[int]) -> Node:
    column = (item.pos or 0) + 1
    match item:
        case tree.Word() | tree.Phrase():
            return _term(item)
        case tree.Not() | tree.Prohibit():
            return Not(_node(item.children[0], mixed))
        case tree.Group() | tree.Plus():
            return _node(item.children[0], mixed)
        case tree.OrOperation():
            return AnyOf(_children(item, (tree.AndOperation,), mixed))
        case tree.AndOperation() | tree.UnknownOperation():
            return AllOf(_children(item, (tree.OrOperation,), mixed))
    raise QueryError("This part of Lucene's syntax is not supported.", column)


def _children(item: Any, others: tuple[Any, ...], mixed: list[int]) -> tuple[Node, ...]:
    """The children as nodes; notes where an operator of the other kind stands without parentheses."""
    mixed.extend((child.pos or 0) + 1 for child in item.children if isinstance(child, others))
    return tuple(_node(child, mixed) for child in item.children)


def _term(item: Any) -> Term:
    column = (item.pos or 0) + 1
    quoted = isinstance(item, tree.Phrase)
    raw: str = item.value[1:-1] if quoted else item.value
    prefix = not quoted and re.search(r"(?<!\\)(\\\\)*\*$", raw) is not None
    words = _ESCAPED.sub(r"\1", raw)
    tokens = tokens_of(words)
    if not tokens:
        raise QueryError(f"“{words[:20]}” has no letter or digit and would never be found.", column)
    if len(tokens) > MAX_WORDS:
        raise QueryError(f"This phrase has more than {MAX_WORDS} words.", column)
    line = line_of(tokens)
    return Term(words, column, quoted, prefix, line.rstrip() if prefix else line)
