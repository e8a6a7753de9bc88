"""X search against a platform that bounds, pages, counts and bills as X does."""

import json
import logging
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from collectors.base import CollectRequest
from collectors.errors import CollectError
from collectors.http import HttpClient
from collectors.meter import Meter
from collectors.post import Json
from collectors.privacy import PrivacyDoor
from collectors.x import XCollector
from tests.collectors.conftest import NOW
from tests.collectors.run import Run, look_again, run
from tests.collectors.x_platform import COUNTS, KEYS, LOOKUP, SEARCH, Platform, problem, tweet
from tests.wire.replay import Answer, Replay, Rule

TERMS = ("Acme Bank", "Acme")
PLAIN: dict[str, Json] = {"counts_first": False}
DOOR = PrivacyDoor(b"k" * 32, [])


def collect(server: Replay, http: HttpClient, options: dict[str, Json] | None = None, **more: object) -> Run:
    given: dict[str, object] = {"terms": TERMS, "credentials": KEYS, **more}
    requests = int(str(given.pop("max_requests", 60)))
    return run(XCollector(server.base_url, requests), http, options or PLAIN, **given)  # type: ignore[arg-type]


def ids(found: Run) -> list[str]:
    return [post.native_id for post in found.posts]


def test_a_search_reads_all_pages_with_authors(server: Replay, http: HttpClient) -> None:
    platform = Platform(server, [tweet(number, number) for number in range(1, 251)])
    meter = Meter()
    found = collect(server, http, meter=meter)
    assert len(ids(found)) == len(set(ids(found))) == 250
    assert [len(batch.posts) for batch in found.batches] == [100, 100, 50]
    assert (found.outcome.complete, found.outcome.reason) == (True, "ok")
    asked = platform.asked(SEARCH)[0]
    assert asked["query"] == '("acme bank" OR "acme") -is:retweet'
    assert asked["start_time"] == "2026-02-22T12:05:00Z"
    assert server.requests[0].headers["authorization"] == "Bearer AAAA-secret"
    assert meter.cost == pytest.approx(250 * 0.005 + 30 * 0.010)
    stored = DOOR.admit(found.posts[0], NOW, 10_000)
    assert (stored.followers, stored.lang, stored.url) == (77, "en", f"https://x.com/i/status/{stored.native_id}")
    assert stored.text == "Acme Bank, number 1 & more https://acme.example/1"
    assert stored.counters["impressions"] == 500


def test_the_next_run_reads_only_what_is_new(server: Replay, http: HttpClient) -> None:
    platform = Platform(server, [tweet(60 + number, number) for number in range(30)])
    first = collect(server, http)
    platform.tweets.append(tweet(5, 99))
    second = collect(server, http, cursor=first.cursor)
    assert ids(second) == [str(tweet(5, 99)["id"])]
    assert platform.asked(SEARCH)[-1]["since_id"] == str(tweet(60, 0)["id"])
    third = collect(server, http, cursor=second.cursor)
    assert ids(third) == []
    assert platform.asked(SEARCH)[-1]["since_id"] == str(tweet(5, 99)["id"])
    assert len(platform.read) == 31


def test_a_run_cut_off_goes_on_without_a_gap_and_buys_nothing_twice(server: Replay, http: HttpClient) -> None:
    platform = Platform(server, [tweet(100 + number, number) for number in range(350)])
    cut = collect(server, http, max_requests=2)
    assert (cut.outcome.reason, cut.outcome.next_check) == ("limit_reached", timedelta(minutes=1))
    platform.tweets += [tweet(1, 900), tweet(2, 901)]
    rest = collect(server, http, cursor=json.loads(json.dumps(cut.cursor)))
    assert len(set(ids(cut)) | set(ids(rest))) == 352
    assert len(platform.read) == 352
    assert rest.outcome.complete
    assert rest.cursor["windows"] == {}


def test_a_429_in_the_middle_keeps_what_was_read(server: Replay, http: HttpClient) -> None:
    platform = Platform(server, [tweet(100 + number, number) for number in range(250)])
    reset = int((NOW + timedelta(minutes=7)).timestamp())
    limited = Answer(429, {"content-type": "text/plain", "x-rate-limit-reset": str(reset)}, b"Rate limit exceeded\n")
    answers: Iterator[Rule] = iter([platform.search, lambda _: limited])
    server.rule(SEARCH, lambda request: next(answers)(request))
    steps = XCollector(server.base_url).collect(CollectRequest(1, PLAIN, TERMS, {}, NOW, KEYS), http)
    kept = next(steps)
    with pytest.raises(CollectError) as caught:
        next(steps)
    assert (caught.value.reason, caught.value.retry_at) == ("rate_limited", NOW + timedelta(minutes=7))
    server.rule(SEARCH, platform.search)
    rest = collect(server, http, cursor=kept.cursor)
    assert len(rest.posts) == 150
    assert len(platform.read) == len(set(platform.read)) == 250


def test_nothing_new_by_the_counts_reads_no_post(server: Replay, http: HttpClient) -> None:
    platform = Platform(server, [tweet(60 + number, number) for number in range(30)])
    first = collect(server, http, {"counts_first": True})
    assert len(first.posts) == 30
    assert first.cursor["counted"]["posts"] == 30  # type: ignore[index,call-overload]
    meter = Meter()
    second = collect(server, http, {"counts_first": True}, cursor=first.cursor, meter=meter)
    assert (len(second.posts), second.outcome.complete) == (0, True)
    assert meter.cost == pytest.approx(0.005)
    assert len(platform.asked(SEARCH)) == 1
    assert platform.asked(COUNTS)[-1]["since_id"] == str(tweet(60, 0)["id"])


@pytest.mark.parametrize("answer", [Answer(404, {}, b"<html>"), Answer(500, {}, b""), Answer(200, {}, b"<html>")])
def test_posts_are_read_where_counting_fails(server: Replay, http: HttpClient, answer: Answer) -> None:
    Platform(server, [tweet(5, 1)])
    server.add(COUNTS, answer)
    found = collect(server, http, {"counts_first": True})
    assert len(found.posts) == 1
    assert "could not be counted" in found.outcome.detail


def test_an_old_since_id_is_no_gap_while_runs_went_on(server: Replay, http: HttpClient) -> None:
    platform = Platform(server, [tweet(60, 1)])
    first = collect(server, http)
    later = NOW + timedelta(days=8)
    cursor = json.loads(json.dumps(first.cursor).replace("2026-03-01T12:00", "2026-03-09T11:30"))
    platform.now = later
    platform.tweets.append(tweet(-8 * 1440 + 10, 2))
    second = collect(server, http, cursor=cursor, now=later)
    assert (len(second.posts), second.outcome.complete, second.outcome.reason) == (1, True, "ok")
    assert platform.asked(SEARCH)[-1]["start_time"] == "2026-03-09T11:29:00Z"


def test_a_silence_longer_than_the_window_is_a_gap(server: Replay, http: HttpClient) -> None:
    platform = Platform(server, [tweet(60, 1)])
    first = collect(server, http)
    platform.now = NOW + timedelta(days=10)
    platform.tweets.append(tweet(-10 * 1440 + 10, 2))
    second = collect(server, http, cursor=first.cursor, now=platform.now)
    assert (len(second.posts), second.outcome.complete, second.outcome.reason) == (1, False, "gap")
    assert "2026-03-01 12:00 to 2026-03-04 12:05 UTC is lost" in second.outcome.detail
    third = collect(server, http, cursor=second.cursor, now=platform.now)
    assert third.outcome.reason == "ok"


def test_a_window_goes_on_by_time_when_its_since_id_is_too_old(server: Replay, http: HttpClient) -> None:
    platform = Platform(server, [tweet(60, 1)])
    first = collect(server, http)
    platform.tweets += [tweet(-number / 10, 1000 + number) for number in range(1, 150)]
    cut = collect(server, http, cursor=first.cursor, max_requests=1, now=NOW + timedelta(minutes=30))
    platform.now = NOW + timedelta(days=6, hours=23, minutes=50)
    rest = collect(server, http, cursor=cut.cursor, now=platform.now)
    assert (len(rest.posts), rest.outcome.reason) == (49, "ok")


def test_a_new_name_buys_only_its_own_posts(server: Replay, http: HttpClient) -> None:
    platform = Platform(server, [tweet(60 + number, number) for number in range(30)])
    first = collect(server, http, terms=("Acme",))
    second = collect(server, http, terms=("Acme", "Rival"), cursor=first.cursor)
    queries = [asked["query"] for asked in platform.asked(SEARCH)[1:]]
    assert queries == ['"acme" -is:retweet', '"rival" -is:retweet']
    assert "start_time" in platform.asked(SEARCH)[-1]
    later = NOW + timedelta(minutes=30)
    collect(server, http, terms=("Acme", "Rival"), cursor=second.cursor, now=later)
    assert platform.asked(SEARCH)[-1]["query"] == '("acme" OR "rival") -is:retweet'


def test_a_name_that_left_is_forgotten(server: Replay, http: HttpClient) -> None:
    Platform(server, [tweet(60, 1)])
    first = collect(server, http, terms=("Acme", "Rival"))
    second = collect(server, http, terms=("Acme",), cursor=first.cursor)
    assert list(second.cursor["terms"]) == ["acme"]  # type: ignore[arg-type]


def test_many_names_become_several_queries(server: Replay, http: HttpClient) -> None:
    platform = Platform(server, [tweet(60, 1)])
    terms = tuple(f"The name of company {number}" for number in range(40))
    found = collect(server, http, terms=(*terms, "x" * 600))
    queries = [asked["query"] for asked in platform.asked(SEARCH)]
    assert len(queries) == 3
    assert all(len(query) <= 512 for query in queries)
    assert sum(query.count("company") for query in queries) == 40
    assert (found.outcome.complete, found.outcome.detail) == (False, "1 names are too long for a query of X.")


def test_language_and_reposts_are_options(server: Replay, http: HttpClient) -> None:
    platform = Platform(server, [])
    collect(server, http, {**PLAIN, "language": "DE", "retweets": True}, terms=("#Acme",))
    asked = platform.asked(SEARCH)[0]
    assert asked["query"] == "#acme lang:de"
    assert asked["expansions"] == "author_id,referenced_tweets.id"


def test_without_authors_no_author_is_bought(server: Replay, http: HttpClient) -> None:
    platform = Platform(server, [tweet(60, 1)])
    meter = Meter()
    found = collect(server, http, {**PLAIN, "authors": False}, meter=meter)
    assert meter.cost == pytest.approx(0.005)
    assert "expansions" not in platform.asked(SEARCH)[0]
    assert found.posts[0].followers is None
    assert DOOR.admit(found.posts[0], NOW, 1_000).author_key is not None


def test_the_archive_takes_larger_pages_and_longer_queries(server: Replay, http: HttpClient) -> None:
    platform = Platform(server, [tweet(60 * number, number) for number in range(600)])
    found = collect(server, http, {**PLAIN, "archive": True, "query": "acme " * 150, "backfill_days": 400})
    assert len(found.posts) == 600
    assert platform.asked("/2/tweets/search/all")[0]["max_results"] == "500"
    assert platform.asked("/2/tweets/search/all")[0]["start_time"] == "2025-01-25T12:05:00Z"


# Budget


def test_a_spent_budget_counts_and_reads_nothing(server: Replay, http: HttpClient) -> None:
    platform = Platform(server, [tweet(60 + number, number) for number in range(30)])
    found = collect(server, http, meter=Meter(50.0, 50.0))
    assert (found.posts, platform.read) == ([], [])
    assert (found.outcome.complete, found.outcome.reason) == (False, "budget_spent")
    assert "30 new posts were counted, not read" in found.outcome.detail
    assert found.cursor["counted"]["read"] is False  # type: ignore[index,call-overload]
    hours = found.cursor["counted"]["hours"]  # type: ignore[index,call-overload]
    assert sum(hours.values()) == 30  # type: ignore[union-attr,arg-type]
    after = collect(server, http, cursor=found.cursor, meter=Meter(0.0, 50.0))
    assert len(after.posts) == 30


def test_a_budget_of_nothing_is_a_choice(server: Replay, http: HttpClient) -> None:
    Platform(server, [tweet(60, 1)])
    found = collect(server, http, {**PLAIN, "budget": 0}, meter=Meter(0.0, 0.0))
    assert (found.outcome.reason, found.outcome.detail) == (
        "sampled", "Only counts are bought. 1 new posts were counted, not read."
    )  # fmt: skip


def test_a_budget_that_ends_in_the_middle_is_never_overdrawn(server: Replay, http: HttpClient) -> None:
    platform = Platform(server, [tweet(60 + number, number) for number in range(400)])
    meter = Meter(49.0, 50.0)
    found = collect(server, http, meter=meter)
    assert meter.cost <= 1.0
    assert (found.outcome.complete, found.outcome.reason) == (False, "sampled")
    assert found.cursor["windows"]
    rest = collect(server, http, cursor=found.cursor, meter=Meter(0.0, 50.0))
    assert len(platform.read) == len(set(platform.read)) == 400
    assert rest.outcome.reason == "ok"


def test_four_fifths_of_the_budget_warn(server: Replay, http: HttpClient) -> None:
    Platform(server, [tweet(60, 1)])
    found = collect(server, http, meter=Meter(40.0, 50.0))
    assert (found.outcome.reason, found.outcome.detail) == ("ok", "40.02 of 50.00 USD of this month are spent.")


def test_a_sample_skips_the_rest_and_says_so(server: Replay, http: HttpClient) -> None:
    platform = Platform(server, [tweet(60 + number, number) for number in range(400)])
    found = collect(server, http, {"counts_first": True, "sample_posts": 50})
    assert (len(found.posts), found.outcome.reason, found.outcome.complete) == (50, "sampled", False)
    assert found.outcome.detail == "A sample: 50 posts of 400 counted were read, the rest was skipped."
    after = collect(server, http, {"counts_first": True, "sample_posts": 50}, cursor=found.cursor)
    assert (after.posts, len(platform.read)) == ([], 50)


# Second looks


def test_a_second_look_reads_counters_edits_and_deletions(server: Replay, http: HttpClient) -> None:
    fine, old, new = tweet(60, 1), tweet(50, 2), tweet(49, 3)
    history: list[Json] = [str(old["id"]), str(new["id"])]
    old["edit_history_tweet_ids"] = new["edit_history_tweet_ids"] = history
    platform = Platform(server, [fine, old, new])
    meter = Meter()
    refs = (str(fine["id"]), str(old["id"]), "123", "no id")
    found = look_again(XCollector(server.base_url), http, {}, refs, credentials=KEYS, meter=meter)
    assert ids(found) == [str(new["id"])]
    assert set(found.readings) == {str(fine["id"])}
    assert found.readings[str(fine["id"])]["likes"] > 0
    assert set(found.deleted) == {"123", str(old["id"])}
    assert [asked["ids"] for asked in platform.asked(LOOKUP)] == [f"{fine['id']},{old['id']},123", str(new["id"])]
    assert meter.cost == pytest.approx(0.01)  # an author; posts of today were billed when first read
    assert all(batch.cursor is None for batch in found.batches)


def test_second_looks_stay_within_the_budget(server: Replay, http: HttpClient) -> None:
    platform = Platform(server, [tweet(1440 + number, number) for number in range(1, 31)])
    refs = tuple(str(one["id"]) for one in platform.tweets)
    meter = Meter(49.9, 50.0)
    found = look_again(XCollector(server.base_url), http, {}, refs, credentials=KEYS, meter=meter)
    assert (len(found.readings), found.outcome.reason) == (20, "budget_spent")
    assert found.outcome.retry_at == NOW + timedelta(hours=6)
    assert meter.cost == pytest.approx(0.1)


def test_a_second_look_reads_counters_and_buys_no_author(server: Replay, http: HttpClient) -> None:
    refs: list[Json] = [{"type": "retweeted", "id": "5"}]
    platform = Platform(server, [tweet(60, 1), tweet(61, 2, referenced_tweets=refs)])
    first = collect(server, http)
    again = look_again(XCollector(server.base_url), http, {}, tuple(ids(first)), credentials=KEYS)
    assert again.posts == []
    assert "expansions" not in platform.asked(LOOKUP)[0]
    assert {native_id: bool(counts) for native_id, counts in again.readings.items()} == {
        str(platform.tweets[0]["id"]): True,
        str(platform.tweets[1]["id"]): False,  # a repost has none of its own
    }


# Refusals and broken answers


@pytest.mark.parametrize(
    ("answer", "reason", "permanent", "words"),
    [
        (problem(401, "Unauthorized"), "unauthorized", True, "does not accept the key"),
        (problem(403, "Client Forbidden", reason="client-not-enrolled"), "needs_approval", True, "not let this app in"),
        (problem(403, "Forbidden", detail="Your account is locked"), "unauthorized", True, "account is locked"),
        (problem(400, "Invalid Request", errors=[{"message": "no viable alternative"}]), "bad_answer", True,
         'the query ("acme bank" OR "acme") -is:retweet: no viable'),
        (problem(400, "Invalid Request", errors="text"), "bad_answer", True, "Invalid Request"),
        (Answer(400, {}, b"[1]"), "bad_answer", True, "does not say why"),
        (problem(402, "CreditsDepleted"), "budget_spent", False, "credits"),
        (problem(429, "UsageCapExceeded", period="Monthly"), "budget_spent", False, "until 2026-04-01"),
        (problem(403, "UsageCapExceeded", period="Daily"), "budget_spent", False, "until 2026-03-02"),
        (problem(429, "Too Many Requests"), "rate_limited", False, "12:15"),
        (problem(429, "Too Many Requests", {"x-rate-limit-reset": "soon"}), "rate_limited", False, "12:15"),
        (problem(429, "Too Many Requests", {"x-rate-limit-reset": "9" * 30}), "rate_limited", False, "12:15"),
        (Answer(404, {"content-type": "text/html"}, b"<!DOCTYPE html>"), "gone", False, "no such address"),
        (Answer(500, {}, b"<html>"), "unreachable", False, "fault of its own"),
        (Answer(503, {"Retry-After": "60"}, b""), "rate_limited", False, "12:01"),
        (Answer(200, {"content-type": "application/json"}, b"<html>"), "bad_answer", False, "not JSON"),
        (Answer(200, {}, b""), "bad_answer", False, "not JSON"),
        (Answer(200, {}, b"[]"), "bad_answer", False, "unknown form"),
        (Answer(200, {}, b"{}"), "bad_answer", False, "without a list"),
        (Answer(200, {}, b'{"data": "x"}'), "bad_answer", False, "without a list"),
        (Answer(200, {}, b"[" * 100_000), "bad_answer", False, "not JSON"),
        (Answer(200, {}, b'{"data": ' + b"1" * 5_000 + b"}"), "bad_answer", False, "not JSON"),
        (Answer(200, {"content-length": "900"}, b'{"data": ['), "unreachable", False, "broke off"),
        (Answer(body=lambda wire: wire.close()), "unreachable", False, "broke off"),
    ],
)  # fmt: skip
def test_each_refusal_has_its_reason(
    server: Replay, http: HttpClient, answer: Answer, reason: str, permanent: bool, words: str
) -> None:
    server.add(SEARCH, answer)
    with pytest.raises(CollectError) as caught:
        collect(server, http)
    assert (caught.value.reason, caught.value.permanent) == (reason, permanent)
    assert words in caught.value.detail
    assert "secret" not in caught.value.detail
    assert len(server.requests) == 1


def test_a_silent_server_is_given_up(server: Replay) -> None:
    server.add(SEARCH, Answer(body=lambda wire: time.sleep(0.6)))
    with HttpClient(user_agent="t", timeout=0.2, allow_private=True) as http, pytest.raises(CollectError) as caught:
        collect(server, http)
    assert caught.value.reason == "unreachable"


def test_without_keys_or_names_nothing_is_asked(server: Replay, http: HttpClient) -> None:
    with pytest.raises(CollectError) as caught:
        collect(server, http, credentials={})
    assert (caught.value.reason, caught.value.permanent) == ("needs_credentials", True)
    with pytest.raises(CollectError, match="characters"):
        collect(server, http, credentials={"bearer_token": "a\nb"})
    assert collect(server, http, terms=()).outcome.detail == "There are no names to search for yet."
    assert server.requests == []


def test_a_page_that_repeats_itself_ends_the_run(server: Replay, http: HttpClient) -> None:
    page = {"data": [tweet(5, 1), tweet(6, 2)], "meta": {"next_token": "again"}}
    server.add(SEARCH, Answer.json(page))
    found = collect(server, http)
    assert (len(found.posts), found.outcome.reason, found.outcome.complete) == (2, "bad_answer", False)
    assert len(server.requests) == 2


def test_empty_pages_that_never_end_stop_at_the_cap(server: Replay, http: HttpClient) -> None:
    tokens = iter(range(10_000))
    server.rule(SEARCH, lambda _: Answer.json({"meta": {"next_token": f"n{next(tokens)}"}}))
    assert collect(server, http, max_requests=5).outcome.reason == "limit_reached"
    assert len(server.requests) == 5


@pytest.mark.parametrize(
    "cursor",
    [
        {"terms": 1, "windows": []},
        {"terms": {"acme": {"since": "x", "at": "y"}}, "windows": {'("acme bank" OR "acme") -is:retweet': {"at": 3}}},
        {"terms": {"acme": None, "acme bank": {"since": 5, "at": "2026-03-01T11:00:00"}}},
        {"since_id": "12"},
    ],
)
def test_a_damaged_cursor_starts_anew(server: Replay, http: HttpClient, cursor: dict[str, Json]) -> None:
    Platform(server, [tweet(5, 1)])
    assert len(collect(server, http, cursor=cursor).posts) == 1


def test_the_connection_test_counts_once(server: Replay, http: HttpClient) -> None:
    Platform(server, [tweet(5, 1), tweet(6, 2)])
    request = CollectRequest(1, {}, TERMS, {}, NOW, KEYS)
    assert "2 posts matched" in XCollector(server.base_url).test(request, http)
    assert len(server.requests) == 1
    assert request.meter.cost == pytest.approx(0.005)


def test_the_token_is_in_no_log(server: Replay, http: HttpClient, caplog: pytest.LogCaptureFixture) -> None:
    Platform(server, [tweet(5, 1)])
    with caplog.at_level(logging.DEBUG):
        collect(server, http)
    assert "AAAA-secret" not in caplog.text


@pytest.mark.parametrize(
    ("options", "begins"),
    [
        ({"query": "x" * 513}, "query: has 513"),
        ({"query": 7}, "query: "),
        ({"language": "english"}, "language: "),
        ({"budget": -1}, "budget: "),
        ({"budget": "nan"}, "budget: "),
        ({"price_post": True}, "price_post: "),
        ({"backfill_days": 8}, "backfill_days: "),
        ({"sample_posts": "many"}, "sample_posts: "),
        ({"archive": "perhaps"}, "archive: "),
        ({"colour": 1}, "colour: "),
    ],
)
def test_wrong_options_are_named(options: dict[str, Json], begins: str) -> None:
    with pytest.raises(ValueError, match=f"^{begins}"):
        XCollector().check_options(options)


def test_options_as_forms_send_them() -> None:
    checked = XCollector().check_options({"budget": "12.5", "archive": "on", "backfill_days": "400", "language": ""})
    assert (checked["budget"], checked["archive"], checked["backfill_days"], checked["authors"]) == (
        12.5,
        True,
        400,
        True,
    )
    assert XCollector().check_options(checked) == checked
