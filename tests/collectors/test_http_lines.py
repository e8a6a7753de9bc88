"""Streams of lines over a real socket: pauses, keep-alives, silence, refusals, and servers that break off."""

import contextlib
import time
from collections.abc import Callable
from io import BufferedIOBase

import pytest

from collectors.errors import CollectError
from collectors.http import HttpAnswer, HttpClient
from tests.collectors.conftest import NOW
from tests.wire.replay import Answer, Replay

HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def stream(*parts: bytes | float, head: bytes = HEAD) -> Callable[[BufferedIOBase], None]:
    """An answer in pieces; a number is a pause in seconds."""

    def write(wire: BufferedIOBase) -> None:
        with contextlib.suppress(OSError):
            for part in (head, *parts):
                if isinstance(part, float):
                    time.sleep(part)
                else:
                    wire.write(part)
                    wire.flush()

    return write


def paused(piece: bytes, times: int) -> list[bytes | float]:
    """The same piece again and again, each followed by a short pause."""
    return [part for _ in range(times) for part in (piece, 0.02)]


def read(http: HttpClient, url: str, *, silence: float = 1.0, deadline: float = 5.0) -> list[bytes | None]:
    return list(http.lines(url, silence=silence, deadline=deadline, tick=0.05))


def test_lines_are_whole_whatever_the_pieces(server: Replay, http: HttpClient) -> None:
    body = stream(chunk(b'{"a":'), chunk(b"1}\r\n\r\n"), chunk(b"two\nthree\n"), b"0\r\n\r\n")
    server.add("/s", Answer(body=body))
    found = [line for line in read(http, server.url("/s")) if line is not None]
    assert found == [b'{"a":1}', b"", b"two", b"three"]
    assert server.requests[0].headers["user-agent"] == "Outspoken/test"
    assert http.requests == 1


def test_a_pause_gives_the_caller_a_turn_and_loses_nothing(server: Replay, http: HttpClient) -> None:
    server.add("/s", Answer(body=stream(chunk(b"on"), 0.2, chunk(b"e\ntwo\n"), b"0\r\n\r\n")))
    found = read(http, server.url("/s"))
    assert None in found
    assert [line for line in found if line] == [b"one", b"two"]


def test_other_requests_are_possible_meanwhile(server: Replay, http: HttpClient) -> None:
    server.add("/s", Answer(body=stream(chunk(b"one\n"), 0.1, chunk(b"two\n"), b"0\r\n\r\n")))
    server.add("/other", Answer(200, {}, b"there"))
    lines = http.lines(server.url("/s"), silence=1, deadline=5, tick=0.05)
    assert next(lines) == b"one"
    assert http.get(server.url("/other")).body == b"there"
    assert b"two" in list(lines)


def test_silence_ends_the_stream(server: Replay, http: HttpClient) -> None:
    server.add("/s", Answer(body=stream(chunk(b"one\n"), 1.0)))
    with pytest.raises(CollectError, match="fell silent") as caught:
        read(http, server.url("/s"), silence=0.2)
    assert (caught.value.reason, caught.value.permanent) == ("unreachable", False)


def test_the_deadline_ends_a_lively_stream(server: Replay, http: HttpClient) -> None:
    server.add("/s", Answer(body=stream(*paused(chunk(b"\r\n"), 60))))
    found = read(http, server.url("/s"), deadline=0.2)
    assert 2 <= found.count(b"") < 60


def test_a_stream_that_breaks_off_is_unreachable(server: Replay, http: HttpClient) -> None:
    server.add("/s", Answer(body=stream(chunk(b"one\n"), b"5\r\ntw")))
    with pytest.raises(CollectError, match="broke off"):
        read(http, server.url("/s"))


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n"])
def test_no_head_is_unreachable(server: Replay, http: HttpClient, head: bytes) -> None:
    server.add("/s", Answer(body=stream(head=head)))
    with pytest.raises(CollectError) as caught:
        read(http, server.url("/s"))
    assert caught.value.reason == "unreachable"


def test_a_head_that_drips_is_given_up(server: Replay) -> None:
    server.add("/s", Answer(body=stream(*paused(b"x-a: b\r\n", 100), head=b"HTTP/1.1 200 OK\r\n")))
    impatient = HttpClient(user_agent="t", timeout=0.2, total_timeout=0.3, allow_private=True)
    with impatient as http, pytest.raises(CollectError, match="in time"):
        read(http, server.url("/s"))


def test_an_endless_line_is_refused(server: Replay) -> None:
    server.add("/s", Answer(body=stream(*[chunk(b"a" * 60_000)] * 5)))
    narrow = HttpClient(user_agent="t", timeout=1, max_bytes=100_000, allow_private=True)
    with narrow as http, pytest.raises(CollectError, match="a line of more"):
        read(http, server.url("/s"))


def test_refusals_are_judged_by_their_body(server: Replay, http: HttpClient) -> None:
    server.add("/s", Answer(429, {"Retry-After": "60"}, b"one connection only"))
    with pytest.raises(CollectError) as caught:
        read(http, server.url("/s"))
    assert caught.value.reason == "rate_limited"
    assert caught.value.retry_at is not None
    assert caught.value.retry_at > NOW

    def judge(answer: HttpAnswer) -> CollectError:
        return CollectError("needs_approval", f"{answer.status} {answer.body.decode()} {answer.headers['retry-after']}")

    with pytest.raises(CollectError, match="429 one connection only 60"):
        next(http.lines(server.url("/s"), silence=1, deadline=1, judge=judge))


def test_private_addresses_are_refused_unless_configured(server: Replay) -> None:
    server.add("/s", Answer(body=stream(chunk(b"one\n"), b"0\r\n\r\n")))
    with HttpClient(user_agent="t", timeout=1) as http, pytest.raises(CollectError, match="private network"):
        read(http, server.url("/s"))
    with HttpClient(user_agent="t", timeout=1, trusted_bases=[server.base_url]) as http:
        assert b"one" in read(http, server.url("/s"))


class Doorman:
    """A gate that notes who came and how it ended."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def enter(self, host: str) -> None:
        self.seen.append("in")

    def leave(self, host: str, *, failed: bool) -> None:
        self.seen.append("failed" if failed else "fine")


@pytest.mark.parametrize(
    ("answer", "ended"),
    [
        (Answer(body=stream(chunk(b"one\n"), b"0\r\n\r\n")), "fine"),
        (Answer(429), "fine"),
        (Answer(500), "failed"),
        (Answer(body=stream(head=b"nonsense\r\n\r\n")), "failed"),
    ],
)
def test_the_gate_learns_how_each_connection_began(server: Replay, answer: Answer, ended: str) -> None:
    server.add("/s", answer)
    gate = Doorman()
    with (
        HttpClient(user_agent="t", timeout=1, allow_private=True, gate=gate) as http,
        contextlib.suppress(CollectError),
    ):
        read(http, server.url("/s"))
    assert gate.seen == ["in", ended]


def test_a_closed_port_is_unreachable(http: HttpClient) -> None:
    with pytest.raises(CollectError, match="cannot be reached"):
        read(http, "http://127.0.0.1:9/s")


def test_closing_the_iterator_closes_the_connection(server: Replay, http: HttpClient) -> None:
    ended = []

    def endless(wire: BufferedIOBase) -> None:
        wire.write(HEAD)
        try:
            for _ in range(200):
                wire.write(chunk(b"\n"))
                time.sleep(0.01)
        except OSError:
            ended.append(True)

    server.add("/s", Answer(body=endless))
    lines = http.lines(server.url("/s"), silence=1, deadline=5)
    assert next(lines) == b""
    lines.close()
    for _ in range(100):
        if ended:
            break
        time.sleep(0.02)
    assert ended
