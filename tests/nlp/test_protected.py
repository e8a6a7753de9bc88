"""Protected activity at work: recall on the half of the sample that was kept apart, and on which side what counts."""

from pathlib import Path

import pytest

from nlp.protected_figures import measure, public_sample, sample
from nlp.themes import find_themes, is_protected, speaks_of_work


def test_hardly_anything_protected_is_missed() -> None:
    found = {row.group: row for row in measure(sample("test"))}
    assert found["all"].protected > 70
    assert (found["all"].recall or 0) >= 0.95
    assert (found["all"].precision or 0) >= 0.9
    assert min(found[lang].recall or 0 for lang in ("en", "de", "fr", "es", "pt", "it")) >= 0.85
    assert (found["health"].recall or 0) >= 0.95


def test_strangers_are_mostly_recognised(shared: Path) -> None:
    (found, *_) = measure(public_sample("test"))
    assert (found.protected, found.others) == (29, 286)
    assert (found.recall or 0) >= 0.9
    assert (found.precision or 0) >= 0.75


@pytest.mark.parametrize(
    "text",
    ["I am pregnant and the salary is low", "Schwanger, und das Gehalt ist mies", "Enceinte, salaire bas"],
)
def test_health_is_protected_where_work_is_spoken_of_and_nowhere_else(text: str) -> None:
    assert is_protected(text)
    assert not is_protected(text, staff=False)
    assert find_themes(text, "employer") == find_themes(text, "both") == find_themes(text, "brand", "employee") == ()
    assert "pay" in find_themes(text)


@pytest.mark.parametrize(
    ("facet", "audience", "staff"),
    [
        ("employer", "consumer", True),
        ("both", "unknown", True),
        ("brand", "staff", True),
        ("brand", "candidate", True),
        ("brand", "consumer", False),
        ("neither", "other", False),
        (None, None, False),
    ],
)
def test_side_and_standpoint_say_whether_work_is_spoken_of(
    facet: str | None, audience: str | None, staff: bool
) -> None:
    assert speaks_of_work(facet, audience) is staff


@pytest.mark.parametrize("text", ["The European Union fined them", "My credit union is better", "A strike price of 9"])
def test_phrases_of_another_meaning_protect_nothing(text: str) -> None:
    assert not is_protected(text)
    assert is_protected(text + ", and our union says no")


def test_accents_and_hyphens_do_not_matter() -> None:
    assert is_protected("La greve continue")
    assert is_protected("Union\u2010busting again")


@pytest.mark.parametrize(
    "text",
    [
        "my wrist was so swollen after peak",
        "can they fire us for comparing salaries with each other",
        "somebody finally called the inspectors about the freezer",
    ],
)
def test_words_beside_each_other_protect_where_work_is_spoken_of(text: str) -> None:
    assert is_protected(text)
    assert not is_protected(text, staff=False)
    assert not is_protected(" and so on and so forth ".join(text.split()))
