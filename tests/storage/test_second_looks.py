"""When posts are looked at again, who takes them, and for how long they are kept."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from collectors.base import Recheck
from config.settings import Settings, get_settings
from storage import mentions, profile, retention, second_looks, sources
from tests import factories as make
from tests.factories import ADMINISTRATOR, DAY, HOUR, NOW, World
from tests.scripted import Scripted, register

MONTHLY = Recheck(pack=50, then=timedelta(days=25))


@pytest.fixture
def world(session: Session, monkeypatch: pytest.MonkeyPatch) -> World:
    looked = Scripted(credentials=(), recheck=MONTHLY, keep_days=30)
    once = Scripted(kind="once", credentials=(), recheck=Recheck(pack=10), mapper_version=3)
    register(monkeypatch, looked, once)
    return make.set_up(session)


def a_source(session: Session, kind: str = "scripted", keep_days: int | None = None) -> int:
    return sources.add_source(session, ADMINISTRATOR, kind, kind, {}, NOW, keep_days=keep_days)


def say(
    session: Session, world: World, source_id: int, native_id: str, at: datetime, now: datetime, words: str = "Acme"
) -> int:
    mentions.add_new(session, source_id, [make.a_post(native_id, words, at)], world.matcher, now)
    found: int | None = session.scalar(text("SELECT id FROM posts WHERE native_id = :n"), {"n": native_id})
    assert found is not None
    return found


def due_at(session: Session, post_id: int) -> datetime | None:
    found: datetime | None = session.scalar(text("SELECT recheck_at FROM posts WHERE id = :id"), {"id": post_id})
    return found


def test_looks_are_due_at_fixed_ages_and_then_as_the_platform_asks(session: Session, world: World) -> None:
    post = say(session, world, a_source(session), "1", NOW, NOW)
    ages = []
    now = NOW
    for _ in range(7):
        at = due_at(session, post)
        assert at is not None
        ages.append(at - NOW)
        now = at
        second_looks.answered(session, [post], MONTHLY, now)
    assert ages == [HOUR, 6 * HOUR, DAY, 3 * DAY, 7 * DAY, 32 * DAY, 57 * DAY]


@pytest.mark.parametrize(
    ("kind", "age", "due"),
    [
        ("once", 2 * HOUR, 6 * HOUR),
        ("once", 5 * DAY, 7 * DAY),
        ("once", 8 * DAY, None),
        ("scripted", 8 * DAY, 33 * DAY),
    ],
)
def test_a_post_that_comes_late_begins_with_the_next_age(
    session: Session, world: World, kind: str, age: timedelta, due: timedelta | None
) -> None:
    post = say(session, world, a_source(session, kind), "1", NOW - age, NOW)
    assert due_at(session, post) == (None if due is None else NOW - age + due)


def test_a_late_look_counts_for_the_ages_it_missed(session: Session, world: World) -> None:
    post = say(session, world, a_source(session), "1", NOW, NOW)
    second_looks.answered(session, [post], MONTHLY, NOW + 2 * DAY)
    assert due_at(session, post) == NOW + 3 * DAY
    second_looks.answered(session, [post], MONTHLY, NOW + 2 * HOUR)  # an older look that comes in after it
    assert due_at(session, post) == NOW + 6 * HOUR


def test_posts_about_nobody_are_left_alone_until_they_are_about_somebody(session: Session, world: World) -> None:
    source_id = a_source(session)
    post = say(session, world, source_id, "1", NOW, NOW, "The weather")
    assert due_at(session, post) is None
    profile.save_profile(
        session, make.PROFILE.replace('"Contoso"', '"Weather"'), origin="file", user_id=None, now=NOW
    )  # fmt: skip
    mentions.rematch(session, profile.matcher(session), NOW)
    assert due_at(session, post) == NOW + HOUR
    edited = say(session, world, source_id, "2", NOW, NOW, "Nothing")
    say(session, world, source_id, "2", NOW, NOW, "Acme after all")
    assert due_at(session, edited) == NOW + HOUR


def test_a_deleted_post_is_never_looked_at_again(session: Session, world: World) -> None:
    source_id = a_source(session)
    post = say(session, world, source_id, "1", NOW, NOW)
    mentions.mark_deleted(session, source_id, ["1"], NOW)
    second_looks.answered(session, [post], MONTHLY, NOW)
    assert due_at(session, post) is None


def test_what_is_due_is_taken_once_shown_posts_first(session: Session, world: World) -> None:
    source_id = a_source(session)
    posts = [say(session, world, source_id, str(n), NOW, NOW) for n in range(4)]
    session.execute(text("UPDATE mentions SET counted = true WHERE post_id = :id"), {"id": posts[3]})
    assert second_looks.due(session, NOW) == []
    later = NOW + HOUR
    assert second_looks.due(session, later) == [source_id]
    assert [each.id for each in second_looks.take(session, source_id, 1, later)] == [posts[3]]
    assert {each.id for each in second_looks.take(session, source_id, 9, later)} == set(posts[:3])
    assert second_looks.take(session, source_id, 9, later) == []
    after = later + second_looks.LEASE  # whoever took them is gone
    assert len(second_looks.take(session, source_id, 9, after)) == 4


def test_paused_stopped_and_resting_sources_are_not_asked(session: Session, world: World) -> None:
    source_id = a_source(session)
    say(session, world, source_id, "1", NOW, NOW)
    later = NOW + HOUR
    for change, back in (
        ("enabled = false", "enabled = true"),
        ("error_reason = 'unauthorized'", "error_reason = NULL"),
    ):
        session.execute(text(f"UPDATE sources SET {change}"))
        assert second_looks.due(session, later) == []
        session.execute(text(f"UPDATE sources SET {back}"))
    second_looks.put_off(session, source_id, later + DAY)
    assert second_looks.due(session, later) == []
    assert second_looks.due(session, later + DAY) == [source_id]


def test_the_mappers_version_is_stored(session: Session, world: World) -> None:
    say(session, world, a_source(session, "once"), "1", NOW, NOW)
    make.say(session, world, "2")
    assert session.scalars(text("SELECT mapper_version FROM posts ORDER BY native_id")).all() == [3, 1]


def kept(session: Session, now: datetime) -> Sequence[str]:
    while retention.delete_expired(session, now, get_settings()):
        continue
    return session.scalars(text("SELECT native_id FROM posts ORDER BY native_id")).all()


def test_a_look_renews_what_the_platform_lets_us_keep(session: Session, world: World) -> None:
    source_id = a_source(session)
    posts = {name: say(session, world, source_id, name, NOW, NOW) for name in ("seen", "lost")}
    second_looks.answered(session, [posts["seen"]], MONTHLY, NOW + 20 * DAY, renew=True)
    second_looks.unanswered(session, [posts["lost"]], MONTHLY, NOW + 20 * DAY)
    assert expires(session, source_id) == NOW + 30 * DAY
    assert kept(session, NOW + 30 * DAY) == ["lost", "seen"]
    assert kept(session, NOW + 31 * DAY) == ["seen"]
    assert expires(session, source_id) == NOW + 50 * DAY
    assert kept(session, NOW + 51 * DAY) == []


def test_a_source_keeps_for_the_days_it_was_told_looks_or_not(session: Session, world: World) -> None:
    source_id = a_source(session, keep_days=10)
    post = say(session, world, source_id, "1", NOW - DAY, NOW)
    make.say(session, world, "2", at=NOW)
    second_looks.answered(session, [post], MONTHLY, NOW + 9 * DAY, renew=True)
    assert expires(session, source_id) == NOW + 10 * DAY
    assert kept(session, NOW + 11 * DAY) == ["2"]
    with pytest.raises(ValueError, match=r"^keep_days"):
        sources.update_source(session, ADMINISTRATOR, source_id, NOW, keep_days=0)
    sources.update_source(session, ADMINISTRATOR, source_id, NOW, name="Kept")
    assert row(session, source_id).keep_days == 10
    sources.update_source(session, ADMINISTRATOR, source_id, NOW, keep_days=None)
    assert row(session, source_id).keep_days is None


def test_the_general_limit_counts_where_nothing_else_does(
    session: Session, world: World, settings: Callable[..., Settings]
) -> None:
    settings(mention_days=100)
    make.say(session, world, "1", at=NOW)
    assert expires(session, world.forum) == NOW + 100 * DAY
    assert expires(session, world.news) is None


def row(session: Session, source_id: int) -> sources.SourceRow:
    session.expire_all()
    return next(each for each in sources.list_sources(session, ADMINISTRATOR, NOW) if each.id == source_id)


def expires(session: Session, source_id: int) -> datetime | None:
    return row(session, source_id).expires_next
