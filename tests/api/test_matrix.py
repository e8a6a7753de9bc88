"""Every call of the API × every role: who gets in. A call that is not in the table fails the test."""

from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from storage import db, sources
from tests.api import world
from tests.api.world import ROLES, Said, say
from workers import explanations

Header = dict[str, str]

# call → statuses in the order of ROLES: marketing, hr, leadership, advocate, administrator. 404: not yours to see.
TABLE: dict[tuple[str, str], tuple[int, int, int, int, int]] = {
    ("GET", "/api/v1/sources"): (200, 200, 200, 403, 200),
    ("GET", "/api/v1/sources/{source_id}"): (200, 200, 200, 403, 200),
    ("POST", "/api/v1/sources"): (403, 403, 403, 403, 201),
    ("PATCH", "/api/v1/sources/{source_id}"): (403, 403, 403, 403, 200),
    ("PUT", "/api/v1/sources/{source_id}/credentials"): (403, 403, 403, 403, 422),
    ("POST", "/api/v1/sources/{source_id}/test"): (403, 403, 403, 403, 409),
    ("GET", "/api/v1/sources/{source_id}/runs"): (403, 403, 403, 403, 200),
    ("GET", "/api/v1/sources/{source_id}/coverage"): (200, 200, 200, 403, 200),
    ("GET", "/api/v1/sources/{source_id}/held"): (403, 403, 403, 403, 200),
    ("POST", "/api/v1/sources/{source_id}/held/{held_id}/resolve"): (403, 403, 403, 403, 404),
    ("POST", "/api/v1/sources/{source_id}/run"): (403, 403, 403, 403, 409),
    ("DELETE", "/api/v1/sources/{doomed_id}"): (403, 403, 403, 403, 204),
    ("GET", "/api/v1/source-kinds"): (200, 200, 200, 403, 200),
    ("GET", "/api/v1/companies"): (200, 200, 200, 403, 200),
    ("GET", "/api/v1/mentions"): (200, 200, 403, 403, 200),
    ("POST", "/api/v1/mentions"): (403, 403, 403, 403, 200),
    ("GET", "/api/v1/mentions/{mention_id}"): (200, 404, 403, 403, 200),
    ("PATCH", "/api/v1/mentions/{mention_id}"): (200, 404, 403, 403, 200),
    ("POST", "/api/v1/mentions/{mention_id}/evidence"): (503, 404, 403, 403, 503),  # no worker runs here
    ("GET", "/api/v1/series/volume"): (200, 200, 200, 403, 200),
    ("GET", "/api/v1/series/sentiment"): (200, 200, 200, 403, 200),
    ("GET", "/api/v1/breakdown"): (200, 200, 200, 403, 200),
    ("GET", "/api/v1/share-of-voice"): (200, 200, 200, 403, 200),
    ("GET", "/api/v1/quality"): (200, 200, 200, 403, 200),
    ("GET", "/api/v1/incidents"): (200, 200, 200, 403, 200),
    ("GET", "/api/v1/incidents.atom"): (200, 200, 200, 403, 200),
    ("GET", "/api/v1/incidents/{incident_id}"): (200, 404, 200, 403, 200),
    ("POST", "/api/v1/incidents/{incident_id}/acknowledge"): (200, 404, 200, 403, 200),
    ("POST", "/api/v1/incidents/{incident_id}/assign"): (200, 404, 200, 403, 200),
    ("POST", "/api/v1/incidents/{incident_id}/snooze"): (200, 404, 200, 403, 200),
    ("POST", "/api/v1/incidents/{incident_id}/feedback"): (200, 404, 200, 403, 200),
    ("GET", "/api/v1/sensitivity"): (200, 200, 200, 403, 200),
    ("POST", "/api/v1/sensitivity/reset"): (200, 403, 200, 403, 200),
    ("GET", "/api/v1/planned-events"): (200, 200, 200, 403, 200),
    ("POST", "/api/v1/planned-events"): (201, 422, 403, 403, 201),
    ("GET", "/api/v1/planned-events/{event_id}"): (200, 404, 200, 403, 200),
    ("PUT", "/api/v1/planned-events/{event_id}"): (200, 404, 403, 403, 200),
    ("DELETE", "/api/v1/planned-events/{event_id}"): (204, 404, 403, 403, 404),
    ("POST", "/api/v1/incidents/{incident_id}/close"): (200, 404, 200, 403, 200),
    ("POST", "/api/v1/incidents/{incident_id}/notes"): (200, 404, 200, 403, 200),
    ("GET", "/api/v1/advocacy/me"): (404, 404, 404, 404, 404),
    ("GET", "/api/v1/advocacy/programme"): (200, 200, 200, 403, 200),
}
# Probes, and hooks: each delivery is signed by itself.
OPEN = {("GET", "/healthz"), ("GET", "/healthz/live"), ("GET", "/metrics"), ("POST", "/hooks/{source_id}")}
EVENT = {"name": "Launch", "facet": "brand", "starts_at": f"{world.NOW:%Y-%m-%dT%H:%M:%SZ}",
         "ends_at": f"{world.NOW + timedelta(hours=8):%Y-%m-%dT%H:%M:%SZ}"}  # fmt: skip
SLICE = {"kind": "volume_spike", "facet": "brand", "audience": "all"}
BODIES: dict[str, object] = {
    "/api/v1/mentions": {"source": "Forum", "posts": [{"native_id": "1", "text": "Acme"}]},
    "/api/v1/sources": {"kind": "feed", "name": "News", "options": {"url": "https://news.example/feed"}},
    "/api/v1/sources/{source_id}": {"keep_days": 30},
    "/api/v1/sources/{source_id}/credentials": {"credentials": {"api_key": "x"}},
    "/api/v1/mentions/{mention_id}": {"sentiment": "negative"},
    "/api/v1/incidents/{incident_id}/assign": {"user_id": None},
    "/api/v1/incidents/{incident_id}/notes": {"text": "Seen."},
    "/api/v1/incidents/{incident_id}/snooze": {"span": "1h"},
    "/api/v1/incidents/{incident_id}/feedback": {"useful": True},
    "/api/v1/planned-events": EVENT,
    "/api/v1/planned-events/{event_id}": EVENT,
}


def _ask(client: TestClient, call: tuple[str, str], headers: Header, ids: Mapping[str, int]) -> int:
    method, path = call
    url = path.format(**ids)
    body = BODIES.get(path) if method in ("POST", "PATCH", "PUT") else None
    if path == "/api/v1/sensitivity/reset":
        body = {**SLICE, "company_id": ids["company_id"]}
    return client.request(method, url, headers=headers, json=body).status_code


@pytest.mark.usefixtures("company")
def test_every_call_for_every_role(
    client: TestClient, token: Callable[..., Header], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explanations, "PATIENCE", 0.1)
    (mention_id,) = say(Said("the app is slow"))
    with db.transaction() as session:
        source_id = sources.get_or_make(session, "api", "Forum", "api", world.NOW)
        incident_id = world.open_incident(session, facet="brand")
        company_id, event_id = world.plan_launch(session)
        doomed_id = sources.get_or_make(session, "api", "Doomed", "api", world.NOW)
    ids = {"source_id": source_id, "doomed_id": doomed_id, "held_id": 1, "mention_id": mention_id,
           "incident_id": incident_id, "event_id": event_id, "company_id": company_id}  # fmt: skip
    headers = [token(role) for role in ROLES]
    found = {call: tuple(_ask(client, call, each, ids) for each in headers) for call in TABLE}
    assert found == TABLE


@pytest.mark.usefixtures("company")
def test_nobody_gets_in_without_signing_in(client: TestClient) -> None:
    names = ("source_id", "doomed_id", "held_id", "mention_id", "incident_id", "event_id", "company_id")
    ids = dict.fromkeys(names, 1)
    found = {call: _ask(client, call, {}, ids) for call in TABLE}
    assert found == dict.fromkeys(TABLE, 401)


def test_the_table_holds_every_call(client: TestClient) -> None:
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    calls = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert calls == {(method, path.replace("doomed_id", "source_id")) for method, path in TABLE} | OPEN
