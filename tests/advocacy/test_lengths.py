"""Each platform's own way to count."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advocacy.lengths import PLATFORMS, links, measure

LONG_LINK = "https://careers.acme.example/jobs/very/long/path?with=a&query=1"
FAMILY = "👨‍👩‍👧‍👦"


@pytest.mark.parametrize(
    ("platform", "text", "used"),
    [
        ("x", "a" * 280, 280),
        ("x", "日本", 4),
        ("x", "👾", 2),
        ("x", "🙋🏽", 2),
        ("x", "👨‍🎤", 2),
        ("x", FAMILY, 2),
        ("x", "🇩🇪 1️⃣", 5),
        ("x", "cafe\u0301", 4),
        ("x", f"Look: {LONG_LINK}.", 6 + 23 + 1),
        ("x", "acme.example", 23),
        ("x", "ada@acme.example", 16),
        ("x", "Yes.No 3.5", 10),
        ("x", "acme.no/jobs or www.acme.no", 23 + 4 + 23),
        ("x", f"{LONG_LINK} acme.example", 23 + 1 + 23),
        ("bluesky", f"{FAMILY}e\u0301", 2),
        ("bluesky", LONG_LINK, len(LONG_LINK)),
        ("bluesky", FAMILY * 200, 301),  # 200 graphemes, but 5,000 bytes
        ("mastodon", f"@ada@mastodon.example {LONG_LINK}", 4 + 1 + 23),
        ("mastodon", FAMILY, 1),
        ("linkedin", "👍", 2),
        ("threads", "ä👍", 1 + 4),
        ("threads", FAMILY, 25),
        ("instagram", "👍", 2),
        ("reddit", "👍", 1),
        ("x", "", 0),
    ],
)
def test_counts_are_those_of_the_platform(platform: str, text: str, used: int) -> None:
    assert measure(platform, text).used == used


def test_what_is_left_is_told() -> None:
    length = measure("x", "a" * 300)
    assert (length.remaining, length.fits) == (-20, False)
    assert measure("linkedin", "a" * 3_000).fits


def test_links_end_before_the_full_stop() -> None:
    assert links(f"See {LONG_LINK}, or (http://a.example/b).") == (LONG_LINK, "http://a.example/b")


@given(st.text(max_size=60), st.sampled_from(PLATFORMS))
def test_any_text_has_a_length_and_none_grows_by_less_than_nothing(text: str, platform: str) -> None:
    assert 0 <= measure(platform, text).used <= 30 * len(text)


def test_huge_texts_are_too_long_at_once() -> None:
    assert all(not measure(platform, "\U0001f468\u200d" * 500_000).fits for platform in PLATFORMS)
