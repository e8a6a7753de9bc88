"""A text is checked before it is shared: disclosure, own words, and nothing of it is kept."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from api.dashboard.pages.text_check import judge
from tests.dashboard.forms import post

Clients = Callable[[str], TestClient]
SUGGESTED = "Our new kettle boils in forty seconds, and I helped to build the part that makes it quiet."


def test_the_page_says_what_is_missing_and_what_is_copied(clients: Clients) -> None:
    shown = post(clients("advocate"), "/my-reach/check", {"text": SUGGESTED, "suggestion": SUGGESTED}).text
    assert "not found" in shown
    assert "I work at Acme" in shown
    assert "100 % of the word sequences" in shown
    assert "bot farm" in shown


def test_a_text_that_tells_and_is_own_words_passes(clients: Clients) -> None:
    text = "I work at Acme, and the kettle on my desk is the first quiet one I ever had <b>here</b>."
    shown = post(clients("hr"), "/my-reach/check", {"text": text, "suggestion": SUGGESTED}).text
    assert "The text says that you work there." in shown
    assert "bot farm" not in shown
    assert "<b>here</b>" not in shown


@pytest.mark.parametrize(("text", "words"), [("", "Paste the text"), ("a" * 20_001, "Use at most 20,000 characters")])
def test_a_text_that_cannot_be_checked_is_refused_in_words(clients: Clients, text: str, words: str) -> None:
    answer = post(clients("advocate"), "/my-reach/check", {"text": text})
    assert answer.status_code == 422
    assert words in answer.text


def test_without_a_company_only_the_words_are_compared() -> None:
    verdict = judge(SUGGESTED, "", ())
    assert (verdict.disclosure, verdict.likeness, verdict.too_similar) == (None, None, False)


def test_the_form_is_there_for_everybody(clients: Clients) -> None:
    assert 'name="suggestion"' in clients("marketing").get("/my-reach/check").text
