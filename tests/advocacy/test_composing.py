"""What is said about a draft before it goes out."""

import pytest

from advocacy.composing import COLLEAGUE, SUGGESTION, Draft, compose, judge
from advocacy.lengths import PLATFORMS
from tests.advocacy.likeness_pairs import TOLD

LINK = "https://out.example/l/abcdefghij"
NAMES = ("Acme",)
NURSES = TOLD[0]


def test_the_link_goes_along_once() -> None:
    assert compose(Draft("x", "Mine ", LINK)) == f"Mine\n\n{LINK}"
    assert compose(Draft("x", f"{LINK} is mine", LINK)) == f"{LINK} is mine"
    assert compose(Draft("x", "", LINK)) == LINK
    assert compose(Draft("instagram", "Mine", LINK)) == "Mine"


def test_copies_are_refused_on_x_and_advised_against_elsewhere() -> None:
    on_x = judge(Draft("x", NURSES.copies[0]), NAMES, [NURSES.suggested])
    assert (on_x.too_like, on_x.own_words) == (SUGGESTION, False)
    assert "X forbids near copies" in on_x.refused
    elsewhere = judge(Draft("linkedin", NURSES.copies[0]), NAMES, [NURSES.suggested])
    assert (elsewhere.too_like, elsewhere.refused) == (SUGGESTION, "")


def test_likeness_to_colleagues_counts_and_tells_of_nobody() -> None:
    found = judge(Draft("x", NURSES.own[0]), NAMES, [NURSES.suggested], colleagues=0.4)
    assert found.too_like == COLLEAGUE
    assert "what a colleague has shared" in found.refused


def test_own_words_pass() -> None:
    found = judge(Draft("x", f"I work at Acme. {NURSES.own[0]}", LINK), NAMES, [NURSES.suggested], colleagues=0.2)
    assert found.own_words
    assert found.refused == ""
    assert found.length.fits
    assert found.disclosure is not None
    assert found.disclosure.disclosed


def test_suggested_openings_fit_what_is_left() -> None:
    room = judge(Draft("x", "a" * 265), NAMES, []).disclosure
    assert room is not None
    assert room.suggestions == ("#AcmeEmployee ",)
    full = judge(Draft("x", "a" * 279), NAMES, [])
    assert "make room for the disclosure" in full.notes[0]


def test_who_left_says_so_in_their_own_way() -> None:
    draft = Draft("linkedin", "I used to work at Acme, and still like it.", standing="alumnus")
    found = judge(draft, NAMES, []).disclosure
    assert found is not None
    assert found.disclosed
    assert "worked there" in found.advice
    asked = judge(Draft("linkedin", "Acme is fine", standing="alumnus"), NAMES, []).disclosure
    assert asked is not None
    assert asked.suggestions[0] == "I used to work at Acme: "


@pytest.mark.parametrize(
    ("draft", "words"),
    [
        (Draft("x", "a" * 300), "20 weighted characters too long for X."),
        (Draft("instagram", "Mine", LINK), "makes no link"),
        (Draft("instagram", "#a " * 31), "30 hashtags"),
        (Draft("threads", " ".join(f"https://a.example/{n}" for n in range(6))), "at most 5 links"),
        (Draft("reddit", "Only a title"), "becomes the title"),
        (Draft("reddit", "a" * 301), "300 characters"),
    ],
)
def test_what_is_particular_to_a_platform_is_told(draft: Draft, words: str) -> None:
    assert any(words in note for note in judge(draft, NAMES, []).notes)


def test_a_preview_shows_what_comes_before_more() -> None:
    found = judge(Draft("linkedin", "word " * 100), NAMES, [])
    assert found.folded
    assert len(found.shown) <= 210


@pytest.mark.parametrize("platform", PLATFORMS)
def test_any_platform_takes_nothing_and_much(platform: str) -> None:
    assert judge(Draft(platform, ""), (), ["", NURSES.suggested]).own_words
    assert judge(Draft(platform, "x" * 100_000), NAMES, []).notes
