"""The demo company goes the real way in, shows incidents, and leaves nothing behind."""

from datetime import UTC, datetime, timedelta

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import text
from sqlalchemy.orm import Session

from collectors.demo import generator, surveys
from collectors.demo.generator import DemoPost
from storage import accounts, db, demo, profile, rollups, sources
from storage.viewer import SYSTEM
from storage.voice import inside_outside
from workers import demo as loader
from workers import demo_advocates

NOW = datetime.now(UTC)
_TABLES = ("posts", "mentions", "stories", "rollups", "incidents", "outbox", "advocates", "users", "sources")
OWN = '[company]\nname = "Acme"\n'


@pytest.fixture
def short_demo(monkeypatch: pytest.MonkeyPatch, clean_database: object) -> None:
    """The whole way with few posts: every third of the last twelve days, and all of events and of the last hour; short
    watches.

    Only the three advocates who joined last.
    """
    whole = generator.demo_posts
    recent, hour = timedelta(days=12), timedelta(hours=1)
    events = tuple(event for event in generator.EVENTS if event.begins < recent)

    def few(now: datetime) -> list[DemoPost]:
        ages = [(now - (each.post.published_at or now), each) for each in whole(now)]
        return [each for at, (age, each) in enumerate(ages) if loud(age) or (age < recent and at % 3 == 0)]

    def loud(age: timedelta) -> bool:
        return age < hour or any(event.begins - hour * event.hours <= age <= event.begins for event in events)

    monkeypatch.setattr(generator, "demo_posts", few)
    monkeypatch.setattr(surveys, "_ASKED", dict.fromkeys(("exit", "csat"), 6))
    monkeypatch.setattr(loader, "EVENTS", events)
    monkeypatch.setattr(loader, "_AFTERMATH", timedelta(hours=2))
    monkeypatch.setattr(demo_advocates, "_PEOPLE", demo_advocates._PEOPLE[-3:])
    monkeypatch.setattr(accounts, "_hasher", lambda: PasswordHash((Argon2Hasher(1, 8, 1),)))


def _count(session: Session, table: str) -> int:
    return int(session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


@pytest.mark.timeout(240)
def test_loading_shows_incidents_and_removing_leaves_nothing(short_demo: None) -> None:
    assert loader.load_demo(NOW)
    assert not loader.load_demo(NOW), "loading twice does nothing"
    with db.reading() as session:
        state = demo.state(session)
        assert (state.real, state.begun, state.loaded) == (False, True, True)
        assert _count(session, "mentions") > 150
        assert rollups.check(session) == []
        assert _count(session, "incidents WHERE kind = 'volume_spike' AND closed_at IS NULL") >= 1
        assert _count(session, "incidents WHERE NOT demo") == 0
        assert _count(session, "outbox") >= 1
        assert {row.demo for row in sources.list_sources(session, SYSTEM, NOW)} == {True}
        begin, end = NOW - timedelta(days=95), NOW + timedelta(days=1)  # answers lie on the first of three months
        asked = [
            part for side in ("employer", "brand") for part in inside_outside(session, SYSTEM, side, begin, end).surveys
        ]
        assert {part.survey: (part.answers or 0) // 6 for part in asked} == {"exit": 3, "csat": 3}
    loader.remove_demo()
    with db.reading() as session:
        for table in (
            "posts",
            "mentions",
            "stories",
            "rollups",
            "incidents",
            "outbox",
            "advocates",
            "contents",
            "users",
            "sources",
        ):
            assert _count(session, table) == 0, table
        assert profile.current_profile(session) is None


def test_a_company_of_ones_own_is_not_mixed_with_the_demo(clean_database: object) -> None:
    with db.transaction() as session:
        profile.save_profile(session, OWN, origin="dashboard", user_id=None, now=NOW)
    with pytest.raises(loader.DemoError, match="set up already"):
        loader.load_demo(NOW)


def test_only_one_process_loads(clean_database: object) -> None:
    with demo.loading() as held:
        assert held
        assert not loader.load_demo(NOW)
        with pytest.raises(loader.DemoError, match="being loaded"):
            loader.remove_demo()


def test_a_load_that_was_killed_is_begun_anew(short_demo: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loader, "_take_in", killed)
        with pytest.raises(KeyboardInterrupt):
            loader.load_demo(NOW)
    with db.reading() as session:
        state = demo.state(session)
    assert state.begun
    assert not state.loaded
    later = ("add_advocates", "add_contents", "add_campaigns", "detect_alerts", "find_topics")
    for step in ("_take_in", "_replay", *later):  # the whole way is shown above
        monkeypatch.setattr(loader, step, lambda *_: None)
    assert loader.load_demo(NOW)
