import pytest
from hypothesis import given
from hypothesis import strategies as st

from advocacy.shares import ShareError, read_share

KNOWN = [
    ("https://x.com/acme/status/1789012345678901234?s=20", "x", "1789012345678901234"),
    ("https://mobile.twitter.com/acme/status/1789012345678901234/photo/1", "x", "1789012345678901234"),
    ("twitter.com/i/web/status/1789012345678901234", "x", "1789012345678901234"),
    ("https://www.linkedin.com/posts/lee-acme_hiring-activity-7190000000000000001-AbCd?utm_source=share",
     "linkedin", "urn:li:activity:7190000000000000001"),
    ("https://de.linkedin.com/posts/acme_wir-share-7190000000000000002-xYz_", "linkedin",
     "urn:li:share:7190000000000000002"),
    ("https://www.linkedin.com/feed/update/urn%3Ali%3AugcPost%3A7190000000000000003/", "linkedin",
     "urn:li:ugcPost:7190000000000000003"),
    ("https://bsky.app/profile/Acme.example/post/3kabcdefghi2x", "bluesky",
     "at://acme.example/app.bsky.feed.post/3kabcdefghi2x"),
    ("https://bsky.app/profile/did:plc:abc123/post/3kabcdefghi2x", "bluesky",
     "at://did:plc:abc123/app.bsky.feed.post/3kabcdefghi2x"),
    ("https://mastodon.example/@lee/112233445566778899", "mastodon", "mastodon.example/112233445566778899"),
    ("https://mastodon.example/users/lee/statuses/112233445566778899", "mastodon",
     "mastodon.example/112233445566778899"),
    ("https://home.example/@lee@mastodon.example/112233", "mastodon", "home.example/112233"),
    ("https://old.reddit.com/r/jobs/comments/1abcde/at_acme/", "reddit", "t3_1abcde"),
    ("https://www.reddit.com/r/jobs/comments/1abcde/at_acme/kx9z8y7/?context=3", "reddit", "t1_kx9z8y7"),
    ("https://redd.it/1abcde", "reddit", "t3_1abcde"),
    ("https://news.ycombinator.com/item?id=39000001", "hackernews", "39000001"),
    ("https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=3s", "youtube", "dQw4w9WgXcQ"),
    ("https://youtu.be/dQw4w9WgXcQ?si=x", "youtube", "dQw4w9WgXcQ"),
    ("https://m.youtube.com/shorts/dQw4w9WgXcQ", "youtube", "dQw4w9WgXcQ"),
    ("https://www.instagram.com/p/C1abcDEfgh-/?igsh=x", "instagram", "C1abcDEfgh-"),
    ("https://www.instagram.com/acme/reel/C1abcDEfgh-/", "instagram", "C1abcDEfgh-"),
    ("https://www.threads.net/@acme/post/C1abcDEfgh-", "threads", "C1abcDEfgh-"),
    ("https://www.facebook.com/acme/posts/pfbid02abcdefghijk", "facebook", "pfbid02abcdefghijk"),
    ("https://www.facebook.com/permalink.php?story_fbid=123456789&id=100", "facebook", "123456789"),
    ("https://m.facebook.com/groups/acme/permalink/123456789/", "facebook", "123456789"),
    ("https://www.facebook.com/acme/videos/a-title/123456789/", "facebook", "123456789"),
    ("https://www.facebook.com/watch/?v=123456789", "facebook", "123456789"),
    ("https://www.facebook.com/photo/?fbid=123456789&set=a.1", "facebook", "123456789"),
    ("https://www.tiktok.com/@acme/video/7300000000000000001?lang=en", "tiktok", "7300000000000000001"),
]  # fmt: skip


@pytest.mark.parametrize(("address", "platform", "native_id"), KNOWN)
def test_known_addresses(address: str, platform: str, native_id: str) -> None:
    post = read_share(f"  {address}\n")
    assert (post.platform, post.native_id) == (platform, native_id)


@pytest.mark.parametrize(("address", "platform", "native_id"), KNOWN)
def test_the_canonical_address_leads_to_the_same_post(address: str, platform: str, native_id: str) -> None:
    post = read_share(address)
    assert read_share(post.url) == post
    assert post.url.startswith("https://")


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("https://lnkd.in/eAbC", "short link"),
        ("https://t.co/abc", "short link"),
        ("https://vm.tiktok.com/ZM1/", "short link"),
        ("https://x.com/acme", "not that of one public post"),
        ("https://www.linkedin.com/company/acme/", "not that of one public post"),
        ("https://www.reddit.com/r/jobs/", "not that of one public post"),
        ("https://www.facebook.com/share/p/1Abc/", "not that of one public post"),
        ("https://news.ycombinator.com/item?id=١٢٣", "not that of one public post"),
        ("https://blog.acme.example/our-news", "not a platform that is known"),
        ("https://x.com.evil.example/acme/status/1", "not a platform that is known"),
        ("https://192.168.0.1/@lee/112233445566778899", "not a platform that is known"),
        ("javascript:alert(1)", "can't be read"),
        ("ftp://x.com/acme/status/1", "must begin with https"),
        ("https://me:pw@x.com/acme/status/1", "user name or a port"),
        ("https://x.com:8080/acme/status/1", "user name or a port"),
        ("https://x.com/a/status/1 https://x.com/a/status/2", "one address only"),
        ("https://[::1", "can't be read"),
        ("", "https://"),
        ("https://x.com/" + "a" * 3000, "longer than"),
    ],
)
def test_others_are_refused_in_words(address: str, words: str) -> None:
    with pytest.raises(ShareError, match=words):
        read_share(address)


@given(
    st.text(max_size=80),
    st.sampled_from(["", "https://", "https://x.com/", "https://www.facebook.com/", "https://a.b/@"]),
)
def test_any_text_is_read_or_refused(text: str, prefix: str) -> None:
    try:
        post = read_share(prefix + text)
    except ShareError:
        return
    assert post.native_id.isascii()
    assert read_share(post.url) == post
