"""Recorded answers of Bluesky, replayed over a real socket and read by the real library."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collectors.bluesky import BlueskyCollector
from collectors.bluesky_posts import post_of
from collectors.errors import CollectError
from collectors.http import HttpClient
from collectors.post import RawPost
from collectors.privacy import PrivacyDoor
from tests.collectors.conftest import NOW
from tests.collectors.run import look_again, run
from tests.wire.replay import Answer, Replay, read_recordings

LOGIN = "/xrpc/com.atproto.server.createSession"
DOOR = PrivacyDoor(b"k" * 32, [])
passwords = (f"wire-{number}" for number in itertools.count())


@pytest.fixture
def recorded(shared: Path) -> Path:
    file = shared / "wire" / "bluesky" / "bluesky.jsonl.gz"
    if not file.exists():
        pytest.skip("wire/bluesky is not on this machine")
    return file


def views(value: Any) -> Iterator[dict[str, Any]]:
    """All post views anywhere in an answer."""
    if isinstance(value, dict):
        if str(value.get("uri", "")).startswith("at://") and isinstance(value.get("record"), dict):
            yield value
        for inner in value.values():
            yield from views(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from views(inner)


def signing_in(server: Replay, recorded: Path, status: int) -> None:
    """Of the two recorded sign-ins, the one that ended so."""
    for line in read_recordings(recorded):
        if line["request"]["path"] == LOGIN and line["response"]["status"] == status:
            server.add(
                LOGIN, Answer(status, line["response"]["headers"], json.dumps(line["response"]["body"]).encode())
            )


def key() -> dict[str, str]:
    return {"handle": "listener.example", "app_password": next(passwords)}


def check(post: RawPost, handle: str) -> None:
    """No author passes the door, and the address comes back for a second look."""
    stored = DOOR.admit(post, NOW, 100_000)
    assert stored.date_from == "source"
    assert stored.native_id.startswith("hmac:")
    assert DOOR.unseal(stored.sealed_ref or "") == post.native_id
    seen = json.dumps([stored.text, dict(stored.raw), stored.url, stored.reply_to, dict(stored.stated)])
    assert "did:plc:" not in seen.replace("did:plc:[author]", "")
    assert handle not in seen


@pytest.mark.shared
def test_search_and_session_as_recorded(recorded: Path, server: Replay, http: HttpClient) -> None:
    server.load(recorded)
    signing_in(server, recorded, 200)
    result = run(BlueskyCollector(server.base_url), http, {}, terms=("redistricting",), credentials=key())
    assert len(result.posts) == 21  # the other four authors opted out
    assert "posts of accounts that asked not to be shown" in result.outcome.detail
    assert [request.path.rsplit(".", 1)[1] for request in server.requests] == ["createSession", *["searchPosts"] * 2]
    # The recording holds one page with a cursor: asked on, it comes again.
    assert result.outcome.reason == "bad_answer"
    for post in result.posts:
        assert post.counters.keys() >= {"likes", "reposts", "replies", "quotes"}
        assert "..." not in post.text[-4:] or "http" not in post.text


@pytest.mark.shared
def test_every_recorded_post_is_mapped_and_passes_the_door(recorded: Path) -> None:
    found = {view["uri"]: view for line in read_recordings(recorded) for view in views(line["response"]["body"])}
    posts = [(view, post_of(view)) for view in found.values() if "/app.bsky.feed.post/" in view["uri"]]
    assert len(posts) > 90
    for view, post in posts:
        assert post is not None
        check(post, view["author"]["handle"])


@pytest.mark.shared
def test_lookup_as_recorded(recorded: Path, server: Replay, http: HttpClient) -> None:
    server.load(recorded)
    signing_in(server, recorded, 200)
    known = "at://did:plc:ic6zqvuw5ulmfpjiwnhsr2ns/app.bsky.feed.post/3k7qmjev5lr2s"
    gone = known[:-1] + "x"
    result = look_again(BlueskyCollector(server.base_url), http, {}, (known, gone), credentials=key())
    assert (result.posts[0].counters["likes"], result.deleted) == (4, [gone])
    assert "https://rstats.ai/gov.html" in result.posts[0].text


@pytest.mark.shared
def test_wrong_password_as_recorded(recorded: Path, server: Replay, http: HttpClient) -> None:
    signing_in(server, recorded, 401)
    with pytest.raises(CollectError, match="app password") as caught:
        run(BlueskyCollector(server.base_url), http, {}, terms=("acme",), credentials=key())
    assert (caught.value.reason, caught.value.permanent) == ("unauthorized", True)
