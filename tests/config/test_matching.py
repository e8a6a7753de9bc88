import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.matching import Matcher
from config.query import AllOf, AnyOf, Node, Not, Term, parse_query
from config.tokens import tokens_of

words = st.sampled_from(["a", "ab", "abc", "b", "ba", "東", "Ä", "a's"])
terms = st.one_of(
    words, words.map("{}*".format), st.lists(words, min_size=1, max_size=3).map(lambda w: f'"{" ".join(w)}"')
)
queries = st.recursive(
    terms,
    lambda inner: st.one_of(
        inner.map("NOT ({})".format),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' OR '.join(parts)})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' AND '.join(parts)})"),
    ),
    max_leaves=8,
)
texts = st.lists(words, max_size=8).map(" ".join)


def naive(node: Node, tokens: list[str]) -> bool:
    """The meaning of a query, spelled out word by word."""
    match node:
        case Term():
            wanted = tokens_of(node.text)
            runs = [tokens[i : i + len(wanted)] for i in range(len(tokens) - len(wanted) + 1)]
            if node.prefix:
                return any(run[:-1] == wanted[:-1] and run[-1].startswith(wanted[-1]) for run in runs)
            return wanted in runs
        case Not(child):
            return not naive(child, tokens)
        case AllOf(children):
            return all(naive(child, tokens) for child in children)
        case AnyOf(children):
            return any(naive(child, tokens) for child in children)


@given(st.lists(queries, min_size=1, max_size=3), texts)
def test_matches_like_the_naive_reading(written: list[str], text: str) -> None:
    parsed = {str(number): parse_query(query) for number, query in enumerate(written)}
    expected = {key for key, query in parsed.items() if naive(query.root, tokens_of(text))}
    matcher = Matcher(parsed)
    assert matcher.match(text) == expected
    assert {key for key, why in matcher.explain(text).items() if why.kept} == expected


@given(queries, texts)
def test_an_explanation_gives_a_reason_for_every_drop(written: str, text: str) -> None:
    why = Matcher({"q": parse_query(written)}).explain(text)["q"]
    assert why.kept == (not why.missing and not why.excluded)
    for found in why.found:
        assert Matcher({"t": parse_query(found.term if found.term.endswith("*") else f'"{found.term}"')}).match(
            text[found.start : found.end]
        )


@pytest.mark.parametrize(
    "text", ["I love #Acme", "@acme hi", "Acme's app", "ACME!", "see https://acme.example/x", "á\u200bcmé", "(acme)"]
)
def test_a_word_is_found_in_all_its_dresses(text: str) -> None:
    assert Matcher({"q": parse_query("acme")}).match(text) == {"q"}


@pytest.mark.parametrize("text", ["#AcmeBank", "acmes", "macme", "ac me", ""])
def test_other_words_are_not_found(text: str) -> None:
    assert Matcher({"q": parse_query("acme")}).match(text) == frozenset()


def test_explanation_points_into_the_original() -> None:
    text = "Wow 😀 the Ácme  Bank’s branch by the RIVER"
    why = Matcher({"q": parse_query('"acme bank" AND (card OR app*) NOT river')}).explain(text)["q"]
    assert not why.kept
    assert [text[found.start : found.end] for found in why.found] == ["Ácme  Bank", "RIVER"]
    assert why.missing == ("card", "app*")
    assert why.excluded == ("river",)


def test_no_queries_match_nothing() -> None:
    assert Matcher({}).match("acme") == frozenset()
    assert Matcher({}).explain("acme") == {}


def test_many_queries_and_a_huge_text() -> None:
    queries = {f"q{n}": parse_query(" OR ".join(f'"name{n} part{i}"' for i in range(50))) for n in range(20)}
    text = "all the words that people write " * 30_000 + "Name7 Part49"
    assert Matcher(queries).match(text) == {"q7"}


def test_places_in_a_huge_text_are_bounded() -> None:
    why = Matcher({"q": parse_query("a")}).explain("a " * 5_000)["q"]
    assert len(why.found) == 100
