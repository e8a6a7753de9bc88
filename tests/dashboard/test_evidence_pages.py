"""The words behind a mention's tags on its page: with a reload, in place, and in honest sentences."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect

from api.dashboard.evidence_words import Piece, panels
from nlp.result import Evidence, HeadEvidence, ThemeWords, Word
from storage import db, mentions
from storage.viewer import SYSTEM
from tests.dashboard.conftest import Opened
from tests.dashboard.forms import follow, post
from workers import explain, explanations
from workers.explanations import Explanation

Clients = Callable[[str], TestClient]

_EVIDENCE = Evidence(
    text="Acme: checkout down <b>again</b>, nobody answers",
    named=((0, 5),),
    unread=None,
    phrases=False,
    heads=(
        HeadEvidence("sentiment", "negative", "negative", 0.9, None, (Word(15, 19, 0.6), Word(34, 40, -0.2))),
        HeadEvidence("audience", "unknown", "consumer", 0.4, None, ()),
        HeadEvidence("facet", "brand", "brand", None, "source: review by consumer", ()),
    ),
    themes=(ThemeWords("service", 41, 48),),
    model="9.9",
)


@pytest.fixture
def at_work(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that takes the job at once, in this process."""

    def work(_name: str, token: str, mention_id: int, **_: object) -> bool:
        explain.explain_mention(token, mention_id)
        return True

    monkeypatch.setattr(explanations, "enqueue", work)


def _mention(client: TestClient, query: str) -> int:
    found = re.search(r'id="m-(\d+)"', client.get(f"/mentions?q={query}").text)
    assert found
    return int(found[1])


@pytest.mark.usefixtures("at_work")
def test_words_are_shown_after_a_reload(clients: Clients) -> None:
    client = clients("marketing")
    chosen = _mention(client, "checkout")
    assert "Show the words behind these tags" in client.get(f"/mentions/{chosen}").text

    page = follow(client, post(client, f"/mentions/{chosen}/words"))

    assert "What this is, and what it is not" in page
    assert 'data-pick="audience"' in page
    assert "http-equiv" not in page
    assert " style=" not in page


def test_a_page_that_waits_looks_again_and_gives_up(clients: Clients, redis_url: str) -> None:
    client = clients("marketing")
    chosen = _mention(client, "checkout")
    soon, late = "words=unknown&since=99999999999", "words=unknown&since=1"
    assert 'http-equiv="refresh"' in client.get(f"/mentions/{chosen}?{soon}").text
    page = client.get(f"/mentions/{chosen}?{late}").text
    assert "answers are kept for five minutes" in page
    assert "Show the words behind these tags" in page


def test_another_side_gets_no_words(clients: Clients, redis_url: str) -> None:
    brand = _mention(clients("marketing"), "checkout")
    explanations.put_explanation("t", brand, Explanation(_EVIDENCE))
    assert "nobody" not in clients("hr").get(f"/mentions/{brand}?words=t").text
    assert post(clients("hr"), f"/mentions/{brand}/words").status_code == 403


def test_the_text_of_an_answer_is_text(clients: Clients, redis_url: str) -> None:
    client = clients("marketing")
    chosen = _mention(client, "checkout")
    explanations.put_explanation("t", chosen, Explanation(_EVIDENCE))
    page = client.get(f"/mentions/{chosen}?words=t").text
    assert "&lt;b&gt;again" in page
    assert '<mark class="raises s3">down</mark>' in page
    assert '<span class="named">Acme:</span>' in page
    assert "90 % → 30 %" in page
    assert explanations.explanation("t", chosen + 1) is None


@pytest.mark.usefixtures("town")
def test_the_sentences_are_honest() -> None:
    with db.reading() as session:
        chosen = mentions.search(session, SYSTEM, mentions.MentionFilter(q="checkout"), limit=1).items[0].id
        detail = mentions.get(session, SYSTEM, chosen)
    corrected = replace(detail, row=replace(detail.row, corrected=("sentiment",), sentiment="positive"))

    sentiment, audience, facet, themes = panels(_EVIDENCE, corrected)

    assert sentiment.note.startswith("A person corrected this tag: positive counts.")
    assert sentiment.pieces[0] == Piece("Acme:", named=True)
    assert "".join(piece.text for piece in sentiment.pieces) == _EVIDENCE.text
    assert [row[2] for row in sentiment.rows] == ["−60", "+20"]
    assert "not sure enough to say it" in audience.note
    assert "No single word carries it" in audience.note
    assert facet.note == "The source itself decided this (review by consumer), so no words are behind it."
    assert themes.rows == (("service", "answers"),)


def test_whom_the_sentiment_is_about_is_said(clients: Clients) -> None:
    client = clients("marketing")
    page = client.get(f"/mentions/{_mention(client, 'checkout')}").text
    assert "the sentiment towards Acme, whose name stands in the text" in page


@pytest.mark.browser
@pytest.mark.usefixtures("at_work")
def test_words_come_in_place(open_page: Opened, clients: Clients) -> None:
    chosen = _mention(clients("marketing"), "checkout")
    page = open_page("marketing", f"/mentions/{chosen}")
    page.get_by_role("button", name="Show the words behind these tags").click()
    expect(page.locator("[data-pick=sentiment]")).to_be_visible()
    expect(page.locator("[data-pick=audience]")).to_be_hidden()
    expect(page.locator("#t-words")).to_be_focused()
    page.get_by_role("radio", name="Audience").check()
    expect(page.locator("[data-pick=audience] .marked")).to_contain_text("checkout")
    expect(page.locator("[data-pick=sentiment]")).to_be_hidden()
    page.set_viewport_size({"width": 390, "height": 900})
    assert page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
