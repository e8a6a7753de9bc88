"""The Quality page and the check behind it: hidden tags first, then what the model had said; everybody their side."""

import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect
from sqlalchemy import text

from storage import audit, db
from storage.viewer import SYSTEM
from tests.dashboard.conftest import Opened

Clients = Callable[[str], TestClient]
CANT_TELL = {"sentiment": "cant_tell", "audience": "cant_tell", "facet": "cant_tell"}


def _form(client: TestClient) -> dict[str, str]:
    """The hidden fields of the check that is shown."""
    page = client.get("/quality/check").text
    return {name: re.findall(rf'name="{name}" value="([^"]+)"', page)[0] for name in ("csrf", "mention")}


def _answer(client: TestClient, **said: str) -> str:
    """Send a check and give the page that follows."""
    answer = client.post("/quality/check", data={**_form(client), **CANT_TELL, **said})
    assert answer.status_code == 303
    return client.get(answer.headers["location"]).text


def test_without_checks_the_page_says_what_to_do(first_start: str) -> None:
    from api.app import create_app
    from tests.api.world import PASSWORD, forget_tries

    forget_tries()
    client = TestClient(create_app(), follow_redirects=False)
    client.post("/sign-in", data={"email": "administrator@acme.example", "password": PASSWORD})
    page = client.get("/quality").text
    for words in ("Nobody has checked a mention", "There is nothing to compare yet", "No whole week with mentions yet"):
        assert words in page
    assert "Nothing is left to check" in client.get("/quality/check").text


def test_the_tags_are_hidden_until_one_has_answered(clients: Clients) -> None:
    client = clients("marketing")
    fields = _form(client)
    page = client.get("/quality/check").text
    assert " checked" not in page
    assert "The one before" not in page
    assert 'class="tag' not in page.partition("<main")[2]
    assert "test-1" not in page
    with db.reading() as session:
        held = session.execute(text("SELECT sentiment FROM mentions WHERE id = :id"), {"id": fields["mention"]}).one()
        latest = audit.entries(session, SYSTEM, limit=1)[0]
    assert (latest.action, latest.subject) == ("quality.read", f"mention {fields['mention']}")
    after = _answer(client, sentiment="positive", facet="brand")
    told = after.partition('id="before"')[2].partition("</section>")[0]
    assert f'<td data-label="The model had said">{held.sentiment}' in told
    assert "negative 70 %" in told
    assert "Audience" not in told  # can't tell
    with db.reading() as session:
        actions = [(each.action, each.subject) for each in audit.entries(session, SYSTEM, limit=2)]
    assert actions[1] == (
        "quality.check", f"mention {fields['mention']}: sentiment is positive, audience can't be told, facet is brand",
    )  # fmt: skip


def test_a_check_shows_in_the_figures_of_its_side_only(clients: Clients) -> None:
    for _ in range(3):
        _answer(clients("hr"), sentiment="negative", audience="employee", facet="employer")
    page = clients("hr").get("/quality").text
    assert "drawn at random and checked by" in page
    assert "People say (rows), the model says (columns)" in page
    assert "Your role draws no mention that was filed under the other side" in page
    assert "Your role draws no mention" not in clients("leadership").get("/quality").text
    assert "Check a few" not in clients("leadership").get("/quality").text


@pytest.mark.parametrize("role", ["leadership", "advocate"])
def test_who_reads_no_texts_checks_none(role: str, clients: Clients) -> None:
    assert clients(role).get("/quality/check").status_code == 403


def test_nobody_sends_another_mention_or_half_a_form(clients: Clients) -> None:
    client = clients("hr")
    fields = _form(client)
    half = client.post("/quality/check", data={**fields, "sentiment": "negative"})
    assert half.status_code == 422
    assert half.text.count("Choose one, or say that you can’t tell.") == 2
    assert re.search(r'value="negative" required checked', half.text)
    with db.reading() as session:
        brand = session.scalar(text("SELECT min(id) FROM mentions WHERE facet = 'brand'"))
    for wrong, words in (
        ({"mention": str(brand)}, "not the one to check"),
        ({"mention": "x"}, "named no mention"),
        ({"sentiment": "unsure"}, "is not one of"),
    ):
        answer = client.post("/quality/check", data={**fields, **CANT_TELL, **wrong})
        assert answer.headers["location"] == "/quality/check"
        assert words in client.get("/quality/check").text
    assert client.post("/quality/check", data={**CANT_TELL, "mention": fields["mention"]}).status_code == 403


def test_what_one_cannot_tell_at_all_is_skipped(clients: Clients) -> None:
    client = clients("administrator")
    fields = _form(client)
    answer = client.post("/quality/check", data={**fields, "skip": "yes"})
    assert "Skipped" in client.get(answer.headers["location"]).text
    assert _form(client)["mention"] != fields["mention"]


@pytest.mark.browser
def test_checking_in_a_browser(open_page: Opened) -> None:
    page = open_page("administrator", "/quality/check")
    for _ in range(2):
        page.get_by_label("Positive").check()
        page.get_by_label(re.compile("^Consumer")).check()
        page.get_by_role("group", name=re.compile("What is it about")).get_by_label("I can’t tell").check()
        page.get_by_role("button", name="Save and show the next").click()
        expect(page.get_by_role("heading", name="The one before")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    page.get_by_role("link", name="Enough for today").click()
    expect(page.locator("[data-chart]:not([data-drawn=true])")).to_have_count(0)
    expect(page.locator("#chart-calibration-sentiment svg")).to_be_visible()
    expect(page.locator("#chart-drift svg")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
