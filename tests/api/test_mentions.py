"""Mentions over HTTP: search, pages, one of them, corrections."""

import base64
import json
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from storage import db, rollups
from tests.api.world import Said, say

Header = dict[str, str]
PATH = "/api/v1/mentions"
pytestmark = pytest.mark.usefixtures("company")


def texts(client: TestClient, header: Header, **asked: object) -> list[str]:
    """The texts of one page, without the name at the beginning."""
    answer = client.get(PATH, headers=header, params={name: str(value) for name, value in asked.items()})
    assert answer.status_code == 200, answer.text
    return [item["text"].removeprefix("Acme: ") for item in answer.json()["items"]]


def test_each_role_finds_its_side(client: TestClient, token: Callable[..., Header]) -> None:
    say(
        Said("fine app", hours_ago=1),
        Said("bad shifts", facet="employer", audience="other", hours_ago=2),
        Said("known for both", facet="both", hours_ago=3),
    )
    assert texts(client, token("marketing")) == ["fine app", "known for both"]
    assert texts(client, token("hr")) == ["bad shifts", "known for both"]
    assert texts(client, token("administrator")) == ["fine app", "bad shifts", "known for both"]


def test_filters_narrow(client: TestClient, token: Callable[..., Header]) -> None:
    say(
        Said("late parcel again", sentiment="negative", themes=("delivery",), hours_ago=1),
        Said("the parcel came early", sentiment="positive", themes=("delivery",), hours_ago=2),
        Said("good price", sentiment="positive", themes=("price",), hours_ago=30),
    )
    header = token("administrator")
    assert texts(client, header, q="parcel -late") == ["the parcel came early"]
    assert texts(client, header, q='"late parcel"') == ["late parcel again"]
    assert texts(client, header, sentiment="negative") == ["late parcel again"]
    assert texts(client, header, theme="price") == ["good price"]
    assert len(texts(client, header, facet="brand", audience="consumer")) == 3
    assert texts(client, header, company=32767) == []


def test_pages_hold_each_mention_once_while_new_ones_arrive(client: TestClient, token: Callable[..., Header]) -> None:
    say(*(Said(f"number {number}", hours_ago=1 + number) for number in range(7)))
    header = token("administrator")
    first = client.get(PATH, headers=header, params={"limit": 3}).json()
    say(Said("just now", hours_ago=0.5), source="Elsewhere")
    found, after = [item["text"] for item in first["items"]], first["next"]
    while after:
        page = client.get(PATH, headers=header, params={"limit": 3, "after": after}).json()
        found += [item["text"] for item in page["items"]]
        after = page["next"]
    assert found == [f"Acme: number {number}" for number in range(7)]


CURSORS = (
    "x",
    "",
    "\x00",
    "ü" * 20,
    "A" * 301,
    "../../etc/passwd",
    base64.urlsafe_b64encode(json.dumps(["2026-01-01T00:00:00+00:00", 2**70]).encode()).decode(),
    base64.urlsafe_b64encode(json.dumps(["2026-01-01T00:00:00+00:00", "1; DROP TABLE posts"]).encode()).decode(),
    base64.urlsafe_b64encode(json.dumps(["0001-01-01T00:00:00+23:59", 1]).encode()).decode(),
    base64.urlsafe_b64encode(b"[" * 200).decode(),
    base64.urlsafe_b64encode(json.dumps({"a": 1}).encode()).decode(),
)


@pytest.mark.parametrize("path", [PATH, "/api/v1/incidents"])
def test_a_hostile_cursor_is_malformed_input(client: TestClient, token: Callable[..., Header], path: str) -> None:
    header = token("administrator")
    answers = {after: client.get(path, headers=header, params={"after": after}) for after in CURSORS}
    assert {after: answer.status_code for after, answer in answers.items()} == dict.fromkeys(CURSORS, 422)
    assert all(set(answer.json()) <= {"error", "detail", "fields"} for answer in answers.values())


WRONG_FILTERS = (
    ("limit", "0"),
    ("limit", "201"),
    ("facet", "brands"),
    ("start", "2026-01-01T00:00:00"),
    ("start", "0001-01-01T00:00:00+23:59"),
    ("end", "9999-12-31T23:59:59-23:59"),
    ("company", "40000"),
    ("source", str(2**31)),
    ("story", str(2**63)),
    ("q", "a\x00b"),
    ("q", "a" * 501),
    ("facets", "brand"),
    ("theme", "'; --"),
)


def test_a_wrong_filter_is_named(client: TestClient, token: Callable[..., Header]) -> None:
    header = token("administrator")
    for name, value in WRONG_FILTERS:
        answer = client.get(PATH, headers=header, params={name: value})
        assert answer.status_code == 422, (name, value)
        assert [each["field"] for each in answer.json()["fields"]] == [name]


def test_any_words_can_be_searched_for(client: TestClient, token: Callable[..., Header]) -> None:
    header = token("administrator")
    for words in ('"', "'", "a & b | !", "(((", "\\", "\U0001f642", "or or or", "-", "مرحبا", "%", "a:*"):
        assert texts(client, header, q=words) == [], words


def test_protected_activity_is_only_counted(client: TestClient, token: Callable[..., Header]) -> None:
    ids = say(Said("joining the union", facet="employer", audience="other", protected=True))
    header = token("hr")
    page = client.get(PATH, headers=header).json()
    assert (page["items"], page["hidden"]) == ([], 1)
    assert client.get(f"{PATH}/{ids[0]}", headers=header).status_code == 404


def test_employees_texts_wait_for_five_authors(client: TestClient, token: Callable[..., Header]) -> None:
    few = [Said(f"shift {n}", f"author {n}", "employer", "employee") for n in range(4)]
    ids = say(*few)
    header = token("hr")
    page = client.get(PATH, headers=header).json()
    assert (page["items"], page["small_groups"].count("employee")) == ([], 1)
    assert client.get(f"{PATH}/{ids[0]}", headers=header).status_code == 404
    say(Said("shift 5", "author 5", "employer", "employee"), source="Elsewhere")
    assert len(texts(client, header)) == 5


def test_one_mention_comes_whole_and_its_reading_is_noted(
    client: TestClient, token: Callable[..., Header], clean_database: Engine
) -> None:
    (mention,) = say(Said("long " * 400, counters={"likes": 3}))
    detail = client.get(f"{PATH}/{mention}", headers=token("marketing")).json()
    assert len(detail["text"]) > 1000
    assert detail["cut"] is False
    assert [(each["counter"], each["value"]) for each in detail["counters"]] == [("likes", 3)]
    assert "author" not in json.dumps(detail)
    with clean_database.connect() as connection:
        assert connection.scalars(text("SELECT subject FROM audit_log WHERE action = 'mention.read'")).all() == [
            f"mention {mention}"
        ]


def test_a_correction_counts_and_is_remembered(client: TestClient, token: Callable[..., Header]) -> None:
    (mention,) = say(Said("never again", sentiment="positive"))
    header = token("marketing")
    answer = client.patch(f"{PATH}/{mention}", headers=header, json={"sentiment": "negative", "audience": "other"})
    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["sentiment"], shown["audience"]) == ("negative", "other")
    assert [(each["head"], each["new"]) for each in shown["corrections"]] == [
        ("sentiment", "negative"),
        ("audience", "other"),
    ]
    with db.reading() as session:
        assert rollups.check(session) == []


@pytest.mark.parametrize("right", [{"facet": "employer"}, {"audience": "employee"}])
def test_a_correction_may_take_a_mention_out_of_ones_own_sight(
    client: TestClient, token: Callable[..., Header], right: Header
) -> None:
    (mention,) = say(Said("they fired us all"))
    header = token("marketing")
    answer = client.patch(f"{PATH}/{mention}", headers=header, json=right)
    assert answer.status_code == 200
    assert right.items() <= answer.json().items()
    assert answer.json()["corrected"] == list(right)
    assert client.get(f"{PATH}/{mention}", headers=header).status_code == 404
    with db.reading() as session:
        assert rollups.check(session) == []


@pytest.mark.parametrize("body", [{}, {"sentiment": "great"}, {"sentiment": None}, {"author": "x"}, [], "x", None])
def test_a_correction_that_says_nothing_is_refused(
    client: TestClient, token: Callable[..., Header], body: object
) -> None:
    (mention,) = say(Said("fine"))
    assert client.patch(f"{PATH}/{mention}", headers=token("marketing"), json=body).status_code == 422


@pytest.mark.parametrize("number", ["0", "-1", "x", str(2**63), "1e3"])
def test_a_number_that_is_none_is_malformed(client: TestClient, token: Callable[..., Header], number: str) -> None:
    assert client.get(f"{PATH}/{number}", headers=token("administrator")).status_code == 422


def test_an_unknown_mention_is_not_found(client: TestClient, token: Callable[..., Header]) -> None:
    answer = client.get(f"{PATH}/999", headers=token("administrator"))
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
    patch = client.patch(f"{PATH}/999", headers=token("administrator"), json={"facet": "brand"})
    assert patch.status_code == 404
