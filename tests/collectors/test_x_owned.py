"""Own posts on X with private figures: signed as OAuth 1.0a demands, or with a user token."""

import base64
import hashlib
import hmac
import re
from datetime import timedelta
from urllib.parse import quote, unquote

import pytest

from collectors.base import Collector, CollectRequest
from collectors.errors import CollectError
from collectors.http import HttpClient
from collectors.meter import Meter
from collectors.post import Json
from collectors.privacy import PrivacyDoor
from collectors.x import XCollector
from collectors.x_owned import XOwnedCollector, owned_metrics, owned_post_of
from collectors.x_stream import XStreamCollector
from tests.collectors.conftest import NOW
from tests.collectors.run import Run, look_again, run
from tests.collectors.x_platform import LOOKUP, Platform, problem, tweet
from tests.wire.replay import Answer, Replay, Request

KEYS = {"consumer_key": "ck", "consumer_secret": "cs", "access_token": "10001-at", "access_token_secret": "as"}
TIMELINE = "/2/users/10001/tweets"
DAY = 1_440


def own(minutes: float, number: int = 0, **more: Json) -> dict[str, Json]:
    """A post of the account 10001 with what its author may read."""
    private: dict[str, Json] = {
        "impression_count": 900, "url_link_clicks": 12, "user_profile_clicks": 3, "engagements": 40,
    }  # fmt: skip
    return tweet(minutes, number * 10 + 1, non_public_metrics=private, **more)


def serve(server: Replay, *posts: dict[str, Json]) -> Platform:
    platform = Platform(server, list(posts))

    def timeline(request: Request) -> Answer:
        token = request.query.get("pagination_token")
        query = {**request.query, **({"next_token": token} if token else {})}
        return platform.search(Request("/2/tweets/search/all", query, request.headers))

    server.rule(TIMELINE, timeline)
    return platform


def collect(server: Replay, http: HttpClient, **more: object) -> Run:
    return run(XOwnedCollector(server.base_url), http, {}, **{"credentials": KEYS, **more})  # type: ignore[arg-type]


def test_private_figures_are_read(server: Replay, http: HttpClient) -> None:
    platform = serve(server, own(60, 1), own(DAY, 2))
    meter = Meter()
    found = collect(server, http, meter=meter)
    assert [post.counters["link_clicks"] for post in found.posts] == [12, 12]
    assert found.posts[0].counters == {
        "likes": 3, "reposts": 2, "replies": 1, "quotes": 0, "bookmarks": 4, "impressions": 900, "link_clicks": 12,
        "profile_clicks": 3, "engagements": 40,
    }  # fmt: skip
    asked = platform.asked(TIMELINE)[0]
    assert (asked["exclude"], asked["start_time"]) == ("retweets", "2026-01-30T13:00:00Z")
    assert "non_public_metrics" in asked["tweet.fields"]
    assert meter.cost == pytest.approx(0.012)
    assert found.cursor == {"owner": "10001", "since": own(60, 1)["id"], "top": None, "until": None}


def test_requests_are_signed_for_the_address_that_is_called(server: Replay, http: HttpClient) -> None:
    serve(server, own(60, 1))
    collect(server, http)
    asked = next(request for request in server.requests if request.path == TIMELINE)
    sent = {key: unquote(value) for key, value in re.findall(r'(\w+)="([^"]*)"', asked.headers["authorization"])}
    signature = sent.pop("oauth_signature")
    values = sorted((quote(key, safe=""), quote(value, safe="")) for key, value in {**sent, **asked.query}.items())
    base = "&".join(quote(part, safe="") for part in
                    ("GET", server.url(TIMELINE), "&".join(f"{key}={value}" for key, value in values)))  # fmt: skip
    expected = base64.b64encode(hmac.new(b"cs&as", base.encode(), hashlib.sha1).digest()).decode()
    assert signature == expected


def test_the_next_run_reads_what_is_new(server: Replay, http: HttpClient) -> None:
    platform = serve(server, *[own(60 + number, number) for number in range(150)])
    first = collect(server, http)
    assert len(first.posts) == 150
    platform.tweets.append(own(1, 999))
    second = collect(server, http, cursor=first.cursor)
    assert [post.native_id for post in second.posts] == [own(1, 999)["id"]]


def test_a_run_cut_off_goes_on_below(server: Replay, http: HttpClient) -> None:
    platform = serve(server, *[own(60 + number, number) for number in range(150)])
    cut = collect(server, http, meter=Meter(4.89, 5.0))
    assert (len(cut.posts), cut.outcome.reason) == (100, "budget_spent")
    rest = collect(server, http, cursor=cut.cursor)
    assert (len(rest.posts), len(set(platform.read))) == (50, 150)
    assert rest.cursor["until"] is None


def test_a_month_without_posts_starts_at_the_age_of_private_figures(server: Replay, http: HttpClient) -> None:
    platform = serve(server, own(60, 1))
    collect(server, http, cursor={"owner": "10001", "since": own(40 * DAY)["id"]})
    assert "start_time" in platform.asked(TIMELINE)[0]


def test_second_looks_ask_for_private_figures_of_young_posts_only(server: Replay, http: HttpClient) -> None:
    young, old = own(60, 1), tweet(40 * DAY, 2)
    platform = serve(server, young, old)
    refs = (str(young["id"]), str(old["id"]), "77")
    found = look_again(XOwnedCollector(server.base_url), http, {}, refs, credentials=KEYS)
    fields = [("non_public_metrics" in asked["tweet.fields"], asked["ids"]) for asked in platform.asked(LOOKUP)]
    assert fields == [(True, str(young["id"])), (False, f"{old['id']},77")]
    assert (len(found.posts), found.deleted) == (2, ["77"])


def test_a_field_that_is_refused_is_no_deletion(server: Replay, http: HttpClient) -> None:
    post = tweet(60, 1)
    refused = {"resource_id": post["id"], "resource_type": "tweet", "title": "Field Authorization Error"}
    server.add(LOOKUP, Answer.json({"data": [post], "errors": [refused]}))
    found = look_again(XOwnedCollector(server.base_url), http, {}, (str(post["id"]),), credentials=KEYS)
    assert (len(found.posts), found.deleted) == (1, [])
    assert "link_clicks" not in found.posts[0].counters


def test_an_expired_token_says_reconnect(server: Replay, http: HttpClient) -> None:
    server.add(TIMELINE, problem(401, "Unauthorized"))
    with pytest.raises(CollectError, match="reconnect") as caught:
        collect(server, http)
    assert (caught.value.reason, caught.value.permanent) == ("unauthorized", True)


def test_a_user_token_asks_whose_it_is_once(server: Replay, http: HttpClient) -> None:
    serve(server, own(60, 1))
    server.add("/2/users/me", Answer.json({"data": {"id": "10001", "username": "acme", "name": "Acme"}}))
    first = collect(server, http, credentials={"user_token": "utoken"})
    collect(server, http, credentials={"user_token": "utoken"}, cursor=first.cursor)
    assert [request.path for request in server.requests] == ["/2/users/me", TIMELINE, TIMELINE]
    assert server.requests[0].headers["authorization"] == "Bearer utoken"
    request = CollectRequest(1, {}, (), {}, NOW, {"user_token": "utoken"})
    assert XOwnedCollector(server.base_url).test(request, http) == "X answers as @acme."
    server.add("/2/users/me", Answer.json({"data": []}))
    with pytest.raises(CollectError, match="whose keys"):
        collect(server, http, credentials={"user_token": "utoken"})


@pytest.mark.parametrize("keys", [{}, {"consumer_key": "ck", "access_token": "1-a"}])
def test_without_all_keys_nothing_is_asked(server: Replay, http: HttpClient, keys: dict[str, str]) -> None:
    with pytest.raises(CollectError) as caught:
        collect(server, http, credentials=keys)
    assert (caught.value.reason, caught.value.permanent) == ("needs_credentials", True)
    assert server.requests == []


@pytest.mark.parametrize("cursor", [{"owner": 5, "since": "x"}, {"owner": "", "until": []}, {"a": None}])
def test_a_damaged_cursor_starts_anew(server: Replay, http: HttpClient, cursor: dict[str, Json]) -> None:
    serve(server, own(60, 1))
    assert len(collect(server, http, cursor=cursor).posts) == 1


def test_a_page_that_repeats_itself_ends_the_run(server: Replay, http: HttpClient) -> None:
    server.add(TIMELINE, Answer.json({"data": [own(5, 1)], "meta": {"next_token": "again"}}))
    assert collect(server, http).outcome.reason == "bad_answer"
    assert len(server.requests) == 2


def test_unknown_figures_are_left_out() -> None:
    assert owned_metrics({"id": "1", "organic_metrics": {"like_count": 2, "url_link_clicks": None}}) == {"likes": 2}
    assert owned_metrics({"non_public_metrics": {"impression_count": "some", "engagements": True}}) == {}
    assert owned_metrics({}) == {}


def test_stored_items_give_the_same_post_again(server: Replay, http: HttpClient) -> None:
    serve(server, own(60, 1))
    post = collect(server, http).posts[0]
    stored = PrivacyDoor(b"k" * 32, []).admit(post, NOW, 10_000)
    again = XOwnedCollector().map_item(stored.raw)
    assert again is not None
    assert (again.counters, again.published_at) == (post.counters, post.published_at)
    assert owned_post_of("x") is None
    assert NOW - stored.published_at == timedelta(hours=1)


@pytest.mark.parametrize("collector", [XCollector(), XStreamCollector(), XOwnedCollector()], ids=lambda one: one.kind)
def test_defaults_of_all_kinds_are_fine(collector: Collector) -> None:
    checked = collector.check_options({option.name: option.default for option in collector.options})
    assert set(checked) == {option.name for option in collector.options}
    assert collector.check_options(checked) == checked
    assert collector.budget is not None
    assert collector.budget.option in checked
    assert collector.host(checked) == "api.x.com"
