"""Turns at a host and its fuse."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from collectors.base import CollectError
from storage import db, hosts
from workers.gate import HostGate

SECOND = timedelta(seconds=1)
HOST = "forum.example"


def turn(session: Session, pace: timedelta = SECOND, patience: timedelta = 5 * SECOND) -> hosts.Turn:
    return hosts.take_turn(session, HOST, pace, patience)


def fail(session: Session, times: int) -> None:
    for _ in range(times):
        hosts.note_end(session, HOST, failed=True)


def later(session: Session, wait: timedelta) -> None:
    """As if that much time had gone by at the host."""
    moved = "UPDATE hosts SET next_at = next_at - :w, open_until = open_until - :w"
    session.execute(text(moved), {"w": wait})


def rest(session: Session) -> timedelta | None:
    left: timedelta | None = session.scalar(
        text("SELECT open_until - clock_timestamp() FROM hosts WHERE host = :host"), {"host": HOST}
    )
    return left


def test_requests_follow_each_other_at_the_pace(session: Session) -> None:
    waits = [turn(session).wait for _ in range(4)]
    assert waits[0] == timedelta(0)
    assert [round((wait or timedelta(0)) / SECOND) for wait in waits] == [0, 1, 2, 3]


def test_a_turn_that_is_far_off_is_not_reserved(session: Session) -> None:
    turn(session, pace=timedelta(minutes=1))
    refused = [turn(session, pace=timedelta(minutes=1)) for _ in range(3)]
    assert {each.wait for each in refused} == {None}
    assert len({each.retry_at for each in refused}) == 1  # who is refused does not push the next turn back
    assert not refused[0].resting


def test_five_failures_in_a_row_blow_the_fuse_and_each_further_one_doubles_the_rest(session: Session) -> None:
    turn(session)
    fail(session, 4)
    assert rest(session) is None
    hosts.note_end(session, HOST, failed=False)
    fail(session, 4)
    assert rest(session) is None  # a success began the count anew
    rests = []
    for _ in range(8):
        fail(session, 1)
        rests.append(round((rest(session) or timedelta(0)) / timedelta(minutes=1)))
    assert rests == [2, 4, 8, 16, 32, 60, 60, 60]


def test_after_the_rest_one_request_goes_through_and_decides(session: Session) -> None:
    turn(session)
    fail(session, 5)
    refused = turn(session)
    assert (refused.wait, refused.resting, refused.failures) == (None, True, 5)
    later(session, timedelta(minutes=3))
    assert turn(session).wait is not None
    assert turn(session).resting  # the others wait for how it goes
    hosts.note_end(session, HOST, failed=True)
    assert (rest(session) or timedelta(0)) > timedelta(minutes=3)
    later(session, timedelta(minutes=5))
    assert turn(session).wait is not None
    hosts.note_end(session, HOST, failed=False)
    assert (rest(session), turn(session).resting) == (None, False)


def test_a_probe_that_never_came_back_blocks_nobody_for_long(session: Session) -> None:
    turn(session)
    fail(session, 5)
    later(session, timedelta(minutes=3))
    assert turn(session).wait is not None
    later(session, hosts.PROBE)
    assert turn(session).wait is not None


@pytest.fixture
def committed(clean_database: Engine) -> Iterator[None]:
    """Gates open connections of their own."""
    yield
    with clean_database.begin() as connection:
        connection.execute(text("DELETE FROM hosts"))


def test_gates_of_two_workers_share_the_turns(committed: None) -> None:
    slept: list[float] = []
    gates = [HostGate(SECOND, sleep=slept.append) for _ in range(2)]
    for number in range(4):
        gates[number % 2].enter(HOST.upper())
    assert [round(each) for each in slept] == [1, 2, 3]


def test_a_gate_says_when_to_come_back(committed: None) -> None:
    gate = HostGate(timedelta(0), sleep=lambda _: None)
    gate.enter(HOST)
    for _ in range(hosts.FUSE_AT):
        gate.leave(HOST, failed=True)
    with pytest.raises(CollectError, match="failed 5 times in a row") as caught:
        gate.enter(HOST)
    assert (caught.value.reason, caught.value.permanent) == ("unreachable", False)
    assert caught.value.retry_at is not None
    HostGate(timedelta(0), force=True).enter(HOST)  # a person asks
    slow = HostGate(timedelta(minutes=2), sleep=lambda _: None)
    slow.enter("slow.example")
    for _ in range(2):
        with pytest.raises(CollectError, match="waits for its turn") as caught:
            slow.enter("slow.example")
    assert caught.value.reason == "rate_limited"


def test_a_slow_pace_still_lets_runs_wait_for_each_other(committed: None) -> None:
    slept: list[float] = []
    gate = HostGate(8 * SECOND, sleep=slept.append)
    for _ in range(3):
        gate.enter(HOST)
    assert [round(each) for each in slept] == [8, 16]
    with db.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM hosts")) == 1
