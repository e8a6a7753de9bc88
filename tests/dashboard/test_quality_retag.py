"""Starting and stopping the re-tagging on the Quality page: administrators only, everybody sees how far it is."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect

from config.settings import Settings
from tests.dashboard.conftest import Opened
from tests.dashboard.forms import follow, post
from workers import retag_state

Clients = Callable[[str], TestClient]


@pytest.mark.usefixtures("redis_url")
def test_an_administrator_starts_and_stops_it(clients: Clients) -> None:
    client = clients("administrator")
    assert "Tag again" in client.get("/quality").text
    page = follow(client, post(client, "/quality/retag/start"))
    assert "They are being tagged again" in page
    assert retag_state.wanted() is not None
    assert "They are being tagged again" in clients("leadership").get("/quality").text
    page = follow(client, post(client, "/quality/retag/stop"))
    assert "Tagging again is stopped." in page
    assert retag_state.wanted() is None
    assert "It had come to its end already." in follow(client, post(client, "/quality/retag/stop"))


@pytest.mark.usefixtures("redis_url")
@pytest.mark.parametrize("role", ["marketing", "hr", "leadership"])
def test_others_see_it_and_may_not(clients: Clients, role: str) -> None:
    page = clients(role).get("/quality").text
    assert "tags of another version than" in page
    assert "/quality/retag" not in page
    assert post(clients(role), "/quality/retag/start").status_code == 403
    assert retag_state.wanted() is None


def test_a_queue_that_is_away_is_told(clients: Clients, settings: Callable[..., Settings]) -> None:
    settings(redis_url="redis://127.0.0.1:1/0")
    client = clients("administrator")
    assert "The job queue does not answer" in client.get("/quality").text
    assert "nothing was started" in follow(client, post(client, "/quality/retag/start"))
    assert "nothing was stopped" in follow(client, post(client, "/quality/retag/stop"))


@pytest.mark.usefixtures("redis_url")
@pytest.mark.parametrize("width", [1280, 390])
def test_it_stands_well_on_the_page(open_page: Opened, width: int) -> None:
    page = open_page("administrator", "/quality", width)
    expect(page.locator("#retag").get_by_role("button", name="Tag again")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
