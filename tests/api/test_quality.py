"""The figures of the Quality page over HTTP."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from storage import db, mentions, quality_sample
from storage.viewer import viewer_for
from tests.api import world
from tests.api.world import NOW, Said, say

Header = dict[str, str]
BEFORE = NOW - timedelta(seconds=1)
pytestmark = pytest.mark.usefixtures("company")


def _ask(client: TestClient, header: Header, query: str = "") -> Any:
    answer = client.get(f"/api/v1/quality{query}", headers=header)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _check(role: str, *said: Said) -> list[int]:
    ids = say(*said)
    user_id, _ = world.add_person(role, name=f"reader-{role}")
    with db.transaction() as session:
        viewer = viewer_for(role, user_id)
        while (drawn := quality_sample.draw(session, viewer, BEFORE)) is not None:
            labels = {"sentiment": "negative", "facet": "brand"}
            quality_sample.enter(session, viewer, drawn.row.id, labels, BEFORE)
    return ids


def test_checks_are_told_with_of_how_many_and_how_sure(client: TestClient, token: Callable[..., Header]) -> None:
    _check("marketing", Said("late", "a", sentiment="negative"), Said("great tent", "b", sentiment="positive"))
    found = _ask(client, token("administrator"))
    assert (found["checked"]["mentions"], found["checked"]["people"]) == (2, 1)
    heads = {each["head"]: each for each in found["checked"]["heads"]}
    assert heads["sentiment"]["accuracy"]["value"] == 0.5
    assert heads["sentiment"]["confusion"] == {
        "rows": ["negative"], "columns": ["negative", "positive"], "counts": [[1, 1]],
    }  # fmt: skip
    assert heads["facet"]["accuracy"]["interval"]["high"] == 1.0
    assert heads["facet"]["classes"][0]["recall"]["value"] == 1.0
    assert heads["audience"]["accuracy"]["value"] is None
    assert heads["sentiment"]["calibration"]["n"] == 2
    assert found["tags"]["models"] == {"test": 2}


def test_a_role_is_told_of_its_side_and_of_no_recall_that_it_cannot_know(
    client: TestClient, token: Callable[..., Header]
) -> None:
    _check("marketing", Said("late", "a"), Said("fine", "b"))
    assert _ask(client, token("hr"))["checked"]["mentions"] == 0
    mine = _ask(client, token("marketing"))["checked"]
    assert mine["mentions"] == 2
    facet = next(each for each in mine["heads"] if each["head"] == "facet")
    assert [each["recall"] for each in facet["classes"]] == [None] * 4
    assert facet["classes"][0]["precision"]["value"] == 1.0


def test_corrections_by_ones_own_choice_stand_apart(client: TestClient, token: Callable[..., Header]) -> None:
    (mention_id,) = say(Said("late", "a"))
    user_id, _ = world.add_person("marketing", name="picker")
    with db.transaction() as session:
        mentions.correct(session, viewer_for("marketing", user_id), mention_id, "sentiment", "negative", NOW)
    found = _ask(client, token("administrator"), "?days=7")
    assert found["changes"] == [{"head": "sentiment", "old": "neutral", "new": "negative", "mentions": 1}]
    assert (found["tags"]["corrected"], found["checked"]["mentions"]) == (1, 0)


@pytest.mark.parametrize("query", ["?days=0", "?days=731", "?days=x", "?since=3"])
def test_a_window_that_is_none_is_refused(query: str, client: TestClient, token: Callable[..., Header]) -> None:
    assert client.get(f"/api/v1/quality{query}", headers=token("administrator")).status_code == 422
