"""When a post was published, and by whom, as far as its address tells."""

from datetime import UTC, datetime

import pytest

from advocacy.post_times import published_at
from advocacy.shares import author_of, read_share

NOW = datetime(2026, 3, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("address", "day"),
    [
        ("https://x.com/ada/status/1900000000000000000", "2025-03-13"),
        ("https://www.linkedin.com/feed/update/urn:li:activity:7100000000000000000", "2023-08-23"),
        ("https://mastodon.social/@ada/110000000000000000", "2023-03-10"),
        ("https://bsky.app/profile/ada.example/post/3kabcdefghij2", "2023-09-26"),
    ],
)
def test_an_id_tells_its_day(address: str, day: str) -> None:
    post = read_share(address)
    at = published_at(post.platform, post.native_id, NOW)
    assert at is not None
    assert f"{at:%Y-%m-%d}" == day


@pytest.mark.parametrize(
    ("platform", "native_id"),
    [
        ("x", "20"),  # older than the ids with a time
        ("x", "9" * 20),  # in the future
        ("x", "nine"),
        ("mastodon", "pixelfed.example/12345"),
        ("mastodon", "m.example/" + "9" * 25),
        ("bluesky", "at://ada.example/app.bsky.feed.post/short"),
        ("bluesky", "at://ada.example/app.bsky.feed.post/0000000000000"),
        ("reddit", "t3_abc"),
    ],
)
def test_an_id_without_a_possible_time_tells_none(platform: str, native_id: str) -> None:
    assert published_at(platform, native_id, NOW) is None


@pytest.mark.parametrize(
    ("address", "author"),
    [
        ("https://x.com/Ada_L/status/1900000000000000000", "ada_l"),
        ("https://x.com/i/status/1900000000000000000", None),
        ("https://x.com/i/web/status/1900000000000000000", None),
        ("https://bsky.app/profile/ada.example/post/3kabcdefghij2", "ada.example"),
        ("https://bsky.app/profile/did:plc:abc/post/3kabcdefghij2", "did:plc:abc"),
        ("https://mastodon.social/@ada/110000000000000000", "ada"),
        ("https://mastodon.social/@ada@other.example/110000000000000000", "ada"),
        ("https://www.threads.com/@ada/post/ABCdef", "ada"),
        ("https://www.linkedin.com/feed/update/urn:li:activity:7100000000000000000", None),
        ("https://www.reddit.com/r/acme/comments/abc123/", None),
    ],
)
def test_an_address_tells_its_author(address: str, author: str | None) -> None:
    assert author_of(address) == author
