"""Recorded answers of Mastodon servers, replayed over a real socket through real Mastodon.py."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from collectors.errors import CollectError
from collectors.http import HttpClient
from collectors.mastodon import MastodonCollector
from collectors.mastodon_posts import id_of, post_of, withheld
from collectors.post import Json, RawPost
from collectors.privacy import PrivacyDoor
from tests.collectors.mutation import FAULTS, Fault, Spoiler
from tests.collectors.run import Run, look_again, run
from tests.wire.replay import Answer, Replay, read_recordings

pytestmark = pytest.mark.shared
DOOR = PrivacyDoor(b"k" * 32, [])
LATER = datetime(2026, 9, 1, tzinfo=UTC)  # after the last recording
HOST = "social.example"
TAG = "/api/v1/timelines/tag/acme"
DEVELOPERS_TAG = "fgiztsshwiaqqiztpmmjbtvmescsculuvmgjgopwoeidbcrixp"


@pytest.fixture
def file(shared: Path) -> Path:
    found = shared / "wire" / "mastodon" / "mastodon.jsonl.gz"
    if not found.exists():
        pytest.skip("wire/mastodon is not on this machine")
    return found


@cache
def recordings(file: Path) -> list[dict[str, Any]]:
    return list(read_recordings(file))


def given(line: dict[str, Any]) -> Answer:
    """The recorded answer."""
    body = line["response"]["body"]
    text = body if isinstance(body, str) else json.dumps(body)
    return Answer(line["response"]["status"], line["response"]["headers"] or {}, text.encode())


def statuses_in(value: Any) -> Iterator[dict[str, Any]]:
    """Every status in an answer, wherever it stands."""
    if isinstance(value, dict):
        if "reblogs_count" in value and "account" in value:
            yield value
        for inner in value.values():
            yield from statuses_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from statuses_in(inner)


def collect(server: Replay, http: HttpClient, tag: str = "acme", **more: Any) -> Run:
    options: dict[str, Json] = {"instance": HOST, "hashtags": tag, "backfill_days": 365, **more.pop("options", {})}
    return run(MastodonCollector(server.base_url), http, options, now=LATER, **more)


def check(post: RawPost) -> None:
    """What must hold for any recording."""
    stored = DOOR.admit(post, LATER, 100_000)
    assert stored.date_from == "source"
    assert stored.author_key
    assert stored.url == f"https://{HOST}/web/statuses/{post.native_id}"
    assert "<p>" not in stored.text
    assert not {"account", "uri", "url"} & set(stored.raw)
    assert post.author is not None
    assert (post.author.handle or "?") not in repr(stored)


def test_every_recorded_status(file: Path) -> None:
    found: Counter[str] = Counter()
    for line in recordings(file):
        for status in statuses_in(line["response"]["body"]):
            reason = withheld(status)
            found[reason or "post"] += 1
            post = post_of(status, HOST)
            if reason is None and post is not None:
                check(post)
    assert found["post"] > 250
    assert found["boost"] > 0


def test_every_recording_is_posts_or_an_error(file: Path, server: Replay, http: HttpClient) -> None:
    """Whatever a server may say to the question for a timeline."""
    ends: Counter[str] = Counter()
    for line in recordings(file):
        body = line["response"]["body"]
        server.add(TAG, given(line), Answer.json([]))
        try:
            result = collect(server, http)
        except CollectError as error:
            ends[error.reason] += 1
            assert not isinstance(body, list)
        else:
            ends[result.outcome.reason] += 1
            listed = [each for each in body if id_of(each) and "content" in each and not withheld(each)]
            assert len(result.posts) == len({id_of(each) for each in listed})
    assert sum(ends.values()) == 149
    assert set(ends) == {"ok", "bad_answer", "gone", "needs_credentials"}


def test_pages_of_a_hashtag(file: Path, server: Replay, http: HttpClient) -> None:
    path = f"/api/v1/timelines/tag/{DEVELOPERS_TAG}"
    pages = [line for line in recordings(file) if line["request"]["path"] == path]
    server.add(
        path, *map(given, pages[: next(at for at, line in enumerate(pages) if not line["response"]["body"]) + 1])
    )
    result = collect(server, http, DEVELOPERS_TAG)
    wanted = {each["id"] for line in pages for each in line["response"]["body"]}
    assert {post.native_id for post in result.posts} == wanted
    assert len(wanted) >= 30
    below = [request.query.get("max_id") for request in server.requests]
    assert below[0] is None
    assert below[1:] == sorted(filter(None, below), reverse=True)


@pytest.mark.parametrize("host", ["mastodon.social", "fosstodon.org"])
def test_real_hashtag_timelines(file: Path, server: Replay, http: HttpClient, host: str) -> None:
    server.load(file, host)
    result = collect(server, http, "rstats", options={"backfill_days": 365})
    assert len({post.native_id for post in result.posts}) == 5
    for post in result.posts:
        check(post)
        assert post.followers is not None
        assert {"likes", "reposts", "replies"} <= set(post.counters)
    assert any(post.stated.get("counts") == "partial" for post in result.posts)


def test_recorded_searches(file: Path, server: Replay, http: HttpClient) -> None:
    searches = [line for line in recordings(file) if line["request"]["path"] == "/api/v2/search"]
    server.add(TAG, Answer.json([]))
    for line in searches:
        server.add("/api/v2/search", given(line))
        key = {"access_token": "tok"}
        result = collect(server, http, options={"search": True}, terms=("halcy",), credentials=key)
        public = [each for each in line["response"]["body"]["statuses"] if not withheld(each)]
        assert len(result.posts) == len(public)
    assert len(searches) == 4


def test_second_looks(file: Path, server: Replay, http: HttpClient) -> None:
    """Old servers know single statuses only; one that was deleted is a 404."""
    looks = [line for line in recordings(file) if line["request"]["path"].startswith("/api/v1/statuses/")
             and line["request"]["method"] == "GET" and line["request"]["path"].count("/") == 4]  # fmt: skip
    found: Counter[str] = Counter()
    for line in looks:
        name = line["request"]["path"].rsplit("/", 1)[-1]
        server.add(line["request"]["path"], given(line))
        options: dict[str, Json] = {"instance": HOST}
        result = look_again(MastodonCollector(server.base_url), http, options, (name,), now=LATER)
        found.update(posts=len(result.posts), deleted=len(result.deleted))
        for post in result.posts:
            check(post)
    assert found["posts"] + found["deleted"] == len(looks) == 15
    assert found["deleted"] >= 1


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_spoilt_items_lose_nothing_but_themselves(file: Path, server: Replay, http: HttpClient, fault: Fault) -> None:
    page = max((line for line in recordings(file) if "timelines/public" in line["request"]["path"]),
               key=lambda line: len(line["response"]["body"]))  # fmt: skip
    server.rule(TAG, lambda request: Answer.json([]) if "max_id" in request.query else given(page))
    whole = {post.native_id for post in collect(server, http).posts}
    for seed in range(6):
        spoiler = Spoiler(server, fault, random.Random(seed), [])
        server.before = spoiler.answer
        result = collect(server, http)
        spoilt = {json.loads(item)["id"] for item in spoiler.seen}
        assert whole - spoilt <= {post.native_id for post in result.posts}
        for post in result.posts:
            DOOR.admit(post, LATER, 1_000)


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9])
def test_truncated_answers_are_an_error(file: Path, server: Replay, http: HttpClient, keep: float) -> None:
    line = next(line for line in recordings(file) if "timelines/public" in line["request"]["path"])
    body = json.dumps(line["response"]["body"]).encode()
    for length in (len(body), int(len(body) * keep)):  # cut by the network, cut by the server
        server.add(TAG, Answer(200, {"content-length": str(length)}, body[: int(len(body) * keep)]))
        with pytest.raises(CollectError) as caught:
            collect(server, http)
        assert caught.value.reason in {"unreachable", "bad_answer"}
