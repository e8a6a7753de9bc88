"""Hacker News against a search that behaves as Algolia's does, and against one that does not."""

import json
import re
from datetime import timedelta

import pytest

from collectors.base import CollectRequest
from collectors.errors import CollectError
from collectors.hackernews import OVERLAP, HackerNewsCollector
from collectors.hackernews_posts import page_of, post_of, post_of_item
from collectors.http import HttpClient
from collectors.post import Json
from collectors.privacy import PrivacyDoor
from tests.collectors.conftest import NOW
from tests.collectors.run import look_again, run
from tests.wire.replay import Answer, Replay, Request

PATH = "/api/v1/search_by_date"
PRESENT = int(NOW.timestamp())
DOOR = PrivacyDoor(b"k" * 32, [])


def hit(number: int, at: int, **more: Json) -> dict[str, Json]:
    """A comment as the search gives it."""
    return {
        "objectID": str(number),
        "author": f"name{number}",
        "comment_text": f"Acme&#x27;s app, number {number}.<p>Second <i>thought</i>.",
        "created_at_i": at,
        "points": None,
        "num_comments": None,
        "parent_id": 7,
        "_tags": ["comment", f"author_name{number}"],
        **more,
    }


class Index:
    """A search over made hits: newest first, at most `served` hits a query, `page_size` a page."""

    def __init__(self, hits: list[dict[str, Json]], served: int = 1_000, page_size: int = 1_000) -> None:
        self.hits = hits
        self.served = served
        self.page_size = page_size

    def __call__(self, request: Request) -> Answer:
        start, end = map(int, re.findall(r"created_at_i[<>]=?(\d+)", request.query["numericFilters"]))
        found = [one for one in self.hits if start <= int(str(one["created_at_i"])) < end]
        found.sort(key=lambda one: -int(str(one["created_at_i"])))
        size = min(self.page_size, int(request.query["hitsPerPage"]))
        page = int(request.query["page"])
        reachable = found[: self.served]
        return Answer.json(
            {
                "hits": reachable[page * size : (page + 1) * size],
                "nbHits": len(found),
                "nbPages": -(-len(reachable) // size),
                "page": page,
            }
        )


def collector(server: Replay, max_requests: int = 60) -> HackerNewsCollector:
    return HackerNewsCollector(server.base_url, max_requests, server.base_url)


def test_hit_becomes_a_post(server: Replay, http: HttpClient) -> None:
    server.rule(PATH, Index([hit(5, PRESENT - 60)]))
    post = run(collector(server), http, {}, terms=("Acme Bank",)).posts[0]
    assert post.native_id == "5"
    assert post.text == "Acme's app, number 5.\nSecond thought."
    assert post.published_at == NOW - timedelta(seconds=60)
    assert post.url == "https://news.ycombinator.com/item?id=5"
    assert (post.kind, post.reply_to, post.counters) == ("comment", "7", {})
    assert post.author is not None
    assert "name5" not in json.dumps(dict(post.raw))
    asked = server.requests[0].query
    assert (asked["query"], asked["tags"]) == ('"acme bank"', "(story,comment)")


def test_story_has_title_counters_and_outbound_link() -> None:
    post = post_of(
        {
            "objectID": "9",
            "title": "Acme &amp; the <b>Bank</b>",
            "url": "https://a.example",
            "points": 0,
            "num_comments": 3,
            "created_at": "2026-02-28T10:00:00.000Z",
        }
    )
    assert post is not None
    assert (post.title, post.text, post.kind) == ("Acme & the Bank", "", "post")
    assert post.counters == {"points": 0, "comments": 3}
    assert post.raw["url"] == "https://a.example"
    assert post.published_at == NOW - timedelta(hours=26)


def test_slices_are_halved_until_all_is_served(server: Replay, http: HttpClient) -> None:
    hits = [hit(number, PRESENT - 2_000_000 + number * 500) for number in range(3_500)]
    server.rule(PATH, Index(hits))
    result = run(collector(server), http, {}, terms=("acme",))
    assert {post.native_id for post in result.posts} == {str(number) for number in range(3_500)}
    assert len(result.posts) == 3_500
    assert result.outcome.complete
    assert http.requests == len(server.requests) < 30


def test_more_hits_in_a_second_than_are_served_is_said(server: Replay, http: HttpClient) -> None:
    server.rule(PATH, Index([hit(number, PRESENT - 5_000) for number in range(1_200)]))
    result = run(collector(server, max_requests=200), http, {}, terms=("acme",))
    assert len({post.native_id for post in result.posts}) == 1_000
    assert (result.outcome.complete, result.outcome.reason) == (False, "limit_reached")


def test_pages_are_followed_when_a_page_holds_less(server: Replay, http: HttpClient) -> None:
    server.rule(PATH, Index([hit(number, PRESENT - number) for number in range(50)], page_size=20))
    result = run(collector(server), http, {}, terms=("acme",))
    assert [len(batch.posts) for batch in result.batches] == [20, 20, 10]
    assert result.outcome.complete


def test_run_stops_at_its_budget_and_goes_on_exactly_there(server: Replay, http: HttpClient) -> None:
    server.rule(PATH, Index([hit(number, PRESENT - 100_000 + number) for number in range(100)], page_size=10))
    first = run(collector(server, max_requests=4), http, {}, terms=("acme",))
    assert (first.outcome.complete, first.outcome.reason) == (False, "limit_reached")
    second = run(collector(server), http, {}, terms=("acme",), cursor=first.cursor)
    assert second.outcome.complete
    numbers = [int(post.native_id) for post in first.posts + second.posts]
    assert sorted(numbers) == list(range(100))


def test_cursor_survives_json_and_next_run_looks_back_by_the_overlap(server: Replay, http: HttpClient) -> None:
    server.rule(PATH, Index([]))
    first = run(collector(server), http, {}, terms=("acme",))
    cursor = json.loads(json.dumps(dict(first.cursor)))
    run(collector(server), http, {}, terms=("acme",), cursor=cursor, now=NOW + timedelta(minutes=10))
    assert f"created_at_i>={PRESENT + 1 - OVERLAP}," in server.requests[-1].query["numericFilters"]


def test_terms_that_the_budget_left_out_come_first_next_time(server: Replay, http: HttpClient) -> None:
    server.rule(PATH, Index([]))
    terms = tuple(f"name{number}" for number in range(5))
    first = run(collector(server, max_requests=3), http, {}, terms=terms)
    later = NOW + timedelta(minutes=1)
    second = run(collector(server, max_requests=3), http, {}, terms=terms, cursor=first.cursor, now=later)
    asked = [request.query["query"].strip('"') for request in server.requests]
    assert set(asked[:5]) == set(terms)
    assert asked[5] == terms[0]
    assert second.outcome.complete is False


def test_new_term_gets_its_own_backfill_and_old_ones_are_forgotten(server: Replay, http: HttpClient) -> None:
    server.rule(PATH, Index([]))
    first = run(collector(server), http, {"backfill_days": 2}, terms=("acme", "rival"))
    second = run(collector(server), http, {"backfill_days": 2}, terms=("Acme", "new"), cursor=first.cursor)
    starts = [request.query["numericFilters"].split(",")[0] for request in server.requests[-2:]]
    assert starts == [f"created_at_i>={PRESENT - 2 * 86_400}", f"created_at_i>={PRESENT + 1 - OVERLAP}"]
    terms = second.cursor["terms"]
    assert isinstance(terms, dict)
    assert set(terms) == {"acme", "new"}


@pytest.mark.parametrize(
    "cursor",
    [
        {"terms": {"acme": {"reached": PRESENT * 2}}},
        {"terms": {"acme": {"reached": "x"}}},
        {"terms": {"acme": {"reached": PRESENT, "until": 5, "page": -3}}},
        {"terms": [1]},
    ],
)
def test_strange_cursors_do_not_silence_a_term(server: Replay, http: HttpClient, cursor: dict[str, Json]) -> None:
    server.rule(PATH, Index([hit(1, PRESENT - 60)]))
    assert len(run(collector(server), http, {}, terms=("acme",), cursor=cursor).posts) == 1


def test_bad_hits_are_counted_and_good_ones_kept(server: Replay, http: HttpClient) -> None:
    hits = [None, "x", {}, {"objectID": "../x"}, {"objectID": 12, "created_at_i": 10**30}, hit(1, PRESENT), hit(1, 2)]
    server.add(PATH, Answer.json({"hits": hits, "nbHits": 7, "nbPages": 1}))
    result = run(collector(server), http, {}, terms=("acme",))
    assert [post.native_id for post in result.posts] == ["12", "1"]
    assert result.posts[0].published_at is None
    assert "4 hits could not be read" in result.outcome.detail


def test_false_counts_do_not_keep_the_run_going(server: Replay, http: HttpClient) -> None:
    server.add(PATH, Answer.json({"hits": [hit(1, PRESENT)], "nbHits": 10**9, "nbPages": 1}))
    run(collector(server), http, {}, terms=("acme",))
    assert http.requests == 1
    server.add(PATH, Answer.json({"hits": [hit(1, PRESENT)], "nbHits": 5, "nbPages": 10**9}))
    run(collector(server), http, {}, terms=("acme",))
    assert http.requests == 3


def test_search_that_ignores_the_time_is_asked_twice_and_said(server: Replay, http: HttpClient) -> None:
    server.add(
        PATH, Answer.json({"hits": [hit(1, PRESENT - 9), hit(2, PRESENT - 10**6)], "nbHits": 5_000, "nbPages": 50})
    )
    result = run(collector(server), http, {}, terms=("acme",))
    assert {post.native_id for post in result.posts} == {"1", "2"}
    assert (result.outcome.reason, http.requests) == ("bad_answer", 2)


@pytest.mark.parametrize("answer", [None, [], {"hits": None}, {"hits": {}}, {"message": "x"}])
def test_answer_without_hits_is_an_error(answer: Json) -> None:
    with pytest.raises(CollectError, match="list of hits"):
        page_of(answer)


def test_html_and_limits_are_errors_in_words(server: Replay, http: HttpClient) -> None:
    server.add(PATH, Answer(200, {}, b"<html>busy"), Answer(429, {"Retry-After": "60"}, b""))
    with pytest.raises(CollectError, match="HTML page"):
        run(collector(server), http, {}, terms=("acme",))
    with pytest.raises(CollectError, match="asks to wait") as caught:
        run(collector(server), http, {}, terms=("acme",))
    assert caught.value.retry_at == NOW + timedelta(minutes=1)


def test_one_term_does_not_stop_the_others(server: Replay, http: HttpClient) -> None:
    index = Index([hit(1, PRESENT - 60)])
    server.rule(PATH, lambda request: Answer(500) if "rival" in request.query["query"] else index(request))
    result = run(collector(server), http, {}, terms=("rival", "acme"))
    assert (len(result.posts), result.outcome.complete, result.outcome.reason) == (1, False, "unreachable")
    server.add(PATH, Answer(500))
    with pytest.raises(CollectError, match="fault of its own"):
        run(collector(server), http, {}, terms=("rival", "acme"))


def test_no_terms_is_said(http: HttpClient) -> None:
    assert "no names" in run(HackerNewsCollector("http://127.0.0.1:1"), http, {}, terms=(" ",)).outcome.detail


def test_options_are_checked_by_name() -> None:
    checked = HackerNewsCollector().check_options({"backfill_days": "7", "comments": "no"})
    assert checked == {"backfill_days": 7, "comments": False}
    for bad in ({"backfill_days": -1}, {"backfill_days": True}, {"comments": "maybe"}, {"commments": True}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            HackerNewsCollector().check_options(bad)


def item(number: int, **more: Json) -> Answer:
    """A single item as the database gives it."""
    made = {"id": number, "type": "comment", "by": f"name{number}", "time": PRESENT - 60, "parent": 7, "text": "Acme."}
    return Answer.json(made | more)


def test_comment_names_its_story_beside_its_title() -> None:
    post = post_of(hit(5, PRESENT, story_title="Acme &amp; Co", story_id=3))
    assert post is not None
    assert (post.title, post.stated) == (None, {"story_title": "Acme & Co"})


def test_second_look_is_the_same_post_with_new_counters(server: Replay, http: HttpClient) -> None:
    collected = post_of(hit(5, PRESENT - 60))
    text = "Acme&#x27;s app, number 5.<p>Second <i>thought</i>."
    server.add("/v0/item/5.json", item(5, text=text))
    server.add("/v0/item/6.json", item(6, type="story", title="Acme", score=9, descendants=0, parent=None, text=None))
    result = look_again(collector(server), http, {}, ("5", "6"))
    first, story = result.posts
    assert collected is not None
    for name in ("native_id", "text", "url", "title", "published_at", "author", "kind", "reply_to", "counters"):
        assert getattr(first, name) == getattr(collected, name)
    assert (story.kind, story.title, story.counters) == ("post", "Acme", {"points": 9, "comments": 0})
    assert result.outcome.complete
    assert all(batch.cursor is None for batch in result.batches)


def test_second_look_tells_deletions_and_edits(server: Replay, http: HttpClient) -> None:
    server.add("/v0/item/1.json", Answer.json(None))
    server.add("/v0/item/2.json", Answer.json({"id": 2, "type": "comment", "deleted": True, "time": 5}))
    server.add("/v0/item/3.json", item(3, dead=True))
    server.add("/v0/item/4.json", item(4, text="Changed"))
    result = look_again(collector(server), http, {}, ("1", "2", "3", "4", "../x", "4"))
    assert sorted(result.deleted) == ["1", "2", "3"]
    assert [post.text for post in result.posts] == ["Changed"]
    assert http.requests == 4


@pytest.mark.parametrize("answer", [Answer(200, {}, b"<html>"), Answer.json([]), Answer.json({"id": 9}), item(9)])
def test_item_that_cannot_be_read_is_no_deletion(server: Replay, http: HttpClient, answer: Answer) -> None:
    server.add("/v0/item/1.json", answer)
    server.add("/v0/item/2.json", item(2))
    result = look_again(collector(server), http, {}, ("1", "2"))
    assert ([post.native_id for post in result.posts], result.deleted) == (["2"], [])
    assert (result.outcome.reason, "1 items" in result.outcome.detail) == ("bad_answer", True)


def test_what_was_read_before_a_failure_is_kept(server: Replay, http: HttpClient) -> None:
    server.add("/v0/item/1.json", item(1))
    server.add("/v0/item/2.json", Answer(500))
    steps = collector(server).refresh(CollectRequest(1, {}, (), {}, NOW), ("1", "2", "3"), http)
    assert [post.native_id for post in next(steps).posts] == ["1"]
    with pytest.raises(CollectError) as caught:
        next(steps)
    assert (caught.value.reason, http.requests) == ("unreachable", 2)


def test_stored_raw_gives_the_same_post_again() -> None:
    for post in (post_of(hit(5, PRESENT, story_title="Acme")), post_of_item({"id": 5, "type": "job", "title": "A"})):
        assert post is not None
        again = HackerNewsCollector().map_item(DOOR.admit(post, NOW, 1_000).raw)
        assert again is not None
        assert again.author is None
        for name in ("native_id", "text", "url", "title", "published_at", "kind", "reply_to", "counters", "stated"):
            assert getattr(again, name) == getattr(post, name)
    signed = post_of(hit(5, PRESENT, comment_text="I am name5."))
    assert signed is not None
    stored = DOOR.admit(signed, NOW, 1_000)
    again = HackerNewsCollector().map_item(stored.raw)
    assert again is not None
    assert again.text == stored.text == "I am [author]."
    assert HackerNewsCollector().map_item({**stored.raw, "comment_text": "[author]"}) is None


def test_host_is_that_of_the_search() -> None:
    assert HackerNewsCollector().host({}) == "hn.algolia.com"


def test_many_that_vanish_at_once_are_believed_only_of_a_database_that_answers(
    server: Replay, http: HttpClient
) -> None:
    names = tuple(str(number) for number in range(50, 60))
    for name in (*names, "1"):
        server.add(f"/v0/item/{name}.json", Answer.json(None))
    doubted = look_again(collector(server), http, {}, names)
    assert (doubted.deleted, doubted.outcome.reason) == ([], "bad_answer")
    server.add("/v0/item/1.json", item(1))
    assert look_again(collector(server), http, {}, names).deleted == list(names)
