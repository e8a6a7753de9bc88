"""The client against a server that misbehaves in the ways servers do, over real sockets."""

import contextlib
import gzip
import time
import zlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import BufferedIOBase

import pytest

from collectors.addresses import is_public
from collectors.errors import CollectError
from collectors.http import HttpClient, retry_at
from config.settings import Settings
from tests.collectors.conftest import NOW
from tests.wire.replay import Answer, Replay


def small_client(*, allow_private: bool = True, trusted: tuple[str, ...] = (), total: float = 5.0) -> HttpClient:
    return HttpClient(
        user_agent="Outspoken/test",
        timeout=0.4,
        max_bytes=100_000,
        allow_private=allow_private,
        trusted_bases=trusted,
        total_timeout=total,
        clock=lambda: NOW,
    )


@pytest.fixture
def strict() -> Iterator[HttpClient]:
    with small_client() as client:
        yield client


def failure(client: HttpClient, url: str) -> CollectError:
    with pytest.raises(CollectError) as caught:
        client.get(url)
    return caught.value


def test_answer_carries_status_headers_body_and_address(server: Replay, http: HttpClient) -> None:
    server.add("/a", Answer(200, {"ETag": '"1"'}, b"hello"))
    answer = http.get(server.url("/a"), {"q": "ä b"}, {"if-none-match": "x"})
    assert (answer.status, answer.headers["etag"], answer.body) == (200, '"1"', b"hello")
    assert server.requests[0].query == {"q": "ä b"}
    assert server.requests[0].headers["user-agent"] == "Outspoken/test"
    assert server.requests[0].headers["if-none-match"] == "x"
    assert http.requests == 1


@pytest.mark.parametrize(
    ("status", "reason", "permanent"),
    [
        (400, "bad_answer", False),
        (401, "unauthorized", True),
        (403, "unauthorized", True),
        (404, "gone", False),
        (410, "gone", True),
        (500, "unreachable", False),
        (502, "unreachable", False),
        (503, "unreachable", False),
    ],
)
def test_each_status_has_one_meaning(
    server: Replay, http: HttpClient, status: int, reason: str, permanent: bool
) -> None:
    server.add("/a", Answer(status, {}, b"<html>"))
    error = failure(http, server.url("/a?token=secret"))
    assert (error.reason, error.permanent) == (reason, permanent)
    assert "secret" not in error.detail


def test_429_says_when_to_come_back(server: Replay, http: HttpClient) -> None:
    server.add("/a", Answer(429, {"Retry-After": "90"}), Answer(503, {"Retry-After": "Sun, 01 Mar 2026 13:00:00 GMT"}))
    assert failure(http, server.url("/a")).retry_at == NOW + timedelta(seconds=90)
    later = failure(http, server.url("/a"))
    assert (later.reason, later.retry_at) == ("rate_limited", NOW + timedelta(hours=1))


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        (None, None),
        ("soon", None),
        ("-5", None),
        ("0", timedelta(0)),
        ("99999999999999999999", timedelta(days=1)),
        ("Wed, 01 Jan 2020 00:00:00 GMT", timedelta(0)),
        ("Sun, 01 Mar 2026 12:30:00 -0000", timedelta(minutes=30)),
    ],
)
def test_retry_after_is_read_and_capped(value: str | None, wait: timedelta | None) -> None:
    assert retry_at(value, NOW) == (None if wait is None else NOW + wait)


def test_endless_body_is_cut_at_the_cap(server: Replay, strict: HttpClient) -> None:
    def endless(out: BufferedIOBase) -> None:
        out.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\n\r\n")
        while True:
            out.write(b"x" * 65_536)

    server.add("/a", Answer(body=endless))
    error = failure(strict, server.url("/a"))
    assert error.reason == "bad_answer"
    assert "100,000 bytes" in error.detail


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_packed_bomb_is_cut_at_the_cap(server: Replay, strict: HttpClient, pack: Callable[[bytes], bytes]) -> None:
    encoding = "gzip" if pack is gzip.compress else "deflate"
    server.add("/a", Answer(200, {"content-encoding": encoding}, pack(b"\0" * 30_000_000)))
    assert "larger than" in failure(strict, server.url("/a")).detail


def test_packed_answers_are_unpacked(server: Replay, http: HttpClient) -> None:
    raw = zlib.compressobj(wbits=-15)
    bodies = [
        ("gzip", gzip.compress(b"one") + gzip.compress(b"two")),
        ("deflate", zlib.compress(b"onetwo")),
        ("deflate", raw.compress(b"onetwo") + raw.flush()),
    ]
    server.add("/a", *(Answer(200, {"content-encoding": name}, body) for name, body in bodies))
    assert [http.get(server.url("/a")).body for _ in bodies] == [b"onetwo"] * 3


def test_packing_that_was_not_asked_for_is_refused(server: Replay, http: HttpClient) -> None:
    server.add(
        "/a",
        Answer(200, {"content-encoding": "zstd"}, b"x"),
        Answer(200, {"content-encoding": "gzip"}, b"\x1f\x8bxxxxxxxxxxxx"),
    )
    assert "not asked for" in failure(http, server.url("/a")).detail
    assert "damaged" in failure(http, server.url("/a")).detail


def test_cut_off_answers_are_no_answers(server: Replay, http: HttpClient) -> None:
    packed = gzip.compress(bytes(range(256)) * 100)
    server.add(
        "/a",
        Answer(200, {"content-length": "1000"}, b"only this"),
        Answer(200, {"content-encoding": "gzip"}, packed[: len(packed) // 2]),
    )
    assert failure(http, server.url("/a")).reason == "unreachable"
    assert failure(http, server.url("/a")).reason == "unreachable"


@pytest.mark.parametrize("in_headers", [True, False])
def test_slow_drip_ends_at_the_deadline(server: Replay, in_headers: bool) -> None:
    def drip(out: BufferedIOBase) -> None:
        out.write(b"HTTP/1.1 200 OK\r\n" + (b"x-long: " if in_headers else b"\r\n"))
        with contextlib.suppress(OSError):
            for _ in range(200):
                out.write(b"a")
                time.sleep(0.05)

    server.add("/a", Answer(body=drip))
    with small_client(total=0.6) as client:
        started = time.monotonic()
        assert "did not answer in time" in failure(client, server.url("/a")).detail
    assert time.monotonic() - started < 5


def test_silent_and_absent_servers_are_unreachable(server: Replay, strict: HttpClient) -> None:
    server.add("/a", Answer(body=lambda _: time.sleep(1)))
    assert failure(strict, server.url("/a")).reason == "unreachable"
    assert failure(strict, "http://127.0.0.1:1/").reason == "unreachable"
    assert failure(strict, "http://no-such-host.invalid/").reason == "unreachable"


def test_redirects_are_followed_and_permanent_ones_noted(server: Replay, http: HttpClient) -> None:
    server.add("/old", Answer(301, {"Location": "/new"}))
    server.add("/new", Answer(302, {"Location": "/now"}))
    server.add("/now", Answer(200, {}, b"here"))
    answer = http.get(server.url("/old"))
    assert (answer.url, answer.moved_to, answer.body) == (server.url("/now"), server.url("/new"), b"here")
    assert http.requests == 3


def test_redirect_circles_and_strange_targets_end(server: Replay, http: HttpClient) -> None:
    server.add("/circle", Answer(302, {"Location": "/circle"}))
    server.add("/nowhere", Answer(302))
    server.add("/file", Answer(302, {"Location": "file:///etc/passwd"}))
    for path in ("/circle", "/nowhere", "/file"):
        assert failure(http, server.url(path)).reason == "bad_answer"


def test_credentials_stay_with_their_origin(server: Replay, http: HttpClient) -> None:
    other = server.base_url.replace("127.0.0.1", "localhost")
    server.add("/a", Answer(302, {"Location": f"{other}/b"}))
    server.add("/b", Answer(200))
    http.get(server.url("/a"), headers={"Authorization": "Bearer x", "Accept": "y"})
    assert "authorization" not in server.requests[1].headers
    assert server.requests[1].headers["accept"] == "y"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost:8000/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "http://0.0.0.0/",
        "http://2130706433/",
        "http://0x7f.1/",
    ],
)
def test_private_addresses_are_refused_in_every_spelling(url: str) -> None:
    with small_client(allow_private=False) as client:
        error = failure(client, url)
    assert error.permanent
    assert "private network" in error.detail


def test_trusted_base_may_be_private_but_not_where_it_leads(server: Replay) -> None:
    server.add("/a", Answer(200, {}, b"ok"))
    server.add("/b", Answer(302, {"Location": "http://169.254.169.254/latest"}))
    server.add("/c", Answer(302, {"Location": "http://127.0.0.1:1/"}))
    with small_client(allow_private=False, trusted=(server.base_url,)) as client:
        assert client.get(server.url("/a")).body == b"ok"
        assert "private network" in failure(client, server.url("/b")).detail
        assert "private network" in failure(client, server.url("/c")).detail


def test_name_is_checked_where_it_is_used(server: Replay, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that first led to a public address and now leads to loopback is refused at the connection."""
    port = int(server.base_url.rpartition(":")[2])
    monkeypatch.setattr("collectors.addresses.resolve", lambda host, port: ["127.0.0.1"])
    with small_client(allow_private=False) as client:
        assert "private network" in failure(client, f"http://rebound.example:{port}/").detail
    assert server.requests == []


@pytest.mark.parametrize("url", ["ftp://a.example/", "file:///etc/passwd", "http://", "nonsense", ""])
def test_only_web_addresses_are_called(http: HttpClient, url: str) -> None:
    assert failure(http, url).permanent


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("not an address", False),
        ("fec0::1", False),
        ("::127.0.0.1", False),
        ("64:ff9b:1::7f00:1", False),
        ("168.63.129.16", False),
        ("192.0.0.192", False),
        ("3fff::1", False),
    ],
)
def test_public_addresses(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_json_says_what_came_instead(server: Replay, http: HttpClient) -> None:
    bodies = [b"<!DOCTYPE html><p>Login", b'{"a": ', b"[" * 100_000, b'"\xff"']
    server.add("/a", *(Answer(200, {}, body) for body in bodies))
    for body in bodies:
        with pytest.raises(CollectError, match="HTML page" if body.startswith(b"<") else "not JSON"):
            http.get(server.url("/a")).json()


def test_settings_describe_the_client(server: Replay) -> None:
    settings = Settings(hackernews_url=server.base_url, user_agent="Acme listening", allow_private_addresses=False)
    server.add("/a", Answer(200))
    with HttpClient.from_settings(settings) as client:
        client.get(server.url("/a"))
    assert server.requests[0].headers["user-agent"] == "Acme listening"


def test_a_status_that_is_asked_for_is_an_answer_with_its_body(server: Replay, http: HttpClient) -> None:
    server.add("/a", Answer(403, {}, b'{"reason": "quota"}'))
    answer = http.get(server.url("/a"), accept=(403,))
    assert (answer.status, answer.json()) == (403, {"reason": "quota"})
    assert failure(http, server.url("/a")).reason == "unauthorized"


def test_of_an_error_page_no_more_than_a_message_needs_is_read(server: Replay, http: HttpClient) -> None:
    server.add("/a", Answer(403, {}, b"x" * 200_000))
    with pytest.raises(CollectError):
        http.get(server.url("/a"), accept=(403,))


def test_what_is_posted_arrives_and_a_redirect_is_not_followed(server: Replay, http: HttpClient) -> None:
    server.add("/a", Answer(200, {}, b"ok"), Answer(302, {"Location": "/b"}))
    assert http.post(server.url("/a"), b"a=1", {"Content-Type": "text/plain"}).body == b"ok"
    assert (server.requests[0].method, server.requests[0].body) == ("POST", b"a=1")
    with pytest.raises(CollectError):
        http.post(server.url("/a"), b"a=1")
    assert [request.path for request in server.requests] == ["/a", "/a"]


@pytest.mark.parametrize("status", [200, 302, 401, 429, 503])
def test_a_library_gets_any_status(server: Replay, http: HttpClient, status: int) -> None:
    server.add("/a", Answer(status, {"Location": "/b", "X-Limit": "3"}, b"body"))
    answer = http.exchange("GET", server.url("/a"), {"X-Sent": "1"})
    assert (answer.status, answer.body, answer.headers["x-limit"]) == (status, b"body", "3")
    assert server.requests[0].headers["x-sent"] == "1"


class Turnstile:
    """A gate that keeps a book."""

    def __init__(self, refuse: bool = False) -> None:
        self.book: list[tuple[str, bool | None]] = []
        self.refuse = refuse

    def enter(self, host: str) -> None:
        if self.refuse:
            raise CollectError("rate_limited", "not now")
        self.book.append((host, None))

    def leave(self, host: str, *, failed: bool) -> None:
        self.book.append((host, failed))


@pytest.mark.parametrize(("status", "failed"), [(200, False), (404, False), (429, False), (500, True), (503, True)])
def test_the_gate_hears_of_every_request(server: Replay, status: int, failed: bool) -> None:
    gate = Turnstile()
    server.add("/a", Answer(status))
    with HttpClient(user_agent="t", allow_private=True, gate=gate) as client:
        client.exchange("GET", server.url("/a"))
        assert gate.book == [("127.0.0.1", None), ("127.0.0.1", failed)]


def test_the_gate_hears_of_a_host_that_does_not_answer() -> None:
    gate = Turnstile()
    with HttpClient(user_agent="t", allow_private=True, gate=gate) as client:
        failure(client, "http://127.0.0.1:1/")
    assert gate.book == [("127.0.0.1", None), ("127.0.0.1", True)]


def test_behind_a_closed_gate_nobody_is_asked(server: Replay) -> None:
    with HttpClient(user_agent="t", allow_private=True, gate=Turnstile(refuse=True)) as client:
        assert failure(client, server.url("/a")).reason == "rate_limited"
        assert (server.requests, client.requests) == ([], 0)
