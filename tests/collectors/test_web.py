"""The crawler as it runs: a real Scrapy process against a real server on loopback, faults included."""

import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from io import BufferedIOBase
from pathlib import Path
from typing import ClassVar

import pytest

from collectors.base import Batch, CollectRequest
from collectors.errors import CollectError
from collectors.http import HttpClient
from collectors.post import Json
from collectors.privacy import PrivacyDoor
from collectors.web.collector import WebCollector
from collectors.web.cursor import Cursor
from collectors.web.form import site_of
from collectors.web.sweep import sweep
from config.settings import get_settings
from tests.collectors.conftest import NOW
from tests.collectors.run import Run, run
from tests.collectors.web_pages import HTML, html, markup, page, review
from tests.wire.replay import Answer, Replay, Request, replay_server

pytestmark = pytest.mark.usefixtures("warm_children")  # the crawl of `faulty` is made before, from nothing

WEB = WebCollector(pace=timedelta(0))
TEXT = {"content-type": "text/plain"}
DOOR = PrivacyDoor(b"k" * 32, [])


@pytest.fixture
def http() -> Iterator[HttpClient]:
    with HttpClient(user_agent="Outspoken/test", timeout=5.0, allow_private=True) as client:
        yield client


def crawl(
    server: Replay, http: HttpClient, path: str = "/", cursor: Mapping[str, Json] | None = None, **options: Json
) -> Run:
    return run(WEB, http, {"start": server.url(path), **options}, cursor=cursor)


def refused(server: Replay, http: HttpClient) -> CollectError:
    with pytest.raises(CollectError) as caught:
        crawl(server, http)
    return caught.value


def paths(server: Replay) -> list[str]:
    return [request.path for request in server.requests if request.path != "/robots.txt"]


def drip(out: BufferedIOBase) -> None:
    out.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n")
    for _ in range(50):
        out.write(b"x")
        out.flush()
        time.sleep(0.1)


def cut_off(out: BufferedIOBase) -> None:
    out.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 90000\r\n\r\n<html>")


def dropped(_: BufferedIOBase) -> None:
    """Nothing at all."""


def huge(out: BufferedIOBase) -> None:
    out.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n")
    for _ in range(100):
        out.write(b"<p>word" * 10_000)


class Faulty:
    """One crawl over a site with everything that can go wrong between good pages; its server, run and length."""

    ANSWERS: ClassVar[Mapping[str, Answer]] = {
        "slow": Answer(body=drip),
        "cut-off": Answer(body=cut_off),
        "dropped": Answer(body=dropped),
        "huge": Answer(body=huge),
        "missing": Answer(404, HTML, b"not here"),
        "elsewhere": Answer(302, {"location": "http://10.0.0.7/"}),
        "forbidden-site": Answer(301, {"location": "https://www.linkedin.example/"}),
        "circle": Answer(302, {"location": "/p/circle"}),
        "picture": Answer(200, {"content-type": "image/png"}, b"\x89PNG\r\n\x1a\n\x00\x00"),
        "nested": Answer(200, HTML, b"<div itemscope itemprop=review itemtype=http://schema.org/Review>" * 8_000),
        "secret": page(900),
        "fault": Answer(500, HTML, b"oops"),
    }

    def __init__(self, server: Replay, http: HttpClient) -> None:
        links = []
        for number, (name, answer) in enumerate(self.ANSWERS.items()):
            good = f"/p/good{number}"
            server.add(f"/p/{name}", answer)
            server.add(good, page(number))
            links += [f"/p/{name}", good, good]
        server.add("/", html("".join(f'<a href="{link}">x</a>' for link in [*links, "/other", "/p/good0#again"])))
        server.add("/robots.txt", Answer(200, TEXT, b"User-agent: *\nDisallow: /p/secret\n"))
        self.server = server
        self.run = run(WEB, http, {"start": server.url("/"), "follow": "/p/*"})
        self.counted = http.requests


@pytest.fixture(scope="module")
def faulty() -> Iterator[Faulty]:
    with replay_server() as server, HttpClient(user_agent="Outspoken/test", timeout=2.5, allow_private=True) as http:
        yield Faulty(server, http)


def test_no_fault_of_a_page_loses_the_others(faulty: Faulty) -> None:
    assert len(faulty.run.posts) == len(Faulty.ANSWERS)
    outcome = faulty.run.outcome
    assert (outcome.complete, outcome.reason) == (False, "unreachable")
    for words in (
        "7 pages could not be had.",
        "1 linked pages are not there any more.",
        "2 pages are closed to programs, by robots.txt or the terms of their site.",
        "1 addresses lead to something that is no page.",
        "1 parts could not be read and were left out.",
    ):
        assert words in outcome.detail


def test_each_page_is_asked_for_once_and_honestly(faulty: Faulty) -> None:
    asked = paths(faulty.server)
    assert asked.count("/p/good0") == 1
    assert "/p/secret" not in asked
    assert "/other" not in asked
    assert faulty.server.requests[0].path == "/robots.txt"
    assert {request.headers["user-agent"] for request in faulty.server.requests} == {"Outspoken/test"}
    assert not any("cookie" in request.headers for request in faulty.server.requests)
    assert faulty.counted == len(faulty.server.requests)


def test_authors_end_at_the_door(faulty: Faulty) -> None:
    for post in faulty.run.posts:
        assert "Muster" not in str(DOOR.admit(post, NOW, 100_000))
    assert "Muster" not in str(faulty.run.cursor)


def until_error(
    collector: WebCollector, http: HttpClient, options: dict[str, Json]
) -> tuple[list[Batch], CollectError]:
    """The batches before the error that ends a run."""
    batches: list[Batch] = []
    try:
        for batch in collector.collect(CollectRequest(1, options, (), {}, NOW), http):
            batches.append(batch)  # noqa: PERF402 - those before the error are wanted
    except CollectError as error:
        return batches, error
    pytest.fail("the run ended well")


def test_paging_goes_on_after_a_limit_and_stops_where_all_is_known(server: Replay, http: HttpClient) -> None:
    limited = [Answer(429, {"retry-after": "60"})]

    def answer(request: Request) -> Answer:
        number = int(request.query.get("page", "1"))
        if number == 3 and limited:
            return limited.pop()
        following = f'<a rel=next href="/list?page={number + 1}">next</a>' if number < 4 else ""
        return page(2 * number, 2 * number + 1, body=following)

    server.rule("/list", answer)
    options: dict[str, Json] = {"start": server.url("/list"), "next": "a[rel=next]"}
    batches, error = until_error(WEB, http, options)
    assert error.reason == "rate_limited"
    assert error.retry_at is not None
    assert [len(batch.posts) for batch in batches] == [2, 2]
    server.requests.clear()
    second = run(WEB, http, options, cursor=batches[-1].cursor)
    assert [request.query.get("page") for request in server.requests[1:]] == [None, "3", "4"]
    assert {int(post.native_id.rpartition("-")[2]) - 10_000 for post in second.posts} == {2, 3, 6, 7, 8, 9}
    assert second.outcome.complete


def test_endless_paging_ends_at_the_cap_and_the_rest_comes_next_time(server: Replay, http: HttpClient) -> None:
    def answer(request: Request) -> Answer:
        number = int(request.query.get("page", "1"))
        return page(number, body=f'<a rel=next href="/list?page={number + 1}">next</a>')

    server.rule("/list", answer)
    first = crawl(server, http, "/list", next="a[rel=next]", max_pages=3)
    assert (len(first.posts), first.outcome.reason) == (3, "limit_reached")
    assert first.cursor["left"] == [server.url("/list?page=4")]


def test_a_site_that_changed_is_told_until_it_gives_items_again(server: Replay, http: HttpClient) -> None:
    server.add("/", html("<p>All new, with scripts.</p>"))
    site = site_of({"start": server.url("/")})
    before = Cursor.read({}, site).with_page(server.url("/"), ["a", "b"], site)
    now = crawl(server, http, cursor=before.to_json())
    assert (now.outcome.complete, now.outcome.reason) == (False, "bad_answer")
    assert "used to give 2 items and now gives none" in now.outcome.detail
    assert not now.batches  # so that the next run complains again


@pytest.mark.parametrize(
    ("answer", "reason", "permanent", "words"),
    [
        (Answer(403, HTML, b"no"), "not_allowed", True, "refuses to show us the page"),
        (Answer(302, {"location": "https://www.linkedin.com/company/x"}), "not_allowed", True, "LinkedIn's terms"),
    ],
    ids=["403", "to a forbidden site"],
)  # fmt: skip
def test_a_refusal_ends_the_run_in_words(
    server: Replay, http: HttpClient, answer: Answer, reason: str, permanent: bool, words: str
) -> None:
    server.add("/", answer)
    error = refused(server, http)
    assert (error.reason, error.permanent) == (reason, permanent)
    assert words in error.detail
    assert paths(server) == ["/"]


@pytest.mark.parametrize(
    ("robots", "words"),
    [
        (Answer(200, TEXT, b"User-agent: Outspoken\nDisallow: /"), "robots.txt of 127.0.0.1 does not allow"),
        (Answer(503, TEXT, b""), "cannot be had now (HTTP 503)"),
    ],
    ids=["disallow", "broken"],
)
def test_robots_txt_is_obeyed(server: Replay, http: HttpClient, robots: Answer, words: str) -> None:
    server.add("/robots.txt", robots)
    server.add("/", page(1))
    error = refused(server, http)
    assert (error.reason, error.permanent) == ("not_allowed", False)
    assert words in error.detail
    assert not paths(server)


def test_private_addresses_are_not_connected_to(server: Replay) -> None:
    server.add("/", page(1))
    port = server.base_url.rpartition(":")[2]
    with HttpClient(user_agent="Outspoken/test", timeout=5.0) as careful, pytest.raises(CollectError) as caught:
        run(WEB, careful, {"start": f"http://localhost:{port}/"})
    assert "private network" in caught.value.detail
    assert caught.value.permanent
    assert not server.requests


def test_pages_are_asked_for_with_their_validators_and_lie_sealed_on_disk(server: Replay, http: HttpClient) -> None:
    def answer(request: Request) -> Answer:
        if request.headers.get("if-none-match") == '"v1"':
            return Answer(304, {"etag": '"v1"'})
        body = markup([review(1)], '<a rel=next href="/?page=2">2</a>')
        return Answer(200, {**HTML, "etag": '"v1"', "cache-control": "max-age=0"}, body.encode())

    server.rule("/", answer)
    first = crawl(server, http)
    second = crawl(server, http, cursor=first.cursor)
    assert [post.native_id for post in second.posts] == [post.native_id for post in first.posts]
    assert [request.headers.get("if-none-match") for request in server.requests if request.path == "/"] == [
        None,
        '"v1"',
    ]
    kept = [path.read_bytes() for path in (get_settings().data_dir / "web_cache" / "1").iterdir()]
    assert kept
    assert not any(b"Muster" in data or b"Opinion" in data for data in kept)


def test_articles_are_read_once(server: Replay, http: HttpClient) -> None:
    text = "<p>" + "The company opened a plant in the north, and many people came to see it. " * 8 + "</p>"
    for number in (1, 2):
        server.add(
            f"/news/{number}",
            html(f"<article><h1>Plant {number} opens</h1><time datetime=2024-05-0{number}>x</time>{text}</article>"),
        )
    server.add("/", html('<a href="/news/1">a</a><a href="/news/2">b</a><a href="/about">c</a>'))
    first = crawl(server, http, read="article", follow="/news/*")
    assert [(post.kind, post.title) for post in first.posts] == [
        ("article", "Plant 1 opens"), ("article", "Plant 2 opens"),
    ]  # fmt: skip
    assert all("many people came" in post.text for post in first.posts)
    server.requests.clear()
    second = crawl(server, http, cursor=first.cursor, read="article", follow="/news/*")
    assert paths(server) == ["/"]
    assert second.outcome.complete


def test_a_trial_shows_the_first_page_that_has_items(server: Replay, http: HttpClient) -> None:
    server.add("/", html('<a href="/p/1">1</a><a href="/p/2">2</a>'))
    for number in (1, 2):
        server.add(f"/p/{number}", page(number))
    request = CollectRequest(0, {"start": server.url("/"), "follow": "/p/*"}, (), {}, NOW)
    assert WEB.test(request, http) == "The source answers; the first page has 1 items."


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("no_such_module", "The crawler failed. It ended before its work was done (exit code 1"),
        ("this", "something that is not JSON"),
        ("json.tool", "It gave no sign of life"),
    ],
    ids=["crash", "garbage", "silence"],
)
def test_a_crawler_that_fails_is_an_error(
    http: HttpClient, monkeypatch: pytest.MonkeyPatch, module: str, words: str
) -> None:
    monkeypatch.setattr("collectors.web.collector.START_SECONDS", 0.5 if module == "json.tool" else 30.0)
    with pytest.raises(CollectError) as caught:
        run(WebCollector(module=module, silence_seconds=0.5), http, {"start": "https://a.example/"})
    assert caught.value.reason == "bad_answer"
    assert words in caught.value.detail


def test_a_page_that_stalls_the_crawler_is_left_out_from_then_on(http: HttpClient) -> None:
    stuck = WebCollector(module="tests.collectors.stuck_child", silence_seconds=0.3)
    options: dict[str, Json] = {"start": "https://a.example/"}
    (last,), error = until_error(stuck, http, options)
    assert "The page a.example/trap could not be read and is left out" in error.detail
    assert "token" not in error.detail
    assert last.cursor is not None
    assert Cursor.read(last.cursor, site_of(options)).avoid


@pytest.mark.parametrize(
    "damaged",
    [
        {},
        {"site": 5, "known": "x"},
        {"known": [1, None], "left": ["file:///etc/passwd", 7], "gave": {"a": "b"}, "total": True, "avoid": {}},
    ],
)
def test_a_damaged_cursor_is_a_fresh_one(damaged: dict[str, Json]) -> None:
    site = site_of({"start": "https://a.example/"})
    fresh = Cursor.read({}, site)
    assert Cursor.read({"site": fresh.site, **damaged}, site) == Cursor(fresh.site, gave={})
    moved = Cursor(fresh.site).with_page("https://a.example/", ["x"], site).to_json()
    assert Cursor.read(moved, site_of({"start": "https://b.example/"})) == Cursor.read(
        {}, site_of({"start": "https://b.example/"})
    )


def test_a_wrong_setting_is_an_error_of_the_run(http: HttpClient) -> None:
    with pytest.raises(CollectError, match="read: must be one of"):
        run(WEB, http, {"start": "https://a.example/", "read": "all"})


def test_the_cache_is_swept(tmp_path: Path) -> None:
    for source in ("1", "2"):
        (tmp_path / source).mkdir()
        for number in range(3):
            (tmp_path / source / f"{number}.page").write_bytes(b"x" * 100)
    assert sweep(tmp_path, max_bytes=350) == 3
    assert sweep(tmp_path, max_age_days=-1) == 3
    assert not list(tmp_path.glob("*/*"))


def test_a_missing_link_is_no_failure_where_all_else_is_known(server: Replay, http: HttpClient) -> None:
    server.add("/", html('<a href="/news/1">a</a><a href="/news/gone">b</a>'))
    options: dict[str, Json] = {"start": server.url("/"), "read": "article", "follow": "/news/*"}
    site = site_of(options)
    known = Cursor.read({}, site).with_page(server.url("/news/1"), ["x"], site)
    found = run(WEB, http, options, cursor=known.to_json())
    assert (found.posts, found.outcome.complete) == ([], True)
    assert "1 linked pages are not there any more." in found.outcome.detail
