"""The composer that opens holds exactly the text, whatever stands in it."""

from urllib.parse import parse_qs, urlsplit

import pytest

from advocacy.intents import ServerError, intent, mastodon_server
from advocacy.lengths import PLATFORMS

TEXT = 'A & B? 100 % #own+words "é"\n\n👾 https://out.example/l/abc?x=1&y=2'
LINK = "https://out.example/l/abc?x=1&y=2"


@pytest.mark.parametrize(
    ("platform", "host", "path"),
    [
        ("x", "x.com", "/intent/post"),
        ("bluesky", "bsky.app", "/intent/compose"),
        ("threads", "www.threads.com", "/intent/post"),
        ("mastodon", "mastodon.example", "/share"),
    ],
)
def test_the_whole_text_goes_along(platform: str, host: str, path: str) -> None:
    found = intent(platform, TEXT, LINK, "mastodon.example")
    assert found.url is not None
    parts = urlsplit(found.url)
    assert (parts.scheme, parts.netloc, parts.path, parts.fragment) == ("https", host, path, "")
    assert parse_qs(parts.query, strict_parsing=True) == {"text": [TEXT]}
    assert found.carries_text


def test_reddit_takes_the_first_line_as_title() -> None:
    url = intent("reddit", TEXT).url
    assert url is not None
    asked = parse_qs(urlsplit(url).query)
    assert [asked["title"][0], asked["text"][0]] == TEXT.split("\n\n")


def test_linkedin_takes_the_link_only() -> None:
    found = intent("linkedin", TEXT, LINK)
    assert found.url is not None
    assert parse_qs(urlsplit(found.url).query) == {"url": [LINK]}
    assert not found.carries_text
    assert intent("linkedin", TEXT).url == "https://www.linkedin.com/feed/"


def test_what_cannot_be_opened_is_not() -> None:
    assert intent("instagram", TEXT).url is None
    assert intent("mastodon", TEXT).url is None


def test_a_text_too_long_for_an_address_must_be_copied() -> None:
    found = intent("reddit", "Title\n" + "ü" * 5_000)
    assert (found.url, found.carries_text) == ("https://www.reddit.com/submit", False)


@pytest.mark.parametrize(
    "typed",
    [
        "mastodon.social",
        "https://Mastodon.social/",
        "@ada@mastodon.social",
        "mastodon.social/@ada",
        " mastodon.social. ",
    ],
)
def test_a_server_is_understood_as_people_write_it(typed: str) -> None:
    assert mastodon_server(typed) == "mastodon.social"


@pytest.mark.parametrize(
    "typed",
    ["", "mastodon", "127.0.0.1", "[::1]", "localhost", "nas.local", "a.example:8443", "user:pw@a.example/x",
     "a b.example", "javascript:alert(1)", "xn--mstodon-7wa.example", "-a.example", "a..example", "x" * 300 + ".no"],
)  # fmt: skip
def test_what_is_no_public_server_is_refused(typed: str) -> None:
    with pytest.raises(ServerError, match="such as mastodon"):
        mastodon_server(typed)


def test_hostile_texts_stay_in_their_field() -> None:
    for platform in PLATFORMS:
        url = intent(platform, "\ud800 \r\n#&text=other&", "https://a.example/?&url=b", "m.example").url
        assert url is None or url.isascii()
