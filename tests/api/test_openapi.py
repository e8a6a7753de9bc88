"""The description is true: what it says is what is answered."""

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from storage import db
from tests.api import world
from tests.api.world import Said
from workers import explanations

SCHEMA = "/api/v1/openapi.json"


@pytest.fixture
def description(client: TestClient) -> dict[str, Any]:
    """The OpenAPI document."""
    found: dict[str, Any] = client.get(SCHEMA).json()
    return found


def operations(description: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """(name, operation) of every call."""
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]


def test_every_call_declares_its_errors_in_the_one_shape(description: dict[str, Any]) -> None:
    for name, operation in operations(description):
        for status, answer in operation["responses"].items():
            if status.startswith(("4", "5")) and not (name == "GET /healthz" and status == "503"):
                shape = answer["content"]["application/json"]["schema"]["$ref"]
                assert shape.endswith("/ErrorAnswer"), (name, status)
        assert "500" in operation["responses"], name


def test_every_call_with_a_body_may_find_it_too_large(description: dict[str, Any]) -> None:
    with_body = [name for name, operation in operations(description) if "requestBody" in operation]
    refusing = [name for name, operation in operations(description) if "413" in operation["responses"]]
    assert with_body == refusing != []


def test_every_call_of_the_api_says_how_to_sign_in(description: dict[str, Any]) -> None:
    for name, operation in operations(description):
        if "/api/v1/" in name:
            ways = {tuple(way) for way in operation["security"]} - {("feed_token",)}  # beside the usual ones
            assert ways == {("token",), ("session",)}, name
            assert {"401", "403"} <= set(operation["responses"]), name
            assert operation["description"], name


def test_every_answer_and_body_of_a_call_has_an_example(description: dict[str, Any]) -> None:
    schemas = description["components"]["schemas"]
    bodies = [
        content["schema"]["$ref"].rpartition("/")[2]
        for _, operation in operations(description)
        for part in (operation.get("requestBody", {}), *operation["responses"].values())
        for content in part.get("content", {}).values()
        if "$ref" in content["schema"]
    ]
    without = sorted({name for name in bodies if "examples" not in schemas[name]})
    assert without == []


def test_lists_answer_items_and_next(description: dict[str, Any]) -> None:
    schemas = description["components"]["schemas"]
    pages = ("MentionPage", "IncidentPage", "SourceList", "RunList", "CompanyList", "HourList", "HeldList", "KindList",
             "PlannedPageOut", "SensitivityList")  # fmt: skip
    assert all({"items", "next"} <= set(schemas[name]["properties"]) for name in pages)


@pytest.mark.parametrize("mode", ["positive", "negative"])
@pytest.mark.usefixtures("company")
def test_no_call_answers_what_it_does_not_declare(
    application: FastAPI, client: TestClient, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Generated requests with a token: no 500, no undeclared status, header, type or shape; bad ones are refused."""
    monkeypatch.setattr(explanations, "PATIENCE", 0.05)  # no worker is there to answer
    world.say(Said("late parcel", "a"), Said("fine", "b", sentiment="positive"))
    with db.transaction() as session:
        world.open_incident(session)
    header = world.add_token(world.add_person("administrator")[0])
    from tests.api import generated  # here, since it takes seconds to load and one process needs it

    assert generated.ask_every_call(application, SCHEMA, mode, header) > 30
