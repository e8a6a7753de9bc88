"""Contents over the API: for who writes them, and for who may share them."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from storage import advocacy, db
from tests.api import world

Header = dict[str, str]
DRAFT = {
    "title": "The quiet kettle",
    "angle": "Two years of work for forty seconds",
    "example": "Our new kettle boils in forty seconds.",
    "link": "https://careers.acme.example/jobs",
    "platforms": ["x"],
}
pytestmark = pytest.mark.usefixtures("company")


@pytest.fixture
def advocate(client: TestClient) -> Header:
    """A token of somebody who joined."""
    person, _ = world.add_person("advocate", "ada")
    with db.transaction() as session:
        advocacy.join(session, person, "employee", "1", "I agree", world.NOW)
    return world.add_token(person)


def test_a_content_is_written_changed_listed_and_withdrawn(
    client: TestClient, token: Callable[..., Header], advocate: Header
) -> None:
    marketing = token("marketing")
    made = client.post("/api/v1/contents", json=DRAFT, headers=marketing)
    assert (made.status_code, made.json()["state"]) == (201, "available")
    path = f"/api/v1/contents/{made.json()['id']}"
    changed = client.put(path, json={**DRAFT, "title": "Quieter"}, headers=token("hr"))
    assert (changed.status_code, changed.json()["title"]) == (200, "Quieter")
    (seen,) = client.get("/api/v1/contents", headers=advocate).json()["items"]
    assert (seen["title"], seen["example"], seen["shared_by"], seen["may_change"]) == ("Quieter", None, None, False)
    assert client.get(path, headers=marketing).json()["example"] == DRAFT["example"]
    assert client.post(f"{path}/withdraw", headers=marketing).json()["state"] == "withdrawn"
    assert client.get(path, headers=advocate).status_code == 404
    assert client.get("/api/v1/contents", headers=advocate).json() == {"items": [], "next": None}
    assert len(client.get("/api/v1/contents?state=withdrawn", headers=marketing).json()["items"]) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"link": "https://evil.example/"}, "link"),
        ({"language": "tlh"}, "language"),
        ({"platforms": ["myspace"]}, "platforms[0]"),
        ({"title": " "}, "title"),
        ({"campaign_id": 99}, "campaign"),
        ({"picture": "x"}, "picture"),
        ({"available_until": "2020-01-01T00:00:00Z"}, "available_until"),
    ],
)
def test_what_is_wrong_is_named(
    client: TestClient, token: Callable[..., Header], change: dict[str, object], field: str
) -> None:
    answer = client.post("/api/v1/contents", json={**DRAFT, **change}, headers=token("administrator"))
    assert (answer.status_code, answer.json()["fields"][0]["field"]) == (422, field)


def test_scopes_and_roles_are_asked(client: TestClient, token: Callable[..., Header], advocate: Header) -> None:
    assert client.post("/api/v1/contents", json=DRAFT, headers=advocate).status_code == 403
    assert client.get("/api/v1/contents", headers=token("leadership")).status_code == 403
    narrow = token("marketing", ["contents:read"])
    assert client.post("/api/v1/contents", json=DRAFT, headers=narrow).json()["error"] == "missing_scope"
    assert client.get("/api/v1/contents?after=x", headers=narrow).status_code == 422
