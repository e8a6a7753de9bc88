import ipaddress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advocacy.clicks import Click, NetworkError, is_repeat, parse_networks, screen, visitor_hash

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CLICK = Click(NOW, "GET", FIREFOX, "203.0.113.9")
SALT = b"0123456789abcdef"


def test_a_person_counts() -> None:
    assert screen(CLICK) == ""
    assert not is_repeat(NOW, [])


@pytest.mark.parametrize(
    ("agent", "reason"),
    [
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "declared bot"),
        ("LinkedInBot/1.0 (compatible; Mozilla/5.0)", "link preview"),
        ("facebookexternalhit/1.1", "link preview"),
        ("Slackbot-LinkExpanding 1.0", "link preview"),
        ("Mastodon/4.3.0 (http.rb/5.2.0; +https://mastodon.example/)", "link preview"),
        ("curl/8.5.0", "declared bot"),
        ("python-requests/2.32", "declared bot"),
        ("Mozilla/5.0 HeadlessChrome/120", "declared bot"),
        ("  ", "no user agent"),
    ],
)
def test_machines_are_told_by_their_names(agent: str, reason: str) -> None:
    assert screen(replace(CLICK, user_agent=agent)) == reason


@pytest.mark.parametrize(
    "agent",
    [FIREFOX, "Mozilla/5.0 (Linux; Android 13; CUBOT P80) AppleWebKit/537.36 Chrome/120 Mobile Safari/537.36",
     "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 [LinkedInApp]"],
)  # fmt: skip
def test_people_with_unusual_phones_count(agent: str) -> None:
    assert screen(replace(CLICK, user_agent=agent)) == ""


def test_head_requests_and_prefetches_do_not_count() -> None:
    assert screen(replace(CLICK, method="head")) == "HEAD request"
    assert screen(replace(CLICK, purpose="prefetch;prerender")) == "prefetch"


def test_networks_do_not_count() -> None:
    data_centres, company = parse_networks(["198.51.100.0/24"]), parse_networks(["2001:db8::/32"])

    def reason(address: str) -> str:
        return screen(replace(CLICK, address=address), data_centres, company)

    assert reason("198.51.100.7") == "data centre"
    assert reason("::ffff:198.51.100.7") == "data centre"
    assert reason("2001:db8::1") == "company network"
    assert reason("203.0.113.9") == ""
    assert reason("unknown") == ""


@pytest.mark.parametrize(("minutes", "counts"), [(0, False), (29, False), (30, True), (-29, False), (-30, True)])
def test_repeats_within_half_an_hour_do_not_count(minutes: int, counts: bool) -> None:
    assert is_repeat(NOW, [NOW - timedelta(hours=5), NOW - timedelta(minutes=minutes)]) is not counts


def test_a_visitor_is_the_same_for_one_salt_only() -> None:
    same = visitor_hash("203.0.113.9", FIREFOX, SALT)
    assert same == visitor_hash("203.0.113.9", FIREFOX, SALT)
    assert same != visitor_hash("203.0.113.9", FIREFOX, SALT[::-1])
    assert same != visitor_hash("203.0.113.8", FIREFOX, SALT)
    assert "203" not in same


def test_a_weak_salt_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        visitor_hash("203.0.113.9", FIREFOX, b"")


def test_lists_may_have_comments_and_gaps() -> None:
    networks = parse_networks(["# our offices", "", "192.0.2.1  # gate", "10.0.0.0/8", "10.1.0.0/16"])
    assert "192.0.2.1" in networks
    assert "10.1.2.3" in networks
    assert "192.0.2.2" not in networks


def test_a_bad_line_is_named() -> None:
    with pytest.raises(NetworkError, match=r"line 2: '10\.0\.0\.0/40'"):
        parse_networks(["10.0.0.0/8", "10.0.0.0/40"])


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(8, 32)), max_size=12), st.integers(0, 2**32 - 1))
def test_look_up_agrees_with_the_standard_library(blocks: list[tuple[int, int]], address: int) -> None:
    networks = [ipaddress.ip_network((start, bits), strict=False) for start, bits in blocks]
    asked = ipaddress.ip_address(address)
    found = str(asked) in parse_networks(str(network) for network in networks)
    assert found == any(asked in network for network in networks)
