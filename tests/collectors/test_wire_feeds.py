"""All recorded feeds through the collector: none crashes, and what their sources state about them holds."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from collectors.errors import CollectError
from collectors.feed import FeedCollector
from collectors.http import HttpClient
from collectors.post import RawPost
from collectors.privacy import PrivacyDoor
from tests.collectors.conftest import NOW
from tests.collectors.run import run
from tests.wire.replay import Answer, Replay

pytestmark = pytest.mark.shared

# Recordings without an entry whose XML is broken: an error in words is the right answer to them.
NO_FEEDS = {
    "feedparser-illformed-rss_empty_document.xml.gz",
    "feedparser-illformed-undeclared_namespace.xml.gz",
    "feedparser-encoding-bozo_invalid-bytes-with-bom.xml.gz",
}
DOOR = PrivacyDoor(b"k" * 32, [])


def recorded(shared: Path) -> list[dict[str, Any]]:
    folder = shared / "wire" / "feeds"
    if not folder.is_dir():
        pytest.skip("wire/feeds is not on this machine")
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    return [{**one, "body": gzip.decompress((folder / one["file"]).read_bytes())} for one in index["feeds"]]


def posts_of(one: dict[str, Any], server: Replay, http: HttpClient) -> list[RawPost]:
    headers = {"content-type": one["content_type"]} if one["content_type"] else {}
    server.add("/feed", Answer(200, headers, one["body"]))
    return run(FeedCollector(10, 720), http, {"url": server.url("/feed")}).posts


def test_no_recorded_feed_crashes_and_each_post_passes_the_door(shared: Path, server: Replay, http: HttpClient) -> None:
    refused = {}
    for one in recorded(shared):
        try:
            posts = posts_of(one, server, http)
        except CollectError as error:
            refused[one["file"]] = error.detail
            continue
        for post in posts:
            assert DOOR.admit(post, NOW, 100_000).native_id
    assert set(refused) <= NO_FEEDS, refused


def test_counts_titles_and_links_are_as_the_sources_state(shared: Path, server: Replay, http: HttpClient) -> None:
    stated = [one for one in recorded(shared) if isinstance(one.get("expected"), dict)]
    assert len(stated) > 15
    for one in stated:
        posts, expected = posts_of(one, server, http), one["expected"]
        assert len(posts) == expected["items"], one["file"]
        link = expected["first"].get("link")
        if link and link.startswith("http"):
            assert posts[0].url == link, one["file"]
        date = expected["first"].get("isoDate")
        if date:
            assert posts[0].published_at is not None
            assert posts[0].published_at.isoformat()[:19] == date[:19], one["file"]


def test_google_alerts_and_youtube_recordings(shared: Path, server: Replay, http: HttpClient) -> None:
    by_file = {one["file"]: one for one in recorded(shared)}
    alerts = posts_of(by_file["feedjira-google_alerts_atom.xml.gz"], server, http)
    assert len(alerts) == 20
    assert not any("google.com" in (post.url or "") or "<b>" in (post.title or "") for post in alerts)
    films = posts_of(by_file["feedjira-youtube_atom.xml.gz"], server, http)
    assert len(films) == 15
    assert all(post.counters["views"] > 0 for post in films)
    listing = posts_of(by_file["rssparser-reddit-home.rss.gz"], server, http)
    assert {post.author.platform for post in listing if post.author} == {"reddit"}
