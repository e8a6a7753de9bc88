"""Bluesky's search against a server that behaves as the real one does, and against one that does not."""

import itertools
import json
import socket
from collections.abc import Callable
from datetime import datetime, timedelta
from io import BufferedIOBase

import pytest

from collectors.bluesky import BlueskyCollector
from collectors.bluesky_posts import post_of, with_links
from collectors.bluesky_search import OVERLAP
from collectors.errors import CollectError
from collectors.http import HttpClient
from collectors.post import Json
from collectors.privacy import PrivacyDoor
from tests.collectors.conftest import NOW
from tests.collectors.run import Run, look_again, run
from tests.wire.replay import Answer, Replay, Request

LOGIN, SEARCH, POSTS = (
    "/xrpc/com.atproto.server.createSession",
    "/xrpc/app.bsky.feed.searchPosts",
    "/xrpc/app.bsky.feed.getPosts",
)
TOKEN = "eyJhbGciOiJub25lIn0.eyJleHAiOjQxMDI0NDQ4MDB9.cmVkYWN0ZWQ"
DID = "did:plc:abcdefghijklmnop"
PRESENT = int(NOW.timestamp())
passwords = (f"pass-{number}" for number in itertools.count())


def view(number: int, at: datetime = NOW - timedelta(hours=1), **more: Json) -> dict[str, Json]:
    """A post as the search gives it."""
    words: dict[str, Json] = {"$type": "app.bsky.feed.post", "text": f"Acme, number {number}.", "langs": ["en"]}
    return {
        "uri": f"at://{DID}{number}/app.bsky.feed.post/3k{number}",
        "cid": "bafy",
        "author": {"did": f"{DID}{number}", "handle": f"name{number}.example", "displayName": f"Person {number}"},
        "record": words | {"createdAt": at.isoformat()},
        "likeCount": 3,
        "indexedAt": at.isoformat(),
        **more,
    }


class Index:
    """A search over made posts, newest first, with numeric cursors; posts whose number is in `broken` fail pages."""

    def __init__(self, views: list[dict[str, Json]], broken: set[int] | None = None, wall: int = 10**9) -> None:
        self.views = sorted(views, key=lambda one: str(one["indexedAt"]), reverse=True)
        self.broken = {f"3k{number}" for number in broken or ()}
        self.wall = wall

    def __call__(self, request: Request) -> Answer:
        since, until = (datetime.fromisoformat(request.query[name]) for name in ("since", "until"))
        found = [one for one in self.views if since <= datetime.fromisoformat(str(one["indexedAt"])) < until]
        start, limit = int(request.query.get("cursor", "0")), int(request.query["limit"])
        page = found[start : start + limit]
        if start >= self.wall or any(str(one["uri"]).rsplit("/", 1)[1] in self.broken for one in page):
            return Answer(502, {"content-type": "text/html"}, b"<html>upstream")
        more = {"cursor": str(start + limit)} if start + limit < len(found) else {}
        return Answer.json({"posts": page, **more})


def answering(server: Replay, search: Callable[[Request], Answer], **session: Json) -> None:
    server.add(
        LOGIN,
        Answer.json(
            {"did": DID, "handle": "me.example", "accessJwt": TOKEN, "refreshJwt": TOKEN, "active": True, **session}
        ),
    )
    server.rule(SEARCH, search)


def collected(server: Replay, http: HttpClient, cap: int = 60, **more: object) -> Run:
    given = {"credentials": {"handle": "@me.example", "app_password": next(passwords)}, "terms": ("Acme Bank",), **more}
    return run(BlueskyCollector(server.base_url, cap), http, {}, **given)  # type: ignore[arg-type]


def test_view_becomes_a_post(server: Replay, http: HttpClient) -> None:
    answering(server, Index([view(5)]))
    post = collected(server, http).posts[0]
    assert post.native_id == f"at://{DID}5/app.bsky.feed.post/3k5"
    assert (post.text, post.lang, post.kind, post.counters) == ("Acme, number 5.", "en", "post", {"likes": 3})
    assert post.url == f"https://bsky.app/profile/{DID}5/post/3k5"
    assert post.published_at == NOW - timedelta(hours=1)
    asked = server.requests[-1]
    assert (asked.query["q"], asked.query["sort"]) == ('"acme bank"', "latest")
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    assert json.loads(server.requests[0].body)["identifier"] == "me.example"


def test_the_door_seals_the_address_that_names_the_author() -> None:
    door = PrivacyDoor(b"k" * 32, [])
    parent: Json = {"uri": "at://did:plc:somebodyelse/app.bsky.feed.post/3kp", "cid": "x"}
    one = view(5)
    one["record"] = {"text": "Ask Person 5", "createdAt": "2026-02-01T10:00:00Z", "reply": {"parent": parent}}
    raw = post_of(one)
    assert raw is not None
    stored = door.admit(raw, NOW, 1_000)
    for hidden in (f"{DID}5", "name5", "Person 5", "somebodyelse"):
        assert hidden not in repr(stored)
    assert stored.reply_to == door.keys_of("at://did:plc:somebodyelse/app.bsky.feed.post/3kp")[1]
    assert stored.native_id in door.keys_of(raw.native_id)
    assert door.unseal(stored.sealed_ref or "") == raw.native_id
    mapped = BlueskyCollector().map_item(stored.raw)
    assert mapped is not None
    assert mapped.text == stored.text == "Ask [author]"  # words around a name stay, the name does not
    plain = post_of(view(5))
    assert plain is not None
    again = BlueskyCollector().map_item(door.admit(plain, NOW, 1_000).raw)
    assert again is not None
    assert (again.text, again.counters, again.published_at) == (plain.text, plain.counters, plain.published_at)


def test_links_are_counted_in_bytes() -> None:
    words = "😀 grün a.example/lo... und hier"
    start = words.encode().index(b"a.example")
    facet: dict[str, Json] = {
        "index": {"byteStart": start, "byteEnd": start + 15},
        "features": [{"$type": "app.bsky.richtext.facet#link", "uri": "https://a.example/long"}],
    }
    assert with_links(words, [facet]) == "😀 grün https://a.example/long und hier"
    wrong: list[Json] = [{"index": {"byteStart": 1, "byteEnd": 3}, "features": facet["features"]}, None, {"index": 5}]
    assert with_links(words, wrong) == words


def test_card_pictures_and_tags_are_read_and_quoted_words_are_not() -> None:
    one = view(1)
    card: Json = {"external": {"uri": "https://a.example/x", "title": "Acme pays more"}}
    one["record"] = {"text": "look", "tags": ["AcmeJobs"], "embed": {"media": card, "record": {"uri": "at://q"}}}
    post = post_of(one)
    assert post is not None
    assert post.text == "look\nAcme pays more\nhttps://a.example/x\n#AcmeJobs"
    pictured = post_of(view(1, record={"text": "", "embed": {"images": [{"alt": "Acme's shop"}]}}))
    assert pictured is not None
    assert pictured.text == "Acme's shop"


def test_the_earlier_of_the_two_times_counts() -> None:
    ahead = view(1, record={"text": "x", "createdAt": "2999-01-01T00:00:00Z"})
    post = post_of(ahead)
    assert post is not None
    assert post.published_at == NOW - timedelta(hours=1)


def test_pages_are_followed_and_the_next_run_looks_back_by_the_overlap(server: Replay, http: HttpClient) -> None:
    answering(server, Index([view(number, NOW - timedelta(minutes=number)) for number in range(1, 251)]))
    first = collected(server, http)
    assert [len(batch.posts) for batch in first.batches] == [100, 100, 50]
    assert first.outcome.complete
    cursor = json.loads(json.dumps(dict(first.cursor)))
    assert cursor == {"terms": {"acme bank": {"reached": PRESENT - OVERLAP}}}
    collected(server, http, cursor=cursor, now=NOW + timedelta(minutes=10))
    assert server.requests[-1].query["since"] == "2026-03-01T11:00:00Z"


def test_a_capped_run_goes_on_where_it_stopped(server: Replay, http: HttpClient) -> None:
    answering(server, Index([view(number, NOW - timedelta(minutes=number)) for number in range(1, 251)]))
    first = collected(server, http, cap=1)
    assert (first.outcome.reason, len(first.posts)) == ("limit_reached", 100)
    second = collected(server, http, cursor=first.cursor, now=NOW + timedelta(minutes=5))
    ids = {post.native_id for post in first.posts + second.posts}
    assert len(ids) == 250
    assert second.outcome.complete
    assert second.cursor == {"terms": {"acme bank": {"reached": PRESENT + 300 - OVERLAP}}}


def test_a_broken_post_is_stepped_over(server: Replay, http: HttpClient) -> None:
    views = [view(number, NOW - timedelta(minutes=number)) for number in range(1, 131)]
    answering(server, Index(views, broken={4, 5}))
    result = collected(server, http, cap=300)
    assert len({post.native_id for post in result.posts}) == 128
    assert result.outcome.complete
    assert "2 posts were stepped over" in result.outcome.detail


def test_the_wall_is_walked_around_by_time(server: Replay, http: HttpClient) -> None:
    views = [view(number, NOW - timedelta(seconds=number)) for number in range(1, 2_501)]
    answering(server, Index(views, wall=1_500))
    result = collected(server, http)
    assert len({post.native_id for post in result.posts}) == 2_500
    assert result.outcome.complete


def test_a_server_that_is_down_is_not_asked_item_by_item_for_long(server: Replay, http: HttpClient) -> None:
    answering(server, lambda _: Answer(502))
    with pytest.raises(CollectError) as caught:
        collected(server, http)
    assert (caught.value.reason, caught.value.permanent) == ("unreachable", False)
    assert http.requests < 10


def test_a_repeated_page_ends_the_walk_and_is_said(server: Replay, http: HttpClient) -> None:
    answering(server, lambda _: Answer.json({"posts": [view(1)], "cursor": "25"}))
    result = collected(server, http)
    assert (result.outcome.complete, result.outcome.reason, http.requests) == (False, "bad_answer", 3)
    assert result.cursor == {"terms": {"acme bank": {"reached": PRESENT - OVERLAP}}}


def test_bad_items_are_counted_and_wishes_respected(server: Replay, http: HttpClient) -> None:
    shy = view(8, author={"did": f"{DID}8", "labels": [{"val": "!no-unauthenticated", "src": f"{DID}8"}]})
    bad: list[Json] = [None, {}, {"uri": "x"}, view(2, record=[]), view(3, record={"text": 5}), shy, view(1)]
    answering(server, lambda _: Answer.json({"posts": bad}))
    result = collected(server, http)
    assert [post.native_id for post in result.posts] == [f"at://{DID}1/app.bsky.feed.post/3k1"]
    assert "5 posts could not be read. 1 posts of accounts" in result.outcome.detail


def test_sessions_are_kept_and_renewed_when_they_end(server: Replay, http: HttpClient) -> None:
    answering(server, Index([view(1)]))
    key = {"handle": "a.example", "app_password": "kept"}
    collected(server, http, credentials=key)
    collected(server, http, credentials=key)
    assert [request.path for request in server.requests].count(LOGIN) == 1
    ended = [Answer.json({"error": "ExpiredToken", "message": "Token has expired"}, 400)]
    index = Index([view(1)])
    server.rule(SEARCH, lambda request: ended.pop() if ended else index(request))
    assert len(collected(server, http, credentials=key).posts) == 1
    assert [request.path for request in server.requests].count(LOGIN) == 2


def test_a_fault_of_the_sign_in_is_not_taken_for_one_of_a_page(server: Replay, http: HttpClient) -> None:
    server.add(LOGIN, Answer.json({"error": "InternalServerError"}, 500))
    with pytest.raises(CollectError, match="The sign-in failed"):
        collected(server, http)
    assert len(server.requests) == 1


def test_a_server_without_a_sign_in_is_searched_without_one(server: Replay, http: HttpClient) -> None:
    server.rule(SEARCH, Index([view(1)]))
    assert len(collected(server, http).posts) == 1
    assert "authorization" not in server.requests[-1].headers


def test_an_own_server_is_not_left_for_the_one_the_account_names(server: Replay, http: HttpClient) -> None:
    service: Json = [
        {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": "https://pds.example"}
    ]
    answering(server, Index([view(1)]), didDoc={"@context": [], "id": DID, "service": service})
    assert len(collected(server, http).posts) == 1


@pytest.mark.parametrize(
    ("answer", "reason", "permanent", "word"),
    [
        (Answer.json({"error": "AuthenticationRequired", "message": "no"}, 401), "unauthorized", True, "app password"),
        (Answer.json({"error": "AuthFactorTokenRequired"}, 401), "unauthorized", True, "second factor"),
        (Answer(403, {"content-type": "text/html"}, b"<html>no"), "unreachable", False, "not about the sign-in"),
        (Answer(200, {"content-type": "text/html"}, b"<html>hi"), "bad_answer", False, "HTML page"),
        (Answer(200, {"content-type": "application/json"}, b'{"posts": ['), "bad_answer", False, "unreadable"),
        (Answer.json([]), "bad_answer", False, "unreadable"),
        (Answer.json({"posts": {}}), "bad_answer", False, "list of posts"),
        (Answer(503, {"retry-after": "60"}), "unreachable", False, "fault of its own"),
        (Answer.json({"error": "InvalidRequest", "message": "bad q"}, 400), "bad_answer", False, "bad q"),
        (Answer(404, {}, b"no"), "bad_answer", False, "404"),
    ],
)
def test_refusals_are_said_in_words(
    server: Replay, http: HttpClient, answer: Answer, reason: str, permanent: bool, word: str
) -> None:
    answering(server, lambda _: answer)
    with pytest.raises(CollectError, match=word) as caught:
        collected(server, http)
    assert (caught.value.reason, caught.value.permanent) == (reason, permanent)


def test_limits_are_obeyed_by_their_own_header(server: Replay, http: HttpClient) -> None:
    headers = {"RateLimit-Reset": str(PRESENT + 120), "content-type": "application/json"}
    answering(server, lambda _: Answer(429, headers, b'{"error": "RateLimitExceeded"}'))
    with pytest.raises(CollectError) as caught:
        collected(server, http)
    assert (caught.value.reason, caught.value.retry_at) == ("rate_limited", NOW + timedelta(minutes=2))


def test_a_strange_session_and_a_dropped_connection_are_errors(server: Replay, http: HttpClient) -> None:
    def drop(socket_file: BufferedIOBase) -> None:
        raise ConnectionResetError

    for answer in (Answer.json({"accessJwt": 5}), Answer(200, {}, b"<html>"), Answer(body=drop)):
        server.add(LOGIN, answer)
        with pytest.raises(CollectError) as caught:
            collected(server, http)
        assert caught.value.reason in {"bad_answer", "unreachable"}
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(CollectError, match="cannot be reached"):
            run(BlueskyCollector(nowhere), http, {}, terms=("a",), credentials={"handle": "a", "app_password": "b"})


def test_without_keys_nothing_is_asked(http: HttpClient) -> None:
    with pytest.raises(CollectError, match="Enter the handle") as caught:
        run(BlueskyCollector("http://127.0.0.1:1"), http, {}, terms=("acme",))
    assert (caught.value.reason, caught.value.permanent, http.requests) == ("needs_credentials", True, 0)


def test_second_looks_read_counters_and_find_what_is_gone(server: Replay, http: HttpClient) -> None:
    answering(server, Index([]))
    server.add(POSTS, Answer.json({"posts": [view(1, likeCount=9)]}), Answer.json({"posts": []}))
    refs = tuple(str(view(number)["uri"]) for number in range(1, 4))
    key = {"handle": "a", "app_password": next(passwords)}
    result = look_again(BlueskyCollector(server.base_url), http, {}, (*refs, "[author]"), credentials=key)
    assert (result.posts[0].counters, result.deleted) == ({"likes": 9}, list(refs[1:]))
    many = tuple(str(view(number)["uri"]) for number in range(10))
    doubted = look_again(BlueskyCollector(server.base_url), http, {}, many, credentials=key)
    assert (doubted.deleted, doubted.outcome.complete) == ([], False)


def test_a_second_look_steps_over_what_the_server_fails_on_and_follows_wishes(server: Replay, http: HttpClient) -> None:
    answering(server, Index([]))
    refs = tuple(str(view(number)["uri"]) for number in range(1, 5))
    shy = view(3, labels=[{"val": "!no-unauthenticated"}])
    single = {refs[0]: view(1), refs[2]: shy}

    def answer(request: Request) -> Answer:
        asked = request.query["uris"]  # the first one of several
        alone = len([one for one in server.requests if one.path == POSTS]) > 1
        if not alone or asked == refs[1]:
            return Answer(502)
        return Answer.json({"posts": [single[asked]] if asked in single else []})

    server.rule(POSTS, answer)
    key = {"handle": "a", "app_password": next(passwords)}
    result = look_again(BlueskyCollector(server.base_url), http, {}, refs, credentials=key)
    assert [post.native_id for post in result.posts] == [refs[0]]
    assert result.deleted == [refs[2], refs[3]]
    server.add(POSTS, Answer(502))
    with pytest.raises(CollectError, match="fault of its own"):
        look_again(BlueskyCollector(server.base_url), http, {}, refs * 3 + tuple(f"{refs[0]}{n}" for n in range(9)),
                   credentials=key)  # fmt: skip


@pytest.mark.parametrize(
    "known",
    [
        {"reached": PRESENT * 2},
        {"reached": "x"},
        {"reached": PRESENT - 9_000, "end": 5, "until": 7},
        {"reached": 10**30},
        {"reached": 1, "end": PRESENT, "until": PRESENT, "page": ["x"], "oldest": "y"},
    ],
)
def test_strange_cursors_do_not_silence_a_term(server: Replay, http: HttpClient, known: Json) -> None:
    answering(server, Index([view(1, NOW - timedelta(minutes=1))]))
    for cursor in ({"terms": {"acme bank": known}}, {"terms": known}):
        assert len(collected(server, http, cursor=cursor).posts) == 1


def test_connection_test_and_options(server: Replay, http: HttpClient) -> None:
    answering(server, Index([]))
    from collectors.base import CollectRequest

    request = CollectRequest(1, {}, (), {}, NOW, {"handle": "a", "app_password": next(passwords)})
    assert "Signed in" in BlueskyCollector(server.base_url).test(request, http)
    assert BlueskyCollector().check_options({"backfill_days": "3"}) == {"backfill_days": 3}
    with pytest.raises(ValueError, match="backfill_days"):
        BlueskyCollector().check_options({"backfill_days": -1})
