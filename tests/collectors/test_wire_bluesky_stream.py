"""Recorded posts of Bluesky, sent as commits over a real web socket: nobody has recorded the stream itself."""

from pathlib import Path

import pytest

from collectors.bluesky_stream import SECOND
from collectors.http import HttpClient
from collectors.post import Json
from collectors.privacy import PrivacyDoor
from tests.collectors.conftest import NOW
from tests.collectors.test_bluesky_stream import LIVE, PRESENT, collected, streaming, tape
from tests.collectors.test_wire_bluesky import views
from tests.wire.replay import read_recordings


@pytest.mark.shared
def test_recorded_posts_through_the_stream(shared: Path, http: HttpClient) -> None:
    file = shared / "wire" / "bluesky" / "bluesky.jsonl.gz"
    if not file.exists():
        pytest.skip("wire/bluesky is not on this machine")
    found = {view["uri"]: view for line in read_recordings(file) for view in views(line["response"]["body"])}
    sent: list[Json] = []
    for number, (uri, view) in enumerate(found.items()):
        did, collection, rkey = uri.removeprefix("at://").split("/")
        commit: Json = {"operation": "create", "collection": collection, "rkey": rkey, "record": view["record"]}
        sent.append({"did": did, "time_us": PRESENT - (500 - number) * SECOND, "kind": "commit", "commit": commit})
    with streaming(tape(*sent, LIVE)) as stream:
        result = collected(stream, http, terms=("redistricting",))
    assert len(result.posts) >= 20
    assert result.outcome.complete
    door = PrivacyDoor(b"k" * 32, [])
    for post in result.posts:
        assert "redistricting" in post.text.casefold()
        stored = door.admit(post, NOW, 10_000)
        assert "did:plc:" not in repr(stored)
        assert door.unseal(stored.sealed_ref or "") == post.native_id
