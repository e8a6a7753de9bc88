"""Second looks end to end: counters, edits, deletions of hashed ids, failures, budgets, and a worker that dies."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from collectors.base import Batch, Budget, CollectError, CollectRequest, Outcome, Recheck
from collectors.http import HttpClient
from collectors.post import RawAuthor, RawPost
from storage import db, sources
from storage.viewer import SYSTEM
from tests.factories import World
from tests.scripted import Look, Scripted, Steps, raw, register
from tests.workers.conftest import count
from workers.collect import run_source
from workers.recheck import recheck_due, recheck_source

PACK = Recheck(pack=2, then=timedelta(days=25))
NAMED = "at://did:plc:secretive/post/1"


def _collect(request: CollectRequest, http: HttpClient) -> Steps:
    posts = [raw(str(n), f"Acme number {n}", counters={"likes": 10}) for n in range(3)]
    by_name = RawPost(NAMED, "Acme by secretive", datetime.now(UTC), author=RawAuthor("scripted", handle="secretive"))
    yield Batch((*posts, by_name), {"page": 1})
    return Outcome(True, "ok")


@pytest.fixture
def looked(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, Scripted]]:
    """A source with four posts, all due for a second look by the given script."""

    def make(look: Look, **attributes: object) -> tuple[int, Scripted]:
        values = {"credentials": (), "recheck": PACK, **attributes}
        collector = Scripted(_collect, look, **values)
        register(monkeypatch, collector)
        with db.transaction() as session:
            source_id = sources.add_source(session, SYSTEM, "scripted", "S", {"budget": 10}, datetime.now(UTC))
        assert run_source(source_id, analyze=lambda _: None) is not None
        make_due()
        return source_id, collector

    return make


def make_due() -> None:
    with db.transaction() as session:
        session.execute(text("UPDATE posts SET recheck_at = now() - interval '1 second' WHERE deleted_at IS NULL"))


def due() -> int:
    return count("posts", "recheck_at <= now()")


def test_counters_edits_and_deletions_follow(looked: Callable[..., tuple[int, Scripted]]) -> None:
    def look(request: CollectRequest, refs: tuple[str, ...], http: HttpClient) -> Steps:
        assert set(refs) == {"0", "1", "2", NAMED}  # asked by the platform's own id
        edited = raw("1", "Acme number one, corrected", counters={"likes": 4})
        yield Batch((raw("0", "Acme number 0", counters={"likes": 25}), edited), {"page": 99}, (NAMED,))
        return Outcome(True, "ok")

    source_id, collector = looked(look)
    recheck_source(source_id)

    assert collector.refs != []
    assert count("sources", "cursor = '{\"page\": 1}'") == 1  # a second look moves no cursor
    assert count("posts", "text = 'Acme number one, corrected' AND edited_at IS NOT NULL") == 1
    assert count("posts", "deleted_at IS NOT NULL AND text = '' AND sealed_ref IS NULL AND recheck_at IS NULL") == 1
    assert count("counter_snapshots", "counter = 'likes' AND value IN (25, 4)") == 2  # one rose and one fell
    assert count("posts", "native_id LIKE '%secretive%'") == 0
    assert due() == 0
    assert count("posts", "recheck_at > now() + interval '50 minutes'") == 3
    assert count("collection_runs", "purpose = 'recheck' AND complete") == 1
    with db.reading() as session:
        assert sources.coverage(session, datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC)) == 1.0


def test_a_post_whose_author_the_platform_leaves_out_stays_the_same_post(
    looked: Callable[..., tuple[int, Scripted]],
) -> None:
    def look(request: CollectRequest, refs: tuple[str, ...], http: HttpClient) -> Steps:
        yield Batch((RawPost(NAMED, "Acme, edited", datetime.now(UTC)),), None)
        return Outcome(True, "ok")

    source_id, _ = looked(look)
    recheck_source(source_id)

    assert count("posts") == 4
    assert count("posts", "native_id LIKE 'hmac:%' AND text = 'Acme, edited' AND author_key IS NOT NULL") == 1


def test_due_posts_are_queued_by_source_and_packed(
    looked: Callable[..., tuple[int, Scripted]], queued: Callable[[str], int]
) -> None:
    def look(request: CollectRequest, refs: tuple[str, ...], http: HttpClient) -> Steps:
        yield Batch(tuple(raw(ref, f"Acme number {ref}") for ref in refs), None)
        return Outcome(True, "ok")

    source_id, collector = looked(look, recheck=Recheck(pack=1))
    with db.transaction() as session:
        session.execute(text("UPDATE posts SET native_id = native_id || 'x', sealed_ref = NULL"))
        session.execute(
            text("""
            INSERT INTO posts (source_id, native_id, kind, text, text_hash, own_account, published_at, date_from,
                collected_at, matched_version, recheck_at)
            SELECT :id, 'n' || n, 'post', 'Acme', '', false, now(), 'source', now(), 1, now()
            FROM generate_series(1, 10) n"""),
            {"id": source_id},
        )
    recheck_due()
    recheck_due()

    assert queued("collect") == 2
    recheck_source(source_id)
    recheck_source(source_id)
    recheck_source(source_id)
    assert [len(refs) for refs in collector.refs] == [10, 4]


def _fails(error: Exception) -> Look:
    def look(request: CollectRequest, refs: tuple[str, ...], http: HttpClient) -> Steps:
        request.meter.charge(0.5)
        yield Batch((raw(refs[0], "Acme seen"),), None)
        raise error

    return look


def test_a_failure_puts_all_looks_off_and_keeps_what_was_seen_and_paid(
    looked: Callable[..., tuple[int, Scripted]],
) -> None:
    source_id, _ = looked(_fails(CollectError("unreachable", "down")), budget=Budget("USD", "month"))
    recheck_source(source_id)

    assert due() == 0
    assert count("posts", "recheck_at BETWEEN now() + interval '11 minutes' AND now() + interval '16 minutes'") == 3
    assert count("collection_runs", "purpose = 'recheck' AND NOT complete AND cost = 0.5 AND seen = 1") == 1
    assert count("sources", "error_reason IS NULL AND error_count = 0") == count("sources")
    make_due()
    recheck_source(source_id)
    assert count("posts", "recheck_at BETWEEN now() + interval '23 minutes' AND now() + interval '31 minutes'") == 3


def test_the_platforms_word_is_obeyed(looked: Callable[..., tuple[int, Scripted]]) -> None:
    until = datetime.now(UTC) + timedelta(hours=5)
    source_id, _ = looked(_fails(CollectError("rate_limited", "wait", retry_at=until)))
    recheck_source(source_id)
    assert count("posts", f"recheck_at = '{until.isoformat()}'") >= 3


def test_a_fault_of_ours_is_stored_and_raised(looked: Callable[..., tuple[int, Scripted]]) -> None:
    source_id, _ = looked(_fails(TypeError("a fault")))
    with pytest.raises(TypeError):
        recheck_source(source_id)
    assert count("collection_runs", "purpose = 'recheck' AND detail LIKE 'A fault of Outspoken%'") == 1
    assert due() == 0


def test_nothing_is_bought_once_the_budget_is_spent(looked: Callable[..., tuple[int, Scripted]]) -> None:
    source_id, collector = looked(_fails(AssertionError("asked")), budget=Budget("USD", "month"))
    with db.transaction() as session:
        run_id = sources.begin_run(session, source_id, "collect", datetime.now(UTC))
        sources.note_spending(session, run_id, cost=10.0)
    recheck_source(source_id)

    assert collector.refs == []
    assert due() == 0
    assert count("posts", "recheck_at > now() + interval '55 minutes'") == 4


def test_what_a_killed_worker_took_comes_back(looked: Callable[..., tuple[int, Scripted]]) -> None:
    def killed(request: CollectRequest, refs: tuple[str, ...], http: HttpClient) -> Steps:
        request.meter.charge(2.0)
        yield Batch((), None)
        raise KeyboardInterrupt  # nothing of ours runs after this, as after SIGKILL

    source_id, _ = looked(killed, budget=Budget("USD", "month"))
    with pytest.raises(KeyboardInterrupt):
        recheck_source(source_id)
    assert count("posts", "recheck_at BETWEEN now() AND now() + interval '16 minutes'") == 4
    assert count("collection_runs", "purpose = 'recheck' AND cost = 2.0") == 1


def test_ids_sealed_with_another_key_are_given_up(looked: Callable[..., tuple[int, Scripted]]) -> None:
    def look(request: CollectRequest, refs: tuple[str, ...], http: HttpClient) -> Steps:
        assert NAMED not in refs
        yield Batch((), None)
        return Outcome(True, "ok")

    source_id, _ = looked(look)
    with db.transaction() as session:
        session.execute(text("UPDATE posts SET sealed_ref = 'damaged' WHERE sealed_ref IS NOT NULL"))
    recheck_source(source_id)
    assert count("posts", "sealed_ref IS NOT NULL AND recheck_at IS NULL") == 1
    assert count("posts", "recheck_at > now() + interval '59 minutes'") == 3  # not to be had this time


def test_readings_alone_are_a_look_that_changes_no_text(looked: Callable[..., tuple[int, Scripted]]) -> None:
    def look(request: CollectRequest, refs: tuple[str, ...], http: HttpClient) -> Steps:
        readings = {"0": {"likes": 25, "views": 7}, NAMED: {"likes": 3}, "unheard of": {"likes": 1}}
        yield Batch((), None, readings=readings)
        return Outcome(True, "ok")

    source_id, _ = looked(look)
    recheck_source(source_id)
    assert count("counter_snapshots", "counter = 'likes' AND value IN (25, 3)") == 2
    assert count("counter_snapshots", "value = 1") == 0
    assert count("posts", "edited_at IS NOT NULL") == 0
    assert due() == 0
