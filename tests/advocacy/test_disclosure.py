import pytest
from hypothesis import given
from hypothesis import strategies as st

from advocacy.disclosure import LANGUAGES, check_disclosure

NAMES = ("Acme", "Acme Corp")


@pytest.mark.parametrize(
    "text",
    [
        "I work at Acme and we are hiring.",
        "I’ve joined. I work for ACME Corp!",
        "As a nurse at Acme I see what care costs.",
        "Proud Acme employee here: look at this.",
        "I'm a senior engineer at @acme",
        "My employer has just opened a new site.",
        "We at Acme Corp build bridges.",
        "Great day. #AcmeCorpEmployee",
        "Ich arbeite seit drei Jahren bei Acme.",
        "Mein Arbeitgeber baut neu.",
        "Je travaille chez Acme depuis 2019.",
        "Trabajo en Acme y me gusta.",
        "Lavoro per Acme da due anni.",
        "Ik werk bij Acme.",
    ],
)
def test_disclosing_texts(text: str) -> None:
    found = check_disclosure(text, NAMES)
    assert found.disclosed
    assert found.found is not None
    assert not found.late
    assert found.suggestions == ()


@pytest.mark.parametrize(
    "text",
    [
        "Acme is the best place for nurses!",
        "Great jobs at Acme, apply now.",
        "I don't work at Acme.",
        "I used to work at Acme.",
        "Ich arbeite nicht bei Acme.",
        "I work at Acmeville.",
        "I am happy. They fired people at Acme.",
        "",
    ],
)
def test_texts_that_disclose_nothing(text: str) -> None:
    found = check_disclosure(text, NAMES)
    assert not found.disclosed
    assert found.suggestions
    assert "profile is not enough" in found.advice


def test_unclear_hashtags_do_not_count_and_are_named() -> None:
    found = check_disclosure("Acme wins the award again #ee #spon", NAMES)
    assert not found.disclosed
    assert found.unclear == ("#ee", "#spon")
    assert "#ee, #spon is not clear" in found.advice


def test_longer_hashtags_are_others() -> None:
    assert check_disclosure("Acme grows #eel #partnership", NAMES).unclear == ()


def test_a_late_disclosure_is_told() -> None:
    found = check_disclosure(f"{'Great news about bridges. ' * 12} I work at Acme.", NAMES)
    assert found.disclosed
    assert found.late
    assert "move it to the beginning" in found.advice


@pytest.mark.parametrize("language", [*LANGUAGES, "de-AT", "xx"])
def test_suggestions_of_each_language_disclose(language: str) -> None:
    suggestions = check_disclosure("Acme grows.", NAMES, language).suggestions
    assert len(suggestions) >= 2
    assert all(check_disclosure(f"{opening}ja", NAMES).disclosed for opening in suggestions)


def test_names_are_no_patterns() -> None:
    assert check_disclosure("I work at C++ (Co.)", ["C++ (Co.)"]).disclosed
    assert not check_disclosure("I work at Cxx", ["C.."]).disclosed


@pytest.mark.parametrize("names", [(), ("", " ")])
def test_a_name_is_needed(names: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="at least one name"):
        check_disclosure("I work here", names)


@given(st.text(max_size=200))
def test_any_text_gets_an_answer(text: str) -> None:
    assert check_disclosure(text, NAMES).advice
    assert check_disclosure(f"I work at Acme. {text}", NAMES).disclosed
