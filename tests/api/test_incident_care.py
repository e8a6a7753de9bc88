"""Snooze, answers, planned events and the post-mortem over HTTP."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from storage import db
from tests.api import world
from tests.api.access import EVENT

Header = dict[str, str]
EVENTS, SENSITIVITY = "/api/v1/planned-events", "/api/v1/sensitivity"
SLICE = {"kind": "volume_spike", "facet": "brand", "audience": "all"}


@pytest.fixture
def incident(company: None) -> str:
    """The address of an open incident on the brand side."""
    with db.transaction() as session:
        return f"/api/v1/incidents/{world.open_incident(session)}"


def test_a_snooze_by_span_by_time_and_its_end(client: TestClient, token: Callable[..., Header], incident: str) -> None:
    header = token("marketing")
    for body in ({"span": "4h"}, {"span": "tomorrow", "zone": "Asia/Tokyo"},
                 {"until": (world.NOW + timedelta(days=3)).isoformat()}):  # fmt: skip
        asleep = client.post(f"{incident}/snooze", headers=header, json=body).json()
        assert asleep["snoozed_until"] > world.NOW.isoformat()
        assert asleep["state"] == "acknowledged"
    assert client.post(f"{incident}/snooze", headers=header, json={}).json()["snoozed_until"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"span": "tomorrow", "zone": "Mars/Base"}, "zone"),
        ({"span": "1h", "until": "2030-01-01T00:00:00Z"}, "span"),
        ({"until": "2020-01-01T00:00:00Z"}, "until"),
        ({"until": "2099-01-01T00:00:00Z"}, "until"),
        ({"span": "2h"}, "span"),
    ],
)
def test_a_snooze_that_cannot_be_names_its_field(
    client: TestClient, token: Callable[..., Header], incident: str, body: dict[str, str], field: str
) -> None:
    answer = client.post(f"{incident}/snooze", headers=token("marketing"), json=body)
    assert answer.status_code == 422
    assert answer.json()["fields"][0]["field"] == field


def test_answers_are_counted_change_the_bar_and_are_reset(
    client: TestClient, token: Callable[..., Header], incident: str
) -> None:
    header = token("marketing")
    refused = client.post(f"{incident}/feedback", headers=header, json={"useful": False})
    assert refused.json()["fields"][0]["field"] == "reason"
    said = {"useful": False, "reason": "too_small", "note": "Three people."}
    answered = client.post(f"{incident}/feedback", headers=header, json=said).json()
    assert answered["verdict"] == {"useful": 0, "not_useful": 1, "reasons": {"too_small": 1}}
    (row,) = client.get(SENSITIVITY, headers=header).json()["items"]
    assert row["factor"] == pytest.approx(1.1, abs=1e-3)
    assert client.get(SENSITIVITY, headers=token("hr")).json()["items"] == []
    body = {**SLICE, "company_id": row["company_id"]}
    (row,) = client.post(f"{SENSITIVITY}/reset", headers=header, json=body).json()["items"]
    assert row["factor"] == 1.0


def test_a_closed_incident_tells_its_post_mortem_and_what_was_known_when(
    client: TestClient, token: Callable[..., Header], incident: str
) -> None:
    header = token("marketing")
    assert client.get(incident, headers=header).json()["post_mortem"] is None
    closed = client.post(f"{incident}/close", headers=header).json()
    assert closed["post_mortem"]["closed_by_hand"] is True
    assert closed["post_mortem"]["observed"] == 17
    assert closed["timeline"][0]["known"] == "17 against 7 (n = 17), by 11 different people; severity high."
    assert closed["timeline"][-1]["known"] == ""


def test_planned_events_are_entered_changed_and_taken_back(
    client: TestClient, token: Callable[..., Header], incident: str
) -> None:
    header = token("marketing")
    made = client.post(EVENTS, headers=header, json=EVENT).json()
    assert (made["company"], made["by"], made["explained"]) == ("Acme", "Marketing", 0)
    changed = client.put(f"{EVENTS}/{made['id']}", headers=header, json={**EVENT, "name": "Fair"}).json()
    assert changed["name"] == "Fair"
    for wrong, field in (({"facet": "employer"}, "facet"), ({"ends_at": EVENT["starts_at"]}, "ends_at"),
                         ({"company_id": 30_000}, "company_id")):  # fmt: skip
        refused = client.post(EVENTS, headers=header, json={**EVENT, **wrong})
        assert refused.json()["fields"][0]["field"] == field
    assert client.delete(f"{EVENTS}/{made['id']}", headers=header).status_code == 204
    assert client.get(EVENTS, headers=header).json() == {"items": [], "next": None}
