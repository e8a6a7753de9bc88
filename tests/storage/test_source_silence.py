"""Silence where a platform's window closes, and that sources which speak are not even looked at."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from collectors.base import CollectError, Outcome
from storage import mentions, sources
from storage.source_silence import _doubtful
from tests import factories as make
from tests.factories import ADMINISTRATOR, DAY, HOUR, NOW
from tests.scripted import Scripted, register


@pytest.fixture(autouse=True)
def _kind(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch, Scripted(credentials=(), window=timedelta(days=7)))


def ran(session: Session, source_id: int, complete: bool, at: object) -> None:
    run = sources.claim(session, source_id, at, force=True)  # type: ignore[arg-type]
    assert run is not None
    sources.finish_run(session, run.run_id, Outcome(complete, "ok"), at)  # type: ignore[arg-type]


def test_a_window_that_closes_is_an_alarm_also_where_nothing_ever_came(session: Session) -> None:
    source_id = sources.add_source(session, ADMINISTRATOR, "scripted", "Play", {}, NOW)
    assert sources.mark_silent(session, NOW + 20 * DAY) == []  # never read: whoever set it up sees that
    ran(session, source_id, True, NOW)
    ran(session, source_id, False, NOW + 3 * DAY)
    down = sources.claim(session, source_id, NOW + 4 * DAY, force=True)
    assert down is not None
    sources.fail_run(session, down.run_id, CollectError("unreachable", "down"), NOW + 4 * DAY)
    assert sources.mark_silent(session, NOW + 6 * DAY) == []
    (gone,) = sources.mark_silent(session, NOW + 6 * DAY + HOUR)
    assert "will be lost for good from 11 March on" in gone.reason
    (silent,) = sources.silent_sources(session, NOW + 8 * DAY)
    assert "is lost for good" in silent.reason
    ran(session, source_id, True, NOW + 8 * DAY)
    assert sources.mark_silent(session, NOW + 8 * DAY) == []
    assert sources.silent_sources(session, NOW + 8 * DAY) == []


def test_the_window_that_is_left_is_shown(session: Session) -> None:
    source_id = sources.add_source(session, ADMINISTRATOR, "scripted", "Play", {}, NOW)
    ran(session, source_id, True, NOW)
    for days, left in ((2, 5 * DAY), (9, timedelta(0))):
        (row,) = sources.list_sources(session, ADMINISTRATOR, NOW + days * DAY)
        assert row.window_left == left


def test_a_source_that_speaks_is_not_looked_at(session: Session) -> None:
    world = make.set_up(session)
    feed = {"url": "https://news.example/feed"}
    speaks, quiet = (sources.add_source(session, ADMINISTRATOR, "feed", n, dict(feed), NOW) for n in ("a", "b"))
    mentions.add_new(session, speaks, [make.a_post("1", "Acme", NOW - HOUR)], world.matcher, NOW)
    mentions.add_new(session, quiet, [make.a_post("1", "Acme", NOW - 2 * DAY)], world.matcher, NOW)
    assert list(_doubtful(session, NOW)) == [quiet]


def test_a_webhook_that_nothing_is_pushed_into_any_more_is_silent(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(monkeypatch, Scripted(kind="pushed", credentials=(), polled=False, takes_hooks=True))
    world = make.set_up(session)
    source_id = sources.add_source(session, ADMINISTRATOR, "pushed", "Hook", {}, NOW)
    assert sources.mark_silent(session, NOW + DAY) == []  # nothing ever came
    posts = [make.a_post(str(n), "Acme", NOW + n * HOUR) for n in range(0, 96, 8)]
    mentions.add_new(session, source_id, posts, world.matcher, NOW + 4 * DAY)
    assert sources.mark_silent(session, NOW + 4 * DAY) == []
    (gone,) = sources.mark_silent(session, NOW + 6 * DAY)
    assert gone.reason.startswith("Nothing for")
    mentions.add_new(session, source_id, [make.a_post("x", "Acme", NOW + 6 * DAY)], world.matcher, NOW + 6 * DAY)
    sources.mark_silent(session, NOW + 6 * DAY)
    assert sources.silent_sources(session, NOW + 6 * DAY) == []


def test_a_survey_is_never_called_silent(session: Session) -> None:
    world = make.set_up(session)
    survey = sources.add_source(session, ADMINISTRATOR, "survey", "Pulse", {}, NOW)
    month = NOW.replace(day=1, hour=0, minute=0)
    answers = [make.a_post(str(n), make.different(n), month, kind="survey") for n in range(40)]
    mentions.add_new(session, survey, answers, world.matcher, NOW)
    assert list(_doubtful(session, NOW)) == [survey]
    assert sources.mark_silent(session, NOW) == []
