"""What the checks of a draft find."""

import pytest

from nlp.answer_check import check_answer

REVIEW = "Pay was late three times and my manager shouted at people in every single meeting."
GOOD = "Thank you for telling us. Feedback on pay helps us improve. Please write to us at people@acme.example."


def failed(draft: str, platform: str = "feed") -> set[str]:
    return {check.name for check in check_answer(draft, REVIEW, platform, ("Acme",)) if not check.passed}


def test_a_calm_answer_passes() -> None:
    assert failed(GOOD) == set()


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("This is not true.", "no arguing"),
        ("Our lawyers will look at this.", "no legal threat"),
        ("Dear Karen Hughes, we hear you.", "names nobody"),
        ("Your manager Tom Baker told us otherwise.", "names nobody"),
        ("When you left the team we were sorry.", "no details of employment"),
        ("Our records show another picture.", "no details of employment"),
        ("You joined in March 2024.", "no dates and spans"),
        ("After three years with us you know better.", "no dates and spans"),
        ("We regret that my manager shouted at people in meetings.", "accusation not repeated"),
        ("This is ABSOLUTELY fine!!!", "calm tone"),
        ("word " * 400, "length"),
    ],
)
def test_what_could_harm_is_named(words: str, name: str) -> None:
    assert failed(f"{GOOD} {words}") == {name} | ({"no details of employment"} if "Your manager" in words else set())


def test_what_is_missing_is_named() -> None:
    assert failed("Noted.") == {"thanks", "contact offered", "length"}


def test_limits_of_platforms_hold() -> None:
    assert "length" in failed(f"{GOOD} {'We listen. ' * 30}", "google_play")
