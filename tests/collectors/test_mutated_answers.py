"""Answers with one thing wrong, whichever it is: an error or items, never a crash, and no good item lost."""

import itertools
import json
from collections.abc import Callable

import pytest

from collectors.app_store import AppStoreCollector
from collectors.base import Collector
from collectors.bluesky import BlueskyCollector
from collectors.bluesky_stream import BlueskyStreamCollector
from collectors.errors import CollectError
from collectors.gdelt import GdeltCollector
from collectors.google_play import post_of as review_post
from collectors.http import HttpClient
from collectors.post import Json, RawPost
from collectors.privacy import PrivacyDoor
from collectors.youtube import YouTubeCollector
from tests.collectors import (
    test_app_store,
    test_bluesky,
    test_bluesky_stream,
    test_gdelt,
    test_google_play,
    test_youtube,
)
from tests.collectors.conftest import NOW
from tests.collectors.mutation import mutants
from tests.collectors.run import Run, look_again, run
from tests.wire.faults import Fault, spoiled
from tests.wire.replay import Answer, Replay

DOOR = PrivacyDoor(b"k" * 32, [])
BLUESKY_KEYS = (f"mutant-{number}" for number in itertools.count())
Serve = Callable[[Replay, Json], None]


def bluesky_page(server: Replay, answer: Json) -> None:
    test_bluesky.answering(server, lambda _: Answer.json(answer))
    server.add(test_bluesky.POSTS, Answer.json(answer))


def youtube_page(server: Replay, answer: Json) -> None:
    for path in (test_youtube.SEARCH, test_youtube.VIDEOS, test_youtube.THREADS, test_youtube.COMMENTS):
        server.add(path, Answer.json(answer))


def app_store_page(server: Replay, answer: Json) -> None:
    server.add(test_app_store.path(), Answer.json(answer))
    server.add(test_app_store.path(page=2), test_app_store.feed())


def gdelt_page(server: Replay, answer: Json) -> None:
    server.add(test_gdelt.PATH, Answer.json(answer))


def collected(kind: type[Collector], server: Replay, http: HttpClient) -> Run:
    keys = {"handle": "a.example", "app_password": next(BLUESKY_KEYS), **test_youtube.KEY}
    options: dict[str, Json] = {"app_id": test_app_store.APP} if kind is AppStoreCollector else {}
    return run(kind(server.base_url), http, options, terms=("Acme Bank",), credentials=keys)  # type: ignore[call-arg]


def view() -> Json:
    """A post with all that a view may hold."""
    link: Json = {"$type": "app.bsky.richtext.facet#link", "uri": "https://a.example/long"}
    end: Json = {"uri": "at://did:plc:other/app.bsky.feed.post/3kp", "cid": "x"}
    facets: Json = [{"index": {"byteStart": 0, "byteEnd": 4}, "features": [link]}]
    words: Json = {
        "text": "a.ex Acme", "createdAt": "2026-02-01T10:00:00Z", "facets": facets, "langs": ["en"], "tags": ["t"],
        "reply": {"parent": end, "root": end}, "labels": {"values": [{"val": "x"}]},
        "embed": {"external": {"uri": "https://a.example", "title": "Card"}, "images": [{"alt": "Picture"}]},
    }  # fmt: skip
    return {**test_bluesky.view(5), "record": words, "labels": [{"val": "x"}]}


CASES: list[tuple[type[Collector], Serve, Json, Json, Callable[[list[Json]], Json]]] = [
    (BlueskyCollector, bluesky_page, view(), test_bluesky.view(9), lambda items: {"posts": items}),
    (YouTubeCollector, youtube_page, test_youtube.found(5), test_youtube.found(9), lambda items: {"items": items}),
    (YouTubeCollector, youtube_page, test_youtube.video(5, viewCount="1"), test_youtube.video(9),
     lambda items: {"items": items}),
    (AppStoreCollector, app_store_page, test_app_store.review(5), test_app_store.review(9),
     lambda items: {"feed": {"entry": items, "link": [{"attributes": {"rel": "last", "href": "x/page=1/x"}}]}}),
    (GdeltCollector, gdelt_page, test_gdelt.article(5), test_gdelt.article(9), lambda items: {"articles": items}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "serve", "item", "good", "answer"), CASES)
def test_good_items_survive_any_bad_one(
    server: Replay, http: HttpClient, kind: type[Collector], serve: Serve, item: Json, good: Json,
    answer: Callable[[list[Json]], Json],
) -> None:  # fmt: skip
    bad = list(mutants(item))
    serve(server, answer([*bad, good]))
    result = collected(kind, server, http)
    serve(server, answer([good]))
    wanted = {post.native_id for post in collected(kind, server, http).posts}
    assert wanted
    assert wanted <= {post.native_id for post in result.posts}
    check(result.posts)


def check(posts: list[RawPost]) -> None:
    """Whatever came through passes the door, into what the database can hold."""
    for post in posts:
        assert post.native_id
        stored = DOOR.admit(post, NOW, 5_000)
        json.dumps(dict(stored.raw), allow_nan=False).encode()
        assert "\x00" not in stored.text
        assert all(isinstance(count, int) for count in stored.counters.values())


@pytest.mark.parametrize(("kind", "serve", "item", "good", "answer"), CASES)
def test_any_bad_answer_is_an_error_or_items(
    server: Replay, http: HttpClient, kind: type[Collector], serve: Serve, item: Json, good: Json,
    answer: Callable[[list[Json]], Json],
) -> None:  # fmt: skip
    for number, mutant in enumerate(mutants(answer(["item"]))):
        serve(server, mutant)
        try:
            outcome = collected(kind, server, http).outcome
        except CollectError:
            continue
        assert outcome.reason, number


@pytest.mark.parametrize("fault", ["drop", "truncate", "slow", "html"])
@pytest.mark.parametrize(("kind", "serve", "good", "answer"), [(case[0], case[1], *case[3:]) for case in CASES])
def test_broken_answers_are_errors_that_pass(
    server: Replay, fault: str, kind: type[Collector], serve: Serve, good: Json, answer: Callable[[list[Json]], Json]
) -> None:
    serve(server, answer([good]))
    whole = Answer.json(answer([good]))
    for path in (test_bluesky.SEARCH, test_youtube.SEARCH, test_app_store.path(), test_gdelt.PATH):
        server.add(path, spoiled(Fault(fault, 1, 1), whole, NOW))
    with HttpClient(user_agent="x", timeout=0.2, allow_private=True) as http, pytest.raises(CollectError) as caught:
        collected(kind, server, http)
    assert caught.value.reason == ("bad_answer" if fault == "html" else "unreachable")
    assert not caught.value.permanent


def test_second_looks_survive_bad_answers(server: Replay, http: HttpClient) -> None:
    keys = {"handle": "a.example", "app_password": next(BLUESKY_KEYS), **test_youtube.KEY}
    uri = str(test_bluesky.view(9)["uri"])
    bluesky_page(server, {"posts": [*mutants(view()), test_bluesky.view(9)]})
    seen = look_again(BlueskyCollector(server.base_url), http, {}, (uri,), credentials=keys)
    assert uri in {post.native_id for post in seen.posts}
    assert not seen.deleted
    bad = list(mutants(test_youtube.video(5, viewCount="1")))
    youtube_page(server, {"items": [*bad, test_youtube.video(9)]})
    again = look_again(YouTubeCollector(server.base_url), http, {}, (test_youtube.vid(9),), credentials=keys)
    assert [post.native_id for post in again.posts] == [test_youtube.vid(9)]


def test_comments_survive_bad_threads(server: Replay, http: HttpClient) -> None:
    reply = {**test_youtube.comment("two"), "id": "Ugtwo-0123-AaABAg.reply"}
    thread = test_youtube.thread("one", total=5, replies=[reply])
    youtube_page(server, {"items": []})
    server.add(test_youtube.THREADS, Answer.json({"items": [*mutants(thread), test_youtube.thread("good")]}))
    present = int(NOW.timestamp())
    cursor: dict[str, Json] = {"videos": {test_youtube.vid(1): [present - 90_000, 0, 0]}}
    result = run(YouTubeCollector(server.base_url), http, {}, terms=("x",), credentials=test_youtube.KEY, cursor=cursor)
    assert "Uggood-0123-AaABAg" in {post.native_id for post in result.posts}
    check(result.posts)


def test_the_stream_survives_bad_events(http: HttpClient) -> None:
    event = test_bluesky_stream.event(9)
    sent = [one for one in mutants(event) if isinstance(one, dict) and one.get("time_us") == event["time_us"]]
    with test_bluesky_stream.streaming(
        test_bluesky_stream.tape(*sent, test_bluesky_stream.event(5), test_bluesky_stream.LIVE)
    ) as stream:
        result = run(BlueskyStreamCollector(stream.url, silence=0.5), http, {}, terms=("Acme Bank",))
    wanted = test_bluesky_stream.event(5)["commit"]
    assert isinstance(wanted, dict)
    assert any(post.native_id.endswith(f"/{wanted['rkey']}") for post in result.posts)
    check(result.posts)


def test_reviews_of_google_play_survive(server: Replay) -> None:
    posts = [post for one in mutants(test_google_play.review(5)) if (post := review_post(one, "com.x.y")) is not None]
    assert posts
    check(posts)
