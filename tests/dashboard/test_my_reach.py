"""An advocate joins, adds posts and numbers, makes links, leaves; the kinds of reach stay apart."""

import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from api.dashboard.reach_words import figures
from metrics.reach import PostReach, reach_report
from tests.dashboard.forms import follow, post

Clients = Callable[[str], TestClient]
POST = "https://www.linkedin.com/feed/update/urn:li:activity:7100000000000000001"


def test_nobody_joins_without_agreeing(clients: Clients) -> None:
    answer = post(clients("hr"), "/my-reach/join", {"standing": "employee"})
    assert answer.status_code == 422
    assert "Tick this if you agree" in answer.text
    assert "Join as an advocate" in clients("hr").get("/my-reach").text


def test_a_post_its_numbers_and_a_link_make_the_figures_and_leaving_takes_them(advocate: TestClient) -> None:
    shown = follow(
        advocate, post(advocate, "/my-reach/shares", {"url": POST, "title": "My <b>week", "followers": "1,200"})
    )
    assert "My &lt;b&gt;week" in shown
    share = re.findall(r"/my-reach/shares/(\d+)/readings", shown)[0]
    shown = follow(
        advocate, post(advocate, f"/my-reach/shares/{share}/readings", {"impressions": "3,400", "likes": "0"})
    )
    assert "measured on 100\N{NO-BREAK SPACE}% of posts (1 of 1)" in shown
    assert "≤ 1,200" in shown
    shown = follow(advocate, post(advocate, "/my-reach/links", {"destination": "https://careers.acme.example/jobs"}))
    code = re.search(r"/l/(\w{10})", shown)
    assert code is not None
    assert advocate.get(f"/l/{code[1]}").headers["location"].startswith("https://careers.acme.example/jobs?utm_source=")
    receipt = post(advocate, "/my-reach/leave").text
    assert "Posts made nameless" in receipt
    assert advocate.get(f"/l/{code[1]}").status_code == 404, "its code is forgotten: it stands in a public post"
    assert "Join as an advocate" in advocate.get("/my-reach").text


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"url": "https://t.co/abc"}, "t.co is a short link"),
        ({"url": POST, "followers": "many"}, "Write a whole number"),
        ({"url": POST, "published": "2999-01-01"}, "This day has not come yet"),
        ({"url": POST, "published": "tomorrow"}, "Write the day as"),
    ],
)
def test_a_wrong_field_is_named_and_kept(values: dict[str, str], words: str, advocate: TestClient) -> None:
    answer = post(advocate, "/my-reach/shares", values)
    assert answer.status_code == 422
    assert words in answer.text
    assert f'value="{values["url"]}"' in answer.text


def test_a_link_to_a_foreign_host_is_refused(advocate: TestClient) -> None:
    answer = post(advocate, "/my-reach/links", {"destination": "https://evil.example/"})
    assert answer.status_code == 422
    assert "not a registered host" in answer.text


def test_another_ones_post_is_out_of_reach(advocate: TestClient, clients: Clients) -> None:
    post(advocate, "/my-reach/shares", {"url": "https://x.com/i/status/4711"})
    share = re.findall(r"/my-reach/shares/(\d+)/readings", advocate.get("/my-reach").text)[0]
    assert post(clients("administrator"), f"/my-reach/shares/{share}/delete").status_code == 403
    assert post(clients("administrator"), f"/my-reach/shares/{share}/readings", {"likes": "1"}).status_code == 403


def test_unknown_is_a_dash_and_no_zero() -> None:
    shown = {each.label: each for each in figures(reach_report([PostReach("bluesky", "a", None)], {}))}
    assert {each.value for each in shown.values()} == {"–"}
    assert "measured on 0 % of posts (0 of 1)" in shown["Measured impressions"].notes
    assert "unknown for 1 of 1 posts" in shown["Potential impressions"].notes


def test_kinds_are_told_apart() -> None:
    posts = [PostReach("x", "a", 100, {"impressions": 50}), PostReach("bluesky", "a", 200)]
    shown = {each.label: each.value for each in figures(reach_report(posts, {}))}
    assert shown == {
        "Measured impressions": "50",
        "Estimated impressions": "≈ 20",
        "Potential reach": "≤ 300",
        "Potential impressions": "≤ 300",
    }
