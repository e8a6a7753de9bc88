import threading

import pytest

from config.query import MAX_TERMS, AllOf, AnyOf, Node, Not, QueryError, Term, parse_query, quote, terms_of


def shape(node: Node) -> object:
    """A tree as nested tuples, for short expectations."""
    match node:
        case Term():
            return node.needle
        case Not(child):
            return ("not", shape(child))
        case AllOf(children):
            return ("and", *map(shape, children))
        case AnyOf(children):
            return ("or", *map(shape, children))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("acme", " acme "),
        ('"Acme Bank"', " acme bank "),
        ("“Acme Bank”", " acme bank "),
        ("acme*", " acme"),
        ("AT&T", " at t "),
        (r"wo\*rd", " wo rd "),
        ("a b", ("and", " a ", " b ")),
        ("+a -b", ("and", " a ", ("not", " b "))),
        ("a NOT (b OR c)", ("and", " a ", ("not", ("or", " b ", " c ")))),
        ("a OR b AND c", ("or", " a ", ("and", " b ", " c "))),
        ("a OR b c", ("and", ("or", " a ", " b "), " c ")),
        ("a -b OR c", ("and", " a ", ("or", ("not", " b "), " c "))),
        ("acme TO go", ("and", " acme ", " to ", " go ")),
        ("a\nb", ("and", " a ", " b ")),
    ],
)
def test_syntax(text: str, expected: object) -> None:
    assert shape(parse_query(text).root) == expected


@pytest.mark.parametrize(
    ("text", "column", "word"),
    [
        ("", 1, "empty"),
        ("title:acme", 6, "fields"),
        ("acme^2", 5, "Boosting"),
        ("acme~", 5, "Fuzzy"),
        ("x [a TO b]", 3, "Ranges"),
        ("x /a/", 3, "Regular"),
        ("acm?", 4, "?"),
        ("*acme", 1, "end of a word"),
        ("ac*me", 3, "end of a word"),
        ("acme AND *", 10, "end of a word"),
        ('"acme*"', 1, "inside quotes"),
        ("a && b", 3, "AND instead"),
        ("!a", 1, "NOT"),
        ("'a b'", 1, "double quotes"),
        ('a "b', 3, "no partner"),
        ('a"b"', 2, "space"),
        ("(a", 1, "never closed"),
        ("a)", 2, "never opened"),
        ("a ()", 3, "nothing between"),
        ("a - b", 3, "directly before"),
        ("a AND AND b", 7, "both sides"),
        ("a OR", 4, "too early"),
        ("a \\", 3, "backslash"),
        ("a OR &", 6, "AND instead"),
        ("a OR $$", 6, "no letter"),
        ("a \ud800", 3, "half a character"),
        ('"' + "a " * 41 + '"', 1, "40 words"),
    ],
)
def test_what_is_refused_says_where_and_why(text: str, column: int, word: str) -> None:
    with pytest.raises(QueryError, match=word.replace("?", r"\?")) as caught:
        parse_query(text)
    assert caught.value.column == column


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000 + "a" + ")" * 10_000,
        "(" * 10_000,
        "NOT " * 10_000 + "a",
        "-" * 10_000 + "a",
        "a " * (MAX_TERMS + 1),
        "a" * 400_000,
        ("NOT " * 20 + "(") * 2 + "a))",
    ],
)
def test_hostile_queries_get_a_clear_error(text: str) -> None:
    with pytest.raises(QueryError, match=r"More than|characters"):
        parse_query(text)


def test_the_deepest_possible_query_is_fine() -> None:
    assert shape(parse_query("(" * 32 + "a" + ")" * 32).root) == " a "


def test_what_stands_side_by_side_is_not_deep() -> None:
    assert len(list(terms_of(parse_query("(-a) " * 100).root))) == 100
    assert len(list(terms_of(parse_query("-a " * 100).root))) == 100


def test_columns_of_terms_and_of_mixed_operators() -> None:
    query = parse_query(' a OR b AND "c d"')
    assert isinstance(query.root, AnyOf)
    assert [child.column for child in query.root.children if isinstance(child, Term)] == [2]
    assert query.mixed == (7,)


def test_quote_survives_the_parser() -> None:
    node = parse_query(quote(r'say "hi" \ now')).root
    assert isinstance(node, Term)
    assert node.text == r'say "hi" \ now'


def test_threads_do_not_disturb_each_other() -> None:
    wrong: list[str] = []

    def parse_some(name: str) -> None:
        for number in range(30):
            text = " OR ".join(f"{name}{number}x{i}" for i in range(20))
            if shape(parse_query(text).root) != ("or", *(f" {name}{number}x{i} " for i in range(20))):
                wrong.append(text)

    threads = [threading.Thread(target=parse_some, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
