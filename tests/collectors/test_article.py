"""Article text: extracted in a child process, and put into the entries of a feed where the site allows it."""

import contextlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from collectors.article import MAX_BYTES, ArticleReader, extract
from collectors.errors import CollectError
from collectors.feed import FeedCollector, post_of
from collectors.full_text import FullTexts, Memory
from collectors.http import HttpClient
from collectors.post import Json
from collectors.privacy import PrivacyDoor
from tests.collectors.conftest import NOW
from tests.collectors.run import Run, run
from tests.wire.replay import Answer, Replay

HTML = {"content-type": "text/html; charset=utf-8"}
STORY = "The company opened a plant in the north, and many people came to see it. " * 10
URL = "https://a.example/news/1"
FEED = FeedCollector(10, 720)
pytestmark = pytest.mark.usefixtures("warm_children")  # the child of `reader` is started before, from nothing


def article(title: str = "A plant opens", text: str = STORY, head: str = "") -> bytes:
    return (
        f'<html lang="en-GB"><head><title>{title}</title>{head}</head><body><nav><a href="/">Home</a></nav><article>'
        f"<h1>{title}</h1><time datetime=2024-05-02>2 May</time><p>{text}</p></article><footer>All rights</footer>"
    ).encode()


@pytest.fixture(scope="module")
def reader() -> Iterator[ArticleReader]:
    with ArticleReader() as one:
        yield one


def test_text_title_date_and_language_without_the_frame() -> None:
    found = extract(article(head="<link rel=canonical href=https://a.example/news/one>"), URL)
    assert found is not None
    assert found.text.count("many people came") == 10
    assert "All rights" not in found.text
    assert (found.title, found.date, found.language) == ("A plant opens", "2024-05-02", "en")
    assert found.address == "https://a.example/news/one"


@pytest.mark.parametrize("page", [b"", b"<html></html>", b"\x00\xff\xfe", b"{}", b"<p>short</p>"])
def test_pages_without_an_article(page: bytes) -> None:
    assert extract(page, URL) is None


def test_a_page_that_is_too_large_is_not_read(reader: ArticleReader) -> None:
    for read in (extract, reader.read):
        with pytest.raises(CollectError, match="larger than"):
            read(b"x" * (MAX_BYTES + 1), URL)


def test_the_child_reads_as_we_do(reader: ArticleReader) -> None:
    assert reader.read(article(), URL) == extract(article(), URL)
    assert reader.read("<p>Größe 東京 🎉 ".encode() * 30, URL) is not None
    assert reader.read(b"", URL) is None


@pytest.mark.parametrize(
    "hostile",
    [b"<div>" * 299_000, b"<" * 1_400_000, b"<table><tr><td>" * 99_000, b"<p><a><b>" * 160_000, b"&#" * 700_000],
    ids=["nested", "open", "tables", "formatting", "entities"],
)
def test_hostile_pages_end(reader: ArticleReader, hostile: bytes) -> None:
    with contextlib.suppress(CollectError):
        reader.read(hostile, URL)
    assert reader.read(article(), URL) is not None


def test_a_page_that_takes_too_long_is_given_up_and_the_next_one_read() -> None:
    with ArticleReader() as hasty:
        hasty.read(article(), URL)
        hasty._seconds = 0.0
        with pytest.raises(CollectError, match="could not be read in time"):
            hasty.read(b"<p>word. " * 100_000, URL)
        hasty._seconds = 15.0
        assert hasty.read(article(), URL) is not None


# Full texts of a feed


def feed(*links: str, summary: str = "First lines only.") -> Answer:
    items = "".join(
        f"<item><guid>{link}</guid><title>Story {n}</title><link>{link}</link><author>Ann Roe</author>"
        f"<description>{summary}</description></item>"
        for n, link in enumerate(links)
    )
    body = f'<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>{items}</channel></rss>'
    return Answer(200, {"content-type": "application/rss+xml"}, body.encode())


def collect(server: Replay, http: HttpClient, cursor: Mapping[str, Json] | None = None, **options: Json) -> Run:
    given: dict[str, Json] = {"url": server.url("/feed"), "full_text": True, **options}
    return run(FEED, http, given, cursor=cursor)


def test_entries_are_read_in_full_once(server: Replay, http: HttpClient) -> None:
    server.add("/feed", feed(server.url("/1")), feed(server.url("/1"), server.url("/2")))
    for path in ("/1", "/2"):
        server.add(path, Answer(200, HTML, article()))
    first = collect(server, http)
    (post,) = first.posts
    assert post.text.count("many people came") == 10
    assert (post.published_at, post.lang) == (datetime(2024, 5, 2, tzinfo=UTC), "en")
    assert "1 entries were read in full" in first.outcome.detail
    second = collect(server, http, first.cursor)
    assert [one.url for one in second.posts] == [server.url("/2")]
    asked = [request.path for request in server.requests]
    assert (asked.count("/1"), asked.count("/robots.txt")) == (1, 2)


def test_off_by_default_and_checked(server: Replay, http: HttpClient) -> None:
    server.add("/feed", feed(server.url("/1")))
    assert FEED.check_options({"url": "https://a.example/"})["full_text"] is False
    assert FEED.check_options({"url": "https://a.example/", "full_text": "yes"})["full_text"] is True
    with pytest.raises(ValueError, match=r"^full_text: must be true or false"):
        FEED.check_options({"url": "https://a.example/", "full_text": "perhaps"})
    collect(server, http, full_text=False)
    run(FEED, http, {"url": server.url("/feed")})
    assert {request.path for request in server.requests} == {"/feed"}


def drop(_: object) -> None:
    """The connection ends without a word."""


@pytest.mark.parametrize(
    ("robots", "page", "words"),
    [
        (Answer(200, {}, b"User-agent: *\nDisallow: /1"), Answer(200, HTML, article()), "1 pages are not read"),
        (Answer(500), Answer(200, HTML, article()), "1 pages could not be read"),
        (Answer(404), Answer(404), "1 pages could not be read"),
        (Answer(404), Answer(500), "1 pages could not be read"),
        (Answer(404), Answer(body=drop), "1 pages could not be read"),
        (Answer(404), Answer(302, {"location": "https://www.linkedin.com/x"}), "1 pages are not read"),
        (Answer(404), Answer(302, {"location": "/1"}), "1 pages could not be read"),
        (Answer(404), Answer(302, {}), "1 pages could not be read"),
        (Answer(404), Answer(200, {"content-type": "application/pdf"}, b"%PDF"), "1 pages could not be read"),
        (Answer(404), Answer(200, HTML, b"<title>Just a moment...</title>"), "1 pages could not be read"),
        (Answer(404), Answer(200, HTML, b"<p>Read more after signing in, please do."), "1 pages gave no more"),
    ],
    ids=["robots", "robots 500", "404", "500", "dropped", "forbidden site", "circle", "nowhere", "pdf", "challenge",
         "shorter"],
)  # fmt: skip
def test_no_page_loses_its_entry(server: Replay, http: HttpClient, robots: Answer, page: Answer, words: str) -> None:
    server.add("/feed", feed(server.url("/1"), summary="The feed's own text, which is long enough to stand alone."))
    server.add("/robots.txt", robots)
    server.add("/1", page)
    found = collect(server, http)
    (post,) = found.posts
    assert post.text == "The feed's own text, which is long enough to stand alone."
    assert found.outcome.complete
    assert words in found.outcome.detail


def test_a_host_that_asks_for_rest_is_left_alone_also_by_the_next_run(server: Replay, http: HttpClient) -> None:
    server.add("/feed", feed(server.url("/1"), server.url("/2")), feed(server.url("/3")))
    for path in ("/1", "/2", "/3"):
        server.add(path, Answer(429, {"retry-after": "3600"}))
    first = collect(server, http)
    assert len(first.posts) == 2
    second = collect(server, http, first.cursor)
    assert len(second.posts) == 1
    assert [request.path for request in server.requests if request.path in {"/1", "/2", "/3"}] == ["/1"]


def test_a_run_reads_a_bounded_number_of_pages_and_the_next_goes_on(
    server: Replay, http: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collectors.full_text.FullTexts.__init__.__defaults__", (2,))
    links = [server.url(f"/{number}") for number in range(3)]
    server.add("/feed", feed(*links))
    for number in range(3):
        server.add(f"/{number}", Answer(200, HTML, article()))
    first = collect(server, http)
    assert "1 pages wait for the next run" in first.outcome.detail
    second = collect(server, http, first.cursor)
    assert [(post.url, "many people" in post.text) for post in second.posts] == [(links[2], True)]
    third = collect(server, http, second.cursor)
    assert third.outcome.reason == "not_modified"


def test_a_long_crawl_delay_means_one_page_in_a_run(server: Replay, http: HttpClient) -> None:
    server.add("/robots.txt", Answer(200, {}, b"User-agent: *\nCrawl-delay: 30"))
    server.add("/feed", feed(server.url("/1"), server.url("/2")))
    for path in ("/1", "/2"):
        server.add(path, Answer(200, HTML, article()))
    assert "1 pages wait for the next run" in collect(server, http).outcome.detail


@pytest.mark.parametrize("kept", [None, 5, {"seen": [], "resting": {"a": 5, "b": "never"}}, {"seen": {"a": None}}])
def test_a_damaged_memory_is_an_empty_one(kept: Any) -> None:
    assert Memory.read(kept, NOW) == Memory()


def test_an_entry_without_a_link_is_left_as_it_is(http: HttpClient) -> None:
    from collectors.feed_reading import Entry

    entry = Entry("id", "Title", "Text", None, None)
    with FullTexts(http, Memory(), NOW) as texts:
        assert texts.of(entry) is entry


def test_the_stored_item_gives_the_same_post_without_its_author(server: Replay, http: HttpClient) -> None:
    server.add("/feed", feed("https://a.example/x"))
    (post,) = run(FEED, http, {"url": server.url("/feed")}).posts
    stored = PrivacyDoor(b"k" * 32, []).admit(post, NOW, 10_000)
    again = FEED.map_item(stored.raw)
    assert again is not None
    assert (again.native_id, again.text, again.title, again.url, again.author) == (
        post.native_id, post.text, post.title, post.url, None,
    )  # fmt: skip
    assert "Roe" not in str(stored.raw)
    assert post_of({"id": "x", "link": None}) is None


def test_feeds_of_one_host_take_turns() -> None:
    assert FEED.host({"url": "https://a.example/feed"}) == "a.example"
    assert FEED.recheck is None
