"""What one run leaves behind: posts with their cursor, its cost, what waits for a person. See also `live`."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from collectors.base import Batch, Budget, CollectError, CollectRequest, Outcome
from collectors.http import HttpClient
from collectors.post import Json, Post, RawAuthor, RawPost
from config.settings import Settings
from notify.email import local_part
from notify.message import Mail
from storage import db, outbox, sources
from storage.viewer import SYSTEM
from tests.factories import World
from tests.notify.reports import report
from tests.scripted import Script, Scripted, Steps, nothing, raw, register
from tests.wire.replay import Answer, replay_server
from tests.workers.conftest import count
from workers.collect import Run, collect_source, run_source

USD = Budget("USD", "month")
NAMED = "at://did:plc:secretive/post/1"


@pytest.fixture
def scripted(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, Scripted]]:
    """A source that runs the given script."""

    def make(script: Script = nothing, name: str = "S", **attributes: object) -> tuple[int, Scripted]:
        collector = Scripted(script, None, **{"credentials": (), "budget": USD, **attributes})
        register(monkeypatch, collector)
        with db.transaction() as session:
            options: dict[str, Json] = {"budget": 10, "place": "forum.example"}
            return sources.add_source(session, SYSTEM, "scripted", name, options, datetime.now(UTC)), collector

    return make


def go(source_id: int, **more: object) -> Run:
    done = run_source(source_id, analyze=lambda _: None, force=True, **more)  # type: ignore[arg-type]
    assert done is not None
    return done


def test_a_run_tells_all_that_it_did(scripted: Callable[..., tuple[int, Scripted]]) -> None:
    def pages(request: CollectRequest, http: HttpClient) -> Steps:
        assert (request.meter.left, request.credentials) == (10.0, {})
        request.meter.charge(0.5)
        yield Batch((raw("1"), raw("2", "The weather")), {"page": 1})
        yield Batch((), None, deleted=("1", "gone"), held=(raw("odd", "?", stated={"held": "unknown form"}),))
        return Outcome(True, "ok", next_check=timedelta(hours=3))

    kept: list[tuple[Sequence[Post], Sequence[str]]] = []
    source_id, _ = scripted(pages)
    done = go(source_id, keep=lambda posts, gone: kept.append((posts, gone)))

    assert (done.seen, done.added, done.mentions, done.deleted, done.held) == (2, 2, 1, 2, 1)
    assert (done.cost, done.unit, dict(done.cursor), done.requests) == (0.5, "USD", {"page": 1}, 0)
    assert done.next_check_at is not None
    assert done.next_check_at - datetime.now(UTC) > timedelta(hours=2)
    assert [([post.native_id for post in posts], gone) for posts, gone in kept] == [
        (["1", "2"], ()), ([], ("1", "gone")),
    ]  # fmt: skip
    assert count("posts", "native_id = '1' AND deleted_at IS NOT NULL") == 1
    assert count("held_items", "reason = 'unknown form'") == 1
    assert count("sources", "last_complete_at IS NOT NULL AND cursor = '{\"page\": 1}'") == 1


@pytest.mark.parametrize(("posts", "ended"), [((), (False, "bad_answer")), ((raw("1"),), (True, "ok"))])
def test_a_run_that_could_read_nothing_is_no_empty_one(
    scripted: Callable[..., tuple[int, Scripted]], posts: tuple[RawPost, ...], ended: tuple[bool, str]
) -> None:
    def changed(request: CollectRequest, http: HttpClient) -> Steps:
        yield Batch(posts, {})
        return Outcome(True, "ok", "20 posts could not be read.", unread=20)

    outcome = go(scripted(changed)[0]).outcome
    assert outcome is not None
    assert (outcome.complete, outcome.reason) == ended


def test_a_deletion_finds_the_post_also_where_its_id_was_hashed(
    scripted: Callable[..., tuple[int, Scripted]],
) -> None:
    def pages(request: CollectRequest, http: HttpClient) -> Steps:
        if request.cursor:
            yield Batch((), None, deleted=(NAMED,))
        else:
            yield Batch(
                (RawPost(NAMED, "Acme", request.now, author=RawAuthor("scripted", handle="secretive")),), {"n": 1}
            )
        return Outcome(True, "ok")

    source_id, _ = scripted(pages)
    go(source_id)
    assert count("posts", "native_id LIKE 'hmac:%' AND sealed_ref IS NOT NULL") == 1
    go(source_id)
    assert count("posts", "deleted_at IS NOT NULL AND sealed_ref IS NULL") == 1
    assert count("mentions") == 0


def test_what_a_failed_run_owes_is_kept_and_the_next_one_knows_it(
    scripted: Callable[..., tuple[int, Scripted]],
) -> None:
    until = datetime.now(UTC) + timedelta(hours=2)

    def fails(request: CollectRequest, http: HttpClient) -> Steps:
        request.meter.charge(4.0)
        yield Batch((raw("1"),), {"page": 1})
        request.meter.charge(2.0)
        raise CollectError("rate_limited", "wait", retry_at=until)

    source_id, collector = scripted(fails)
    done = go(source_id)
    assert (done.cost, done.retry_at, done.next_check_at) == (6.0, until, until)
    assert count("collection_runs", "cost = 6.0 AND seen = 1 AND NOT complete") == 1
    go(source_id)
    assert collector.requests[1].meter.spent_before == 6.0
    with db.reading() as session:
        row = next(each for each in sources.list_sources(session, SYSTEM, datetime.now(UTC)) if each.id == source_id)
    assert (row.spent, row.limit, row.state) == (12.0, 10.0, "error")


def test_a_source_that_was_taken_over_stores_nothing_more(scripted: Callable[..., tuple[int, Scripted]]) -> None:
    def slow(request: CollectRequest, http: HttpClient) -> Steps:
        yield Batch((raw("1"),), {"page": 1})
        with db.transaction() as session:  # it hung for an hour, and another worker has the source
            session.execute(text("UPDATE sources SET claimed_at = now() - interval '1 hour'"))
            assert sources.claim(session, request.source_id, datetime.now(UTC), force=True) is not None
        yield Batch((raw("2"),), {"page": 2})
        raise AssertionError("it went on")

    source_id, _ = scripted(slow)
    done = go(source_id)
    assert done.outcome is not None
    assert "taken the source over" in done.outcome.detail
    assert count("posts") == 1
    assert count("sources", "cursor = '{\"page\": 1}' AND claimed_at IS NOT NULL") == 1


def test_a_source_deleted_during_its_run_is_no_fault(scripted: Callable[..., tuple[int, Scripted]]) -> None:
    def doomed(request: CollectRequest, http: HttpClient) -> Steps:
        with db.transaction() as session:
            sources.delete_source(session, SYSTEM, request.source_id)
        yield Batch((raw("1"),), {})
        return Outcome(True, "ok")

    source_id, _ = scripted(doomed)
    done = go(source_id)
    assert (done.added, done.next_check_at) == (0, None)
    assert count("posts") == 0


def test_keys_under_another_secret_wait_for_a_person(
    scripted: Callable[..., tuple[int, Scripted]], settings: Callable[..., Settings]
) -> None:
    source_id, collector = scripted(credentials=Scripted.credentials)
    with db.transaction() as session:
        sources.set_credentials(session, SYSTEM, source_id, {"token": "sk-very-secret"}, datetime.now(UTC))
    go(source_id)
    assert collector.requests[0].credentials == {"token": "sk-very-secret"}
    assert "sk-very-secret" not in repr(collector.requests[0])
    settings(secret_key="another" * 8)
    done = go(source_id)
    assert done.error is not None
    assert done.error.reason == "needs_credentials"
    assert len(collector.requests) == 1
    assert count("sources", "next_check_at IS NULL AND error_reason = 'needs_credentials'") == 1


def test_needing_approval_is_a_state_and_no_error(scripted: Callable[..., tuple[int, Scripted]]) -> None:
    def waits(request: CollectRequest, http: HttpClient) -> Steps:
        yield from ()
        return Outcome(False, "needs_approval", "Ask the platform for access.", next_check=timedelta(days=1))

    source_id, _ = scripted(waits)
    go(source_id)
    with db.reading() as session:
        row = next(each for each in sources.list_sources(session, SYSTEM, datetime.now(UTC)) if each.id == source_id)
    assert (row.state, row.error_count, row.last_success_at) == ("needs approval", 0, None)


def test_when_a_run_ends_the_next_of_its_host_has_its_turn(
    scripted: Callable[..., tuple[int, Scripted]], queued: Callable[[str], int]
) -> None:
    first, _ = scripted()
    scripted(name="T")
    collect_source(first)
    assert queued("collect") == 1
    collect_source(first)  # not due any more: nothing is queued either
    assert queued("collect") == 1


def test_a_host_that_fails_five_times_is_given_a_rest_over_all_runs(
    scripted: Callable[..., tuple[int, Scripted]], settings: Callable[..., Settings]
) -> None:
    settings(allow_private_addresses="true")
    with replay_server() as site:
        site.add("/", Answer(500, {}, b"broken"))

        def asks(request: CollectRequest, http: HttpClient) -> Steps:
            http.get(site.url("/"))
            yield Batch((), {})
            return Outcome(True, "ok")

        first, _ = scripted(asks)
        second, _ = scripted(asks, name="T")
        for number in range(6):
            go((first, second)[number % 2])
        assert len(site.requests) == 6  # a person may insist
        collected = run_source_as_due(first)
        assert collected.error is not None
        assert (collected.error.reason, len(site.requests)) == ("unreachable", 6)
        assert "given a rest" in collected.error.detail
        assert collected.retry_at is not None
        assert collected.requests == 0


def run_source_as_due(source_id: int) -> Run:
    with db.transaction() as session:
        session.execute(text("UPDATE sources SET next_check_at = now() WHERE id = :id"), {"id": source_id})
    done = run_source(source_id, analyze=lambda _: None)
    assert done is not None
    return done


def test_a_delivery_report_in_a_mailbox_pauses_the_address_and_becomes_no_post(
    scripted: Callable[..., tuple[int, Scripted]],
) -> None:
    now = datetime.now(UTC)
    with db.transaction() as session:
        outbox.put(
            session, Mail("News", "Text", "", ("ada@acme.example",), dedupe_key="k"), None, "all", now, smtp=True
        )

    def mailbox(request: CollectRequest, http: HttpClient) -> Steps:
        yield Batch((), {}, reports=(report(local_part(outbox.message_key("k"))), b"wreck"))
        return Outcome(True, "ok")

    go(scripted(mailbox)[0])
    assert count("mail_states", "paused_at IS NOT NULL") == 1
    assert count("posts") == 0
