"""Persons who are named in a text."""

import pytest

from nlp.persons import NAME, person_spans, without_persons
from nlp.persons_figures import measure, sample


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("My manager Karen Hughes told me off", "My manager [name] told me off"),
        ("Mr. Drossel never answers. Ask Mehmet or Priya Raman.", "Mr. [name] never answers. Ask [name] or [name]."),
        ("reporting to Halvard, who said nothing", "reporting to [name], who said nothing"),
        ("the hr lady sarah was great, Sarah's the best", "the hr lady [name] was great, [name]'s the best"),
        ("Dr. med. Anna-Lena Schmidt und Frau von der Leyen", "Dr. med. [name] und Frau [name]"),
        ("Interview with Jean-Claude van Damme on Monday", "Interview with [name] on Monday"),
        ("Mark my words: it gets worse", "Mark my words: it gets worse"),
        ("Mark Hughes left", "[name] left"),
        ("our boss, the CEO, left the Store Manager alone", "our boss, the CEO, left the Store Manager alone"),
        ("My manager was Polish and the director never came", "My manager was Polish and the director never came"),
        ("I love Christmas at Lidl", "I love Christmas at Lidl"),
        ("Kudos to Anneliese and gracias a Dios", "Kudos to [name] and gracias a Dios"),
        ("Sgt. Dobbs ran security at Dean Foods", "Sgt. [name] ran security at Dean Foods"),
        ("", ""),
    ],
)  # fmt: skip
def test_names_give_way(text: str, shown: str) -> None:
    assert without_persons(text) == shown


def test_public_names_stay() -> None:
    assert without_persons("I thank Walter Miller", ("Walter Miller Bakeries",)) == "I thank Walter Miller"


def test_spans_are_of_the_text_as_given_and_apart() -> None:
    text = "  Priya\tand  Sarah O'Neill! Priya.  "
    assert [text[start:end] for start, end in person_spans(text)] == ["Priya", "Sarah O'Neill", "Priya"]


def test_a_huge_text_costs_no_more_than_its_length() -> None:
    text = "Mr. " * 20_000 + "de " * 20_000
    assert without_persons(text).count(NAME) == 1


def test_few_names_of_the_half_kept_apart_stay_readable() -> None:
    figures = {row.group: row for row in measure(sample("test"))}
    assert figures["all"].names > 40
    assert (figures["all"].recall or 0) >= 0.85
    assert (figures["all"].precision or 0) >= 0.8
