"""What answers mean, and the guard of the crawler's connections."""

from datetime import timedelta

import pytest

from collectors.web.guard import AddressRefusedError, guard_connections
from collectors.web.verdict import Stop, judge
from tests.collectors.conftest import NOW

URL = "https://a.example/reviews"
PAGE = "<html><body>" + "words " * 100


@pytest.mark.parametrize(
    ("status", "reason", "permanent"),
    [
        (401, "unauthorized", True), (402, "unauthorized", True), (403, "not_allowed", True),
        (451, "not_allowed", True), (404, "gone", False), (410, "gone", True), (408, "unreachable", False),
        (429, "rate_limited", False), (500, "unreachable", False), (503, "unreachable", False),
        (304, "bad_answer", False), (400, "bad_answer", False),
    ],
)  # fmt: skip
def test_statuses(status: int, reason: str, permanent: bool) -> None:
    stop = judge(status, {}, "", URL, NOW)
    assert stop is not None
    assert (stop.reason, stop.permanent) == (reason, permanent)
    assert "a.example" in stop.detail
    assert Stop.from_json(stop.to_json()) == stop


@pytest.mark.parametrize("status", [429, 503])
def test_the_site_says_when_to_come_back(status: int) -> None:
    stop = judge(status, {"retry-after": "90"}, "", URL, NOW)
    assert stop is not None
    assert (stop.reason, stop.retry_at) == ("rate_limited", NOW + timedelta(seconds=90))
    assert stop.error().retry_at == stop.retry_at


@pytest.mark.parametrize("status", [200, 403, 503])
@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ({"cf-mitigated": "challenge"}, PAGE),
        ({}, "<html><head><title>Just a moment...</title>"),
        ({}, "<script>window._cf_chl_opt = {}</script>"),
        ({}, "<p>Enable JavaScript and cookies to continue"),
        ({}, '<div id="px-captcha">'),
        ({}, "<script src=https://geo.captcha-delivery.com/captcha/x>"),
    ],
)
def test_a_test_for_humans_is_a_refusal_whatever_its_status(status: int, headers: dict[str, str], text: str) -> None:
    stop = judge(status, headers, text, URL, NOW)
    assert stop is not None
    assert (stop.reason, stop.permanent) == ("not_allowed", True)


@pytest.mark.parametrize("text", [PAGE, "", "<p>Enable JavaScript and cookies to continue" + "x" * 70_000])
def test_pages_are_read(text: str) -> None:
    assert judge(200, {}, text, URL, NOW) is None


class Reactor:
    """Stands in for Twisted's: notes whom it would call."""

    def __init__(self) -> None:
        self.called: list[str] = []

    def connectTCP(self, host: str, port: int, factory: object) -> str:
        self.called.append(host)
        return "connected"


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "0.0.0.0", "::1", "::ffff:127.0.0.1", "fe80::1%eth0",
     "fd00::1", "100.64.0.1", "224.0.0.1", "64:ff9b::7f00:1", "localhost", "2130706433", ""],
)  # fmt: skip
def test_no_connection_to_what_is_not_public(host: str) -> None:
    reactor, refused = Reactor(), list[str]()
    guard_connections(reactor, False, refused)
    with pytest.raises(AddressRefusedError):
        reactor.connectTCP(host, 80, None)
    assert (refused, reactor.called) == ([host], [])


@pytest.mark.parametrize("host", ["93.184.216.34", "2606:2800:220:1::1"])
def test_public_addresses_are_connected_to(host: str) -> None:
    reactor = Reactor()
    guard_connections(reactor, False, [])
    assert reactor.connectTCP(host, 80, None) == "connected"
    guard_connections(reactor, True, [])
