"""Erasures outlive a restored backup."""

import json

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from collectors.post import RawAuthor, RawPost
from config.settings import get_settings
from storage import erasures, kept_away, mentions, rollups
from storage.door import privacy_door
from storage.viewer import SYSTEM, NotAllowed
from tests import factories as make
from tests.factories import HR, NOW, World

PERSON, OTHER = (RawAuthor("reddit", None, name) for name in ("Kettle_Fan", "Somebody"))
LATER = NOW + make.DAY


@pytest.fixture
def world(session: Session) -> World:
    return make.set_up(session)


def publish(session: Session, world: World, author: RawAuthor, *numbers: int) -> int:
    """Let somebody publish; returns how many posts were taken."""
    door = privacy_door(session, get_settings())
    posts = [RawPost(f"n{n}", make.different(n), NOW, author=author) for n in numbers]
    admitted = [door.admit(post, NOW, 10_000) for post in posts]
    added = mentions.add_new(session, world.forum, admitted, world.matcher, NOW)
    make.judge(session)
    return added.posts_added


def erase(session: Session, *, refuse: bool) -> None:
    keys = erasures.keys_of(session, get_settings(), PERSON)
    erasures.erase(session, SYSTEM, keys, "reddit", "asked", NOW, refuse=refuse)


def texts(session: Session) -> set[str]:
    return set(session.scalars(text("SELECT native_id FROM posts WHERE text <> ''")))


@pytest.mark.parametrize("refuse", [False, True])
def test_what_was_erased_after_the_backup_is_erased_again(session: Session, world: World, refuse: bool) -> None:
    publish(session, world, OTHER, 7)
    backup = session.begin_nested()  # what comes after it is not in it
    publish(session, world, PERSON, 1, 2)
    erase(session, refuse=refuse)
    mentions.mark_deleted(session, world.forum, ["n7"], NOW)
    lines = list(kept_away.saved(session, SYSTEM))
    backup.rollback()
    assert len(texts(session)) == 1
    publish(session, world, PERSON, 1)  # one that is back, and one that its place will offer again
    done = kept_away.repeat(session, SYSTEM, lines, LATER)
    assert (done.buried, done.kept_out, done.records, done.problems) == (2, 1, 1, 0)
    assert (done.refused > 0) == refuse
    assert texts(session) == set()
    assert publish(session, world, PERSON, 1, 2) == 0
    assert publish(session, world, PERSON, 3) == (0 if refuse else 1)
    assert rollups.check(session) == []


def test_repeating_twice_changes_nothing(session: Session, world: World) -> None:
    publish(session, world, PERSON, 1, 2)
    erase(session, refuse=True)
    lines = list(kept_away.saved(session, SYSTEM))
    assert kept_away.repeat(session, SYSTEM, lines, LATER) == kept_away.Repeated()
    assert list(kept_away.saved(session, SYSTEM)) == lines


def test_the_file_holds_no_text_and_no_name(session: Session, world: World) -> None:
    publish(session, world, PERSON, 1)
    publish(session, world, OTHER, 2)
    erase(session, refuse=True)
    kept = "".join(kept_away.saved(session, SYSTEM))
    assert "kettle" not in kept.casefold()
    assert make.different(1) not in kept
    assert {next(iter(json.loads(line))) for line in kept.splitlines()} == {"key", "erasure", "refused", "post"}
    with pytest.raises(NotAllowed):
        list(kept_away.saved(session, HR))


def test_bad_lines_lose_no_others(session: Session, world: World) -> None:
    publish(session, world, PERSON, 1)
    (good,) = (json.loads(line)["post"] for line in _lines_of_a_deletion(session, world) if '"post"' in line)
    bad = ("", "{", "[]", "{}", '{"post": {}}', '{"post": null}', '{"refused": {"key": "x", "erasure": 99}}',
           *(json.dumps({"post": {**good, **wrong}}) for wrong in (
               {"source": "1"}, {"source": 2**40}, {"id": "a\x00b"}, {"collected_at": "soon"},
               {"collected_at": "2026-01-01"}, {"source_kind": "x"}, {"more": 1})))  # fmt: skip
    done = kept_away.repeat(session, SYSTEM, [*bad, json.dumps({"post": {**good, "id": "unseen"}})], LATER)
    assert (done.kept_out, done.problems) == (1, len(bad))


def _lines_of_a_deletion(session: Session, world: World) -> list[str]:
    mentions.mark_deleted(session, world.forum, list(session.scalars(text("SELECT native_id FROM posts"))), NOW)
    return list(kept_away.saved(session, SYSTEM))
