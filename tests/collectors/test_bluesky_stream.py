"""The stream of Bluesky against a real web socket server on loopback that remembers, breaks, goes silent and lies."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

import pytest
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from collectors.base import CollectRequest
from collectors.bluesky_stream import SECOND, BlueskyStreamCollector
from collectors.errors import CollectError
from collectors.http import HttpClient
from collectors.post import Json
from collectors.privacy import PrivacyDoor
from tests.collectors.conftest import NOW
from tests.collectors.run import Run, drive, run

PRESENT = int(NOW.timestamp() * SECOND)
DID = "did:plc:abcdefghijklmnop"
Handler = Callable[[ServerConnection, int], None]


def event(
    seconds_ago: float, words: str = "About Acme Bank", operation: str = "create", **more: Json
) -> dict[str, Json]:
    """One commit, by the age of its post."""
    at = PRESENT - int(seconds_ago * SECOND)
    commit: dict[str, Json] = {
        "operation": operation, "collection": "app.bsky.feed.post", "rkey": f"3k{at}", "cid": "bafy",
        "record": {"$type": "app.bsky.feed.post", "text": words, "createdAt": "2026-03-01T11:00:00Z"},
    }  # fmt: skip
    if operation == "delete":
        del commit["record"]
    return {"did": DID, "time_us": at, "kind": "commit", "commit": commit}


LIVE = event(-1, "nothing of note")


class Stream:
    """What the server does with a connection; `asked` are the cursors that clients came with."""

    def __init__(self, handler: Handler, refuse: int = 0) -> None:
        self.handler = handler
        self.refuse = refuse
        self.asked: list[int] = []
        self.agents: list[str | None] = []
        self.url = ""

    def check(self, connection: ServerConnection, request: Request) -> Response | None:
        self.agents.append(request.headers.get("user-agent"))
        return connection.respond(HTTPStatus(self.refuse), "no") if self.refuse else None

    def serve(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        query = parse_qs(urlsplit(connection.request.path).query)
        assert query["wantedCollections"] == ["app.bsky.feed.post"]
        self.asked.append(int(query["cursor"][0]))
        self.handler(connection, self.asked[-1])


@contextmanager
def streaming(handler: Handler, refuse: int = 0) -> Iterator[Stream]:
    stream = Stream(handler, refuse)
    with serve(stream.serve, "127.0.0.1", 0, process_request=stream.check, close_timeout=0.2) as server:
        stream.url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield stream
        server.shutdown()
        thread.join(5)


def tape(*events: Json, stay: bool = True) -> Handler:
    """A server that sends what is not older than the cursor, and then stays silent or hangs up."""

    def play(connection: ServerConnection, cursor: int) -> None:
        for one in events:
            moment = one.get("time_us") if isinstance(one, dict) else None
            if not isinstance(moment, int) or moment >= cursor:
                connection.send(one if isinstance(one, str) else json.dumps(one))
        if stay:
            with_patience(connection)

    return play


def with_patience(connection: ServerConnection) -> None:
    """Stay until the client goes."""
    for _ in connection:
        pass


def collected(stream: Stream, http: HttpClient, **more: object) -> Run:
    given: dict[str, object] = {"terms": ("acme BANK", "Bücher"), **more}
    return run(BlueskyStreamCollector(stream.url, silence=0.3), http, {}, **given)  # type: ignore[arg-type]


def test_posts_that_hold_a_term_and_all_deletions(http: HttpClient) -> None:
    passed = [event(50), event(40, "the acme bakery"), event(30, "bücher!"), event(20, operation="delete"), LIVE]
    with streaming(tape(*passed)) as stream:
        result = collected(stream, http)
    assert [post.text for post in result.posts] == ["About Acme Bank", "bücher!"]
    assert result.posts[0].native_id == f"at://{DID}/app.bsky.feed.post/3k{PRESENT - 50 * SECOND}"
    assert result.posts[0].published_at == NOW - timedelta(hours=1)
    assert result.posts[0].counters == {}
    assert result.deleted == [f"at://{DID}/app.bsky.feed.post/3k{PRESENT - 20 * SECOND}"]
    assert (result.outcome.complete, result.cursor) == (True, {"time_us": PRESENT})
    assert stream.agents == ["Outspoken/test"]
    assert http.requests == 1


def test_terms_are_found_in_links_cards_and_pictures(http: HttpClient) -> None:
    card: Json = {"text": "look", "embed": {"external": {"uri": "https://a.example", "title": "Acme Bank closes"}}}
    shown = event(9)
    assert isinstance(shown["commit"], dict)
    shown["commit"]["record"] = card
    with streaming(tape(shown, LIVE)) as stream:
        assert [post.text for post in collected(stream, http).posts] == ["look\nAcme Bank closes\nhttps://a.example"]


def test_the_next_run_goes_on_a_little_before_the_last(http: HttpClient) -> None:
    with streaming(tape(event(50), LIVE)) as stream:
        first = collected(stream, http)
        collected(stream, http, cursor=json.loads(json.dumps(dict(first.cursor))))
    assert stream.asked == [PRESENT - 3_605 * SECOND, PRESENT - 5 * SECOND]


def test_changed_posts_come_whatever_they_say_now(http: HttpClient) -> None:
    with streaming(tape(event(9, "no name any more", "update"), LIVE)) as stream:
        assert [post.text for post in collected(stream, http).posts] == ["no name any more"]


def test_a_broken_connection_is_taken_up_again(http: HttpClient) -> None:
    def play(connection: ServerConnection, cursor: int) -> None:
        if len(stream.asked) == 1:
            connection.send(json.dumps(event(600)))
            connection.socket.close()
        else:
            tape(event(600), event(500, "Acme Bank again"), LIVE)(connection, cursor)

    with streaming(play) as stream:
        result = collected(stream, http)
    assert [post.text for post in result.posts][-1] == "Acme Bank again"
    assert stream.asked[1] == PRESENT - 605 * SECOND
    assert result.outcome.complete


def test_a_server_that_always_hangs_up_loses_nothing_and_is_said(http: HttpClient) -> None:
    with streaming(tape(event(900), stay=False)) as stream:
        request = CollectRequest(1, {}, ("acme bank",), {}, NOW)
        steps = BlueskyStreamCollector(stream.url, 0.3).collect(request, http)
        assert len(next(steps).posts) == 1
        with pytest.raises(CollectError, match="broke off") as caught:
            drive(steps)
    assert (caught.value.reason, len(stream.asked)) == ("unreachable", 3)


def test_silence_before_the_present_is_an_error_and_after_it_is_none(http: HttpClient) -> None:
    with streaming(tape(event(900))) as stream, pytest.raises(CollectError, match="silent"):
        collected(stream, http)
    with streaming(tape(event(3))) as stream:
        result = collected(stream, http)
    assert (result.outcome.complete, len(result.posts)) == (True, 1)


def test_a_gap_is_said(http: HttpClient) -> None:
    cursor: Json = {"time_us": PRESENT - 40 * 3_600 * SECOND}
    with streaming(tape(event(3_600 * 24), LIVE)) as stream:
        result = collected(stream, http, cursor=cursor)
    assert (result.outcome.complete, result.outcome.reason) == (False, "gap")
    assert "from 27 Feb 20:00 to 28 Feb 12:00 UTC" in result.outcome.detail
    assert result.cursor == {"time_us": PRESENT}


def test_a_run_has_an_end_and_the_next_goes_on(http: HttpClient) -> None:
    events = [event(600 - number) for number in range(500)]
    with streaming(tape(*events, LIVE)) as stream:
        request = CollectRequest(1, {}, ("acme bank",), {}, NOW)
        first = drive(BlueskyStreamCollector(stream.url, 0.3, max_seconds=0.0).collect(request, http))
        assert (first.outcome.reason, len(first.posts)) == ("limit_reached", 1)
        second = collected(stream, http, cursor=first.cursor)
    assert len({post.native_id for post in first.posts + second.posts}) == 500
    assert len(second.batches) == 3


def test_hostile_messages_are_counted(http: HttpClient) -> None:
    odd: list[Json] = [
        "no json", "[]", "5", "[" * 90_000, {"time_us": "x"}, {"time_us": 10**30},
        event(9) | {"did": "../x"}, event(9) | {"commit": 5},
        event(9) | {"kind": "account", "account": {"active": False}},
        event(8, operation="create") | {"commit": {"collection": "app.bsky.feed.post", "operation": "x", "rkey": "a"}},
    ]  # fmt: skip
    with streaming(tape(*odd, event(5), LIVE)) as stream:
        result = collected(stream, http)
    assert len(result.posts) == 1
    assert "8 messages could not be read" in result.outcome.detail
    with streaming(tape("x", "y")) as stream, pytest.raises(CollectError):
        collected(stream, http)


def test_a_message_of_huge_size_breaks_only_the_connection(http: HttpClient) -> None:
    with streaming(tape(event(900), "x" * 2_000_000)) as stream, pytest.raises(CollectError, match="ended by us"):
        collected(stream, http)


def test_opted_out_posts_are_left_out(http: HttpClient) -> None:
    shy = event(9)
    assert isinstance(shy["commit"], dict)
    assert isinstance(shy["commit"]["record"], dict)
    shy["commit"]["record"]["labels"] = {"values": [{"val": "!no-unauthenticated"}]}
    with streaming(tape(shy, LIVE)) as stream:
        result = collected(stream, http)
    assert (result.posts, "left out" in result.outcome.detail) == ([], True)


@pytest.mark.parametrize(
    ("status", "reason"), [(429, "rate_limited"), (503, "unreachable"), (403, "unauthorized"), (404, "gone")]
)
def test_refusals_are_said_in_words(http: HttpClient, status: int, reason: str) -> None:
    with streaming(tape(), refuse=status) as stream, pytest.raises(CollectError) as caught:
        collected(stream, http)
    assert caught.value.reason == reason


def test_what_is_no_stream_is_an_error() -> None:
    with HttpClient(user_agent="x", timeout=0.3, allow_private=True) as http:
        for url, reason in (("http://127.0.0.1:1", "bad_answer"), ("ws://127.0.0.1:1", "unreachable")):
            with pytest.raises(CollectError) as caught:
                run(BlueskyStreamCollector(url), http, {}, terms=("acme",))
            assert caught.value.reason == reason


def test_private_addresses_are_refused_unless_the_settings_name_them() -> None:
    with streaming(tape(LIVE)) as stream:
        with HttpClient(user_agent="x", timeout=1.0) as http, pytest.raises(CollectError, match="private network"):
            collected(stream, http)
        with HttpClient(user_agent="x", timeout=1.0, trusted_bases=[stream.url]) as http:
            assert collected(stream, http).outcome.complete


def test_no_author_passes_the_door(http: HttpClient) -> None:
    with streaming(tape(event(9), LIVE)) as stream:
        raw = collected(stream, http).posts[0]
    door = PrivacyDoor(b"k" * 32, [])
    stored = door.admit(raw, NOW, 1_000)
    assert DID not in repr(stored)
    assert door.unseal(stored.sealed_ref or "") == raw.native_id
    again = BlueskyStreamCollector().map_item(stored.raw)
    assert again is not None
    assert (again.text, again.published_at) == (raw.text, raw.published_at)


def test_strange_cursors_options_and_connection_test(http: HttpClient) -> None:
    with streaming(tape(event(5), LIVE)) as stream:
        for cursor in ({"time_us": "x"}, {"time_us": -5}, {"time_us": PRESENT * 9}, {"time_us": [1]}):
            assert collected(stream, http, cursor=cursor).outcome.complete
        assert max(stream.asked) <= PRESENT
        request = CollectRequest(1, {}, (), {}, NOW)
        assert BlueskyStreamCollector(stream.url, 0.3).test(request, http) == "The stream answers."
    with pytest.raises(ValueError, match="backfill_hours"):
        BlueskyStreamCollector().check_options({"backfill_hours": 25})
    assert run(BlueskyStreamCollector("ws://127.0.0.1:1"), http, {}, terms=()).outcome.complete
