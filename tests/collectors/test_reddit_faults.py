"""Reddit through real praw when things go wrong: limits, refusals, broken connections, strange answers and cursors."""

from collections.abc import Callable
from datetime import timedelta
from io import BufferedIOBase

import pytest
import requests

from collectors.base import Batch, CollectRequest
from collectors.errors import CollectError
from collectors.http import HttpClient
from collectors.post import Json
from collectors.reddit_api import Watch
from collectors.reddit_posts import branches_of
from tests.collectors.conftest import NOW
from tests.collectors.reddit_things import (
    DOOR,
    KEYS,
    ONLY_NEW,
    PRESENT,
    TOKEN,
    Things,
    collect,
    collector,
    listing,
    paths,
    sign_in,
    submission,
    tree_server,
)
from tests.wire.replay import Answer, Replay


@pytest.fixture
def reddit(server: Replay) -> Replay:
    return sign_in(server)


def test_page_that_repeats_itself_ends_the_walk(reddit: Replay, http: HttpClient) -> None:
    reddit.add("/r/acme/new", Answer.json(listing(submission(1), after="t3_p1")))
    result = collect(reddit, http)
    assert len(paths(reddit)) == 2
    assert result.outcome.reason == "limit_reached"


def test_tree_that_cannot_be_read_is_put_off_and_one_that_is_gone_forgotten(reddit: Replay, http: HttpClient) -> None:
    tree_server(reddit)
    reddit.add("/comments/p1/", Answer.json({"x": 1}))
    result = collect(reddit, http, ONLY_NEW | {"trees": True})
    assert result.outcome.reason == "bad_answer"
    assert result.cursor["trees"] == {"t3_p1": [PRESENT - 60, PRESENT + 3_600]}
    reddit.add("/comments/p1/", Answer.json({"message": "Not Found", "error": 404}, 404))
    assert collect(reddit, http, ONLY_NEW | {"trees": True}).cursor["trees"] == {}


@pytest.mark.parametrize("answer", [None, [], [1, 2], {"json": {"errors": [["X"]]}}, {"json": {"data": 1}}])
def test_answer_without_comments_is_an_error(answer: Json) -> None:
    with pytest.raises(CollectError):
        branches_of(answer)


def test_without_keys_and_approval_the_state_is_said(reddit: Replay, http: HttpClient) -> None:
    with pytest.raises(CollectError, match="approv") as caught:
        collect(reddit, http, credentials={"client_id": "x"})
    assert (caught.value.reason, caught.value.permanent) == ("needs_credentials", True)
    for answer in (
        Answer.json({"message": "Unauthorized", "error": 401}, 401),
        Answer(403, {}, b"<html>blocked"),
        Answer.json({"error": "unsupported_grant_type"}),
    ):
        reddit.add(TOKEN, answer)
        with pytest.raises(CollectError, match="approval") as caught:
            collect(reddit, http)
        assert (caught.value.reason, caught.value.permanent) == ("needs_approval", True)
        assert "secret-of-app" not in caught.value.detail
    assert http.requests == 3


@pytest.mark.parametrize("token", [{}, [], {"access_token": 5, "expires_in": "x", "scope": 1}, "x", None])
def test_sign_in_that_makes_no_sense_is_a_bad_answer(reddit: Replay, http: HttpClient, token: Json) -> None:
    reddit.add(TOKEN, Answer.json(token))
    with pytest.raises(CollectError) as caught:
        collect(reddit, http)
    assert caught.value.reason == "bad_answer"


def test_a_stand_in_without_a_sign_in_is_read_and_reddit_itself_is_not(server: Replay, http: HttpClient) -> None:
    server.add("/r/acme/new", Answer.json(listing(submission(1))))
    assert len(collect(server, http).posts) == 1
    missing = requests.Response()
    missing.status_code, missing.url = 404, "https://www.reddit.com/api/v1/access_token"
    with pytest.raises(CollectError, match="sign-in is not at its address"):
        Watch(NOW, own=True).passed(missing)


def test_token_that_ran_out_is_renewed_once(reddit: Replay, http: HttpClient) -> None:
    refused = Answer(401, {"www-authenticate": 'Bearer realm="reddit", error="invalid_token"'}, b"")
    reddit.add("/r/acme/new", refused, Answer.json(listing(submission(1))))
    assert len(collect(reddit, http).posts) == 1
    reddit.add("/r/acme/new", refused)
    with pytest.raises(CollectError) as caught:
        collect(reddit, http)
    assert (caught.value.reason, caught.value.permanent) == ("unauthorized", True)
    assert http.requests == 8


@pytest.mark.parametrize(
    ("headers", "wait"),
    [({"retry-after": "4"}, 4), ({"x-ratelimit-remaining": "0.0", "x-ratelimit-reset": "84"}, 84), ({}, 900)],
)
def test_429_says_when_to_come_back(reddit: Replay, http: HttpClient, headers: dict[str, str], wait: int) -> None:
    reddit.add("/r/acme/new", Answer(429, headers, b"<html>Too Many Requests"))
    with pytest.raises(CollectError) as caught:
        collect(reddit, http)
    assert (caught.value.reason, caught.value.retry_at) == ("rate_limited", NOW + timedelta(seconds=wait))
    assert len(paths(reddit)) == 1


def test_used_up_allowance_is_seen_before_the_next_request(reddit: Replay, http: HttpClient) -> None:
    things = Things([submission(number, age=number * 100.0) for number in range(1, 151)])
    headers = {"x-ratelimit-remaining": "0.0", "x-ratelimit-used": "100", "x-ratelimit-reset": "300"}
    reddit.rule("/r/acme/new", lambda request: Answer(200, headers, things(request).body))
    batches: list[Batch] = []
    generator = collector(reddit).collect(CollectRequest(1, ONLY_NEW, (), {}, NOW, KEYS), http)
    with pytest.raises(CollectError) as caught:
        batches.extend(generator)
    assert (caught.value.reason, caught.value.retry_at) == ("rate_limited", NOW + timedelta(seconds=300))
    assert (len(paths(reddit)), len(batches)) == (1, 1)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 520, 522])
def test_faults_of_reddit_are_asked_once(reddit: Replay, http: HttpClient, status: int) -> None:
    reddit.add("/r/acme/new", Answer(status, {}, b"<html>our CDN was unable to reach our servers"))
    with pytest.raises(CollectError) as caught:
        collect(reddit, http)
    assert (caught.value.reason, caught.value.permanent) == ("unreachable", False)
    assert len(paths(reddit)) == 1


@pytest.mark.parametrize(
    ("answer", "reason", "words"),
    [
        (Answer(302, {"location": "https://www.reddit.com/subreddits/search?q=acme"}), "gone", "does not exist"),
        (Answer(301, {"location": "https://www.reddit.com/"}), "gone", "moved"),
        (Answer.json({"reason": "private", "message": "Forbidden", "error": 403}, 403), "not_allowed", "private"),
        (Answer.json({"reason": "quarantined", "error": 403}, 403), "not_allowed", "consent"),
        (Answer.json({"error": 403}, 403), "not_allowed", "refuses"),
        (Answer.json({"reason": "banned", "error": 404}, 404), "gone", "banned"),
        (Answer(451), "not_allowed", "legal"),
        (Answer(414, {}, b"URI Too Long"), "bad_answer", "too long"),
        (Answer(400, {}, b"<html>"), "bad_answer", "400"),
        (Answer(200, {}, b"<html>maintenance"), "bad_answer", "not JSON"),
        (Answer.json({"kind": "Listing"}), "bad_answer", "list of items"),
    ],
)
def test_one_community_does_not_stop_the_others(
    reddit: Replay, http: HttpClient, answer: Answer, reason: str, words: str
) -> None:
    reddit.add("/r/bad/new", answer)
    reddit.rule("/r/acme/new", Things([submission(1)]))
    result = collect(reddit, http, ONLY_NEW | {"subreddits": "bad, acme"})
    assert (len(result.posts), result.outcome.complete, result.outcome.reason) == (1, False, reason)
    assert "r/bad" in result.outcome.detail
    assert words in result.outcome.detail
    with pytest.raises(CollectError, match="r/bad") as caught:
        collect(reddit, http, ONLY_NEW | {"subreddits": "bad"})
    assert caught.value.permanent is (reason != "bad_answer")
    assert not any("optin" in path for path in paths(reddit))


def test_one_fault_of_reddit_passes_the_turn_on_and_two_end_the_run(reddit: Replay, http: HttpClient) -> None:
    reddit.add("/r/bad/new", Answer(500))
    reddit.rule("/r/acme/new", Things([submission(1)]))
    options = ONLY_NEW | {"subreddits": "bad, acme"}
    result = collect(reddit, http, options)
    assert (len(result.posts), result.outcome.reason) == (1, "unreachable")
    gone = collect(reddit, http, ONLY_NEW | {"subreddits": "bad, gone, acme"})
    assert (len(gone.posts), gone.outcome.reason) == (1, "unreachable")
    reddit.add("/r/worse/new", Answer(503))
    with pytest.raises(CollectError, match="503"):
        collect(reddit, http, ONLY_NEW | {"subreddits": "bad, worse, acme"})


def broken(body: bytes) -> Callable[[BufferedIOBase], None]:
    def send(wire: BufferedIOBase) -> None:
        wire.write(body)

    return send


@pytest.mark.parametrize("sent", [b"", b'HTTP/1.0 200 OK\r\ncontent-length: 900\r\n\r\n{"kind": "Lis'])
@pytest.mark.parametrize("path", [TOKEN, "/r/acme/new"])
def test_dropped_and_half_answers_are_unreachable_at_once(
    reddit: Replay, http: HttpClient, path: str, sent: bytes
) -> None:
    reddit.add(path, Answer(body=broken(sent)))
    with pytest.raises(CollectError) as caught:
        collect(reddit, http)
    assert (caught.value.reason, caught.value.permanent) == ("unreachable", False)
    assert http.requests <= 2


def test_bad_items_are_counted_and_good_ones_kept(reddit: Replay, http: HttpClient) -> None:
    strange = [
        None,
        5,
        {},
        {"kind": "t3"},
        {"kind": "t3", "data": {"name": 7}},
        {"kind": "t3", "data": {"name": "t3_"}},
    ]
    odd = submission(1, created_utc="x", score="7", num_comments=None, author=9, title=["x"], permalink=3, edited=[])
    huge = submission(2, created_utc=10**30, score=10**30, selftext="x" * 300_000, num_crossposts=True)
    reddit.add("/r/acme/new", Answer.json(listing(*strange, odd, huge)))
    result = collect(reddit, http)
    assert [post.native_id for post in result.posts] == ["t3_p1", "t3_p2"]
    assert result.posts[0].counters == {"reposts": 1}
    assert f"{len(strange)} items could not be read" in result.outcome.detail
    for post in result.posts:
        DOOR.admit(post, NOW, 1_000)


def test_date_in_the_future_silences_nothing(reddit: Replay, http: HttpClient) -> None:
    reddit.rule("/r/acme/new", Things([submission(1, age=-(10.0**8))]))
    first = collect(reddit, http)
    reddit.rule("/r/acme/new", Things([submission(2, age=-30.0)]))
    second = collect(reddit, http, cursor=first.cursor, now=NOW + timedelta(minutes=1))
    assert [post.native_id for post in second.posts] == ["t3_p2"]


@pytest.mark.parametrize(
    "cursor",
    [
        {"listings": {"new:acme": {"reached": "x", "after": 5, "count": -1, "top": None}}, "trees": []},
        {"listings": {"new:acme": {"reached": 1e308, "after": "t3_zz", "count": 10**9, "top": True}}},
        {"listings": [1], "trees": {"t3_a": 1, "t3_b": ["x", 2], "t3_c": [1], "x": [1, 2]}},
        {"since_id": "9"},
    ],
)
def test_strange_cursors_do_not_silence_a_listing(reddit: Replay, http: HttpClient, cursor: dict[str, Json]) -> None:
    reddit.rule("/r/acme/new", Things([submission(1)]))
    assert {post.native_id for post in collect(reddit, http, cursor=cursor).posts} == {"t3_p1"}
