"""Reach and programme over HTTP, and tracked links."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from storage import advocacy, db
from storage.viewer import Viewer, viewer_for
from tests.api import world
from tests.api.world import NOW

Header = dict[str, str]
ME = "/api/v1/advocacy/me"
PROGRAMME = "/api/v1/advocacy/programme"
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
CAREERS = "https://careers.acme.example/jobs?utm_medium=advocacy"


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


def add_link(who: Viewer, destination: str = CAREERS) -> str:
    """A tracked link; returns its path."""
    assert who.advocate_id is not None
    with db.transaction() as session:
        link = advocacy.make_link(session, who, who.advocate_id, destination, ["careers.acme.example"], "bluesky", NOW)
    return f"/l/{link.code}"


def verdicts(engine: Engine) -> list[str]:
    """What became of the clicks, in order."""
    with engine.connect() as connection:
        return list(connection.scalars(text("SELECT verdict FROM clicks ORDER BY id")))


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
    assert (found["suppressed"], found["shares"], found["joined_now"]) == (False, 5, 5)
    assert found["report"]["potential_reach"]["value"] == 1000
    assert found["adoption"] is None


@pytest.mark.parametrize("asked", [{"start": "2020-01-01T00:00:00Z"}, {"end": "x"}, {"days": "3"}])
def test_a_wrong_window_is_refused(client: TestClient, token: Callable[..., Header], asked: Header) -> None:
    assert client.get(PROGRAMME, headers=token("hr"), params=asked).status_code == 422


@pytest.mark.usefixtures("company")
def test_a_link_leads_on_and_counts_people_only(client: TestClient, clean_database: Engine) -> None:
    path = add_link(add_advocate("ada")[0])
    answer = client.get(path, headers=BROWSER)
    assert (answer.status_code, answer.headers["location"]) == (302, CAREERS)
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    client.head(path, headers=BROWSER)
    client.get(path, headers={"User-Agent": "LinkedInBot/1.0"})
    client.get(path, headers=BROWSER)
    assert verdicts(clean_database) == ["counted", "HEAD request", "link preview", "repeat within 30 minutes"]


@pytest.mark.usefixtures("company")
def test_no_address_of_a_visitor_is_kept(client: TestClient, clean_database: Engine) -> None:
    client.get(add_link(add_advocate("ada")[0]), headers=BROWSER)
    with clean_database.connect() as connection:
        rows = connection.execute(text("SELECT c::text FROM clicks c")).scalars().all()
    assert len(rows) == 1
    assert not any(word in rows[0] for word in ("testclient", "Mozilla", "127.0.0.1"))


@pytest.mark.usefixtures("company")
@pytest.mark.parametrize(
    "path", ["/l/unknown123", "/l/..%2f..%2fetc", "/l/%00", "/l/" + "a" * 500, "/l/https:%2f%2fevil.example", "/l/é"]
)
def test_an_unknown_link_is_a_friendly_page(client: TestClient, clean_database: Engine, path: str) -> None:
    answer = client.get(path, headers=BROWSER)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert verdicts(clean_database) == []


@pytest.mark.usefixtures("company")
def test_a_link_to_a_host_that_is_no_longer_registered_leads_nowhere(
    client: TestClient, clean_database: Engine
) -> None:
    path = add_link(add_advocate("ada")[0])
    with clean_database.begin() as connection:
        connection.execute(text("UPDATE links SET destination = 'https://evil.example/'"))
    answer = client.get(path, headers=BROWSER)
    assert answer.status_code == 404
    assert "location" not in answer.headers
