"""Recorded review feeds of the App Store, replayed over a real socket."""

import json
from pathlib import Path
from typing import Any

import pytest

from collectors.app_store import AppStoreCollector
from collectors.app_store_feed import json_page, post_of, xml_page
from collectors.http import HttpClient
from collectors.privacy import PrivacyDoor
from tests.collectors.conftest import NOW
from tests.collectors.run import run
from tests.wire.replay import Answer, Replay, read_recordings

DOOR = PrivacyDoor(b"k" * 32, [])


@pytest.fixture
def answers(shared: Path) -> dict[str, Any]:
    """The recorded bodies by the path they were asked for."""
    file = shared / "wire" / "appstore" / "appstore.jsonl.gz"
    if not file.exists():
        pytest.skip("wire/appstore is not on this machine")
    return {line["request"]["path"]: line["response"]["body"] for line in read_recordings(file)}


def data(body: Any) -> bytes:
    return (body if isinstance(body, str) else json.dumps(body)).encode()


@pytest.mark.shared
def test_feeds_as_recorded(answers: dict[str, Any], server: Replay, http: HttpClient) -> None:
    served = 0
    for path, body in answers.items():
        country = path.split("/")[1]
        app = path.partition("id=")[2].partition("/")[0]
        start = f"/{country}/rss/customerreviews/page=1/id={app}/sortby=mostrecent/"
        server.add(start + ("xml" if path.endswith("xml") else "json"), Answer(200, {}, data(body)))
        if path.endswith("xml"):
            continue
        server.add(start.replace("page=1", "page=2") + "json", Answer.json({"feed": {"id": {"label": "x"}}}))
        result = run(AppStoreCollector(server.base_url), http, {"app_id": app, "countries": country, "pages": 2})
        assert len(result.posts) == 50
        served += len(result.posts)
        for post in result.posts:
            stored = DOOR.admit(post, NOW, 100_000)
            assert stored.rating in {1.0, 2.0, 3.0, 4.0, 5.0}
            assert stored.text
            assert stored.author_key
    assert served == 150


@pytest.mark.shared
def test_the_same_page_as_json_and_as_xml(answers: dict[str, Any]) -> None:
    pages = {path.rsplit("/", 1)[1]: body for path, body in answers.items() if "/jp/" in path}
    plain, atom = json_page(data(pages["json"])), xml_page(data(pages["xml"]))
    assert (len(plain.entries), len(atom.entries), plain.last, atom.last) == (50, 50, 8, 8)
    known = {post.native_id: post for entry in plain.entries if (post := post_of(entry))}
    for entry in atom.entries:
        post = post_of(entry)
        assert post is not None
        assert post.published_at is not None
        if (same := known.get(post.native_id)) is not None:
            assert (same.title, same.rating, same.text.split()) == (post.title, post.rating, post.text.split())


@pytest.mark.shared
def test_other_forms_of_the_address_are_tried(answers: dict[str, Any], server: Replay, http: HttpClient) -> None:
    for path, body in answers.items():
        server.add(path, Answer(200, {}, data(body)))
    for path in answers:
        country, app = path.split("/")[1], path.partition("id=")[2].partition("/")[0]
        result = run(
            AppStoreCollector(server.base_url), http, {"app_id": app, "countries": country, "pages": 1}
        )  # fmt: skip
        assert (len(result.posts), result.outcome.complete) == (50, True)
