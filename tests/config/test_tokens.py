import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.tokens import line_of, map_tokens, tokens_of


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Café ＡＣＭＥ Straße", ["cafe", "acme", "strasse"]),
        ("#Acme @acme_bank Acme's", ["acme", "acme", "bank", "acme", "s"]),
        ("A\u200bc\u00adme e\u0301a", ["acme", "ea"]),
        ("東京のAcme", ["東", "京", "の", "acme"]),
        ("삼성은", ["삼", "성", "은"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("İstanbul Øre Łódź", ["istanbul", "ore", "lodz"]),
        ("😀 … — \x00 \u202e", []),
        ("", []),
    ],
)
def test_folding(text: str, tokens: list[str]) -> None:
    assert tokens_of(text) == tokens


@given(st.text())
def test_a_map_has_the_same_tokens_and_points_at_them(text: str) -> None:
    mapped = map_tokens(text)
    assert mapped.line == line_of(tokens_of(text))
    for token, (start, end) in zip(tokens_of(text), mapped.spans, strict=True):
        assert token in line_of(tokens_of(text[start:end]))
        assert start < end <= len(text)


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    line = line_of(tokens_of(text))
    assert line_of(tokens_of(line)) == line


@given(st.text(alphabet=st.characters(max_codepoint=0x24F)))
def test_composed_and_decomposed_latin_are_the_same(text: str) -> None:
    assert tokens_of(unicodedata.normalize("NFD", text)) == tokens_of(unicodedata.normalize("NFC", text))


def test_a_folded_text_stays_in_proportion() -> None:
    assert len(line_of(tokens_of("\ufdfa" * 1000))) < 5000
