"""Feeds: polite looking, tolerant reading, clear refusals."""

from datetime import timedelta

import pytest

from collectors.errors import CollectError
from collectors.feed import FeedCollector
from collectors.feed_rhythm import bounded, from_dates, max_age
from collectors.http import HttpClient
from collectors.post import Json
from collectors.privacy import PrivacyDoor
from tests.collectors.conftest import NOW
from tests.collectors.run import Run, run
from tests.wire.replay import Answer, Replay

FEED = FeedCollector(min_minutes=10, max_minutes=720)


def rss(items: str, channel: str = "") -> bytes:
    document = (
        '<?xml version="1.0"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<channel><title>News</title>{channel}{items}</channel></rss>"
    )
    return document.encode()


def item(number: int, hours_ago: float = 1.0, more: str = "") -> str:
    date = (NOW - timedelta(hours=hours_ago)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    return (
        f"<item><guid>g{number}</guid><title>Title {number}</title><link>/story/{number}</link>"
        f"<pubDate>{date}</pubDate><description>Text {number}</description>{more}</item>"
    )


def collected(server: Replay, http: HttpClient, *answers: Answer | bytes, cursor: dict[str, Json] | None = None) -> Run:
    server.add("/feed", *(one if isinstance(one, Answer) else Answer(200, {}, one) for one in answers))
    return run(FEED, http, {"url": server.url("/feed")}, cursor=cursor)


def refusal(server: Replay, http: HttpClient, body: bytes, content_type: str = "text/xml") -> str:
    with pytest.raises(CollectError) as caught:
        collected(server, http, Answer(200, {"content-type": content_type}, body))
    assert caught.value.reason == "bad_answer"
    return caught.value.detail


def test_item_becomes_a_post(server: Replay, http: HttpClient) -> None:
    post = collected(server, http, rss(item(1, more="<author>joe@a.example (Joe Doe)</author>"))).posts[0]
    assert (post.native_id, post.title, post.text, post.kind) == ("g1", "Title 1", "Text 1", "article")
    assert post.url == server.url("/story/1")
    assert post.published_at == NOW - timedelta(hours=1)
    assert post.author is not None
    assert "Joe" not in repr(post)


@pytest.mark.parametrize(
    "signed",
    [
        "<author>joe@a.example (Joe Doe)</author>",
        "<author>editor@a.example (Ann Roe)</author><dc:creator>Joe Doe</dc:creator>",
        "<dc:creator>Joe Doe</dc:creator><dc:creator>Ann Roe</dc:creator>",
        "<dc:creator>By Ann Roe, Joe Doe and Max Moe</dc:creator>",
        "<author>joe.doe@a.example</author>",
    ],
)
def test_no_one_who_signs_stays_in_the_text(server: Replay, http: HttpClient, signed: str) -> None:
    told = f"<description>So says Joe Doe (joe.doe).</description>{signed}"
    feed = rss(f"<item><guid>1</guid><title>Joe Doe tells</title>{told}</item>")
    post = PrivacyDoor(b"k" * 32, []).admit(collected(server, http, feed).posts[0], NOW, 10_000)
    left = f"{post.title} {post.text}"
    assert "joe.doe" not in left if "joe.doe@" in signed else "Joe" not in left


def test_unchanged_feed_is_asked_for_conditionally(server: Replay, http: HttpClient) -> None:
    fresh = Answer(200, {"ETag": '"v1"', "Last-Modified": "Sun, 01 Mar 2026 10:00:00 GMT"}, rss(item(1)))
    first = collected(server, http, fresh, Answer(304))
    second = run(FEED, http, {"url": server.url("/feed")}, cursor=first.cursor)
    assert server.requests[1].headers["if-none-match"] == '"v1"'
    assert server.requests[1].headers["if-modified-since"] == "Sun, 01 Mar 2026 10:00:00 GMT"
    assert (second.outcome.reason, second.posts, second.outcome.complete) == ("not_modified", [], True)
    assert first.outcome.next_check is not None
    assert second.outcome.next_check == first.outcome.next_check * 1.5
    assert second.cursor["etag"] == '"v1"'


def test_same_bytes_count_as_unchanged(server: Replay, http: HttpClient) -> None:
    first = collected(server, http, rss(item(1)))
    assert run(FEED, http, {"url": server.url("/feed")}, cursor=first.cursor).outcome.reason == "not_modified"


def test_cursor_of_another_address_is_ignored(server: Replay, http: HttpClient) -> None:
    run_ = collected(server, http, rss(item(1)), cursor={"url": "http://other.example/", "etag": "x"})
    assert "if-none-match" not in server.requests[0].headers
    assert len(run_.posts) == 1


def test_polling_follows_the_rhythm_of_the_feed() -> None:
    hourly = [NOW - timedelta(hours=hours) for hours in range(10)]
    assert from_dates(hourly, NOW) == timedelta(minutes=30)
    silent = [NOW - timedelta(days=100 + days) for days in range(5)]
    assert from_dates(silent, NOW) == timedelta(days=10)
    assert from_dates([NOW + timedelta(days=1), NOW], NOW) is None


def test_polling_keeps_to_bounds_and_words_of_the_feed(server: Replay, http: HttpClient) -> None:
    shortest, longest = timedelta(minutes=10), timedelta(hours=12)
    assert bounded(timedelta(0), (None,), shortest, longest) == shortest
    assert bounded(timedelta(days=9), (), shortest, longest) == longest
    assert bounded(shortest, (timedelta(days=30),), shortest, longest) == longest
    assert max_age('public, max-age="1800"') == timedelta(minutes=30)
    assert max_age("no-store") is None
    busy = "".join(item(number, number / 60) for number in range(10))
    assert collected(server, http, rss(busy)).outcome.next_check == timedelta(minutes=10)
    assert collected(server, http, rss(busy, "<ttl>90</ttl>")).outcome.next_check == timedelta(minutes=90)
    aged = Answer(200, {"cache-control": "max-age=3600"}, rss(busy))
    assert collected(server, http, aged).outcome.next_check == timedelta(hours=1)


def test_identity_falls_back_to_link_then_to_title_and_date(server: Replay, http: HttpClient) -> None:
    items = "<item><link>/a</link></item><item><title>Only a title</title></item><item><title>Other</title></item>"
    first, second = (collected(server, http, rss(items)).posts for _ in range(2))
    ids = [post.native_id for post in first]
    assert ids == [post.native_id for post in second]
    assert ids[0] == server.url("/a")
    assert all(native_id.startswith("sha256:") for native_id in ids[1:])
    assert len(set(ids)) == 3


def test_repeated_ids_are_left_out_and_said(server: Replay, http: HttpClient) -> None:
    result = collected(server, http, rss(item(1) + item(1).replace("Text 1", "Other text") + item(2)))
    assert [post.text for post in result.posts] == ["Text 1", "Text 2"]
    assert "1 entries repeat" in result.outcome.detail


def test_missing_broken_and_future_dates(server: Replay, http: HttpClient) -> None:
    items = [item(1, -48), "<item><guid>a</guid><pubDate>yesterday</pubDate></item>", "<item><guid>b</guid></item>"]
    posts = collected(server, http, rss("".join(items))).posts
    assert [post.published_at for post in posts] == [NOW + timedelta(hours=48), None, None]


def test_markup_in_titles_and_text_becomes_plain(server: Replay, http: HttpClient) -> None:
    entry = (
        "<item><guid>a</guid><title>Tom &amp;amp; &lt;b&gt;Jerry&lt;/b&gt;</title><description>"
        "&lt;p&gt;One&lt;/p&gt;&lt;script&gt;evil()&lt;/script&gt;&lt;p&gt;Two 👩‍💻 שלום&lt;/p&gt;</description></item>"
    )
    post = collected(server, http, rss(entry)).posts[0]
    assert (post.title, post.text) == ("Tom & Jerry", "One\nTwo 👩‍💻 שלום")


def test_google_alerts_links_are_resolved(server: Replay, http: HttpClient) -> None:
    link = "https://www.google.com/url?rct=j&amp;url=https://a.example/x%3Fy%3D1&amp;ct=ga"
    items = f"<item><link>{link}</link></item><item><guid>j</guid><link>javascript:alert(1)</link></item>"
    assert [post.url for post in collected(server, http, rss(items)).posts] == ["https://a.example/x?y=1", None]


def test_youtube_and_reddit_name_their_own_platform(server: Replay, http: HttpClient) -> None:
    body = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/">
      <entry><id>yt:video:1</id><link href="https://www.youtube.com/watch?v=1"/><title>Film</title>
        <author><name>Ann</name><uri>https://www.youtube.com/channel/UC1</uri></author>
        <media:group><media:community><media:statistics views="0"/></media:community></media:group></entry>
      <entry><id>t3_1</id><link href="https://www.reddit.com/r/a/comments/1/x/"/><title>Post</title>
        <author><name>/u/bob</name><uri>https://www.reddit.com/user/bob</uri></author></entry></feed>"""
    film, post = collected(server, http, body.encode()).posts
    assert (film.kind, film.counters) == ("post", {"views": 0})
    assert film.author is not None
    assert (film.author.platform, film.author.native_id) == ("youtube", "UC1")
    assert post.author is not None
    assert (post.author.platform, post.author.handle) == ("reddit", "bob")


def test_json_feed(server: Replay, http: HttpClient) -> None:
    body = b"""{"version": "https://jsonfeed.org/version/1.1", "title": "J", "language": "de-AT",
      "items": [{"id": 7, "url": "/a", "content_html": "<p>Hi</p>", "date_published": "2026-02-28T12:00:00Z",
                 "authors": [{"name": "Ann"}]}, 5, {"id": "x", "content_text": "a < b", "date_published": "?"}]}"""
    result = collected(server, http, body)
    first, second = result.posts
    assert (first.native_id, first.text, first.lang, first.url) == ("7", "Hi", "de", server.url("/a"))
    assert first.published_at == NOW - timedelta(days=1)
    assert (second.text, second.published_at) == ("a < b", None)
    assert "1 items are no objects" in result.outcome.detail


def test_web_page_is_an_error_that_names_its_feed(server: Replay, http: HttpClient) -> None:
    link = b'<link rel="alternate" href="/f.xml" type=application/rss+xml>'
    page = b"\xef\xbb\xbf<!-- x -->\n<!DOCTYPE html><html><head>" + link
    assert refusal(server, http, page) == (
        f"The address leads to a web page, not to a feed. The page names this feed: {server.url('/f.xml')}"
    )
    assert "names no feed" in refusal(server, http, b"<html><p>hello</p></html>")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"  ",
        b"hello",
        b"/etc/passwd",
        b"http://127.0.0.1/",
        b'{"a": 1}',
        b"{",
        b"\x00\xff\xfe",
        b"<a><b>",
        b"%PDF-1.4",
    ],
)
def test_what_is_no_feed_is_refused(server: Replay, http: HttpClient, body: bytes) -> None:
    assert "not a" in refusal(server, http, body)


def bomb(entities: str) -> bytes:
    return f"<?xml version='1.0'?><!DOCTYPE rss [{entities}]><rss><channel><title>&z;</title></channel></rss>".encode()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "utf-32"])
def test_xml_bombs_and_entities_are_refused(server: Replay, http: HttpClient, encoding: str) -> None:
    laughs = '<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {y} "{f"&{x};" * 10}">' for x, y in zip("abcdefgh", "bcdefghz", strict=True)
    )
    outside = '<!ENTITY z SYSTEM "file:///etc/passwd">'
    for entities in (laughs, outside):
        body = bomb(entities).decode().replace("version='1.0'", f"version='1.0' encoding='{encoding}'").encode(encoding)
        assert "entities" in refusal(server, http, body)


def test_bomb_behind_a_disguise_does_no_harm(server: Replay, http: HttpClient) -> None:
    laughs = '<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {y} "{f"&{x};" * 10}">' for x, y in zip("abcdefgh", "bcdefghz", strict=True)
    )
    hidden = b"<!--" + b"x" * 6_000 + b"-->" + bomb(laughs).partition(b"?>")[2]
    utf7 = b"<?xml version='1.0' encoding='utf-7'?>" + bomb(laughs).partition(b"?>")[2].decode().encode("utf-7")
    for body in (hidden, utf7):
        try:
            text = collected(server, http, body).outcome.detail
        except CollectError as error:
            text = error.detail
        assert "hahaha" not in text


@pytest.mark.parametrize(
    "hostile",
    [
        b"<rss><channel>" + b"<item>" * 300_000,
        b"<rss><channel><item><title>" + b"<a " * 2_000_000,
        b"\n<!ENTITY" * 200_000 + b"<rss>",
        b"<!--" + b"\n<!DOCTYPE" * 200_000 + b"--><rss>",
        b"<!--" + b"\n" * 1_000_000 + b"-->" + b"\n" * 1_000_000 + b"<rss>",
        b"<?xml version='1.0'?>" * 200_000 + b"<rss>",
        b"\n<!DOCTYPE" * 200_000 + b"<rss>",
    ],
)
def test_feeds_made_to_be_slow_are_refused_at_once(server: Replay, http: HttpClient, hostile: bytes) -> None:
    assert refusal(server, http, hostile)


def test_old_doctype_without_entities_is_fine(server: Replay, http: HttpClient) -> None:
    doctype = b'<!DOCTYPE rss SYSTEM "http://my.netscape.com/publish/formats/rss-0.91.dtd">'
    body = rss(item(1)).replace(b"?>", b"?>" + doctype, 1)
    assert len(collected(server, http, body).posts) == 1


def test_broken_feed_keeps_its_good_items(server: Replay, http: HttpClient) -> None:
    result = collected(server, http, rss(item(1) + item(2) + "<item><title>Cut & off")[:-22])
    assert [post.native_id for post in result.posts][:2] == ["g1", "g2"]
    assert "broken XML" in result.outcome.detail


def test_large_post_and_many_items_come_in_batches(server: Replay, http: HttpClient) -> None:
    huge = item(0, more=f"<description>{'word ' * 1_000_000}</description>")
    result = collected(server, http, rss(huge + "".join(item(number) for number in range(1, 1_201))))
    assert [len(batch.posts) for batch in result.batches] == [500, 500, 201]
    assert [bool(batch.cursor) for batch in result.batches] == [False, False, True]
    assert len(result.posts[0].text) > 4_900_000


def test_empty_feed_and_move_are_said(server: Replay, http: HttpClient) -> None:
    server.add("/old", Answer(301, {"Location": "/feed"}))
    server.add("/feed", Answer(200, {}, rss("")))
    result = run(FEED, http, {"url": server.url("/old")})
    assert "The feed is empty." in result.outcome.detail
    assert server.url("/feed") in result.outcome.detail
    assert result.cursor["url"] == server.url("/old")
    assert http.requests == 2


def test_gone_and_limited_feeds_raise(server: Replay, http: HttpClient) -> None:
    with pytest.raises(CollectError) as caught:
        collected(server, http, Answer(410))
    assert caught.value.permanent
    with pytest.raises(CollectError) as caught:
        collected(server, http, Answer(429, {"Retry-After": "120"}))
    assert caught.value.retry_at == NOW + timedelta(minutes=2)


@pytest.mark.parametrize("url", [None, "", "ftp://a/", "http://", "http://a b", "http://a:99999/", "x" * 3000, 5])
def test_address_is_checked(url: Json) -> None:
    with pytest.raises(ValueError, match=r"^url: "):
        FEED.check_options({"url": url})
