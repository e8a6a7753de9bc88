"""Incidents over HTTP."""

import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from storage import db
from tests.api import world

Header = dict[str, str]
PATH = "/api/v1/incidents"


@pytest.fixture
def incident(company: None) -> str:
    """The address of an open incident on the employer side."""
    with db.transaction() as session:
        return f"{PATH}/{world.open_incident(session, facet='employer')}"


def test_the_way_of_an_incident(client: TestClient, token: Callable[..., Header], incident: str) -> None:
    header = token("hr")
    colleague, _ = world.add_person("hr", "colleague")
    assert client.get(incident, headers=header).json()["state"] == "open"
    assert client.post(f"{incident}/acknowledge", headers=header).json()["acknowledged_by"] == "Hr"
    given = client.post(f"{incident}/assign", headers=header, json={"user_id": colleague}).json()
    assert given["assignee"] == "Colleague"
    client.post(f"{incident}/notes", headers=header, json={"text": "Talked to the site. \U0001f44d"})
    closed = client.post(f"{incident}/close", headers=header).json()
    assert closed["state"] == "closed"
    assert [event["kind"] for event in closed["timeline"]] == ["opened", "acknowledged", "assigned", "note", "closed"]
    assert client.get(PATH, headers=header, params={"state": "open"}).json()["items"] == []
    assert len(client.get(PATH, headers=header, params={"state": "closed"}).json()["items"]) == 1


def test_doing_it_twice_changes_nothing(client: TestClient, token: Callable[..., Header], incident: str) -> None:
    header = token("hr")
    for action in ("acknowledge", "close"):
        once, twice = (client.post(f"{incident}/{action}", headers=header).json() for _ in range(2))
        assert once == twice


def test_it_belongs_to_its_side(client: TestClient, token: Callable[..., Header], incident: str) -> None:
    header = token("marketing")
    assert client.get(PATH, headers=header).json()["items"] == []
    assert client.get(incident, headers=header).status_code == 404
    for action, body in (("close", None), ("notes", {"text": "x"}), ("assign", {"user_id": None})):
        assert client.post(f"{incident}/{action}", headers=header, json=body).status_code == 404


@pytest.mark.parametrize("user_id", [999, "marketing"])
def test_it_is_given_only_to_who_may_see_it(
    client: TestClient, token: Callable[..., Header], incident: str, user_id: object
) -> None:
    if user_id == "marketing":
        user_id, _ = world.add_person("marketing")
    answer = client.post(f"{incident}/assign", headers=token("hr"), json={"user_id": user_id})
    assert answer.status_code == 422
    assert answer.json()["fields"][0]["field"] == "user_id"


@pytest.mark.parametrize("words", ["", "   ", "x" * 5001, "a\x00b", None, 3])
def test_a_note_needs_words(client: TestClient, token: Callable[..., Header], incident: str, words: object) -> None:
    assert client.post(f"{incident}/notes", headers=token("hr"), json={"text": words}).status_code == 422


def test_pages_go_on(client: TestClient, token: Callable[..., Header], company: None) -> None:
    with db.transaction() as session:
        made = [world.open_incident(session, facet) for facet in ("brand", "employer", "both")]
    header = token("administrator")
    first = client.get(PATH, headers=header, params={"limit": 2}).json()
    second = client.get(PATH, headers=header, params={"limit": 2, "after": first["next"]}).json()
    assert [each["id"] for each in first["items"] + second["items"]] == sorted(made, reverse=True)
    assert second["next"] is None


@pytest.mark.usefixtures("company")
def test_no_answer_counts_employees_exactly(client: TestClient, token: Callable[..., Header]) -> None:
    header = token("hr")
    with db.transaction() as session:
        figures = {"observed": 617.0, "n": 613, "authors": 611, "notes": ("613 of 617 are unsure.",)}
        number = world.open_incident(session, facet="employer", audience="employee", **figures)
    detail = f"{PATH}/{number}"
    told = [client.get(path, headers=header) for path in (PATH, detail, f"{PATH}.atom")]
    told.append(client.post(f"{detail}/close", headers=header))
    for answer in told:
        assert answer.status_code == 200
        assert not re.search(r"\b61[1-4679]\b", answer.text), answer.text
    found = told[-1].json()
    assert (found["rounded"], found["observed"], found["n"], found["authors"]) == (True, 615.0, 610, 610)
    assert "at least 615 stories by at least 610 people" in found["timeline"][0]["known"]
    assert found["post_mortem"]["rounded"]
