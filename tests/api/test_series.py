"""Series, breakdowns and share of voice over HTTP."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.world import NOW, Said, say

Header = dict[str, str]
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
pytestmark = pytest.mark.usefixtures("company")
START = (NOW - 2 * DAY).isoformat().replace("+00:00", "Z")


def ask(client: TestClient, header: Header, path: str, **asked: str) -> dict[str, Any]:
    """The answer, which must be 200."""
    answer = client.get(f"/api/v1/{path}", headers=header, params=asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_volume_says_of_how_many_as_of_when_and_leaves_owned_voice_out(
    client: TestClient, token: Callable[..., Header]
) -> None:
    say(Said("one", "a", hours_ago=1), Said("two", "b", hours_ago=1), Said("ours", own_account=True, hours_ago=1))
    found = ask(client, token("marketing"), "series/volume", bucket="hour", start=START)
    assert found["n"] == sum(each["mentions"] for each in found["items"]) == 2
    assert sum(each["owned"] for each in found["items"]) == 1
    assert found["as_of"] is not None
    assert len(found["items"]) >= 48


def test_each_role_counts_its_side(client: TestClient, token: Callable[..., Header]) -> None:
    say(Said("brand"), Said("work", facet="employer", audience="other"))
    assert [
        ask(client, token(role), "series/volume", start=START)["n"]
        for role in ("marketing", "hr", "leadership", "administrator")
    ] == [1, 1, 2, 2]
    answer = client.get("/api/v1/series/volume", headers=token("hr"), params={"facet": "brand"})
    assert answer.status_code == 403


def test_three_employees_stay_hidden(client: TestClient, token: Callable[..., Header]) -> None:
    say(*(Said(f"shift {n}", f"author {n}", "employer", "employee", "negative") for n in range(3)))
    header = token("hr")
    volume = ask(client, header, "series/volume", audience="employee", start=START)
    hidden = [each for each in volume["items"] if each["suppressed"]]
    assert {(each["mentions"], each["stories"], each["authors"]) for each in hidden} == {(None, None, None)}
    assert (volume["n"], volume["suppressed"]) == (0, len(volume["items"]))
    moods = ask(client, header, "series/sentiment", audience="employee", start=START)
    assert {each["negative"] for each in moods["items"]} == {None}
    parts = ask(client, header, "breakdown", by="audience", start=START)
    assert {each["key"]: each["mentions"] for each in parts["items"]} == {"employee": None}


def test_five_employees_are_counted(client: TestClient, token: Callable[..., Header]) -> None:
    say(*(Said(f"shift {n}", f"author {n}", "employer", "employee", hours_ago=0) for n in range(5)))
    volume = ask(
        client, token("hr"), "series/volume", audience="employee", bucket="week", start=f"{NOW:%Y-%m-%d}T00:00Z"
    )
    assert (volume["n"], volume["suppressed"]) == (5, 0)


def test_net_sentiment_waits_for_twenty_and_has_an_interval(client: TestClient, token: Callable[..., Header]) -> None:
    header = token("marketing")
    say(*(Said(f"good {n}", sentiment="positive", hours_ago=0.1) for n in range(19)))
    few = ask(client, header, "series/sentiment", start=START)
    assert (few["n"], few["net"], few["interval"]) == (19, None, None)
    say(Said("bad", sentiment="negative", hours_ago=0.1), Said("?", sentiment="unsure", hours_ago=0.1), source="B")
    enough = ask(client, header, "series/sentiment", start=START)
    assert (enough["n"], enough["net"]) == (20, 90.0)
    assert enough["interval"]["low"] < 90 < enough["interval"]["high"] <= 100


def test_a_breakdown_by_theme_counts_a_mention_in_each(client: TestClient, token: Callable[..., Header]) -> None:
    say(Said("dear and late", themes=("price", "delivery")), Said("late", themes=("delivery",)))
    parts = ask(client, token("marketing"), "breakdown", by="theme", start=START)
    assert [(each["key"], each["mentions"]) for each in parts["items"]] == [("delivery", 2), ("price", 1)]


def test_share_of_voice_names_its_sources_and_what_is_left_out(
    client: TestClient, token: Callable[..., Header]
) -> None:
    say(Said("one"), Said("two"), Said("like Globex"), Said("ours", own_account=True))
    voice = ask(client, token("leadership"), "share-of-voice", start=START)
    own = voice["items"][0]
    assert (own["name"], own["mentions"], own["owned"]) == ("Acme", 3, 1)
    assert [source["name"] for source in voice["sources"]] == ["Forum"]
    assert "own accounts" in voice["excluded"]
    assert sum(row["share"] for row in voice["items"]) == pytest.approx(1)


def test_without_mentions_shares_are_unknown_not_zero(client: TestClient, token: Callable[..., Header]) -> None:
    voice = ask(client, token("leadership"), "share-of-voice")
    assert [row["share"] for row in voice["items"]] == [None, None]
    assert voice["as_of"] is None


WRONG_WINDOWS: tuple[tuple[str, Header], ...] = (
    ("end", {"start": "2026-03-01T00:00:00Z", "end": "2026-02-01T00:00:00Z"}),
    ("start", {"start": "yesterday"}),
    ("facet", {"facet": "all"}),
    ("surplus", {"surplus": "1"}),
)


@pytest.mark.parametrize("path", ["series/volume", "series/sentiment", "breakdown", "share-of-voice"])
def test_a_wrong_window_is_named(client: TestClient, token: Callable[..., Header], path: str) -> None:
    header = token("administrator")
    for field, asked in WRONG_WINDOWS:
        answer = client.get(f"/api/v1/{path}", headers=header, params=asked)
        assert answer.status_code == 422, asked
        assert [each["field"] for each in answer.json()["fields"]] == [field]


@pytest.mark.parametrize(
    "asked",
    [
        {"timezone": "Mars/Olympus"},
        {"timezone": "../../etc/passwd"},
        {"timezone": "/etc/passwd"},
        {"bucket": "minute"},
        {"bucket": "hour", "start": "2000-01-01T00:00:00Z"},
    ],
)
def test_a_series_that_can_not_be_made_is_refused(
    client: TestClient, token: Callable[..., Header], asked: Header
) -> None:
    answer = client.get("/api/v1/series/volume", headers=token("administrator"), params=asked)
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid_input")


def test_days_begin_where_the_reader_lives(client: TestClient, token: Callable[..., Header]) -> None:
    found = ask(
        client,
        token("leadership"),
        "series/volume",
        timezone="Asia/Kolkata",
        start="2026-03-02T00:00:00Z",
        end="2026-03-03T00:00:00Z",
    )
    assert [each["start"] for each in found["items"]] == ["2026-03-01T18:30:00Z", "2026-03-02T18:30:00Z"]


def test_the_hour_that_runs_or_that_the_window_ends_in_counts_everywhere(
    client: TestClient, token: Callable[..., Header]
) -> None:
    say(Said("right now", hours_ago=0), Said("a minute ago", hours_ago=0))
    header = token("marketing")
    for asked in ({}, {"start": START}, {"end": (NOW + SECOND).isoformat().replace("+00:00", "Z")}):
        assert [each["mentions"] for each in ask(client, header, "breakdown", **asked)["items"]] == [2]
        assert ask(client, header, "share-of-voice", **asked)["n"] == 2
        assert ask(client, header, "series/volume", **asked)["n"] == 2
