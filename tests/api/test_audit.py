"""The audit log over HTTP; what looks at texts and searches for names leave in it."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from storage import audit, db
from storage.viewer import SYSTEM
from tests.api.world import NOW, Said, say

Header = dict[str, str]


def _acts() -> list[tuple[str, str]]:
    with db.reading() as session:
        return [(entry.action, entry.subject) for entry in audit.entries(session, SYSTEM)]


@pytest.mark.usefixtures("company")
def test_reading_texts_over_the_api_is_recorded(client: TestClient, token: Callable[..., Header]) -> None:
    say(Said("late delivery"))
    assert client.get("/api/v1/mentions", headers=token("marketing"), params={"q": "late"}).json()["items"]
    assert _acts() == [("mention.list", "/api/v1/mentions?q=late")]


@pytest.mark.usefixtures("company")
def test_a_search_for_a_name_is_refused_to_hr_and_noted_everywhere(
    client: TestClient, token: Callable[..., Header]
) -> None:
    asked = {"q": "Ada Lovelace"}
    refused = client.get("/api/v1/mentions", headers=token("hr"), params=asked)
    assert refused.status_code == 403
    assert "person" in refused.json()["detail"]
    assert client.get("/api/v1/mentions", headers=token("marketing"), params=asked).status_code == 200
    assert _acts() == [("search.person", "Ada Lovelace"), ("search.blocked", "Ada Lovelace")]


def test_auditors_page_through_the_log(client: TestClient, token: Callable[..., Header]) -> None:
    header = token("auditor")
    with db.transaction() as session:
        for number in range(3):
            audit.record(session, None, "mention.read" if number else "key.make", f"thing {number}", NOW)
    first = client.get("/api/v1/audit", headers=header, params={"limit": 2}).json()
    second = client.get("/api/v1/audit", headers=header, params={"before": first["next"]}).json()
    assert [entry["subject"] for entry in first["items"] + second["items"]] == ["thing 2", "thing 1", "thing 0"]
    assert second["next"] is None
    only = client.get("/api/v1/audit", headers=header, params={"action": "mention"}).json()
    assert len(only["items"]) == 2
