"""The company profile as a form and as text: nothing is lost on the way, wrong fields are named, drafts are tried."""

from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.dashboard import company_form
from api.dashboard.forms import Posted
from api.dashboard.pages.company import pieces
from config.company import check_profile, load_profile
from config.matching import Explanation, Found
from config.settings import ROOT
from storage import db, profile, sources
from storage.mentions import PreviewRow
from storage.viewer import SYSTEM
from tests.api.world import NOW, PASSWORD, PROFILE, forget_tries
from tests.dashboard.forms import follow, post

Clients = Callable[[str], TestClient]
ACME = {"company.name": "Acme", "company.accounts": "forum acme", "company.careers_hosts": "careers.acme.example"}


@pytest.fixture
def first(first_start: str, redis_url: str) -> Iterator[TestClient]:
    """An administrator before any company is set up."""
    forget_tries()
    with TestClient(create_app(), follow_redirects=False) as client:
        client.post("/sign-in", data={"email": "administrator@acme.example", "password": PASSWORD})
        yield client


def test_the_example_survives_the_form() -> None:
    before = load_profile((ROOT / "company.example.toml").read_text("utf-8"))
    shown = company_form.of_profile(before)
    form = Posted(tuple(shown.values.items()))
    assert check_profile(company_form.read(form, [each.model_dump() for each in before.sources])) == before


def test_a_company_is_set_up_with_its_first_source(first: TestClient) -> None:
    assert 'name="start.hackernews" value="on" checked' in first.get("/company").text
    shown = follow(first, post(first, "/company", {**ACME, "start.hackernews": "on", "do": "save", "version": ""}))
    assert "The profile of Acme is in force" in shown
    with db.reading() as session:
        assert [row.kind for row in sources.list_sources(session, SYSTEM, NOW)] == ["hackernews"]


def test_an_older_version_does_not_overwrite_a_newer_one(first: TestClient) -> None:
    post(first, "/company", {**ACME, "do": "save", "version": ""})
    answer = post(first, "/company", {**ACME, "company.aliases": "Akme", "do": "save", "version": ""})
    assert answer.status_code == 422
    assert "Somebody saved another version" in answer.text
    assert "Akme" in answer.text


def test_the_demo_company_is_not_turned_into_a_real_one(first: TestClient) -> None:
    with db.transaction() as session:
        profile.save_profile(session, PROFILE, origin="demo", user_id=None, now=NOW)
    for path, values in (("/company", ACME), ("/company/text", {"toml": PROFILE})):
        assert "Remove the demo first" in post(first, path, {**values, "do": "save", "version": "1"}).text
    with db.reading() as session:
        state = profile.current_profile(session)
        assert state is not None
        assert state.demo


def test_wrong_fields_are_named_and_nothing_typed_is_lost(clients: Clients) -> None:
    wrong = {
        **ACME,
        "company.careers_hosts": "good.example\nhttps://bad.example/",
        "rivals[0].name": "",
        "rivals[4].name": "!!!",
        "recipients[1].email": "nobody",
        "company.query": "acme AND (",
        "do": "save",
    }
    answer = post(clients("administrator"), "/company", wrong)
    assert answer.status_code == 422
    assert "Line 2 must be a host name alone" in answer.text
    assert "Has no letter or digit" in answer.text
    assert "Must be one e-mail address" in answer.text
    assert "acme AND (" in answer.text
    with db.reading() as session:
        state = profile.current_profile(session)
        assert state is not None
        assert not state.profile.company.query


def test_the_preview_tells_what_would_go_and_saves_nothing(clients: Clients) -> None:
    page = post(clients("administrator"), "/company", {**ACME, "company.required": "refund", "do": "preview"}).text
    assert "What this would find" in page
    assert "lacks refund" in page
    assert "<mark>Acme</mark>" in page
    assert "organising at" not in page  # protected texts are counted, never shown
    assert "lacks refund" not in clients("administrator").get("/company").text


def test_the_linter_speaks_up(clients: Clients) -> None:
    page = post(clients("administrator"), "/company", {**ACME, "company.aliases": "the", "do": "preview"}).text
    assert "is a very common word" in page


def test_problems_of_the_text_name_their_line(clients: Clients) -> None:
    answer = post(clients("administrator"), "/company/text", {"toml": "[company]\nname = 3\n<b>", "do": "save"})
    assert answer.status_code == 422
    assert "line 3" in answer.text
    assert "&lt;b&gt;" in answer.text


def test_the_text_is_saved_and_downloaded_as_it_was_written(first: TestClient) -> None:
    toml = '# ours\n[company]\nname = "Acme"\n'
    follow(first, post(first, "/company/text", {"toml": toml.replace("\n", "\r\n"), "do": "save", "version": ""}))
    answer = first.get("/company/company.toml")
    assert answer.text == toml
    assert "company.toml" in answer.headers["content-disposition"]


def test_overlapping_finds_are_marked_once() -> None:
    found = (Found("acme", 0, 4), Found("acme bank", 0, 9), Found("bank", 5, 9), Found("x", 13, 14))
    row = PreviewRow(1, "Forum", None, NOW, "Acme Bank is x.", Explanation(True, found, (), ()))
    assert "".join(words for words, _ in pieces(row)) == row.text
    assert [words for words, hit in pieces(row) if hit] == ["Acme", " Bank", "x"]
