"""GDELT's DOC 2.0 API in the documented shape, with the faults that its users report."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from collectors.base import CollectRequest
from collectors.errors import CollectError
from collectors.gdelt import OVERLAP, GdeltCollector
from collectors.gdelt_answers import articles_of, post_of, volume_of
from collectors.http import HttpClient
from collectors.post import Json
from collectors.privacy import PrivacyDoor
from tests.collectors.conftest import NOW
from tests.collectors.run import Run, run
from tests.wire.replay import Answer, Replay, Request

PATH = "/api/v2/doc/doc"
PRESENT = int(NOW.timestamp())


def article(number: int, at: datetime = NOW - timedelta(hours=5), **more: Json) -> dict[str, Json]:
    """An article as the list gives it."""
    return {
        "url": f"https://news.example/{number}", "url_mobile": "", "title": f"Acme Bank  closes branch {number}",
        "seendate": f"{at:%Y%m%dT%H%M%SZ}", "socialimage": "https://news.example/x.jpg", "domain": "news.example",
        "language": "German", "sourcecountry": "Germany", **more,
    }  # fmt: skip


class Index:
    """A search over made articles: newest first, at most 250 a question."""

    def __init__(self, articles: list[dict[str, Json]]) -> None:
        self.articles = articles

    def __call__(self, request: Request) -> Answer:
        start, end = (
            f"{datetime.strptime(request.query[name], '%Y%m%d%H%M%S').replace(tzinfo=UTC):%Y%m%dT%H%M%SZ}"
            for name in ("startdatetime", "enddatetime")
        )
        found = [one for one in self.articles if start <= str(one["seendate"]) < end]
        if request.query["mode"] == "timelinevolraw":
            return Answer.json({"timeline": [{"data": [{"value": len(found)}, {"value": None}]}]})
        found.sort(key=lambda one: str(one["seendate"]), reverse=True)
        return Answer.json({"articles": found[:250]} if found else {})


def collected(server: Replay, http: HttpClient, cap: int = 20, **more: object) -> Run:
    options = more.pop("options", {})
    given: dict[str, object] = {"terms": ("Acme Bank",), **more}
    return run(GdeltCollector(server.base_url, cap), http, options, **given)  # type: ignore[arg-type]


def test_article_becomes_a_post(server: Replay, http: HttpClient) -> None:
    server.rule(PATH, Index([article(1)]))
    result = collected(server, http, options={"language": "German"})
    post = result.posts[0]
    assert (post.native_id, post.title, post.text) == ("https://news.example/1", "Acme Bank closes branch 1", "")
    assert (post.kind, post.lang, post.published_at) == ("article", "de", NOW - timedelta(hours=5))
    assert result.outcome.complete
    asked = server.requests[0].query
    assert (asked["query"], asked["maxrecords"], asked["sort"]) == ('"acme bank" sourcelang:german', "250", "datedesc")
    assert (asked["startdatetime"], asked["enddatetime"]) == ("20260226120000", "20260301120000")
    again = GdeltCollector().map_item(PrivacyDoor(b"k" * 32, []).admit(post, NOW, 1_000).raw)
    assert again == post


def test_single_words_stand_bare_and_phrases_in_quotes(server: Replay, http: HttpClient) -> None:
    server.rule(PATH, Index([]))
    collected(server, http, terms=("Acme", "AT&T", 'Acme "the" Bank'))
    assert {request.query["query"] for request in server.requests} == {"acme", '"at&t"', '"acme  the  bank"'}


def test_full_slices_are_halved_until_all_is_served(server: Replay, http: HttpClient) -> None:
    server.rule(PATH, Index([article(number, NOW - timedelta(minutes=number)) for number in range(1, 1_001)]))
    result = collected(server, http, cap=60)
    assert len({post.native_id for post in result.posts}) == 1_000
    assert result.outcome.complete
    assert json.loads(json.dumps(dict(result.cursor))) == {"terms": {"acme bank": {"reached": PRESENT - OVERLAP}}}


def test_more_in_a_quarter_of_an_hour_than_is_served_is_counted_by_the_timeline(
    server: Replay, http: HttpClient
) -> None:
    server.rule(PATH, Index([article(number, NOW - timedelta(minutes=50)) for number in range(400)]))
    result = collected(server, http, cap=60)
    assert (result.outcome.complete, result.outcome.reason) == (False, "limit_reached")
    assert "250 of 400 articles on 'acme bank'" in result.outcome.detail


def test_a_capped_run_goes_on_where_it_stopped(server: Replay, http: HttpClient) -> None:
    server.rule(PATH, Index([article(number, NOW - timedelta(minutes=4 * number)) for number in range(1, 1_001)]))
    first = collected(server, http, cap=4)
    assert first.outcome.reason == "limit_reached"
    second = collected(server, http, cap=60, cursor=first.cursor)
    assert len({post.native_id for post in first.posts + second.posts}) == 1_000


def test_a_name_that_is_refused_does_not_stop_the_others(server: Replay, http: HttpClient) -> None:
    index = Index([article(1)])
    refusal = Answer(200, {"content-type": "text/html"}, b"The specified phrase is too short.")
    server.rule(PATH, lambda request: refusal if "ab" in request.query["query"] else index(request))
    result = collected(server, http, terms=("ab", "Acme Corp"))
    assert (len(result.posts), result.outcome.complete) == (1, True)
    assert "GDELT does not search for 'ab': The specified phrase is too short." in result.outcome.detail
    with pytest.raises(CollectError, match="does not search"):
        collected(server, http, terms=("ab",))


def test_damaged_lists_lose_only_what_is_damaged() -> None:
    good = json.dumps(article(1))
    bad = '{"url": "https://news.example/2", "title": "cut off'
    wrong_escape = good.replace("closes", "clo\\ses \\'x\\' \t")
    found = articles_of(f'{{"articles": [{good}, {wrong_escape}]}}'.encode())
    assert (len(found.items), found.unread) == (2, 0)
    broken = articles_of(f'HTTP/1.1 200 OK\n{{"articles": [{good}, {bad}, {good}'.encode())
    assert (len(broken.items), broken.unread) == (2, 1)
    latin = articles_of(b'{"articles": [{"url": "https://a.example", "title": "Caf\xe9"}]}')
    assert (post_of(latin.items[0]) or post_of(None)) is not None


def test_bad_items_are_counted(server: Replay, http: HttpClient) -> None:
    bad: list[Json] = [None, "x", {}, article(2, url="javascript:x"), article(3, title=5), article(4, seendate=7)]
    server.add(PATH, Answer.json({"articles": [*bad, article(1)]}))
    result = collected(server, http)
    assert [post.native_id for post in result.posts] == ["https://news.example/4", "https://news.example/1"]
    assert result.posts[0].published_at is None
    assert "5 articles could not be read" in result.outcome.detail


@pytest.mark.parametrize(
    ("answer", "reason", "word"),
    [
        (Answer(429, {}, b"Please limit requests to one every 5 seconds"), "rate_limited", "asks to wait"),
        (Answer(200, {}, b"Please limit requests to one every 5 seconds or contact us."), "rate_limited", "fewer"),
        (Answer(200, {}, b"<html>Requests are down</html>"), "bad_answer", "HTML page"),
        (Answer(200, {}, b"hello"), "bad_answer", "not JSON"),
        (Answer(200, {}, b""), "bad_answer", "not JSON"),
        (Answer.json([]), "bad_answer", "not JSON"),
        (Answer.json({"articles": 5}), "bad_answer", "list of articles"),
        (Answer(200, {}, b'{"articles": [{"url": "x'), "bad_answer", "cannot be read"),
        (Answer(503), "unreachable", "fault of its own"),
        (Answer(404), "gone", "not found"),
    ],
)
def test_refusals_are_said_in_words(server: Replay, http: HttpClient, answer: Answer, reason: str, word: str) -> None:
    server.add(PATH, answer)
    with pytest.raises(CollectError, match=word) as caught:
        collected(server, http)
    assert (caught.value.reason, caught.value.permanent) == (reason, False)
    assert caught.value.retry_at == (NOW + timedelta(minutes=15) if reason == "rate_limited" else None)


def test_strange_cursors_options_and_connection_test(server: Replay, http: HttpClient) -> None:
    server.rule(PATH, Index([article(1, NOW - timedelta(hours=1))]))
    for known in ({"reached": "x"}, {"reached": -1}, {"reached": PRESENT * 9}, {"reached": 1}, [1], None):
        for cursor in ({"terms": {"acme bank": known}}, {"terms": known}):
            assert len(collected(server, http, cursor=cursor).posts) == 1
    request = CollectRequest(1, {}, ("Acme",), {}, NOW)
    assert "counts 1 articles of the last day for 'Acme'" in GdeltCollector(server.base_url).test(request, http)
    assert volume_of(b"{}") is None
    for bad in ({"language": "d!"}, {"language": 5}, {"backfill_days": 91}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            GdeltCollector().check_options(bad)
