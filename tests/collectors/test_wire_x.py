"""Every recorded answer of X, replayed over a real socket through the real tweepy, and spoilt on purpose."""

import contextlib
import json
import random
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from collectors.errors import CollectError
from collectors.http import HttpClient
from collectors.meter import Meter
from collectors.post import Json, RawPost
from collectors.privacy import PrivacyDoor
from collectors.x import XCollector
from collectors.x_api import XApi
from collectors.x_owned import XOwnedCollector
from collectors.x_posts import page_of
from tests.collectors.conftest import NOW
from tests.collectors.mutation import FAULTS, Fault, Spoiler
from tests.collectors.run import Run, look_again, run
from tests.collectors.x_platform import COUNTS_ALL, KEYS, LOOKUP, SEARCH_ALL
from tests.wire.replay import Answer, Replay, Request, read_recordings

pytestmark = pytest.mark.shared

Line: TypeAlias = dict[str, Any]
DOOR = PrivacyDoor(b"k" * 32, [])
OPTIONS: dict[str, Json] = {"counts_first": False, "archive": True, "retweets": True}
SEARCHES = re.compile(r"/2/tweets/search/(all|recent)")
TIMELINES = re.compile(r"/2/users/(\d+)/tweets|/2/users/reposts_of_me")
# Methods of tweepy that answer posts or accounts and that no collector uses.
OTHERS: Mapping[str, str] = {
    r"/2/tweets/(\d+)/liking_users": "get_liking_users",
    r"/2/tweets/(\d+)/retweeted_by": "get_retweeters",
    r"/2/tweets/(\d+)/quote_tweets": "get_quote_tweets",
    r"/2/users/(\d+)/mentions": "get_users_mentions",
    r"/2/users/(\d+)/liked_tweets": "get_liked_tweets",
    r"/2/lists/(\d+)/tweets": "get_list_tweets",
    r"/2/lists/(\d+)": "get_list",
    r"/2/tweets/(\d+)": "get_tweet",
    r"/2/users/by/username/(\w+)": "get_user",
    r"/2/users(?:/by)?": "get_users",
    r"/2/compliance/jobs/(\d+)": "get_compliance_job",
    r"/2/compliance/jobs": "get_compliance_jobs",
}
OWNER = {"consumer_key": "ck", "consumer_secret": "cs", "access_token": "1-at", "access_token_secret": "as"}


@pytest.fixture(scope="module")
def lines(shared: Path) -> list[Line]:
    file = shared / "wire" / "x" / "x.jsonl.gz"
    if not file.exists():
        pytest.skip("wire/x is not on this machine")
    return list(read_recordings(file))


def answer_of(line: Line) -> Answer:
    given = line["response"]
    body = given["body"]
    return Answer(
        given["status"], given["headers"] or {}, (body if isinstance(body, str) else json.dumps(body)).encode()
    )


def once(line: Line) -> Callable[[Request], Answer]:
    """The recorded page, and an empty one where the collector follows its token: the next page was not recorded."""
    return lambda request: (
        Answer.json({"meta": {"result_count": 0}})
        if {"next_token", "pagination_token"} & set(request.query)
        else answer_of(line)
    )


def fine(line: Line) -> bool:
    return bool(line["response"]["status"] == 200)


def data_of(line: Line) -> list[Any]:
    found = line["response"]["body"].get("data", [])
    return found if isinstance(found, list) else [found]


def search(server: Replay, http: HttpClient, line: Line, rule: Callable[[Request], Answer], **more: object) -> Run:
    archive = line["request"]["path"] == SEARCH_ALL
    server.rule(line["request"]["path"], rule)
    options = {**OPTIONS, "archive": archive, "query": line["request"]["query"]["query"]}
    return run(XCollector(server.base_url), http, options, credentials=KEYS, **more)  # type: ignore[arg-type]


def check(posts: Sequence[RawPost], share: int = 12) -> None:
    """What holds for any recording; every `share`-th post goes through the privacy door."""
    for post in posts:
        assert post.published_at is not None
        assert not re.search(r"&(amp|lt|gt);", post.text)
        assert not (post.text.startswith("RT @") and post.counters)
    for post in posts[::share]:
        stored = DOOR.admit(post, NOW, 100_000)
        assert stored.date_from == "source"
        assert stored.url == f"https://x.com/i/status/{post.native_id}"
        handle = post.author.handle if post.author else None
        assert not (handle and re.search(rf"(?i)(?<!\w){handle}(?!\w)", repr(stored)))
        again = XCollector().map_item(json.loads(json.dumps(stored.raw)))
        assert again is not None
        assert (again.native_id, again.counters, again.kind) == (post.native_id, post.counters, post.kind)


def test_searches(lines: list[Line], server: Replay, http: HttpClient) -> None:
    seen = whole = cut = 0
    for line in lines:
        if SEARCHES.fullmatch(line["request"]["path"]) and fine(line):
            meter = Meter()
            found = search(server, http, line, once(line), meter=meter)
            body = line["response"]["body"]
            expected = {one["id"] for one in body.get("data", [])}
            assert {post.native_id for post in found.posts} == expected
            assert found.outcome.complete
            assert meter.cost >= 0.005 * len(expected)
            gone = {one["resource_id"] for one in body.get("errors", []) if one.get("resource_type") == "tweet"}
            assert set(found.deleted) <= gone
            check(found.posts)
            seen += 1
            reposts = [post.text for post in found.posts if post.text.startswith("RT @")]
            cut += sum(text.endswith("…") for text in reposts)
            whole += len(reposts)
    assert seen == 40
    assert whole > 3_000
    assert cut < 30  # their originals are not among the includes, or end so themselves


def test_searches_that_were_refused(lines: list[Line], server: Replay, http: HttpClient) -> None:
    reasons = {}
    for line in lines:
        if SEARCHES.fullmatch(line["request"]["path"]) and not fine(line):
            with pytest.raises(CollectError) as caught:
                search(server, http, line, lambda _, line=line: answer_of(line))  # type: ignore[misc]
            reasons[line["response"]["status"]] = (caught.value.reason, caught.value.permanent)
            if line["response"]["status"] == 400:
                assert "#standwithhongkong" in caught.value.detail
                assert "'start_time' must be before 'end_time'" in caught.value.detail
    assert reasons == {401: ("unauthorized", True), 400: ("bad_answer", True)}


def test_other_refusals(lines: list[Line], server: Replay, http: HttpClient) -> None:
    """The 429 of another endpoint and the HTML 404 of a wrong path, as answers to a search."""
    recorded = next(line for line in lines if SEARCHES.fullmatch(line["request"]["path"]) and fine(line))
    found = {}
    for line in lines:
        if line["response"]["status"] in {429, 404}:
            with pytest.raises(CollectError) as caught:
                search(server, http, recorded, lambda _, line=line: answer_of(line))  # type: ignore[misc]
            found[line["response"]["status"]] = caught.value
    assert (found[404].reason, found[404].permanent) == ("gone", False)
    assert found[429].reason == "rate_limited"
    assert found[429].retry_at is not None
    assert str(found[429].retry_at - NOW) == "0:10:14"  # x-rate-limit-reset less the date of the answer


def test_counts_in_pages(lines: list[Line], server: Replay, http: HttpClient) -> None:
    counted = [line for line in lines if line["request"]["path"] == COUNTS_ALL]
    assert len(counted) == 6
    for query, total in (("#commtwitter", 444), ("Tweepy", 23_035)):
        pages = {line["request"]["query"].get("next_token"): line for line in reversed(counted)
                 if line["request"]["query"]["query"] == query}  # fmt: skip
        server.rule(COUNTS_ALL, lambda request, pages=pages: answer_of(pages[request.query.get("next_token")]))  # type: ignore[misc]
        options = {**OPTIONS, "query": query, "budget": 0}
        found = run(XCollector(server.base_url), http, options, credentials=KEYS, meter=Meter(0.0, 0.0))
        assert found.outcome.detail == f"Only counts are bought. {total:,} new posts were counted, not read."
    last = [line for line in counted if line["id"] == "x-s0126"]
    server.rule(COUNTS_ALL, lambda _: answer_of(last[0]))
    found = run(XCollector(server.base_url), http, options, credentials=KEYS, meter=Meter(0.0, 0.0))
    assert "1,718" in found.outcome.detail


def test_lookups_and_what_is_gone(lines: list[Line], server: Replay, http: HttpClient) -> None:
    seen = deleted = 0
    for line in lines:
        if line["request"]["path"] == LOOKUP:
            server.rule(LOOKUP, lambda _, line=line: answer_of(line))  # type: ignore[misc]
            asked = line["request"].get("query") or {}
            refs = tuple(str(asked.get("ids") or ",".join(one["id"] for one in data_of(line))).split(","))
            found = look_again(XCollector(server.base_url), http, {}, refs, credentials=KEYS)
            known = {post.native_id for post in found.posts} | set(found.readings)
            assert known == {one["id"] for one in data_of(line)}
            assert not known & set(found.deleted)
            if "deleted-or-unavailable" in line["tags"]:
                assert found.deleted
            check(list(page_of(line["response"]["body"]).posts))
            seen, deleted = seen + 1, deleted + len(found.deleted)
    assert (seen, deleted > 100) == (34, True)


def test_timelines_as_own_accounts(lines: list[Line], server: Replay, http: HttpClient) -> None:
    seen, missing = 0, 0
    for line in lines:
        if timeline := TIMELINES.fullmatch(line["request"]["path"]):
            owner = timeline[1] or "1220870789794353155"
            server.rule(f"/2/users/{owner}/tweets", once(line))
            keys = {**OWNER, "access_token": f"{owner}-at"}
            seen += 1
            if "data" not in line["response"]["body"] and "errors" in line["response"]["body"]:
                with pytest.raises(CollectError, match="does not show this account"):
                    run(XOwnedCollector(server.base_url), http, {}, credentials=keys)
                missing += 1
                continue
            found = run(XOwnedCollector(server.base_url), http, {}, credentials=keys)
            assert {post.native_id for post in found.posts} == {one["id"] for one in data_of(line)}
            check(found.posts)
    assert (seen, missing) == (11, 1)


def asked_as(line: Line) -> tuple[str, tuple[str, ...], dict[str, Any]] | None:
    """The method of tweepy that sends a recorded request, with its arguments; None: a collector's matter."""
    asked = line["request"]
    found = [(match, method) for pattern, method in OTHERS.items() if (match := re.fullmatch(pattern, asked["path"]))]
    if not found or not fine(line):
        return None
    match, method = found[0]
    if method == "get_users":
        return (
            method,
            (),
            {key: asked["query"][key].split(",") for key in ("ids", "usernames") if key in asked["query"]},
        )
    if method == "get_user":
        return method, (), {"username": match[1]}
    if method == "get_compliance_jobs":
        return ("create_compliance_job", ("users",), {}) if asked["method"] == "POST" else (method, ("tweets",), {})
    return method, (match[1],), {}


def test_other_endpoints_pass_through_tweepy(lines: list[Line], server: Replay, http: HttpClient) -> None:
    """Endpoints that no collector needs; what they answer as posts is read by the same mapping."""
    seen = 0
    api = XApi(http, server.base_url, NOW, bearer="t")
    for line in lines:
        if asked := asked_as(line):
            server.rule(line["request"]["path"], lambda _, line=line: answer_of(line))  # type: ignore[misc]
            method, args, params = asked
            answer = api.ask(method, *args, **params)
            assert answer == line["response"]["body"]
            with contextlib.suppress(CollectError):  # a list of jobs is none of posts
                check(page_of(answer).posts)
            seen += 1
    assert seen == 46


def test_the_file_of_a_compliance_job(lines: list[Line], server: Replay, http: HttpClient) -> None:
    """Deletions, a JSON object a line."""
    file = next(line for line in lines if "twttr-user-compliance" in line["request"]["path"])
    server.rule("/deliver", lambda _: answer_of(file))
    each = [line for line in http.lines(server.url("/deliver"), silence=1, deadline=5, tick=0.05) if line]
    assert all(json.loads(line)["action"] for line in each)
    assert len(each) > 5


def test_every_recording_is_replayed(lines: list[Line]) -> None:
    patterns = [SEARCHES.pattern, TIMELINES.pattern, COUNTS_ALL, LOOKUP, "/2/tweets/count/all", *OTHERS]
    left = [line["request"]["path"] for line in lines
            if not any(re.fullmatch(pattern, line["request"]["path"]) for pattern in patterns)]  # fmt: skip
    assert len(lines) == 142
    assert len(left) == 1
    assert left[0].startswith("/twttr-user-compliance/")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_spoilt_answers_are_errors_or_items(lines: list[Line], server: Replay, http: HttpClient, fault: Fault) -> None:
    """One field of one item is spoilt; all other posts of the page are there, and only `CollectError` is raised."""
    rng = random.Random(7)
    pages = [line for line in lines if SEARCHES.fullmatch(line["request"]["path"]) and fine(line) and data_of(line)]
    for line in pages[1::4]:
        spoiler = Spoiler(server, fault, rng, [])
        server.before = spoiler.answer
        try:
            found = search(server, http, line, once(line))
        except CollectError as error:
            assert error.reason in {"bad_answer", "unreachable"}  # noqa: PT017 - another kind of error fails the test
            continue
        lost = {one["id"] for one in data_of(line)} - {post.native_id for post in found.posts}
        assert all(any(native_id in item for item in spoiler.seen) for native_id in lost)
        for post in found.posts[:3]:
            DOOR.admit(post, NOW, 100_000)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_half_a_body_is_unreachable(lines: list[Line], server: Replay, http: HttpClient, share: float) -> None:
    line = next(line for line in lines if line["id"] == "x-s0141")
    whole = answer_of(line)
    assert isinstance(whole.body, bytes)
    half = Answer(
        200, {**whole.headers, "content-length": str(len(whole.body))}, whole.body[: int(len(whole.body) * share)]
    )
    with pytest.raises(CollectError) as caught:
        search(server, http, line, lambda _: half)
    assert (caught.value.reason, caught.value.permanent) == ("unreachable", False)
