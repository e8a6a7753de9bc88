"""Recorded answers of the YouTube Data API, replayed over a real socket."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collectors.errors import CollectError
from collectors.http import HttpClient
from collectors.post import Json
from collectors.privacy import PrivacyDoor
from collectors.youtube import YouTubeCollector
from collectors.youtube_items import post_of
from tests.collectors.conftest import NOW
from tests.collectors.run import look_again, run
from tests.wire.replay import Answer, Replay, read_recordings

DOOR = PrivacyDoor(b"k" * 32, [])
KEY = {"api_key": "secret"}


@pytest.fixture
def recorded(shared: Path) -> Path:
    file = shared / "wire" / "youtube" / "youtube.jsonl.gz"
    if not file.exists():
        pytest.skip("wire/youtube is not on this machine")
    return file


def items(value: Any) -> Iterator[dict[str, Any]]:
    """All videos, search results and comments anywhere in an answer."""
    if isinstance(value, dict):
        if value.get("kind") in {"youtube#video", "youtube#comment", "youtube#searchResult"} and "snippet" in value:
            yield value
        for inner in value.values():
            yield from items(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from items(inner)


@pytest.mark.shared
def test_search_in_two_pages_as_recorded(recorded: Path, server: Replay, http: HttpClient) -> None:
    server.load(recorded)
    result = run(YouTubeCollector(server.base_url), http, {"searches_a_day": 100}, terms=("surfing",), credentials=KEY)
    assert len({post.native_id for post in result.posts}) == 49  # one is on both pages
    assert [request.query.get("pageToken") for request in server.requests if request.path.endswith("search")][:2] == [
        None,
        "CBkQAA",
    ]
    for post in result.posts:
        stored = DOOR.admit(post, NOW, 10_000)
        assert stored.date_from == "source"
        assert stored.author_key
        assert "&#39;" not in (stored.title or "")


@pytest.mark.shared
def test_comments_of_a_video_in_pages_as_recorded(recorded: Path, server: Replay, http: HttpClient) -> None:
    server.load(recorded)
    server.add("/youtube/v3/search", Answer.json({"items": []}))
    cursor: dict[str, Json] = {"videos": {"F1UP7wRCPH8": [int(NOW.timestamp()) - 90_000, 0, 0]}}
    result = run(YouTubeCollector(server.base_url), http, {}, terms=("x",), credentials=KEY, cursor=cursor)
    top = {post.native_id for post in result.posts if post.reply_to == "F1UP7wRCPH8"}
    assert len(top) == 5  # both recorded pages hold the same
    asked = [request.path.rsplit("/", 1)[1] for request in server.requests]
    assert (asked.count("commentThreads"), asked.count("comments")) == (2, 2)
    assert any("." in post.native_id for post in result.posts)  # replies that did not come with their comment


@pytest.mark.shared
def test_second_looks_as_recorded(recorded: Path, server: Replay, http: HttpClient) -> None:
    server.load(recorded)
    refs = ("D-lhorsDlUQ", "ovdbrdCIP7U", "gone_video1", "UgyUBI0HsgL9emxcZpR4AaABAg", "Ugzi3lkqDPfIOirGFLh4AaABAg")
    result = look_again(YouTubeCollector(server.base_url), http, {}, refs, credentials=KEY)
    assert {post.native_id for post in result.posts} == set(refs) - {"gone_video1"}
    assert result.deleted == ["gone_video1"]


@pytest.mark.shared
def test_every_recorded_item_is_mapped_and_passes_the_door(recorded: Path) -> None:
    kinds: list[str] = []
    for line in read_recordings(recorded):
        for item in items(line["response"]["body"]):
            post = post_of(item)
            if post is None:
                assert "channelId" in item["id"]  # a search for channels
                continue
            stored = DOOR.admit(post, NOW, 10_000)
            kinds.append(post.kind)
            given = item.get("statistics", {})
            assert post.counters.get("views") == (int(given["viewCount"]) if "viewCount" in given else None)
            seen = json.dumps([stored.text, stored.title, stored.url, dict(stored.raw)])
            assert item["snippet"].get("authorDisplayName") is None or '"author' not in seen
            assert (item["snippet"].get("authorChannelId") or {}).get("value", "nobody") not in seen
    assert kinds.count("comment") >= 15
    assert kinds.count("post") >= 60


@pytest.mark.shared
def test_errors_as_recorded(recorded: Path, server: Replay, http: HttpClient) -> None:
    refusals = [line["response"] for line in read_recordings(recorded) if line["response"]["status"] >= 400]
    assert len(refusals) == 3
    for given in refusals:
        server.add("/youtube/v3/search", Answer(given["status"], given["headers"], json.dumps(given["body"]).encode()))
        with pytest.raises(CollectError) as caught:
            run(YouTubeCollector(server.base_url), http, {}, terms=("acme",), credentials=KEY)
        assert caught.value.permanent == ("error message" not in str(given["body"]))
