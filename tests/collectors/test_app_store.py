"""The App Store's review feed against a server that behaves as the real one does, and against one that does not."""

import json
from datetime import timedelta

import pytest

from collectors.app_store import AppStoreCollector
from collectors.app_store_feed import json_page, post_of, xml_page
from collectors.errors import CollectError
from collectors.http import HttpClient
from collectors.post import Json
from collectors.privacy import PrivacyDoor
from tests.collectors.conftest import NOW
from tests.collectors.run import Run, run
from tests.wire.replay import Answer, Replay

APP = "123456789"


def path(country: str = "us", page: int | None = 1, shape: str = "json") -> str:
    return f"/{country}/rss/customerreviews/{f'page={page}/' if page else ''}id={APP}/sortby=mostrecent/{shape}"


def review(number: int, days: float = 1, **more: Json) -> dict[str, Json]:
    """A review as the JSON feed gives it."""
    return {
        "id": {"label": str(number)},
        "author": {"name": {"label": f"Name {number}"}, "uri": {"label": f"https://itunes.apple.com/us/reviews/id77{number}"}},
        "updated": {"label": (NOW - timedelta(days=days)).isoformat()},
        "im:rating": {"label": "2"},
        "im:version": {"label": "1.2"},
        "im:voteCount": {"label": "4"},
        "title": {"label": " Slow\n app "},
        "content": {"label": f"Number {number}.", "attributes": {"type": "text"}},
        "link": {"attributes": {"rel": "related", "href": "https://itunes.apple.com/us/review?id=1"}},
        **more,
    }  # fmt: skip


def feed(*entries: Json, last: int = 1) -> Answer:
    """A page; one entry comes as an object, none as nothing, as the real feed does it."""
    link = {
        "attributes": {"rel": "last", "href": f"https://itunes.apple.com/us/rss/customerreviews/page={last}/id=1/xml"}
    }
    body: dict[str, Json] = {"link": [link]}  # type: ignore[list-item]
    if entries:
        body["entry"] = entries[0] if len(entries) == 1 else list(entries)
    return Answer.json({"feed": body})


def collected(server: Replay, http: HttpClient, cap: int = 120, **more: object) -> Run:
    options = {"app_id": APP, **more.pop("options", {})}  # type: ignore[dict-item]
    return run(AppStoreCollector(server.base_url, cap), http, options, **more)  # type: ignore[arg-type]


def test_review_becomes_a_post(server: Replay, http: HttpClient) -> None:
    server.add(path(), feed(review(5)))
    server.add(path(page=2), feed())
    post = collected(server, http).posts[0]
    assert (post.native_id, post.title, post.text) == ("5", "Slow app", "Number 5.")
    assert (post.kind, post.rating, post.counters) == ("review", 2.0, {})
    assert post.stated == {"kind": "review", "stars": "2", "author_status": "customer"}
    assert post.published_at == NOW - timedelta(days=1)
    stored = PrivacyDoor(b"k" * 32, []).admit(post, NOW, 1_000)
    assert "Name 5" not in repr(stored)
    assert "775" not in repr(stored)
    again = AppStoreCollector().map_item(stored.raw)
    assert again is not None
    assert (again.text, again.rating, again.published_at) == (post.text, post.rating, post.published_at)


def test_pages_are_read_to_the_end_and_later_only_what_is_new(server: Replay, http: HttpClient) -> None:
    for place in (1, 2, 3):
        server.add(path(page=place), feed(*[review(place * 100 + n, days=place * 3) for n in range(50)], last=3))
    server.add(path(page=4), feed(last=3))
    first = collected(server, http)
    assert len(first.posts) == 150
    assert first.outcome.complete
    server.requests.clear()
    cursor = json.loads(json.dumps(dict(first.cursor)))
    server.add(path(), feed(review(1, days=0), review(101, days=3, content={"label": "changed"}), last=3))
    second = collected(server, http, cursor=cursor)
    assert [post.text for post in second.posts][:2] == ["Number 1.", "changed"]
    assert len(server.requests) == 2  # page 2 is older than what is known


def test_next_link_trap_ends_the_walk(server: Replay, http: HttpClient) -> None:
    for place in range(1, 11):
        server.add(path(page=place), feed(review(1), review(2), last=10))
    result = collected(server, http)
    assert (len(result.posts), len(server.requests)) == (2, 2)
    assert result.outcome.complete


def test_empty_is_not_none(server: Replay, http: HttpClient) -> None:
    server.add(path(), feed(review(1)), feed())
    server.add(path(page=2), feed())
    first = collected(server, http)
    second = collected(server, http, cursor=first.cursor)
    assert (second.outcome.complete, second.outcome.reason) == (False, "bad_answer")
    assert "not taken for none" in second.outcome.detail
    before, after = (dict(one.cursor)["countries"]["us"] for one in (first, second))  # type: ignore[index,call-overload]
    assert before["newest"] == after["newest"]  # type: ignore[index,call-overload]


def test_an_app_without_any_reviews_is_said(server: Replay, http: HttpClient) -> None:
    server.add(path(), feed())
    result = collected(server, http)
    assert (result.outcome.complete, result.outcome.reason) == (False, "bad_answer")
    assert "no proof of none" in result.outcome.detail
    server.add(path("gb"), feed(review(1)))
    server.add(path("gb", 2), feed())
    assert collected(server, http, options={"countries": "us, GB"}).outcome.complete


def test_an_empty_page_before_the_last_is_believed_the_fourth_time(server: Replay, http: HttpClient) -> None:
    server.add(path(), feed(review(1), last=5))
    server.add(path(page=2), feed(last=5))
    cursor: Json = {}
    for _ in range(3):
        result = collected(server, http, cursor=cursor)
        assert (result.outcome.reason, len(result.posts)) == ("bad_answer", 1)
        cursor = dict(result.cursor)
    assert collected(server, http, cursor=cursor).outcome.complete


def test_dates_that_json_lacks_come_from_xml(server: Replay, http: HttpClient) -> None:
    old = {name: value for name, value in review(5).items() if name != "updated"}
    app: Json = {"im:name": {"label": "The app"}, "id": {"label": "1"}}
    server.add(path(), feed(app, old))
    server.add(path(page=2), feed())
    xml = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:im="http://itunes.apple.com/rss"><entry><id>5</id>'
        '<updated>2026-02-01T10:00:00-07:00</updated><content type="text">x</content></entry></feed>'
    )
    server.add(path(shape="xml"), Answer(200, {}, xml.encode()))
    result = collected(server, http)
    assert [str(post.published_at) for post in result.posts] == ["2026-02-01 17:00:00+00:00"]
    server.add(path(shape="xml"), Answer(200, {}, b'<!DOCTYPE x [<!ENTITY a "b">]><feed/>'))
    undated = collected(server, http)
    assert undated.posts[0].published_at is None
    assert "1 reviews came without a date" in undated.outcome.detail


def test_bad_entries_are_counted_and_good_ones_kept(server: Replay, http: HttpClient) -> None:
    stars: dict[str, Json] = {"im:rating": {"label": "9"}}
    bad: list[Json] = [
        None,
        "x",
        {"id": 5},
        {**review(7), **stars},
        review(8, title=None, content=5),
    ]
    server.add(path(), feed(*bad, review(1), review(2, author="x", link=[])))
    server.add(path(shape="xml"), Answer(404))
    result = collected(server, http)
    assert [post.native_id for post in result.posts] == ["8", "1", "2"]
    assert "4 reviews could not be read" in result.outcome.detail


def test_one_country_does_not_stop_the_others(server: Replay, http: HttpClient) -> None:
    server.add(path("de"), Answer(403))
    server.add(path("us"), feed(review(1)))
    server.add(path("us", 2), feed())
    result = collected(server, http, options={"countries": "de,fr,us"})
    assert len(result.posts) == 1
    assert (result.outcome.complete, result.outcome.reason) == (False, "unreachable")
    assert "DE: The App Store refuses for now" in result.outcome.detail
    assert "does not know the app" in result.outcome.detail


def test_the_cap_of_requests_lets_countries_take_turns(server: Replay, http: HttpClient) -> None:
    for country in ("de", "us"):
        server.add(path(country), feed(review(1 if country == "de" else 2)))
        server.add(path(country, 2), feed())
    first = collected(server, http, 6, options={"countries": "de,us"})
    assert (first.outcome.reason, [post.native_id for post in first.posts]) == ("limit_reached", ["1"])
    second = collected(server, http, 6, options={"countries": "de,us"}, cursor=first.cursor)
    assert [post.native_id for post in second.posts] == ["2"]


@pytest.mark.parametrize(
    ("answer", "reason", "word"),
    [
        (Answer(200, {}, b"<html>"), "bad_answer", "HTML page"),
        (Answer(200, {}, b'{"feed": '), "bad_answer", "not JSON"),
        (Answer.json({"feed": []}), "bad_answer", "without its feed"),
        (Answer.json([]), "bad_answer", "without its feed"),
        (Answer(503), "unreachable", "fault of its own"),
        (Answer(403), "unreachable", "overloaded"),
        (Answer(404), "gone", "does not know the app"),
        (Answer(429, {"retry-after": "60"}), "rate_limited", "asks to wait"),
    ],
)
def test_refusals_are_said_in_words(server: Replay, http: HttpClient, answer: Answer, reason: str, word: str) -> None:
    server.add(path(), answer)
    with pytest.raises(CollectError, match=word) as caught:
        collected(server, http)
    assert (caught.value.reason, caught.value.permanent) == (reason, False)


def test_xml_is_read_as_json_is() -> None:
    with pytest.raises(CollectError, match="XML that cannot be read"):
        xml_page(b"<feed>")
    assert xml_page(b'<feed xmlns="http://www.w3.org/2005/Atom"/>').entries == ()
    assert json_page(b'{"feed": {"entry": 5, "link": "x"}}').entries == ()
    huge = post_of(review(1, content={"label": "x" * 1_000_000}))
    assert huge is not None


def test_strange_cursors_and_options(server: Replay, http: HttpClient) -> None:
    server.add(path(), feed(review(1)))
    server.add(path(page=2), feed())
    for known in ({"newest": 10**30, "read": "x", "doubts": -1}, [1], None, {"newest": "x"}):
        for cursor in ({"countries": {"us": known}}, {"countries": known}):
            assert len(collected(server, http, cursor=cursor).posts) == 1
    checked = AppStoreCollector().check_options({"app_id": 123456, "countries": "US,de,us", "pages": "3"})
    assert checked == {"app_id": "123456", "countries": "us,de", "pages": 3}
    good: dict[str, Json] = {"app_id": APP}
    for bad in ({"app_id": "com.x"}, {"app_id": True}, {"countries": "usa"}, {"countries": ""}, {"pages": 11}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            AppStoreCollector().check_options({**good, **bad})
