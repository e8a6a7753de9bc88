"""Channels are added, tried, paused and removed; their addresses are shown to nobody."""

from collections.abc import Callable

from fastapi.testclient import TestClient

from storage import channels, db, deliveries
from storage.viewer import SYSTEM
from tests.dashboard.forms import follow, post

Clients = Callable[[str], TestClient]
ADDRESS = "https://hooks.example/services/secretpath"


def test_a_webhook_shows_its_secret_once_and_its_address_never(clients: Clients, redis_url: str) -> None:
    client = clients("administrator")
    values = {"name": "<b>Desk</b>", "kind": "webhook", "address": ADDRESS, "severity": "high", "facets": "brand"}
    made = post(client, "/channels", values)
    assert "whsec_" in made.text
    page = client.get("/channels").text
    assert "whsec_" not in page
    assert "secretpath" not in made.text + page
    assert "&lt;b&gt;Desk" in page
    with db.reading() as session:
        (row,) = channels.list_channels(session, SYSTEM)
    assert (row.severity, row.facets) == ("high", ("brand",))

    assert "on its way" in follow(client, post(client, f"/channels/{row.id}/test"))
    with db.transaction() as session:
        (claimed,) = deliveries.claim(session, row.created_at.replace(year=2999))
        deliveries.mark_failed(session, claimed.id, "The channel answered 500.", row.created_at, permanent=True)
    assert "The channel answered 500." in client.get("/channels").text
    follow(client, post(client, f"/channels/messages/{claimed.id}/retry"))
    with db.reading() as session:
        assert deliveries.get_delivery(session, SYSTEM, claimed.id).state == "waiting"
    assert "The channel is paused." in follow(client, post(client, f"/channels/{row.id}/switch"))
    assert "None yet." in follow(client, post(client, f"/channels/{row.id}/remove"))


def test_wrong_fields_are_named(clients: Clients) -> None:
    client = clients("administrator")
    for address in ("http://hooks.example/x", "https://user:word@hooks.example/", "javascript:1", "https://"):
        answer = post(client, "/channels", {"name": "Chat", "kind": "slack", "address": address})
        assert answer.status_code == 422
        assert 'id="e-address"' in answer.text
    assert 'id="e-name"' in post(client, "/channels", {"name": " ", "kind": "slack", "address": ADDRESS}).text
    assert post(clients("hr"), "/channels", {"name": "Chat", "address": ADDRESS}).status_code == 403
