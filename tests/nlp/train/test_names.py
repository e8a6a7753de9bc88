import random

from nlp.train.names import FIRST_NAMES, with_another_company, with_other_people


def test_a_company_is_called_by_another_name_throughout() -> None:
    text = with_another_company("Acme's app is slow, #AcmeFail", "Acme", ("Orvane",), random.Random(1))
    assert "Acme" not in text
    assert text.count("Orvane") == 2


def test_a_text_that_does_not_name_its_target_stays() -> None:
    assert with_another_company("their app is slow", "Acme", ("Orvane",), random.Random(1)) == "their app is slow"


def test_people_change_together_and_nothing_else_does() -> None:
    for seed in range(30):
        words = with_other_people("Sarah said she likes it, Sarah did", random.Random(seed)).split()
        assert words[0] == words[-2]
        assert words[0] in FIRST_NAMES
        assert [words[1], words[3], words[4], words[-1]] == ["said", "likes", "it,", "did"]
        assert words[2] in ("she", "he")
