"""Platform libraries on our own client: what they send arrives, what comes back is true, nothing leaves otherwise."""

import gzip
import json
from collections.abc import Mapping

import httpx
import pytest
import requests

from collectors.errors import CollectError
from collectors.http import HttpClient
from collectors.library import HttpxTransport, cause_of, rebased
from collectors.library_requests import session
from tests.wire.replay import Answer, Replay


def bases(server: Replay) -> Mapping[str, str]:
    return {"api.example": server.base_url + "/base/"}


def test_a_request_arrives_as_the_library_made_it(server: Replay, http: HttpClient) -> None:
    server.add("/base/v1/things", Answer.json({"ok": True}))
    made = session(http, bases(server))
    answer = made.post(
        "https://api.example/v1/things?a=1&a=2&b=%C3%A4", json={"x": 1}, headers={"Authorization": "B t"}
    )
    assert answer.json() == {"ok": True}
    asked = server.requests[0]
    assert (asked.method, asked.query, json.loads(asked.body)) == ("POST", {"a": "1", "b": "ä"}, {"x": 1})
    assert asked.headers["authorization"] == "B t"
    assert asked.headers["user-agent"] == "Outspoken/test"
    assert http.requests == 1


def test_any_status_is_the_librarys_to_judge(server: Replay, http: HttpClient) -> None:
    server.add("/base/a", Answer(503, {"Retry-After": "7", "content-type": "text/plain; charset=latin-1"}, b"\xe4"))
    answer = session(http, bases(server)).get("https://api.example/a")
    assert (answer.status_code, answer.reason, answer.text) == (503, "Service Unavailable", "ä")
    assert answer.headers["retry-after"] == "7"
    with pytest.raises(requests.HTTPError):
        answer.raise_for_status()


def test_a_packed_answer_is_unpacked_once(server: Replay, http: HttpClient) -> None:
    server.add("/base/a", Answer(200, {"content-encoding": "gzip"}, gzip.compress(b"[1]")))
    answer = session(http, bases(server)).get("https://api.example/a")
    assert answer.json() == [1]
    assert "content-encoding" not in answer.headers
    assert "content-length" not in answer.headers


def test_redirects_are_followed_through_the_guard(server: Replay, http: HttpClient) -> None:
    server.add("/base/a", Answer(302, {"Location": server.url("/b")}))
    server.add("/b", Answer(200, {}, b"there"))
    assert session(http, bases(server)).get("https://api.example/a").content == b"there"
    assert http.requests == 2
    server.add("/base/c", Answer(302, {"Location": "http://169.254.169.254/latest"}))
    strict = HttpClient(user_agent="t", timeout=1, trusted_bases=[server.base_url])
    with strict, pytest.raises(CollectError, match="private network"):
        session(strict, bases(server)).get("https://api.example/c")


def test_failures_of_the_network_are_ours(http: HttpClient) -> None:
    with pytest.raises(CollectError) as caught:
        session(http, {"api.example": "http://127.0.0.1:9"}).get("https://api.example/a")
    assert (caught.value.reason, caught.value.permanent) == ("unreachable", False)
    client = httpx.Client(transport=HttpxTransport(http, {"api.example": "http://127.0.0.1:9"}))
    with client, pytest.raises(CollectError):
        client.get("https://api.example/a")


def test_size_is_bounded(server: Replay) -> None:
    server.add("/base/a", Answer(200, {}, b"x" * 200_000))
    narrow = HttpClient(user_agent="t", timeout=1, max_bytes=100_000, allow_private=True)
    with narrow, pytest.raises(CollectError, match="larger than"):
        session(narrow, bases(server)).get("https://api.example/a")


def test_no_settings_of_the_machine_are_read(
    server: Replay, http: HttpClient, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NETRC", f"{tmp_path}/netrc")
    with open(f"{tmp_path}/netrc", "w", encoding="ascii") as file:
        file.write("machine api.example login a password b\nmachine 127.0.0.1 login a password b\n")
    server.add("/base/a", Answer(200, {}, b"fine"))
    assert session(http, bases(server)).get("https://api.example/a").content == b"fine"
    assert "authorization" not in server.requests[0].headers


def test_a_signature_is_of_the_address_that_is_called(server: Replay, http: HttpClient) -> None:
    """OAuth 1.0a signs scheme, host and path: signed for another host, the platform would refuse it."""
    server.add("/base/a", Answer.json({}))
    signed: list[str | None] = []

    def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
        signed.append(request.url)
        return request

    session(http, bases(server)).get("https://api.example/a", params={"q": "a b"}, auth=sign)
    assert signed == [server.url("/base/a?q=a+b")]


def test_httpx_libraries_pass_too(server: Replay, http: HttpClient) -> None:
    server.add("/base/a", Answer(401, {"content-type": "application/json"}, b'{"error":1}'))
    with httpx.Client(transport=HttpxTransport(http, bases(server))) as client:
        answer = client.post("https://api.example/a", json={"x": "ä"})
    assert (answer.status_code, answer.json()) == (401, {"error": 1})
    assert json.loads(server.requests[0].body) == {"x": "ä"}


@pytest.mark.parametrize(
    ("url", "there"),
    [
        ("https://api.example/v1?q=1", "http://127.0.0.1:8/base/v1?q=1"),
        ("https://API.example/v1", "http://127.0.0.1:8/base/v1"),
        ("https://api.example", "http://127.0.0.1:8/base"),
        ("https://api.example.evil/v1", "https://api.example.evil/v1"),
        ("http://127.0.0.1:8/base/v1", "http://127.0.0.1:8/base/v1"),
    ],
)
def test_only_configured_hosts_are_moved(url: str, there: str) -> None:
    assert rebased(url, {"api.example": "http://127.0.0.1:8/base/"}) == there


def test_moving_twice_changes_nothing() -> None:
    assert rebased("https://api.x.com/2", {"api.x.com": "https://api.x.com"}) == "https://api.x.com/2"


def test_our_error_is_found_inside_others() -> None:
    ours = CollectError("unreachable", "gone")
    wrapped = RuntimeError("outer")
    wrapped.__cause__ = ValueError("middle")
    wrapped.__cause__.__context__ = ours
    assert cause_of(wrapped) is ours
    assert cause_of(ours) is ours
    assert cause_of(ValueError()) is None
    loop = ValueError()
    loop.__cause__ = loop
    assert cause_of(loop) is None
