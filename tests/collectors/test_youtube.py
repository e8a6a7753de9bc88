"""YouTube's Data API against a server that behaves as the real one does, and against one that does not."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from collectors.base import CollectRequest
from collectors.errors import CollectError
from collectors.http import HttpClient
from collectors.meter import Meter
from collectors.post import Json
from collectors.privacy import PrivacyDoor
from collectors.youtube import YouTubeCollector
from collectors.youtube_items import post_of
from collectors.youtube_reading import OVERLAP
from tests.collectors.conftest import NOW
from tests.collectors.run import Run, look_again, run
from tests.wire.replay import Answer, Replay

SEARCH, VIDEOS, THREADS, COMMENTS = (
    f"/youtube/v3/{name}" for name in ("search", "videos", "commentThreads", "comments")
)
PRESENT = int(NOW.timestamp())
KEY = {"api_key": "secret-key"}


def vid(number: int) -> str:
    return f"vid{number:08d}"


def found(number: int, hours: int = 5) -> dict[str, Json]:
    """A video as the search gives it."""
    at = (NOW - timedelta(hours=hours)).isoformat()
    snippet: dict[str, Json] = {
        "publishedAt": at, "title": f"Acme &amp; Co {number}", "description": "cut ...",
        "channelId": f"UC{number}", "channelTitle": f"Channel {number}",
    }  # fmt: skip
    return {"kind": "youtube#searchResult", "id": {"videoId": vid(number)}, "snippet": snippet}


def video(number: int, hours: int = 5, **statistics: Json) -> dict[str, Json]:
    """The same as `videos.list` gives it."""
    one = found(number, hours)
    assert isinstance(one["snippet"], dict)
    snippet = one["snippet"] | {"title": f"Acme & Co {number}", "description": "All about Acme Bank."}
    return {"kind": "youtube#video", "id": vid(number), "snippet": snippet, "statistics": statistics}


def comment(name: str, minutes: int = 10, **more: Json) -> dict[str, Json]:
    at = (NOW - timedelta(minutes=minutes)).isoformat()
    author: dict[str, Json] = {"authorDisplayName": "@anna-smith", "authorChannelId": {"value": "UCanna"}}
    snippet: dict[str, Json] = {"textDisplay": f"About {name}", "likeCount": 2, "publishedAt": at, "updatedAt": at}
    return {"kind": "youtube#comment", "id": f"Ug{name}-0123-AaABAg", "snippet": snippet | author | more}


def thread(name: str, minutes: int = 10, total: int = 0, replies: list[Json] | None = None) -> dict[str, Json]:
    snippet: dict[str, Json] = {"topLevelComment": comment(name, minutes), "totalReplyCount": total}
    return {"id": f"Ug{name}-0123-AaABAg", "snippet": snippet, "replies": {"comments": replies or []}}


def page(*items: Json, token: str | None = None) -> Answer:
    return Answer.json({"items": list(items)} | ({"nextPageToken": token} if token else {}))


def refusal(status: int, reason: str) -> Answer:
    return Answer.json({"error": {"code": status, "errors": [{"reason": reason}]}}, status)


def serving(server: Replay, count: int = 3) -> None:
    """A search that finds `count` videos, their details, no comments."""
    server.add(SEARCH, page(*[found(number) for number in range(count)]))
    details = {vid(number): video(number, viewCount="120", likeCount="7") for number in range(count)}
    server.rule(
        VIDEOS, lambda asked: page(*[details[name] for name in asked.query["id"].split(",") if name in details])
    )
    server.add(THREADS, page())


def collected(server: Replay, http: HttpClient, options: dict[str, Json] | None = None, **more: object) -> Run:
    given: dict[str, object] = {"terms": ("Acme Bank",), "credentials": KEY, **more}
    return run(YouTubeCollector(server.base_url), http, options or {}, **given)  # type: ignore[arg-type]


def test_videos_come_in_full_with_counters(server: Replay, http: HttpClient) -> None:
    serving(server)
    meter = Meter(limit=100)
    result = collected(server, http, meter=meter)
    post = result.posts[0]
    assert (post.native_id, post.title, post.text) == (vid(0), "Acme & Co 0", "All about Acme Bank.")
    assert post.counters == {"views": 120, "likes": 7}
    assert post.url == f"https://www.youtube.com/watch?v={vid(0)}"
    assert result.outcome.complete
    assert meter.cost == 1 + 3  # details and three videos' comments; the search counts elsewhere
    asked = server.requests[0]
    assert (asked.query["q"], asked.query["order"], asked.query["type"]) == ('"acme bank"', "date", "video")
    assert asked.headers["x-goog-api-key"] == "secret-key"
    assert "key" not in asked.query
    assert result.cursor["searches"] == 1


def test_search_results_stand_in_for_details_that_are_not_to_be_had(server: Replay, http: HttpClient) -> None:
    serving(server, 1)
    server.add(VIDEOS, page())
    post = collected(server, http).posts[0]
    assert (post.title, post.text, post.counters) == ("Acme & Co 0", "cut ...", {})
    server.add(VIDEOS, refusal(403, "quotaExceeded"))
    batches = YouTubeCollector(server.base_url).collect(CollectRequest(1, {}, ("acme",), {}, NOW, KEY), http)
    assert len(next(batches).posts) == 1
    with pytest.raises(CollectError) as caught:
        next(batches)
    assert caught.value.retry_at == datetime(2026, 3, 2, 8, tzinfo=UTC)  # midnight in California


def test_the_pages_of_one_search_need_not_wait_for_the_next_hour(server: Replay, http: HttpClient) -> None:
    serving(server)
    server.rule(
        SEARCH, lambda asked: page(found(int(asked.query.get("pageToken", "0"))), token=str(len(server.requests)))
    )
    midnight = datetime(2026, 3, 1, 8, 1, tzinfo=UTC)  # in California: one search is due by now, a quarter are allowed
    assert collected(server, http, {"searches_a_day": 16}, now=midnight).cursor["searches"] == 4


def test_pages_cost_searches_and_the_rest_waits_for_its_turn(server: Replay, http: HttpClient) -> None:
    serving(server)
    server.rule(
        SEARCH, lambda asked: page(found(int(asked.query.get("pageToken", "0"))), token=str(len(server.requests)))
    )
    first = collected(server, http, {"searches_a_day": 6}, now=datetime(2026, 3, 1, 12, tzinfo=UTC))  # 4 in the morning
    assert first.cursor["searches"] == 2
    assert first.outcome.reason == "limit_reached"
    later = datetime(2026, 3, 1, 16, tzinfo=UTC)
    second = collected(server, http, {"searches_a_day": 6}, cursor=first.cursor, now=later)
    assert second.cursor["searches"] == 3
    assert second.cursor["terms"] != first.cursor["terms"]
    next_day = collected(server, http, {"searches_a_day": 6}, cursor=second.cursor, now=NOW + timedelta(days=1))
    assert next_day.cursor["searches"] == 2


def test_terms_take_turns(server: Replay, http: HttpClient) -> None:
    serving(server, 0)
    terms = tuple(f"name{number}" for number in range(5))
    first = collected(server, http, {"searches_a_day": 5}, terms=terms)
    second = collected(
        server, http, {"searches_a_day": 5}, terms=terms, cursor=first.cursor, now=NOW + timedelta(hours=8)
    )
    asked = [request.query["q"] for request in server.requests if request.path == SEARCH]
    assert len(asked) == len(set(asked)) == 3
    assert "names wait for their turn" in second.outcome.detail


def test_a_video_that_two_names_find_is_asked_for_once(server: Replay, http: HttpClient) -> None:
    serving(server, 2)
    result = collected(server, http, {"comments": False}, terms=("acme", "acme bank"))
    assert [post.native_id for post in result.posts] == [vid(0), vid(1)]
    assert [request.path for request in server.requests] == [SEARCH, VIDEOS, SEARCH]


def test_next_window_looks_back_by_the_overlap(server: Replay, http: HttpClient) -> None:
    serving(server)
    first = collected(server, http)
    cursor = json.loads(json.dumps(dict(first.cursor)))
    assert cursor["terms"] == {"acme bank": {"reached": PRESENT - OVERLAP}}
    collected(server, http, cursor=cursor, now=NOW + timedelta(hours=3))
    last = [request for request in server.requests if request.path == SEARCH][-1]
    assert (last.query["publishedAfter"], last.query["publishedBefore"]) == (
        "2026-03-01T06:00:00Z",
        "2026-03-01T15:00:00Z",
    )


def test_comments_and_replies_of_videos_that_name_a_term(server: Replay, http: HttpClient) -> None:
    serving(server, 1)
    reply = comment("one", 5, parentId="Ugone-0123-AaABAg") | {"id": "Ugone-0123-AaABAg.r1"}
    server.add(THREADS, page(thread("one", 20, total=2, replies=[]), thread("two", 30), None, {"snippet": 5}))
    server.add(COMMENTS, page(reply))
    result = collected(server, http)
    posts = {post.native_id: post for post in result.posts if post.kind == "comment"}
    assert set(posts) == {"Ugone-0123-AaABAg", "Ugtwo-0123-AaABAg", "Ugone-0123-AaABAg.r1"}
    assert posts["Ugone-0123-AaABAg.r1"].reply_to == "Ugone-0123-AaABAg"
    assert (posts["Ugtwo-0123-AaABAg"].reply_to, posts["Ugtwo-0123-AaABAg"].counters) == (vid(0), {"likes": 2})
    assert "2 items could not be read" in result.outcome.detail
    soon = collected(server, http, cursor=result.cursor, now=NOW + timedelta(minutes=30))
    assert not [post for post in soon.posts if post.kind == "comment"]
    server.requests.clear()
    collected(server, http, cursor=result.cursor, now=NOW + timedelta(hours=3))
    assert [request.path for request in server.requests].count(THREADS) == 1


def test_comment_pages_are_read_back_to_what_is_known(server: Replay, http: HttpClient) -> None:
    serving(server, 1)
    server.rule(
        THREADS,
        lambda asked: page(thread(f"p{asked.query.get('pageToken', 0)}", 60 * int(asked.query.get("pageToken", 0))),
                           token=str(int(asked.query.get("pageToken", 0)) + 1)),
    )  # fmt: skip
    seen = PRESENT - 7_200
    cursor: dict[str, Json] = {"videos": {vid(0): [PRESENT - 90_000, seen, 0], "bad": [1], vid(9): "x"}}
    result = collected(server, http, cursor=cursor)
    assert [post.native_id for post in result.posts if post.kind == "comment"] == [
        f"Ugp{n}-0123-AaABAg" for n in range(3)
    ]


def test_videos_without_comments_are_normal(server: Replay, http: HttpClient) -> None:
    serving(server, 2)
    server.add(THREADS, refusal(403, "commentsDisabled"), refusal(404, "videoNotFound"))
    assert collected(server, http).outcome.complete


def test_comments_are_read_when_searches_are_used_up(server: Replay, http: HttpClient) -> None:
    server.add(SEARCH, refusal(403, "quotaExceeded"))
    server.add(THREADS, page(thread("one")))
    cursor: dict[str, Json] = {"videos": {vid(0): [PRESENT - 90_000, 0, 0]}}
    steps = YouTubeCollector(server.base_url).collect(CollectRequest(1, {}, ("acme",), cursor, NOW, KEY), http)
    assert len(next(steps).posts) == 1
    with pytest.raises(CollectError, match="midnight in California"):
        next(steps)


def test_units_of_the_day_are_a_limit(server: Replay, http: HttpClient) -> None:
    serving(server)
    result = collected(server, http, meter=Meter(spent_before=10, limit=11))
    assert (result.outcome.complete, result.outcome.reason) == (False, "budget_spent")
    assert len(result.posts) == 3
    nothing = collected(server, http, meter=Meter(limit=0))
    assert nothing.posts[0].text == "cut ..."


@pytest.mark.parametrize(
    ("answer", "reason", "permanent", "word"),
    [
        (refusal(400, "keyInvalid"), "unauthorized", True, "valid one"),
        (Answer.json({"error": {"details": [{"reason": "API_KEY_INVALID"}]}}, 400), "unauthorized", True, "valid one"),
        (refusal(403, "accessNotConfigured"), "unauthorized", True, "Switch on"),
        (refusal(403, "forbidden"), "unauthorized", True, "refuses access"),
        (refusal(429, "rateLimitExceeded"), "rate_limited", False, "asks to wait"),
        (Answer.json({"error": "error message"}, 400), "bad_answer", False, "did not accept"),
        (Answer(403, {}, b"<html>"), "unauthorized", True, "refuses"),
        (Answer(500), "unreachable", False, "fault of its own"),
        (Answer(200, {}, b"<html>"), "bad_answer", False, "HTML page"),
        (Answer.json({"items": {}}), "bad_answer", False, "list of items"),
        (Answer.json([]), "bad_answer", False, "list of items"),
    ],
)
def test_refusals_are_said_in_words(
    server: Replay, http: HttpClient, answer: Answer, reason: str, permanent: bool, word: str
) -> None:
    server.add(SEARCH, answer)
    with pytest.raises(CollectError, match=word) as caught:
        collected(server, http)
    assert (caught.value.reason, caught.value.permanent) == (reason, permanent)


def test_a_repeated_page_ends_the_walk(server: Replay, http: HttpClient) -> None:
    serving(server)
    server.add(SEARCH, page(found(0), token="same"))
    result = collected(server, http)
    assert (result.outcome.complete, result.outcome.reason) == (False, "bad_answer")
    assert result.cursor["searches"] == 2


def test_tokens_that_run_in_a_circle_end_the_walk(server: Replay, http: HttpClient) -> None:
    serving(server)
    following = {"": "a", "a": "b", "b": "a"}
    server.rule(SEARCH, lambda asked: page(found(0), token=following[asked.query.get("pageToken", "")]))
    result = collected(server, http, {"searches_a_day": 100})
    assert (result.outcome.reason, result.cursor["searches"]) == ("bad_answer", 3)


def test_second_looks_ask_by_kind_and_find_what_is_gone(server: Replay, http: HttpClient) -> None:
    server.add(VIDEOS, page(video(1, viewCount="5")))
    server.add(COMMENTS, page(comment("one", textDisplay="changed")))
    refs = (vid(1), vid(2), "Ugone-0123-AaABAg", "Ugtwo-0123-AaABAg", "[author]")
    result = look_again(YouTubeCollector(server.base_url), http, {}, refs, credentials=KEY)
    assert {post.native_id: post.text for post in result.posts}["Ugone-0123-AaABAg"] == "changed"
    assert result.deleted == [vid(2), "Ugtwo-0123-AaABAg"]
    server.add(VIDEOS, page())
    many = tuple(vid(number) for number in range(8))
    doubted = look_again(YouTubeCollector(server.base_url), http, {}, many, credentials=KEY)
    assert (doubted.deleted, doubted.outcome.complete) == ([], False)


def test_no_author_passes_the_door() -> None:
    raw = post_of(comment("one", textOriginal="I, anna-smith, like it", videoId=vid(1)))
    assert raw is not None
    stored = PrivacyDoor(b"k" * 32, []).admit(raw, NOW, 1_000)
    assert "anna" not in repr(stored).lower()
    assert stored.native_id == "Ugone-0123-AaABAg"
    plain = post_of(video(1, viewCount="5", commentCount=None, likeCount="many"))
    assert plain is not None
    assert plain.counters == {"views": 5}
    again = YouTubeCollector().map_item(PrivacyDoor(b"k" * 32, []).admit(plain, NOW, 1_000).raw)
    assert again is not None
    assert (again.native_id, again.text, again.counters) == (plain.native_id, plain.text, plain.counters)


@pytest.mark.parametrize(
    "cursor",
    [
        {"terms": {"acme bank": {"reached": PRESENT * 3}}},
        {"terms": {"acme bank": {"reached": PRESENT - 99, "end": 5, "token": "x"}}},
        {"terms": [1], "videos": [2], "day": 5, "searches": "x"},
        {"day": "2026-03-01", "searches": -5, "terms": {"acme bank": {"reached": 10**30}}},
    ],
)
def test_strange_cursors_do_not_silence_a_term(server: Replay, http: HttpClient, cursor: dict[str, Json]) -> None:
    serving(server)
    assert len(collected(server, http, cursor=cursor).posts) == 3


def test_keys_and_options(server: Replay, http: HttpClient) -> None:
    with pytest.raises(CollectError, match="Enter an API key") as caught:
        collected(server, http, credentials={})
    assert caught.value.permanent
    server.add(VIDEOS, page())
    assert "accepts the key" in YouTubeCollector(server.base_url).test(CollectRequest(1, {}, (), {}, NOW, KEY), http)
    for bad in ({"searches_a_day": 101}, {"language": "english"}, {"region": 5}, {"budget": -1}, {"comments": "?"}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            YouTubeCollector().check_options(bad)
