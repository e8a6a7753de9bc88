"""Rules of words that stand beside each other."""

import pytest

from nlp.nearby import nearby

RULES = nearby(
    [{"within": 3, "words": [["wrist*"], ["sore", "swollen"]]}, {"within": 4, "words": [["a"], ["b"], ["c*"]]}]
)


@pytest.mark.parametrize("text", ["sore wrists", "wrist is sore", "c x a b", "a a b cat", "wrist x wrist x sore"])
def test_all_groups_within_so_many_words_are_met(text: str) -> None:
    assert RULES.matches(text)


@pytest.mark.parametrize("text", ["", "wrist and then sore", "sorely wrist", "a b", "a b x x c", "wrist"])
def test_groups_that_are_absent_or_far_apart_are_not(text: str) -> None:
    assert not RULES.matches(text)


def test_no_rules_match_nothing() -> None:
    assert not nearby([]).matches("sore wrist")
