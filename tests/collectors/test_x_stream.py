"""The filtered stream of X: rules, posts, silence, broken connections, and the search that fills gaps."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from io import BufferedIOBase

import pytest

from collectors.base import Batch, CollectRequest, Outcome
from collectors.errors import CollectError
from collectors.http import HttpClient
from collectors.meter import Meter
from collectors.post import Json
from collectors.x_listening import STREAM, Pace
from collectors.x_rules import TAG
from collectors.x_stream import XStreamCollector
from tests.collectors.conftest import NOW
from tests.collectors.run import Run, drive, run
from tests.collectors.test_http_lines import chunk, stream
from tests.collectors.x_platform import COUNTS, KEYS, SEARCH, Platform, problem, tweet, user
from tests.wire.replay import Answer, Replay, Request

RULES = STREAM + "/rules"
QUICK = Pace(lifetime=1.0, silence=0.3, tick=0.02, flush=0.04, note=0.1, settle=0.05, steady=0.0)
RULE = '"acme" -is:retweet'


class Rules:
    """The rules of one app, as X keeps them."""

    def __init__(self, *present: tuple[str, str]) -> None:
        self.kept = {str(number): one for number, one in enumerate(present, 1)}
        self.errors: list[Json] = []

    def __call__(self, request: Request) -> Answer:
        if request.method == "GET":
            data = [{"id": key, "value": value, "tag": tag} for key, (value, tag) in self.kept.items()]
            return Answer.json({"data": data, "meta": {}} if data else {"meta": {"result_count": 0}})
        asked = json.loads(request.body)
        for one in asked.get("delete", {}).get("ids", []):
            del self.kept[one]
        for rule in asked.get("add", []):
            self.kept[str(len(self.kept) + 10)] = (rule["value"], rule["tag"])
        return Answer.json({"meta": {}, **({"errors": self.errors} if self.errors else {})}, 201)


def line(post: dict[str, Json]) -> bytes:
    """One post as the stream sends it."""
    message = {"data": post, "includes": {"users": [user(str(post["author_id"]))]}, "matching_rules": [{"id": "1"}]}
    return chunk(json.dumps(message).encode() + b"\r\n")


def quiet(times: int = 60) -> list[bytes | float]:
    """Keep-alives for longer than any run here."""
    return [part for _ in range(times) for part in (chunk(b"\r\n"), 0.02)]


def serve(server: Replay, *connections: Callable[[BufferedIOBase], None], rules: Rules | None = None) -> Rules:
    """A stream whose connections are `connections` in turn, the last one again and again."""
    server.add(STREAM, *[Answer(body=one) for one in connections])
    kept = rules or Rules((RULE, TAG))
    server.rule(RULES, kept)
    return kept


def listen(
    server: Replay, http: HttpClient, options: dict[str, Json] | None = None, pace: Pace = QUICK, **more: object
) -> Run:
    given: dict[str, object] = {"terms": ("Acme",), "credentials": KEYS, **more}
    return run(XStreamCollector(server.base_url, pace), http, options or {}, **given)  # type: ignore[arg-type]


def hear(server: Replay, http: HttpClient, enough: Callable[[Run], bool], pace: Pace = QUICK, **more: object) -> Run:
    """A run that is stopped as a worker would stop it, as soon as it has handed over `enough`."""
    known = {"terms": ("Acme",), "credentials": KEYS, "options": {}, "cursor": {}, "now": NOW, **more}
    request = CollectRequest(1, **known)  # type: ignore[arg-type]
    steps = XStreamCollector(server.base_url, replace(pace, lifetime=30.0)).collect(request, http)
    batches: list[Batch] = []
    for batch in steps:
        batches.append(batch)
        if enough(Run(tuple(batches), Outcome(False, "ok"))):
            break
    steps.close()
    return Run(tuple(batches), Outcome(False, "ok"))


def connections(server: Replay) -> int:
    return sum(request.path == STREAM for request in server.requests)


def test_posts_come_as_they_are_made(server: Replay, http: HttpClient) -> None:
    serve(server, stream(line(tweet(0.2, 1)), chunk(b"\r\n"), 0.1, line(tweet(0.1, 2)), *quiet(150)))
    meter = Meter()
    found = hear(server, http, lambda run: len(run.posts) == 2, meter=meter)
    assert [post.followers for post in found.posts] == [77, 77]
    assert _since(found) == tweet(0.1, 2)["id"]
    assert meter.cost == pytest.approx(0.03)
    asked = next(request for request in server.requests if request.path == STREAM)
    assert asked.headers["authorization"] == "Bearer AAAA-secret"
    assert "author_id" in asked.query["tweet.fields"]
    assert connections(server) == 1


def test_many_posts_are_handed_over_by_fifty(server: Replay, http: HttpClient) -> None:
    posts = b"".join(line(tweet(1, number)) for number in range(120))
    serve(server, stream(posts, *quiet(500)))
    found = hear(server, http, lambda run: len(run.posts) == 120, replace(QUICK, flush=0.5))
    assert [len(batch.posts) for batch in found.batches if batch.posts] == [50, 50, 20]


def test_a_quiet_stream_gives_the_worker_turns_and_moves_the_cursor(server: Replay, http: HttpClient) -> None:
    serve(server, stream(*quiet(500)))
    found = hear(server, http, lambda run: bool(run.cursor))
    assert len(found.batches) > 2
    assert found.posts == []


def test_a_run_ends_after_its_time_and_wants_to_go_on(server: Replay, http: HttpClient) -> None:
    serve(server, stream(*quiet(500)))
    found = listen(server, http, pace=replace(QUICK, lifetime=0.1))
    assert (found.outcome.complete, found.outcome.reason, found.outcome.next_check) == (True, "ok", timedelta(0))


def test_rules_follow_the_names_and_leave_others_alone(server: Replay, http: HttpClient) -> None:
    rules = serve(
        server, stream(*quiet(150)), rules=Rules(("old name", TAG), ("of others", "theirs"), (RULE, "theirs"))
    )
    hear(server, http, bool)
    assert sorted(rules.kept.values()) == sorted([("of others", "theirs"), (RULE, "theirs"), (RULE, TAG)])
    sent = [request for request in server.requests if request.path == RULES]
    assert [request.method for request in sent] == ["GET", "POST", "POST"]
    hear(server, http, bool)
    assert [request.method for request in server.requests if request.path == RULES][3:] == ["GET"]


def test_a_refused_rule_is_named(server: Replay, http: HttpClient) -> None:
    rules = serve(server, stream(*quiet(150)), rules=Rules())
    rules.errors = [{"title": "DuplicateRule", "value": RULE}]
    hear(server, http, bool)
    rules.kept.clear()
    rules.errors = [{"title": "Invalid Rule", "value": RULE, "details": ["no viable alternative"]}]
    with pytest.raises(CollectError) as caught:
        listen(server, http)
    assert (caught.value.reason, caught.value.permanent) == ("bad_answer", True)
    assert "no viable alternative" in caught.value.detail


def test_silence_leads_to_a_new_connection(server: Replay, http: HttpClient) -> None:
    serve(server, stream(line(tweet(2, 1)), 0.6), stream(line(tweet(1, 2)), *quiet(500)))
    Platform(server, [])
    found = hear(server, http, lambda run: len(run.posts) == 2, replace(QUICK, silence=0.2))
    assert {post.native_id for post in found.posts} == {tweet(2, 1)["id"], tweet(1, 2)["id"]}
    assert connections(server) == 2


def test_a_connection_that_never_lives_ends_the_run(server: Replay, http: HttpClient) -> None:
    serve(server, stream(line(tweet(2, 1)), b"0\r\n\r\n"))
    request = CollectRequest(1, {}, ("Acme",), {}, NOW, KEYS)
    steps = XStreamCollector(server.base_url, replace(QUICK, steady=60)).collect(request, http)
    kept: list[Batch] = []
    with pytest.raises(CollectError, match="closed the stream") as caught:
        kept.extend(steps)
    assert (caught.value.reason, caught.value.permanent) == ("unreachable", False)
    assert [post.native_id for batch in kept for post in batch.posts] == [tweet(2, 1)["id"]]
    assert connections(server) == 1


def test_what_was_missed_is_searched_for(server: Replay, http: HttpClient) -> None:
    platform = Platform(server, [tweet(60 + number, number) for number in range(130)] + [tweet(600, 500)])
    serve(server, stream(line(tweet(-0.001, 900)), *quiet(300)))
    before: Json = {"terms": {"acme": {"since": str(tweet(500, 0)["id"]), "at": "2026-03-01T03:40:00+00:00"}}}
    found = hear(server, http, lambda run: bool(run.cursor and _since(run) == tweet(-0.001, 900)["id"]), cursor=before)
    assert len({post.native_id for post in found.posts}) == 131
    assert len(platform.read) == 130
    asked = platform.asked(SEARCH)[0]
    assert asked["since_id"] == tweet(500, 0)["id"]
    assert "until_id" in asked


def _since(found: Run) -> Json:
    return found.cursor["terms"]["acme"]["since"]  # type: ignore[index,call-overload]


def test_the_cursor_waits_for_the_search(server: Replay, http: HttpClient) -> None:
    platform = Platform(server, [])
    server.add(SEARCH, problem(429, "Too Many Requests"))
    serve(server, stream(line(tweet(-0.001, 900)), *quiet(150)))
    before: Json = {"terms": {"acme": {"since": str(tweet(500, 0)["id"]), "at": "2026-03-01T03:40:00+00:00"}}}
    found = listen(server, http, cursor=before)
    assert len(found.posts) == 1
    assert found.cursor == {}
    assert (found.outcome.complete, found.outcome.reason) == (False, "rate_limited")
    assert "not read yet" in found.outcome.detail
    assert platform.read == []


def test_gaps_need_not_be_filled(server: Replay, http: HttpClient) -> None:
    platform = Platform(server, [tweet(60, 1)])
    serve(server, stream(*quiet(150)))
    before: Json = {"terms": {"acme": {"since": str(tweet(500, 0)["id"]), "at": "2026-03-01T03:40:00+00:00"}}}
    found = listen(server, http, {"backfill": False}, cursor=before)
    assert (found.posts, platform.asked(SEARCH), platform.asked(COUNTS)) == ([], [], [])


def test_a_gap_longer_than_the_window_is_told(server: Replay, http: HttpClient) -> None:
    Platform(server, [])
    serve(server, stream(*quiet(150)))
    before: Json = {"terms": {"acme": {"since": None, "at": "2026-01-01T03:40:00+00:00"}}}
    found = listen(server, http, cursor=before)
    assert (found.outcome.complete, found.outcome.reason) == (False, "gap")


def test_a_second_connection_is_refused_with_a_pause(server: Replay, http: HttpClient) -> None:
    server.rule(RULES, Rules((RULE, TAG)))
    server.add(STREAM, problem(429, "ConnectionException", connection_issue="TooManyConnections"))
    with pytest.raises(CollectError) as caught:
        listen(server, http)
    assert (caught.value.reason, caught.value.permanent) == ("rate_limited", False)
    assert caught.value.retry_at is not None
    assert timedelta(0) < caught.value.retry_at - NOW < timedelta(minutes=2)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ({"title": "operational-disconnect", "disconnect_type": "OperationalDisconnect"}, "unreachable"),
        ({"title": "ConnectionException", "connection_issue": "TooManyConnections"}, "rate_limited"),
        ({"title": "UsageCapExceeded", "period": "Monthly"}, "budget_spent"),
    ],
)
def test_errors_inside_the_stream_end_it(server: Replay, http: HttpClient, error: dict[str, Json], reason: str) -> None:
    message = chunk(json.dumps({"errors": [error]}).encode() + b"\r\n")
    serve(server, stream(line(tweet(1, 1)), message, *quiet(150)))
    with pytest.raises(CollectError) as caught:
        listen(server, http, pace=replace(QUICK, steady=60))
    assert caught.value.reason == reason


def test_unreadable_lines_lose_no_others(server: Replay, http: HttpClient) -> None:
    bad = [b"{broken\r\n", b"[1]\r\n", b'{"data": 5}\r\n', b'{"data": {"id": 1}}\r\n', b"\xff\xfe\r\n"]
    serve(server, stream(*map(chunk, bad), line(tweet(1, 1)), *quiet(150)))
    found = listen(server, http)
    assert (len(found.posts), found.outcome.detail) == (1, "5 lines could not be read.")


def test_a_spent_budget_closes_the_stream(server: Replay, http: HttpClient) -> None:
    serve(server, stream(line(tweet(1, 1)), 0.05, line(tweet(1, 2)), 0.05, line(tweet(1, 3)), *quiet(150)))
    meter = Meter(49.96, 50.0)
    found = listen(server, http, meter=meter)
    assert (len(found.posts), found.outcome.reason) == (2, "budget_spent")
    again = listen(server, http, meter=Meter(50.0, 50.0))
    assert (again.outcome.reason, again.outcome.next_check) == ("budget_spent", timedelta(hours=1))
    assert connections(server) == 1


def test_edits_take_older_versions_along(server: Replay, http: HttpClient) -> None:
    edited = tweet(1, 5, edit_history_tweet_ids=["77", str(tweet(1, 5)["id"])])
    serve(server, stream(line(edited), *quiet(150)))
    found = hear(server, http, lambda run: bool(run.posts))
    assert (len(found.posts), found.deleted) == (1, ["77"])


def test_the_connection_test_opens_no_stream(server: Replay, http: HttpClient) -> None:
    serve(server, stream(*quiet(150)))
    request = CollectRequest(1, {}, ("Acme",), {}, NOW, KEYS)
    assert XStreamCollector(server.base_url).test(request, http) == "X answers; the stream has 1 rules now."
    assert connections(server) == 0


def test_without_names_or_keys_nothing_is_asked(server: Replay, http: HttpClient) -> None:
    assert listen(server, http, terms=()).outcome.complete
    with pytest.raises(CollectError) as caught:
        drive(XStreamCollector(server.base_url).collect(CollectRequest(1, {}, ("Acme",), {}, NOW), http))
    assert caught.value.reason == "needs_credentials"
    assert server.requests == []
