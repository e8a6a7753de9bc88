"""`manage.py collect SOURCE --once --json`: one object, whatever happens."""

import json
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest

from collectors.base import Batch, Outcome
from collectors.feed import FeedCollector
from config.settings import Settings
from storage import db, profile, sources
from storage.viewer import SYSTEM
from tests.commands.conftest import Runner
from tests.factories import NOW, PROFILE
from tests.wire.replay import Answer, Replay, replay_server

pytestmark = pytest.mark.usefixtures("clean_database", "redis_url")

KEYS = [
    "source", "kind", "items", "deleted", "complete", "reason", "detail", "cursor", "cost", "unit", "requests",
    "next_check_at", "retry_at",
]  # fmt: skip
ITEM = {
    "native_id", "kind", "published_at", "date_from", "url", "title", "text", "lang", "author_key", "followers",
    "counters", "rating", "stated", "reply_to",
}  # fmt: skip
FEED = b"""<rss version="2.0"><channel><title>News</title><item><guid>1</guid><title>Acme grows</title>
<link>https://news.example/1</link><author>ada@news.example (Ada Lovelace)</author>
<pubDate>Mon, 02 Mar 2026 10:00:00 GMT</pubDate></item></channel></rss>"""


@pytest.fixture
def site(settings: Callable[..., Settings]) -> Iterator[Replay]:
    """A server with a feed, a source of that feed, and a company."""
    settings(allow_private_addresses="true")
    with replay_server() as server:
        server.add("/feed", Answer(200, {"content-type": "application/rss+xml"}, FEED))
        with db.transaction() as session:
            profile.save_profile(session, PROFILE, origin="file", user_id=None, now=NOW)
            sources.add_source(session, SYSTEM, "feed", "News", {"url": server.url("/feed")}, NOW)
        yield server


def _object(printed: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(printed)
    assert list(found) == KEYS
    return found


@pytest.mark.usefixtures("site")
def test_one_object_holds_all_that_the_run_brought(run: Runner) -> None:
    ran = run("collect", "News", "--once", "--json")
    found = _object(ran.out)
    assert ran.code == 0, ran.err
    (item,) = found["items"]
    assert set(item) == ITEM
    assert (item["title"], item["published_at"], item["date_from"]) == ("Acme grows", "2026-03-02T10:00:00Z", "source")
    assert (found["kind"], found["complete"], found["reason"], found["requests"]) == ("feed", True, "ok", 1)
    assert found["next_check_at"] is not None
    assert "Lovelace" not in ran.out


def test_the_cursor_is_gone_on_from_unless_the_run_is_fresh(run: Runner, site: Replay) -> None:
    site.rule(
        "/feed", lambda asked: Answer(304) if "if-none-match" in asked.headers else Answer(200, {"etag": '"a"'}, FEED)
    )
    first, second = (_object(run("collect", "News", "--once", "--json").out) for _ in range(2))
    fresh = _object(run("collect", "News", "--once", "--json", "--fresh").out)
    assert [len(each["items"]) for each in (first, second, fresh)] == [1, 0, 1]
    assert second["reason"] == "not_modified"


def test_a_post_that_comes_twice_is_one_item(run: Runner, site: Replay, monkeypatch: pytest.MonkeyPatch) -> None:
    collect = FeedCollector.collect

    def twice(self: FeedCollector, *given: Any) -> Generator[Batch, None, Outcome]:
        batches = list(collect(self, *given))
        yield from (*batches, *batches)
        return Outcome(True, "ok")

    monkeypatch.setattr(FeedCollector, "collect", twice)
    assert len(_object(run("collect", "News", "--once", "--json").out)["items"]) == 1


def test_a_refusal_is_told_in_the_same_object(run: Runner, site: Replay) -> None:
    site.add("/feed", Answer(429, {"retry-after": "600"}))
    ran = run("collect", "News", "--once", "--json")
    found = _object(ran.out)
    assert (ran.code, found["complete"], found["reason"], found["items"]) == (1, False, "rate_limited", [])
    assert found["retry_at"] is not None
    assert "127.0.0.1 asks to wait" in found["detail"]


def test_a_source_that_is_not_there_is_told_with_the_command_that_adds_it(run: Runner) -> None:
    ran = run("collect", "feed", "--once", "--json")
    found = _object(ran.out)
    assert (ran.code, found["reason"], found["complete"]) == (1, "not_run", False)
    assert 'manage.py source add feed --name "RSS, Atom or JSON feed" --option url=…' in found["detail"]


def test_a_source_filled_from_outside_cannot_be_run(run: Runner) -> None:
    with db.transaction() as session:
        sources.get_or_make(session, "api", "Forum", "api", NOW)
    assert "filled from outside" in _object(run("collect", "Forum", "--once", "--json").out)["detail"]


def test_json_and_fresh_are_for_runs_in_this_process(run: Runner) -> None:
    assert "--json and --fresh need --once." in run("collect", "News", "--json").said
    assert "--json and --fresh need --once." in run("collect", "News", "--fresh").said


@pytest.mark.usefixtures("site")
def test_a_fault_of_ours_is_an_object_too(
    run: Runner, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> Iterator[None]:
        yield from ()
        raise RuntimeError("oh no")

    monkeypatch.setattr(FeedCollector, "collect", broken)
    with pytest.raises(RuntimeError):
        run("collect", "News", "--once", "--json")
    assert _object(capsys.readouterr().out)["reason"] == "fault"


@pytest.mark.usefixtures("site")
def test_a_run_that_waits_for_keys_fails(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(*_: object) -> Generator[Batch, None, Outcome]:
        yield from ()
        return Outcome(False, "needs_approval", "Apply first.")

    monkeypatch.setattr(FeedCollector, "collect", closed)
    ran = run("collect", "News", "--once", "--json")
    assert (ran.code, _object(ran.out)["reason"]) == (1, "needs_approval")
