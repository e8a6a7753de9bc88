"""My reach beyond the counters, the programme's effect, the board, money: what is there, hidden, and off by default."""

import re
from collections.abc import Callable

from fastapi.testclient import TestClient

from config.settings import Settings
from tests.dashboard.forms import follow, post

Clients = Callable[[str], TestClient]
LONG = "https://careers.acme.example/jobs?a="
PLACE = {"destination": "https://careers.acme.example/jobs", "channel": "linkedin"}


def test_a_link_may_end_and_is_a_qr_code(advocate: TestClient) -> None:
    wrong = post(advocate, "/my-reach/links", {**PLACE, "days": "soon"})
    assert (wrong.status_code, "Write a number of days" in wrong.text) == (422, True)
    shown = follow(advocate, post(advocate, "/my-reach/links", {**PLACE, "days": "30"}))
    place = re.findall(r"/my-reach/links/(\d+)/qr\.svg", shown)[0]
    picture = advocate.get(f"/my-reach/links/{place}/qr.svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert picture.text.startswith("<?xml")
    assert "<script" not in picture.text
    follow(advocate, post(advocate, f"/my-reach/links/{place}/close"))
    assert f"/links/{place}/qr.svg" not in advocate.get("/my-reach").text, "a closed link is for no poster"


def test_a_long_address_is_cut_on_the_page(advocate: TestClient) -> None:
    shown = follow(advocate, post(advocate, "/my-reach/links", {**PLACE, "destination": f"{LONG}{'b' * 1_500}"}))
    assert LONG in shown
    assert "b" * 200 not in shown


def test_another_ones_link_is_no_picture(advocate: TestClient, clients: Clients) -> None:
    shown = follow(advocate, post(advocate, "/my-reach/links", PLACE))
    place = re.findall(r"/my-reach/links/(\d+)/qr\.svg", shown)[0]
    assert clients("hr").get(f"/my-reach/links/{place}/qr.svg").status_code == 403


def test_conversations_and_both_dates_stand_apart(advocate: TestClient) -> None:
    url = "https://www.linkedin.com/feed/update/urn:li:activity:7100000000000000077"
    shown = follow(advocate, post(advocate, "/my-reach/shares", {"url": url}))
    assert "What to share next" in shown
    share = re.findall(r"/my-reach/shares/(\d+)/readings", shown)[0]
    told = {"impressions": "500", "likes": "5", "replies": "4", "outside_comments": "3", "questions": "1"}
    shown = follow(advocate, post(advocate, f"/my-reach/shares/{share}/readings", told))
    assert "posts with a comment from outside the company" in shown
    assert "Posts of the last 30 days, all they ever got" in shown
    assert "What all posts got in the last 30 days" in shown


def test_the_programme_shows_effect_or_why_there_is_none(clients: Clients) -> None:
    shown = clients("hr").get("/programme").text
    assert "Shares without the tracked link are invisible here." in shown
    assert "Money value" not in shown
    assert clients("advocate").get("/programme").status_code == 403


def test_board_and_money_are_off_until_the_company_wants_them(
    clients: Clients, settings: Callable[..., Settings], advocate: TestClient
) -> None:
    assert advocate.get("/board").status_code == 404
    settings(leaderboard=True, click_value="0.80 EUR")
    shown = advocate.get("/board").text
    assert "no click, like or follower earns a point" in shown
    assert "The board of acts" in advocate.get("/my-reach").text
    assert "<h1>Programme</h1>" in clients("hr").get("/programme").text
