"""Recorded answers of Reddit, replayed over a real socket through real praw."""

import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from collectors.errors import CollectError
from collectors.http import HttpClient
from collectors.post import Json, RawPost
from collectors.reddit_api import RedditApi
from collectors.reddit_posts import branches_of, listing_of, sorted_items
from tests.collectors.conftest import NOW
from tests.collectors.mutation import FAULTS, Fault, Spoiler
from tests.collectors.reddit_things import DOOR, KEYS, ONLY_NEW, TOKEN, collect, collector, sign_in
from tests.collectors.run import look_again
from tests.wire.replay import Answer, Replay, read_recordings

pytestmark = pytest.mark.shared
_OTHER = ("/about/", "/subreddits/", "/api/user_data", "/api/quarantine", "/api/v1/", "/wiki/search")  # never asked for
REASONS = {301: "gone", 302: "gone", 400: "bad_answer", 403: "not_allowed", 404: "gone", 414: "bad_answer",
           429: "rate_limited", 451: "not_allowed", 500: "unreachable", 502: "unreachable", 503: "unreachable",
           522: "unreachable"}  # fmt: skip


@pytest.fixture
def file(shared: Path) -> Path:
    found = shared / "wire" / "reddit" / "reddit.jsonl.gz"
    if not found.exists():
        pytest.skip("wire/reddit is not on this machine")
    return found


@pytest.fixture
def reddit(server: Replay) -> Replay:
    return sign_in(server)


def given(line: dict[str, Any]) -> Answer:
    """The recorded answer."""
    body = line["response"]["body"]
    text = body if isinstance(body, str) else json.dumps(body)
    return Answer(line["response"]["status"], line["response"]["headers"] or {}, text.encode())


@cache
def recordings(file: Path) -> list[dict[str, Any]]:
    """Unpacked once: it is large."""
    return list(read_recordings(file))


def fitting(file: Path) -> Iterator[dict[str, Any]]:
    """Good answers to what the collector asks for."""
    for line in recordings(file):
        path, body = line["request"]["path"], line["response"]["body"]
        if (
            line["response"]["status"] == 200
            and isinstance(body, dict | list)
            and not any(map(path.__contains__, _OTHER))
        ):
            yield line


def asked(api: RedditApi, line: dict[str, Any]) -> tuple[Json, ...]:
    """The items of one answer, asked for as it was when it was recorded."""
    request = line["request"]
    path, query = request["path"].lstrip("/"), {key: str(value) for key, value in (request["query"] or {}).items()}
    if request["method"] == "POST":
        return branches_of(api.post(path, {key: str(value) for key, value in request["body"].items()})).comments
    answer = api.get(path, query)
    return branches_of(answer).comments if isinstance(answer, list) else listing_of(answer).items


def check(post: RawPost) -> None:
    """What must hold for any recording."""
    stored = DOOR.admit(post, NOW, 100_000)
    assert stored.date_from == "source"
    assert stored.text or stored.title or stored.kind == "comment"
    assert not {"author", "author_fullname", "all_awardings"} & set(stored.raw)
    assert "views" not in stored.counters
    name = post.author.handle if post.author else None
    if name and len(name) > 6:
        assert not re.search(rf"(?<![\w./-]){re.escape(name)}(?![\w.-])", repr(stored), re.IGNORECASE)


def test_all_recorded_pages_trees_and_looks(file: Path, reddit: Replay, http: HttpClient) -> None:
    api = RedditApi(http, KEYS, (reddit.base_url, reddit.base_url), NOW, 1_000)
    posts: dict[tuple[str, str], RawPost] = {}
    seen: Counter[str] = Counter()
    for line in fitting(file):
        reddit.add(quote(line["request"]["path"]), given(line))
        found = sorted_items(asked(api, line))
        seen.update(answers=1, items=len(found.posts) + len(found.gone), gone=len(found.gone), unread=found.unread)
        posts |= {(post.native_id, post.text): post for post in found.posts}
    assert seen == {"answers": 417, "items": 14_924, "gone": 232, "unread": 1}  # one has had its id spoilt on purpose
    for post in list(posts.values())[::8]:  # an eighth of 12,000 is enough
        check(post)
    kinds = Counter(post.kind for post in posts.values())
    assert min(kinds["post"], kinds["comment"]) > 1_000


def search_line(file: Path) -> dict[str, Any]:
    return next(line for line in fitting(file) if line["request"]["path"] == "/r/all/search/")


def test_search_through_the_collector(file: Path, reddit: Replay, http: HttpClient) -> None:
    reddit.add("/r/all/search/", given(search_line(file)))
    result = collect(reddit, http, {"trees": False, "backfill_days": 365}, terms=("praw oauth search",))
    assert len(result.posts) == 6
    assert all(post.url and post.title for post in result.posts)


def test_comment_streams_through_the_collector(file: Path, reddit: Replay, http: HttpClient) -> None:
    options = ONLY_NEW | {"new": False, "comments": True}
    streams = [line for line in fitting(file) if line["request"]["path"].endswith("/comments/")]
    assert len(streams) == 32
    for line in streams:
        reddit.add("/r/acme/comments/", given(line))
        result = collect(reddit, http, options)
        assert len(result.posts) + len(result.deleted) == len(line["response"]["body"]["data"]["children"])
        assert {post.kind for post in result.posts} <= {"comment"}


def test_second_looks_through_the_collector(file: Path, reddit: Replay, http: HttpClient) -> None:
    looks = [line for line in fitting(file) if "id" in (line["request"]["query"] or {}) and "info" in line["tags"]]
    gone = 0
    for line in looks:
        reddit.add("/api/info/", given(line))
        refs = tuple(line["request"]["query"]["id"].split(","))
        result = look_again(collector(reddit), http, {}, refs, credentials=KEYS)
        wanted = {ref for ref in refs if ref[:3] in {"t1_", "t3_"}}
        if len(line["response"]["body"]["data"]["children"]):
            assert {post.native_id for post in result.posts} | set(result.deleted) == wanted
        gone += len(result.deleted)
    assert len(looks) >= 50
    assert gone


def test_recorded_trees_are_read_whole(file: Path, reddit: Replay, http: HttpClient) -> None:
    page = next(line for line in fitting(file) if line["request"]["path"] == "/comments/3hahrw/")
    reddit.add("/comments/3hahrw/", given(page))
    asked_more = [line for line in fitting(file) if (line["request"].get("body") or {}).get("link_id") == "t3_3hahrw"]
    reddit.add("/api/morechildren/", *map(given, asked_more))
    post = page["response"]["body"][0]["data"]["children"][0]
    reddit.add("/r/acme/new", Answer.json({"data": {"children": [post], "after": None}}))
    options = ONLY_NEW | {"trees": True}
    result = collect(reddit, http, options, terms=(post["data"]["title"][:12],))
    comments = {post.native_id for post in result.posts if post.kind == "comment"}
    assert len(comments) > 50
    assert sum(request.path == "/api/morechildren/" for request in reddit.requests) > 0


def test_recorded_faults_have_a_reason(file: Path, reddit: Replay, http: HttpClient) -> None:
    faults = [line for line in recordings(file) if line["response"]["status"] in REASONS]
    for line in faults:
        reddit.add("/r/acme/new", given(line))
        before = len(reddit.requests)
        with pytest.raises(CollectError) as caught:
            collect(reddit, http)
        assert caught.value.reason == REASONS[line["response"]["status"]]
        assert len(reddit.requests) - before == 2  # signed in, asked once
    assert len(faults) == 36


def test_recorded_sign_ins_and_refused_tokens(file: Path, reddit: Replay, http: HttpClient) -> None:
    reasons: Counter[str] = Counter()
    for line in recordings(file):
        token = line["request"]["path"] == TOKEN
        if not token and line["response"]["status"] != 401:
            continue
        reddit.add(TOKEN if token else "/r/acme/new", given(line))
        if token:
            reddit.add("/r/acme/new", Answer.json({"data": {"children": []}}))
        else:
            sign_in(reddit)
        try:
            reasons[collect(reddit, http).outcome.reason] += 1
        except CollectError as error:
            reasons[error.reason] += 1
    assert sum(reasons.values()) == 30
    assert reasons["unauthorized"] == 2
    assert reasons["ok"] > 20
    assert set(reasons) <= {"ok", "unauthorized", "needs_approval"}


def test_recorded_answers_that_are_no_json(file: Path, reddit: Replay, http: HttpClient) -> None:
    broken = [
        line for line in recordings(file)
        if line["response"]["status"] == 200 and isinstance(line["response"]["body"], str)
    ]  # fmt: skip
    assert broken
    for line in broken:
        reddit.add("/r/acme/new", given(line))
        with pytest.raises(CollectError, match="not JSON"):
            collect(reddit, http)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_spoilt_items_lose_nothing_but_themselves(file: Path, reddit: Replay, http: HttpClient, fault: Fault) -> None:
    reddit.add("/r/all/search/", given(search_line(file)))
    search: dict[str, Json] = {"trees": False, "backfill_days": 365}
    whole = {post.native_id for post in collect(reddit, http, search, terms=("praw oauth search",)).posts}
    for seed in range(12):
        spoiler = Spoiler(reddit, fault, random.Random(seed), [])
        reddit.before = lambda request, spoiler=spoiler: (
            reddit.recorded(request) if request.path == TOKEN else spoiler.answer(request)
        )
        result = collect(reddit, http, search, terms=("praw oauth search",))
        spoilt = {f"t3_{json.loads(item)['data']['id']}" for item in spoiler.seen if "data" in json.loads(item)}
        assert whole - spoilt <= {post.native_id for post in result.posts} | set(result.deleted)
        for post in result.posts:
            DOOR.admit(post, NOW, 1_000)


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9])
def test_truncated_answers_are_an_error(file: Path, reddit: Replay, http: HttpClient, keep: float) -> None:
    body = json.dumps(search_line(file)["response"]["body"]).encode()
    for length in (len(body), int(len(body) * keep)):  # cut by the network, cut by the server
        reddit.add("/r/all/search/", Answer(200, {"content-length": str(length)}, body[: int(len(body) * keep)]))
        with pytest.raises(CollectError) as caught:
            collect(reddit, http, {"trees": False})
        assert caught.value.reason in {"unreachable", "bad_answer"}
