from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advocacy.links import ALPHABET, CODE_LENGTH, LinkError, check_destination, short_code, tag_destination

HOSTS = ("careers.acme.example", "www.acme.example")


@given(st.binary(min_size=16, max_size=64))
def test_codes_are_short_plain_and_repeatable(random: bytes) -> None:
    code = short_code(random)
    assert len(code) == CODE_LENGTH
    assert set(code) <= set(ALPHABET)
    assert code == short_code(random)


def test_codes_need_enough_randomness() -> None:
    with pytest.raises(ValueError, match="16 random bytes"):
        short_code(b"short")


def test_different_bytes_give_different_codes() -> None:
    assert len({short_code(number.to_bytes(16, "big")) for number in range(2000)}) == 2000


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("https://careers.acme.example/jobs?team=a&x=%20#top", "https://careers.acme.example/jobs?team=a&x=%20#top"),
        ("HTTPS://Careers.ACME.example", "https://careers.acme.example/"),
        ("https://careers.acme.example:443/jobs", "https://careers.acme.example/jobs"),
        ("https://careers.acme.example./jobs", "https://careers.acme.example/jobs"),
    ],
)
def test_registered_hosts_pass(url: str, plain: str) -> None:
    assert check_destination(url, HOSTS) == plain


def test_no_link_leads_back_to_this_service() -> None:
    own = ("https://careers.acme.example", "http://localhost:8000")
    for url in ("https://careers.acme.example/l/abc", "https://CAREERS.acme.example:443/", "http://localhost:8000/l/x"):
        with pytest.raises(LinkError, match="round in circles"):
            check_destination(url, [*HOSTS, "localhost"], own)
    assert check_destination("http://localhost:9000/jobs", ["localhost"], own) == "http://localhost:9000/jobs"


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        "https://careers.acme.example.evil.example/",
        "https://evil.example/careers.acme.example",
        "https://jobs.careers.acme.example/",
        "https://careers.acme.example@evil.example/",
        "https://user:password@careers.acme.example/",
        "https://@careers.acme.example/",
        "//careers.acme.example/",
        "//evil.example",
        "/jobs",
        "careers.acme.example/jobs",
        "http://careers.acme.example/",
        "javascript:alert(1)",
        "data:text/html,hi",
        "https:careers.acme.example",
        "https:///careers.acme.example",
        "https://careers.acme.example\\@evil.example/",
        "https:\\\\careers.acme.example",
        "https://careers.acme.example:8443/",
        "https://careers.acme.example:99999/",
        "https://careers.аcme.example/",
        "https://careers.xn--cme-7cd.example/",
        "https://careers.acme.example/ \t",
        "https://careers.acme.example/\r\nLocation: https://evil.example",
        "https://careers.acme。example/",
        "https://[::1/",
        "https://careers.acme.example%2eevil.example/",
        "https://93.184.216.34/",
        "",
        "https://careers.acme.example/" + "a" * 2000,
    ],
)
def test_everything_else_is_refused(url: str) -> None:
    with pytest.raises(LinkError):
        check_destination(url, HOSTS)


def test_a_number_is_no_name_even_when_registered() -> None:
    with pytest.raises(LinkError, match="name it"):
        check_destination("https://93.184.216.34/", ["93.184.216.34"])


def test_this_machine_passes_over_http_when_registered() -> None:
    assert check_destination("http://localhost:8000/x", ["localhost"]) == "http://localhost:8000/x"
    assert check_destination("http://[::1]:8000/x", ["::1"]) == "http://[::1]:8000/x"
    with pytest.raises(LinkError, match="not a registered host"):
        check_destination("http://localhost/", HOSTS)


def test_the_refusal_names_what_is_registered() -> None:
    with pytest.raises(LinkError, match=r"registered: careers\.acme\.example, www\.acme\.example"):
        check_destination("https://evil.example/", HOSTS)


@given(st.text(max_size=60))
def test_nothing_that_passes_leads_elsewhere(text: str) -> None:
    for url in (text, f"https://{text}", f"https://careers.acme.example{text}"):
        try:
            passed = check_destination(url, HOSTS)
        except LinkError:
            continue
        assert passed.startswith(("https://careers.acme.example/", "https://www.acme.example/"))
        assert urlsplit(passed).hostname in HOSTS


def test_tags_are_added_and_replace_their_own_kind_only() -> None:
    url = "https://careers.acme.example/jobs?utm_source=old&utm_term=kept&q=a%26b&empty=#top"
    tagged = tag_destination(url, platform="linkedin", campaign="nurses & more", share_id="s-81")
    parts = urlsplit(tagged)
    assert parts.fragment == "top"
    assert parse_qs(parts.query, keep_blank_values=True) == {
        "utm_term": ["kept"],
        "q": ["a&b"],
        "empty": [""],
        "utm_source": ["linkedin"],
        "utm_medium": ["advocacy"],
        "utm_campaign": ["nurses & more"],
        "utm_content": ["s-81"],
    }


@given(st.text(min_size=1, max_size=30).filter(str.strip))
def test_tagging_twice_is_tagging_once(campaign: str) -> None:
    def tag(url: str) -> str:
        return tag_destination(
            url, platform="x", campaign=campaign.encode("utf-8", "ignore").decode() or "c", share_id="1"
        )

    once = tag("https://careers.acme.example/?a=1")
    assert tag(once) == once
    assert check_destination(once, HOSTS) == once


def test_empty_tags_are_named() -> None:
    with pytest.raises(LinkError, match="utm_campaign is empty"):
        tag_destination("https://careers.acme.example/", platform="x", campaign=" ", share_id="1")
