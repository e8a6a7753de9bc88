"""Reach and programme over HTTP."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from storage import advocacy, db
from storage.viewer import Viewer, viewer_for
from tests.api import world
from tests.api.world import NOW

Header = dict[str, str]
ME = "/api/v1/advocacy/me"
PROGRAMME = "/api/v1/advocacy/programme"


def add_advocate(name: str) -> tuple[Viewer, Header]:
    """Somebody who joined, with a token."""
    user_id, _ = world.add_person("advocate", name)
    with db.transaction() as session:
        advocate_id = advocacy.join(session, user_id, "employee", "1", "I agree.", NOW - timedelta(days=3))
    return viewer_for("advocate", user_id, advocate_id), world.add_token(user_id)


def add_share(who: Viewer, number: str, followers: int | None = 200, impressions: int | None = None) -> None:
    """One public post of an advocate."""
    assert who.advocate_id is not None
    with db.transaction() as session:
        share = advocacy.add_share(
            session,
            who,
            who.advocate_id,
            platform="linkedin",
            native_id=number,
            url=f"https://www.linkedin.com/feed/update/urn:li:activity:{number}",
            title=None,
            own_words=True,
            published_at=NOW - timedelta(days=1),
            followers=followers,
            now=NOW,
        )
        if impressions is not None:
            share_id = share if isinstance(share, int) else share.id
            advocacy.add_reading(session, who, share_id, {"impressions": impressions}, "advocate", NOW)


def test_kinds_of_reach_stand_apart(client: TestClient) -> None:
    who, header = add_advocate("ada")
    add_share(who, "1", followers=200, impressions=70)
    add_share(who, "2", followers=None)
    report = client.get(ME, headers=header).json()["report"]
    assert report["posts"] == 2
    assert report["measured_impressions"]["value"] == 70
    assert report["measured_impressions"]["coverage"]["count"] == 1
    assert report["potential_reach"] == {"value": 200, "known": 1, "unknown": 0}
    assert report["potential_impressions"]["unknown"] == 1
    assert report["estimated_impressions"]["value"] is None


def test_nobody_sees_anothers_reach(client: TestClient) -> None:
    who, _ = add_advocate("ada")
    add_share(who, "1")
    _, other = add_advocate("bob")
    assert client.get(ME, headers=other).json()["report"]["posts"] == 0


def test_the_programme_hides_few_people(client: TestClient, token: Callable[..., Header]) -> None:
    who, _ = add_advocate("ada")
    add_share(who, "1")
    found = client.get(PROGRAMME, headers=token("hr")).json()
    assert (found["suppressed"], found["shares"], found["report"], found["clicks"]) == (True, None, None, None)


def test_the_programme_counts_five_people(client: TestClient, token: Callable[..., Header]) -> None:
    for name in ("ada", "bob", "cleo", "dan", "eve"):
        add_share(add_advocate(name)[0], name)
    found = client.get(PROGRAMME, headers=token("leadership")).json()
    assert (found["suppressed"], found["shares"], found["joined_now"], found["joined_demo"]) == (False, 5, 5, 0)
    assert found["report"]["potential_reach"]["value"] == 1000
    assert found["adoption"] is None


@pytest.mark.parametrize("asked", [{"start": "2020-01-01T00:00:00Z"}, {"end": "x"}, {"days": "3"}])
def test_a_wrong_window_is_refused(client: TestClient, token: Callable[..., Header], asked: Header) -> None:
    assert client.get(PROGRAMME, headers=token("hr"), params=asked).status_code == 422
