"""Probes and figures."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import exc

from config.settings import Settings
from storage import db
from tests.api.world import Said, say


def test_all_is_well(client: TestClient) -> None:
    answer = client.get("/healthz")
    assert answer.status_code == 200
    found = answer.json()
    assert (found["status"], found["live"], found["ready"]) == ("ok", True, True)
    assert [(check["name"], check["ok"]) for check in found["checks"]] == [("database", True), ("queue", True)]


def test_a_queue_that_is_down_is_named(client: TestClient, settings: Callable[..., Settings]) -> None:
    settings(redis_url="unix:///nowhere/valkey.sock")
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert [(check["name"], check["ok"]) for check in answer.json()["checks"]] == [("database", True), ("queue", False)]
    assert "nowhere" not in answer.text


def test_a_database_that_is_down_is_named_and_the_process_lives(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down() -> None:
        raise exc.OperationalError("", {}, ConnectionRefusedError())

    monkeypatch.setattr(db, "connect", down)
    assert client.get("/healthz").json()["checks"][0]["ok"] is False
    assert client.get("/healthz/live").json() == {"live": True}
    assert "outspoken_database_up 0.0" in client.get("/metrics").text


@pytest.mark.usefixtures("company")
def test_prometheus_reads_what_waits_and_nothing_of_what_is_said(client: TestClient) -> None:
    say(Said("the app is slow"))
    client.get("/api/v1/mentions")
    figures = client.get("/metrics").text
    assert "outspoken_pending_mentions 0.0" in figures
    assert 'outspoken_sources{state="ok"} 1.0' in figures
    assert 'outspoken_outbox_mails{state="waiting"} 0.0' in figures
    assert 'outspoken_http_requests_total{method="GET",route="/api/v1/mentions",status="401"}' in figures
    assert not any(word in figures for word in ("Acme", "slow", "Forum"))
