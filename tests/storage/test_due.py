"""Which sources are due: fair over hosts, in one query also for ten thousand; claims, and what a run leaves behind."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.orm import Session

from collectors.base import CollectError, Outcome
from storage import collection, db, sources
from tests.factories import ADMINISTRATOR, HOUR, NOW
from tests.scripted import Scripted, register

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    register(
        monkeypatch,
        Scripted(credentials=()),
        Scripted(kind="pushed", polled=False, takes_hooks=True, credentials=()),
        Scripted(kind="stream", long_running=True, credentials=()),
    )


def add(session: Session, name: str, place: str | None = None, kind: str = "scripted", now: datetime = NOW) -> int:
    options = {} if place is None else {"place": place}
    return sources.add_source(session, ADMINISTRATOR, kind, name, dict(options), now)


def next_check(session: Session, source_id: int) -> datetime | None:
    session.expire_all()
    place = sources.position(session, source_id)
    assert place is not None
    return place.next_check_at


def claim(session: Session, source_id: int, now: datetime = NOW, *, force: bool = True) -> sources.ClaimedSource:
    found = sources.claim(session, source_id, now, force=force)
    assert found is not None
    return found


def test_of_one_host_two_are_due_at_a_time_and_every_host_has_its_turn(session: Session) -> None:
    crowd = [add(session, f"crowd {n}", "busy.example", now=NOW - 2 * HOUR) for n in range(5)]
    lone = add(session, "lone", "quiet.example", now=NOW - HOUR)
    nowhere = [add(session, f"nowhere {n}") for n in range(3)]
    due = sources.due_sources(session, NOW)
    assert set(due) == {*crowd[:2], lone, *nowhere}
    assert set(sources.due_sources(session, NOW, limit=5)) == {crowd[0], lone, *nowhere}  # one of each host first


def test_runs_under_way_count_against_their_host(session: Session) -> None:
    ids = [add(session, f"s{n}", "Busy.Example") for n in range(4)]
    runs = [claim(session, each, force=False) for each in ids[:2]]
    assert sources.due_sources(session, NOW) == []
    assert sources.claim(session, ids[2], NOW) is None
    assert sources.claim(session, ids[2], NOW, force=True) is not None  # a person asked
    sources.finish_run(session, runs[0].run_id, Outcome(True, "ok"), NOW)
    sources.finish_run(session, runs[1].run_id, Outcome(True, "ok"), NOW)
    assert sources.due_at_host_of(session, ids[0], NOW) == ids[3]


def test_two_workers_that_claim_at_once_respect_the_host(clean_database: Engine) -> None:
    with db.transaction() as session:
        ids = [add(session, f"s{n}", "busy.example") for n in range(6)]
    taken: list[int] = []
    start = threading.Barrier(len(ids))

    def work(source_id: int) -> None:
        start.wait()
        with db.transaction() as session:
            if sources.claim(session, source_id, NOW) is not None:
                taken.append(source_id)

    threads = [threading.Thread(target=work, args=(each,)) for each in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == sources.HOST_RUNS


def test_a_resting_host_is_left_alone_and_says_so(session: Session) -> None:
    resting, other = add(session, "r", "down.example"), add(session, "o", "up.example")
    rest = "INSERT INTO hosts (host, next_at, failures, open_until, updated_at) VALUES ('down.example', :n, 5, :u, :n)"
    session.execute(text(rest), {"n": NOW, "u": NOW + MINUTE})
    assert sources.due_sources(session, NOW) == [other]
    states = {row.id: row.state for row in sources.list_sources(session, ADMINISTRATOR, NOW)}
    assert states == {resting: "resting host", other: "never run"}
    assert set(sources.due_sources(session, NOW + MINUTE)) == {resting, other}


def test_what_is_pushed_is_never_due_and_streams_are_due_elsewhere(session: Session) -> None:
    pushed, stream = add(session, "p", kind="pushed"), add(session, "s", kind="stream")
    assert sources.due_sources(session, NOW) == []
    assert sources.due_streams(session, NOW) == [stream]
    assert next_check(session, pushed) is None
    with pytest.raises(ValueError, match="nothing to collect"):
        sources.run_now(session, ADMINISTRATOR, pushed, NOW)
    sources.set_enabled(session, ADMINISTRATOR, pushed, True, NOW)
    assert next_check(session, pushed) is None


@pytest.mark.parametrize(("wish", "wait"), [(timedelta(0), MINUTE), (timedelta(seconds=5), MINUTE), (HOUR, HOUR)])
def test_no_source_is_asked_in_a_hot_loop(session: Session, wish: timedelta, wait: timedelta) -> None:
    source_id = add(session, "s")
    sources.finish_run(session, claim(session, source_id).run_id, Outcome(True, "ok", next_check=wish), NOW)
    assert next_check(session, source_id) == NOW + wait
    late = CollectError("rate_limited", "wait", retry_at=NOW)
    sources.fail_run(session, claim(session, source_id).run_id, late, NOW, chance=lambda: 0.0)
    assert (next_check(session, source_id) or NOW) >= NOW + MINUTE


def test_a_stream_that_ended_goes_on_at_once(session: Session) -> None:
    source_id = add(session, "s", kind="stream")
    sources.finish_run(session, claim(session, source_id).run_id, Outcome(True, "ok"), NOW)
    assert sources.due_streams(session, NOW) == [source_id]


@pytest.mark.parametrize(("chance", "minutes"), [(0.0, (12, 24, 48)), (0.5, (13.5, 27, 54)), (1.0, (15, 30, 60))])
def test_failures_wait_with_jitter(session: Session, chance: float, minutes: tuple[float, ...]) -> None:
    source_id = add(session, "s")
    waits = []
    for _ in minutes:
        down = CollectError("unreachable", "down")
        sources.fail_run(session, claim(session, source_id).run_id, down, NOW, chance=lambda: chance)
        waits.append(((next_check(session, source_id) or NOW) - NOW) / MINUTE)
    assert waits == pytest.approx(minutes)


def test_a_claim_that_is_renewed_is_not_taken_over(session: Session) -> None:
    source_id = add(session, "s", kind="stream")
    run = claim(session, source_id)
    late = NOW + sources.STALE_CLAIM
    assert sources.renew_claim(session, run.run_id, late)
    assert sources.claim(session, source_id, late + MINUTE, force=True) is None
    thief = claim(session, source_id, late + sources.STALE_CLAIM + MINUTE)
    assert not sources.renew_claim(session, run.run_id, late)
    assert sources.renew_claim(session, thief.run_id, late + sources.STALE_CLAIM + MINUTE)
    sources.delete_source(session, ADMINISTRATOR, source_id)
    assert not sources.renew_claim(session, thief.run_id, late)


@pytest.mark.parametrize("reason", ["needs_approval", "needs_credentials", "unauthorized"])
def test_an_outcome_that_waits_for_a_person_is_no_success(session: Session, reason: str) -> None:
    source_id = add(session, "s")
    sources.finish_run(session, claim(session, source_id).run_id, Outcome(False, reason, "Ask for access."), NOW)
    (row,) = sources.list_sources(session, ADMINISTRATOR, NOW)
    states = {"needs_approval": "needs approval", "needs_credentials": "needs keys"}
    assert (row.state, row.error_detail) == (states.get(reason, "error"), "Ask for access.")
    assert (row.last_success_at, row.last_complete_at, row.error_count) == (None, None, 0)
    sources.finish_run(session, claim(session, source_id).run_id, Outcome(True, "ok"), NOW)
    (row,) = sources.list_sources(session, ADMINISTRATOR, NOW)
    assert (row.state, row.last_complete_at) == ("ok", NOW)


def _many(session: Session, count: int) -> None:
    session.execute(
        text("""
        INSERT INTO sources (kind, name, options, origin, host, interval_minutes, created_at, next_check_at)
        SELECT 'scripted', 's' || n, '{}', 'dashboard', 'h' || n % 500, 15, :now,
            :now + (n * 15 * 60.0 / :count - 60) * interval '1 second' FROM generate_series(1, :count) n
        """),
        {"now": NOW, "count": count},
    )
    session.execute(text("ANALYZE sources"))


def test_ten_thousand_sources_are_one_query_over_an_index(session: Session) -> None:
    _many(session, 10_000)
    asked: list[str] = []
    note: Callable[..., None] = lambda *args: asked.append(args[2])  # noqa: E731
    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    try:
        due = sources.due_sources(session, NOW)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert len(asked) == 1
    assert len(due) == 666  # a minute's worth, all at once within the limits of 500 hosts
    values = {"now": NOW, "stale": NOW, "streams": [], "host": None, "per_host": 2, "limit": 1_000}
    plan = session.scalars(text(f"EXPLAIN {collection._DUE.text}"), values).all()
    assert any("ix_sources_due" in line for line in plan), plan
