"""The first minutes: nothing is set up, the demo comes and goes."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.dashboard.frame import Facts, navigation
from storage import db, profile, sources
from tests.api.world import NOW, PASSWORD, PROFILE, Said, add_person, forget_tries, say


@pytest.fixture
def client(first_start: str, redis_url: str) -> Iterator[TestClient]:
    forget_tries()
    with TestClient(create_app(), follow_redirects=False) as client:
        client.post("/sign-in", data={"email": "administrator@acme.example", "password": PASSWORD})
        yield client


def _csrf(client: TestClient) -> str:
    return client.get("/quality").text.split('name="csrf" value="')[1].split('"')[0]


def _set_up(origin: str) -> None:
    with db.transaction() as session:
        profile.save_profile(session, PROFILE, origin=origin, user_id=None, now=NOW)
        sources.get_or_make(session, "import", "Some", origin, NOW, demo=origin == "demo")


def test_the_administrator_is_offered_two_ways(client: TestClient) -> None:
    assert client.get("/").headers["location"] == "/start"
    page = client.get("/start").text
    assert "Set up your company" in page
    assert "Load the demo company" in page
    assert "A demo company" not in client.get("/quality").text


def test_the_empty_pages_say_what_to_do_next(client: TestClient) -> None:
    for path in ("/overview", "/brand", "/employer"):
        assert client.get(path).headers["location"] == "/start"
    assert "Look at the sources" in client.get("/mentions").text
    assert "Nothing is out of the ordinary" in client.get("/incidents").text
    assert "Nobody has corrected a tag" in client.get("/quality").text


def test_others_are_told_to_wait(client: TestClient) -> None:
    add_person("marketing")
    client.cookies.clear()
    client.post("/sign-in", data={"email": "marketing@acme.example", "password": PASSWORD})
    assert "An administrator names the company" in client.get("/brand").text


def test_a_company_without_mentions_shows_unknown_and_no_zero_division(client: TestClient) -> None:
    _set_up("dashboard")
    for path in ("/overview", "/brand", "/employer", "/quality"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert "–" in answer.text
    assert client.get("/start").headers["location"] == "/overview"


def test_nothing_is_compared_with_a_time_that_is_not_known(client: TestClient) -> None:
    _set_up("dashboard")
    say(Said("a first word"))
    assert "the 30 days before are not known in full, so nothing is compared" in client.get("/brand").text


def test_loading_the_demo_is_asked_of_a_worker(client: TestClient) -> None:
    answer = client.post("/demo/load", data={"csrf": _csrf(client)})
    assert answer.headers["location"] == "/start?loading=1"
    assert "is being made" in client.get("/start?loading=1").text


def test_the_demo_is_marked_and_goes_with_one_click(client: TestClient) -> None:
    _set_up("demo")
    page = client.get("/overview").text
    assert "Demo company." in page
    assert "Remove the demo" in page
    assert client.get("/start").status_code == 200  # still being made
    answer = client.post("/demo/remove", data={"csrf": _csrf(client)})
    assert answer.headers["location"] == "/"
    assert client.get("/").headers["location"] == "/start"
    assert "Demo company." not in client.get("/quality").text


def test_every_page_says_that_it_shows_a_demo(client: TestClient) -> None:
    _set_up("demo")
    entries = [
        entry for section in navigation("administrator", "/", Facts(True, True, None, 0)) for entry in section.entries
    ]
    assert len(entries) >= 12
    for path in (*(entry.href for entry in entries), "/my-reach/check", "/sources/new", "/start"):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert "Demo company." in answer.text, path


def test_the_demo_does_not_come_beside_a_real_company(client: TestClient) -> None:
    _set_up("dashboard")
    answer = client.post("/demo/load", data={"csrf": _csrf(client)})
    assert answer.headers["location"] == "/overview"
    assert "so the demo is not loaded" in client.get("/overview").text
