"""Recorded answers of the Hacker News search, replayed over a real socket: the shared ones, and a made one of ours."""

from pathlib import Path

import pytest

from collectors.hackernews import HackerNewsCollector, page_of, post_of
from collectors.http import HttpClient
from collectors.privacy import PrivacyDoor
from tests.collectors.conftest import NOW
from tests.collectors.run import Run, run
from tests.wire.replay import Replay

OWN = Path(__file__).parent / "data" / "hackernews.jsonl"
DOOR = PrivacyDoor(b"k" * 32, [])


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
def test_shared_recordings(shared: Path, server: Replay, http: HttpClient) -> None:
    file = shared / "wire" / "hackernews" / "hackernews.jsonl.gz"
    if not file.exists():
        pytest.skip("wire/hackernews is not on this machine")
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
