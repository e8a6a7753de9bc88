"""Stopping mails by the address that each of them carries, by hand and by the reader's mail program."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from config.settings import get_settings
from storage import db, mail_states
from tests.dashboard.forms import follow, post

Clients = Callable[[str], TestClient]
ADDRESS = "eve@acme.example"


@pytest.fixture
def path(town: str) -> str:
    return mail_states.stop_url(ADDRESS).removeprefix(get_settings().base_url)


def _stopped() -> bool:
    with db.reading() as session:
        return bool(mail_states.stopped(session, [ADDRESS]))


def test_looking_changes_nothing_and_one_click_stops(path: str, clients: Clients) -> None:
    nobody = clients("")
    page = nobody.get(path)
    assert "Stop these mails?" in page.text
    assert not _stopped()
    done = nobody.post(path, data={"List-Unsubscribe": "One-Click"})
    assert (done.status_code, "set-cookie" in done.headers) == (200, False)
    assert _stopped()
    assert "Get them again" in nobody.get(path).text
    assert "You get mails again" in nobody.post(path, data={"do": "again"}).text
    assert not _stopped()
    assert nobody.get(f"{path}x").status_code == nobody.post("/mails/nobody.x").status_code == 404


def test_the_administrator_sees_who_unsubscribed(path: str, clients: Clients) -> None:
    clients("").post(path)
    client = clients("administrator")
    assert ADDRESS in client.get("/people").text
    assert "audit log" in follow(client, post(client, "/people/mails", {"address": ADDRESS}))
    assert not _stopped()
    assert post(clients("hr"), "/people/mails", {"address": ADDRESS}).status_code == 403
