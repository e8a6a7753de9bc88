"""My settings: own choices, own accounts by the platforms' own consent screens, numbers from a table, the receipt."""

import re
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from api.platform_access import TRIES
from config.settings import Settings
from storage import db
from tests.api import world
from tests.collectors.platforms import Platforms
from tests.dashboard.forms import follow, post
from tests.wire.replay import Answer, replay_server

Clients = Callable[[str], TestClient]


@pytest.fixture
def platforms(town: str, settings: Callable[..., Settings]) -> Iterator[Platforms]:
    TRIES.clear()
    with replay_server() as replay:
        base = replay.base_url
        settings(
            x_url=base, x_client_id="us", x_client_secret="s", mastodon_url=base, bluesky_url=base, database_url=town
        )
        yield Platforms(replay, world.now().timestamp())


@pytest.fixture
def marketing(clients: Clients, platforms: Platforms) -> Iterator[TestClient]:
    client = clients("marketing")
    post(client, "/my-reach/join", {"standing": "employee", "consent": "on"})
    yield client
    post(client, "/my-reach/leave")


def begun(client: TestClient, platform: str, **typed: str) -> dict[str, str]:
    """The question of the platform that the page leads to."""
    page = post(client, f"/my-settings/accounts/{platform}", {"consent": "on", **typed})
    found = re.search(r'href="(https?://[^"]+/(?:oauth|i/oauth2)/authorize[^"]+)"', page.text)
    assert found is not None, page.text
    return {name: each[0] for name, each in parse_qs(urlsplit(found[1].replace("&amp;", "&")).query).items()}


def back(client: TestClient, platform: str, **query: str) -> str:
    return follow(client, client.get(f"/my-settings/connected/{platform}", params=query))


def stored(query: str) -> object:
    with db.reading() as session:
        return session.scalar(text(query))


def test_x_is_connected_by_its_own_question_and_withdrawn_again(marketing: TestClient, platforms: Platforms) -> None:
    asked = begun(marketing, "x")
    assert asked["redirect_uri"].endswith("/my-settings/connected/x")
    assert "X is connected" in back(marketing, "x", state=asked["state"], code="good")
    assert "ada" in marketing.get("/my-settings").text
    assert "was not begun here" in back(marketing, "x", state=asked["state"], code="good")  # a state works once
    assert "access-1" not in str(stored("SELECT token FROM advocate_accounts WHERE platform = 'x'"))
    assert stored("SELECT count(*) FROM advocate_consents WHERE platform = 'x' AND withdrawn_at IS NULL") == 1
    follow(marketing, post(marketing, "/my-settings/accounts/x/withdraw"))
    assert stored("SELECT count(*) FROM advocate_accounts WHERE platform = 'x'") == 0
    assert stored("SELECT count(*) FROM token_revocations WHERE platform = 'x'") == 1
    assert "withdrawn" in marketing.get("/my-settings").text


def test_a_forged_foreign_or_refused_answer_connects_nothing(
    marketing: TestClient, clients: Clients, platforms: Platforms
) -> None:
    asked = begun(marketing, "x")
    other = clients("leadership")
    post(other, "/my-reach/join", {"standing": "employee", "consent": "on"})
    try:
        assert "was not begun here" in back(other, "x", state=asked["state"], code="good")
        assert "was not begun here" in back(marketing, "mastodon", state=begun(marketing, "x")["state"], code="good")
        assert "was not begun here" in back(marketing, "x", state="guessed", code="good")
        state = begun(marketing, "x")["state"]
        assert "permission was not given" in back(marketing, "x", state=state, error="access_denied")
        assert "no longer accepts" in back(marketing, "x", state=begun(marketing, "x")["state"], code="forged")
    finally:
        post(other, "/my-reach/leave")
    assert stored("SELECT count(*) FROM advocate_accounts") == 0
    assert clients("").get("/my-settings/connected/x?state=x&code=y").headers["location"].startswith("/sign-in")


def test_the_service_introduces_itself_to_each_mastodon_server_once(
    marketing: TestClient, platforms: Platforms
) -> None:
    for _ in range(2):
        asked = begun(marketing, "mastodon", host="https://Town.example/@ada")
        assert (asked["client_id"], asked["scope"]) == ("made-for-us", "read:accounts read:statuses")
    assert "Mastodon is connected" in back(marketing, "mastodon", state=asked["state"], code="good")
    assert platforms.asked.count("/api/v1/apps") == 1
    wrong = post(marketing, "/my-settings/accounts/mastodon", {"consent": "on", "host": "localhost"})
    assert wrong.status_code == 422
    assert "write the name of your server" in wrong.text.lower()


def test_bluesky_takes_an_app_password_and_keeps_none(marketing: TestClient, platforms: Platforms) -> None:
    typed = {"handle": "ada.bsky.social", "app_password": "abcd-efgh-ijkl-mnop"}
    assert "Tick this if you agree" in post(marketing, "/my-settings/accounts/bluesky", typed).text
    refused = post(marketing, "/my-settings/accounts/bluesky", {**typed, "consent": "on", "app_password": "hunter2"})
    assert refused.status_code == 422
    assert "hunter2" not in refused.text
    assert platforms.asked == []
    assert "Bluesky is connected" in follow(
        marketing, post(marketing, "/my-settings/accounts/bluesky", {**typed, "consent": "on"})
    )


def test_many_tries_are_slowed_down(
    marketing: TestClient, platforms: Platforms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TRIES, "limit", 2)
    platforms.down = lambda _: Answer.json({"error": "AuthenticationRequired"}, 401)
    typed = {"consent": "on", "handle": "ada.bsky.social", "app_password": "abcd-efgh-ijkl-mnop"}
    for _ in range(2):
        assert post(marketing, "/my-settings/accounts/bluesky", typed).status_code == 422
    assert "many tries" in follow(marketing, post(marketing, "/my-settings/accounts/bluesky", typed))


def test_choices_are_ones_own(marketing: TestClient) -> None:
    follow(marketing, post(marketing, "/my-settings", {"visibility": "team", "on_leaderboard": "on", "team": "Board"}))
    chosen = "visibility || on_leaderboard || weekly_mail || coalesce(team, '-')"
    assert stored(f"SELECT {chosen} FROM advocates WHERE visibility <> 'me'") == "teamtruefalse-"
    assert post(marketing, "/my-settings", {"visibility": "world"}).status_code == 422


def test_numbers_come_from_a_table_and_bad_lines_are_named(marketing: TestClient) -> None:
    table = (
        "url;date;impressions;likes\nhttps://www.threads.net/@ada/post/C8abcdefg;2026-01-05;1.200;\n"
        "https://t.co/x;;1;1\nhttps://www.threads.net/@ada/post/C9abcdefg;;many;"
    )
    page = post(marketing, "/my-settings/figures", {"table": table}).text
    assert "1 post added, numbers of 1 noted" in page
    assert "Line 3: t.co is a short link" in page
    assert "Line 4: impressions is no whole number" in page
    again = post(marketing, "/my-settings/figures", {"table": table}).text
    assert "0 posts added" in again
    assert "first line must name the columns" in post(marketing, "/my-settings/figures", {"table": "x"}).text.lower()


def test_the_receipt_says_what_became_of_each_permission(
    clients: Clients, marketing: TestClient, platforms: Platforms
) -> None:
    back(marketing, "x", state=begun(marketing, "x")["state"], code="good")
    back(marketing, "mastodon", state=begun(marketing, "mastodon", host="town.example")["state"], code="good")
    platforms.down = lambda request: Answer(503) if request.path == "/oauth/revoke" else None
    receipt = post(marketing, "/my-reach/leave").text
    assert "X: the permission was given back" in receipt
    assert "Mastodon has not confirmed that it ended; it is asked again for seven days" in receipt
    assert stored("SELECT count(*) FROM token_revocations WHERE platform = 'mastodon'") == 1
    assert "You are not an advocate" in marketing.get("/my-settings").text
    assert len(platforms.ended) == 2
