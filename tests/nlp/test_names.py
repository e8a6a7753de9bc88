"""Names that the model does not get to see."""

from pathlib import Path

import pytest

from nlp.names import COMPANIES, COMPANY_WORD, FIRST_NAMES, PERSON_WORD, without_names
from nlp.text import TARGET_WORD, model_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sarah was rude", "{person} was rude"),
        ("Mehmet's colleague called SARAH", "{person} 's colleague called {person}"),
        ("flown with Lufthansa and British Airways", "flown with {company} and {company}"),
        ("Mark my words, Mark is late", "Mark my words, {person} is late"),
        ("an apple a day, not Apple", "an apple a day, not {company}"),
        ("the burger, the king", "the burger, the king"),
        ("She told him that it was her own", "he told his that it was his own"),
        ("nothing named here", "nothing named here"),
        ("", ""),
    ],
)
def test_listed_names_become_signs(text: str, expected: str) -> None:
    found = " ".join(without_names(text).split())
    assert found == expected.format(person=PERSON_WORD, company=COMPANY_WORD)


def test_a_name_at_the_very_end_is_whole() -> None:
    assert without_names("I left Burger").strip() == "I left Burger"
    assert COMPANY_WORD in without_names("I left Burger King")


def test_names_inside_of_other_words_stay() -> None:
    assert without_names("sarahs amazonian lufthansaesque") == "sarahs amazonian lufthansaesque"


def test_the_company_in_question_is_no_other_company() -> None:
    assert model_text("Lufthansa is better than Ryanair", "Lufthansa") == f"{TARGET_WORD} is better than {COMPANY_WORD}"


@pytest.mark.parametrize("path", [FIRST_NAMES, COMPANIES], ids=["first_names", "companies"])
def test_the_lists_have_nothing_twice(path: Path) -> None:
    lines = [line.removeprefix("=") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    assert len(lines) > 500
    assert len({line.casefold() for line in lines}) == len(lines)
