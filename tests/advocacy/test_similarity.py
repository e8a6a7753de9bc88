from hypothesis import given
from hypothesis import strategies as st

from advocacy.similarity import near_duplicates, similarity

TEXT = "We are hiring nurses in Berlin and Hamburg: a good team, fair pay, and shifts that you can plan months ahead."
OWN = "Twelve years on ward three, and what keeps me is that my shifts fit around my son's football. Come and ask me."


def test_links_handles_case_and_punctuation_do_not_count() -> None:
    assert similarity(TEXT, TEXT.upper().replace(",", " -") + " @lee https://careers.acme.example/x?y #") == 1.0


def test_own_words_pass_and_light_edits_do_not() -> None:
    edited = TEXT.replace("good", "great").replace("We are", "We're")
    found = near_duplicates(TEXT, [OWN, edited, TEXT])
    assert [duplicate.place for duplicate in found] == [2, 1]
    assert found[0].similarity == 1.0


def test_short_texts_are_compared_by_letters() -> None:
    assert similarity("Join us today", "Join us today!") == 1.0
    assert similarity("Join us today", "Join us now") > similarity("Join us today", "Nice weather")


def test_texts_without_words_are_like_nothing() -> None:
    assert similarity("", "") == 0.0
    assert similarity("🚀🚀 https://a.example", TEXT) == 0.0


def test_huge_texts_are_cut() -> None:
    assert similarity("word " * 1_000_000, "word " * 1_000_000) == 1.0


@given(st.text(max_size=120), st.text(max_size=120))
def test_the_index_is_symmetric_and_within_bounds(one: str, other: str) -> None:
    assert similarity(one, other) == similarity(other, one)
    assert 0.0 <= similarity(one, other) <= 1.0
