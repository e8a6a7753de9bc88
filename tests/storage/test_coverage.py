"""Coverage by hour, and the ledger: what begun runs covered and what they cost."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from collectors.base import Budget, Outcome
from storage import mentions, sources
from storage.ledger import spent_by_source
from storage.viewer import NotAllowed, NotFound
from tests import factories as make
from tests.factories import ADMINISTRATOR, DAY, HOUR, MARKETING, NOW
from tests.scripted import Scripted, register

TOP = NOW.replace(minute=0)
MINUTE = timedelta(minutes=1)


def paid(monkeypatch: pytest.MonkeyPatch, budget: Budget | None = Budget("USD", "month")) -> Scripted:
    collector = Scripted(credentials=(), budget=budget)
    register(monkeypatch, collector, Scripted(kind="stream", long_running=True, credentials=()))
    return collector


def a_source(session: Session, kind: str = "scripted", **options: float) -> int:
    return sources.add_source(session, ADMINISTRATOR, kind, kind, dict(options), NOW)


def a_run(
    session: Session,
    source_id: int,
    at: datetime,
    *,
    cost: float = 0.0,
    complete: bool = True,
    purpose: str = "collect",
) -> int:
    run_id = sources.begin_run(session, source_id, purpose, at)
    sources.end_run(session, run_id, complete, "ok", "", at + timedelta(seconds=20), requests=2, cost=cost)
    return run_id


def row(session: Session, source_id: int, now: datetime = NOW) -> sources.SourceRow:
    session.expire_all()
    return next(each for each in sources.list_sources(session, ADMINISTRATOR, now) if each.id == source_id)


def test_the_strip_has_every_hour(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    paid(monkeypatch)
    world = make.set_up(session)
    source_id = a_source(session)
    for minutes, complete in ((-130, True), (-70, True), (-65, False)):
        a_run(session, source_id, TOP + minutes * MINUTE, complete=complete)
    a_run(session, source_id, TOP - 5 * MINUTE, purpose="recheck")
    a_run(session, source_id, TOP - 4 * MINUTE, purpose="hook", complete=False)
    mentions.add_new(session, source_id, [make.a_post("1")], world.matcher, TOP - 100 * MINUTE)
    strip = sources.coverage_hours(session, source_id, TOP - 3 * HOUR, TOP + MINUTE)
    assert [(each.hour, each.begun, each.complete, each.items) for each in strip] == [
        (TOP - 3 * HOUR, 1, 1, 0),
        (TOP - 2 * HOUR, 2, 1, 1),
        (TOP - HOUR, 0, 0, 0),
        (TOP, 0, 0, 0),
    ]
    assert sources.coverage(session, TOP - DAY, NOW) == pytest.approx(2 / 3)
    assert len(sources.coverage_hours(session, source_id, NOW - 2 * DAY, NOW)) == 49


def test_a_stream_covers_the_hours_it_listened_and_is_no_loss_while_it_runs(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid(monkeypatch)
    source_id = a_source(session, "stream")
    run = sources.claim(session, source_id, NOW - 2 * HOUR, force=True)
    assert run is not None
    assert sources.renew_claim(session, run.run_id, NOW)
    assert sources.coverage(session, NOW - DAY, NOW, [source_id]) is None
    assert row(session, source_id).coverage_24h is None
    assert sources.coverage(session, NOW - DAY, NOW + HOUR, [source_id]) == 0.0  # no sign of life for an hour
    sources.finish_run(session, run.run_id, Outcome(True, "ok"), NOW)
    strip = sources.coverage_hours(session, source_id, NOW - 3 * HOUR, NOW)
    assert [each.complete for each in strip] == [0, 1, 1, 1]


def test_spending_is_summed_since_the_period_began(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    collector = paid(monkeypatch)
    source_id = a_source(session, budget=10)
    month = NOW.replace(day=1, hour=0, minute=0)
    a_run(session, source_id, month - MINUTE, cost=100.0)
    for purpose, cost in (("collect", 3.0), ("recheck", 2.5), ("trial", 0.5)):
        a_run(session, source_id, month + HOUR, cost=cost, purpose=purpose)
    assert spent_by_source(session, NOW) == {source_id: 6.0}
    found = row(session, source_id)
    assert (found.unit, found.period, found.spent, found.limit, found.state) == ("USD", "month", 6.0, 10.0, "never run")
    meter = sources.meter_of(session, collector, source_id, {"budget": 10}, NOW)
    assert (meter.left, meter.near_limit) == (4.0, False)
    running = sources.begin_run(session, source_id, "collect", NOW)
    sources.note_spending(session, running, cost=4.0)
    mine = sources.meter_of(session, collector, source_id, {"budget": 10}, NOW, running)
    assert mine.spent_before == 6.0  # its own spending is counted by the meter itself
    assert row(session, source_id).state == "over budget"
    assert row(session, source_id, month + 32 * DAY).spent == 0.0


def test_a_kind_without_a_budget_has_no_ledger_and_no_limit_is_no_limit(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector = paid(monkeypatch)
    source_id = a_source(session)
    assert sources.meter_of(session, collector, source_id, {}, NOW).left is None
    assert row(session, source_id).limit is None
    collector = paid(monkeypatch, None)
    found = row(session, source_id)
    assert (found.unit, found.period, found.spent, found.limit) == (None, None, None, None)
    assert sources.meter_of(session, collector, source_id, {"budget": 1}, NOW).left is None


def test_a_period_begins_where_the_platform_says() -> None:
    day = Budget("units", "day", "America/Los_Angeles")
    assert day.period_start(NOW).isoformat() == "2026-03-04T00:00:00-08:00"
    assert Budget("USD", "month").period_start(NOW.replace(month=12, day=31)).date().isoformat() == "2026-12-01"


def test_items_that_nobody_foresaw_wait_for_an_administrator(session: Session) -> None:
    from storage.held import hold

    world = make.set_up(session)
    odd = make.a_post("odd", "A new kind of mail", stated={"held": "No template fits."}, title="Alert")
    assert hold(session, world.forum, [odd, make.a_post("2", stated={})], NOW) == 2
    assert hold(session, world.forum, [odd], NOW) == 0
    found = sources.held_items(session, ADMINISTRATOR, world.forum)
    assert {(each.native_id, each.reason) for each in found} == {
        ("odd", "No template fits."), ("2", "Its form is not known."),
    }  # fmt: skip
    with pytest.raises(NotAllowed):
        sources.held_items(session, MARKETING, world.forum)
    sources.resolve_held(session, ADMINISTRATOR, found[0].id, NOW)
    assert [each.id for each in sources.held_items(session, ADMINISTRATOR, world.forum)] == [found[1].id]
    assert hold(session, world.forum, [odd], NOW) == 0  # what was dealt with does not come back
    with pytest.raises(NotFound):
        sources.resolve_held(session, ADMINISTRATOR, found[0].id, NOW)


def test_a_delivery_counts_once_for_a_day(session: Session) -> None:
    world = make.set_up(session)
    assert not sources.seen_delivery(session, world.forum, b"digest", NOW)
    assert sources.seen_delivery(session, world.forum, b"digest", NOW + HOUR)
    assert not sources.seen_delivery(session, world.news, b"digest", NOW)
    session.execute(text("DELETE FROM hook_deliveries"))
    assert not sources.seen_delivery(session, world.forum, b"digest", NOW)


def test_the_log_of_runs_is_for_administrators(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    paid(monkeypatch)
    source_id = a_source(session)
    a_run(session, source_id, NOW, cost=1.5, purpose="recheck")
    (found,) = sources.runs(session, ADMINISTRATOR, source_id)
    assert (found.purpose, found.cost, found.requests) == ("recheck", 1.5, 2)
    for read in (sources.runs, sources.import_problems):
        with pytest.raises(NotAllowed):
            read(session, MARKETING, source_id)
