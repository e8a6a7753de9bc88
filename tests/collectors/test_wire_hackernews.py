"""Recorded answers of the Hacker News search, replayed over a real socket: the shared ones, and a made one of ours."""

import json
import random
from pathlib import Path

import pytest

from collectors.hackernews import HackerNewsCollector
from collectors.hackernews_posts import page_of, post_of
from collectors.http import HttpClient
from collectors.privacy import PrivacyDoor
from tests.collectors.conftest import NOW
from tests.collectors.mutation import FAULTS, Fault, Spoiler
from tests.collectors.run import Run, look_again, run
from tests.wire.replay import Answer, Replay, read_recordings

OWN = Path(__file__).parent / "data" / "hackernews.jsonl"
DOOR = PrivacyDoor(b"k" * 32, [])


@pytest.fixture
def file(shared: Path) -> Path:
    found = shared / "wire" / "hackernews" / "hackernews.jsonl.gz"
    if not found.exists():
        pytest.skip("wire/hackernews is not on this machine")
    return found


def replayed(server: Replay, http: HttpClient, file: Path) -> Run:
    server.load(file, "hn.algolia.com")
    return run(HackerNewsCollector(server.base_url), http, {"backfill_days": 3650}, terms=("acme",))


def check(result: Run) -> None:
    """What must hold for any recording: ids, texts, dates and links are there, and no author passes the door."""
    assert result.posts
    for post in result.posts:
        assert post.author is not None
        handle = post.author.handle or ""
        stored = DOOR.admit(post, NOW, 100_000)
        assert stored.date_from == "source"
        assert stored.url == f"https://news.ycombinator.com/item?id={post.native_id}"
        assert f"author_{handle}" not in repr(stored)
        assert "<p>" not in stored.text
        assert stored.text or stored.title


@pytest.mark.shared
def test_shared_recordings(file: Path, server: Replay, http: HttpClient) -> None:
    result = replayed(server, http, file)
    check(result)
    assert len({post.native_id for post in result.posts}) == 8
    stories = page_of(http.get(server.url("/api/v1/search")).json()).hits
    posts = [post for hit in stories if (post := post_of(hit))]
    assert len(posts) == 5
    assert all(post.title and post.counters["points"] > 0 for post in posts)


def test_own_recording(server: Replay, http: HttpClient) -> None:
    result = replayed(server, http, OWN)
    check(result)
    assert [post.kind for post in result.posts] == ["post", "comment"]
    assert DOOR.admit(result.posts[1], NOW, 1_000).text.startswith("As [author] I say:\nAcme")


@pytest.mark.shared
def test_shared_items_of_the_database(file: Path, server: Replay, http: HttpClient) -> None:
    server.load(file, "hacker-news.firebaseio.com")
    paths = [line["request"]["path"] for line in read_recordings(file) if "/v0/item/" in line["request"]["path"]]
    names = tuple(path.removeprefix("/v0/item/").removesuffix(".json") for path in paths)
    result = look_again(HackerNewsCollector(items_url=server.base_url), http, {}, names)
    assert set(result.deleted) == {"21501055", "3000"}
    assert {post.native_id for post in result.posts} == set(names) - set(result.deleted)
    assert len(names) == 11
    check(Run(result.batches, result.outcome))
    assert all(post.counters["points"] > 0 for post in result.posts if post.kind == "post")


@pytest.mark.shared
def test_shared_lists_are_no_items(file: Path, server: Replay, http: HttpClient) -> None:
    for line in read_recordings(file):
        if "/v0/" in line["request"]["path"] and "/item/" not in line["request"]["path"]:
            server.add("/v0/item/5.json", Answer.json(line["response"]["body"]))
            result = look_again(HackerNewsCollector(items_url=server.base_url), http, {}, ("5",))
            assert (result.posts, result.deleted, result.outcome.reason) == ([], [], "bad_answer")


@pytest.mark.shared
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_spoilt_hits_lose_nothing_but_themselves(file: Path, server: Replay, http: HttpClient, fault: Fault) -> None:
    hits = next(
        line["response"]["body"]["hits"] for line in read_recordings(file) if "by_date" in line["request"]["path"]
    )
    server.add("/api/v1/search_by_date", Answer.json({"hits": hits, "nbHits": len(hits), "nbPages": 1}))
    whole = {hit["objectID"] for hit in hits}
    for seed in range(10):
        spoiler = Spoiler(server, fault, random.Random(seed), [])
        server.before = spoiler.answer
        result = run(HackerNewsCollector(server.base_url, 3), http, {"backfill_days": 3650}, terms=("acme",))
        spoilt = {json.loads(hit)["objectID"] for hit in spoiler.seen}
        assert whole - spoilt <= {post.native_id for post in result.posts}
        for post in result.posts:
            DOOR.admit(post, NOW, 1_000)
