"""Erasing what a person published, by the handle that they tell."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from collectors.post import RawAuthor, RawPost
from config.settings import Settings, get_settings
from storage import erasures, mentions, rollups
from storage.door import privacy_door
from storage.mentions import MentionFilter, search
from storage.models.mentions import Post
from storage.viewer import SYSTEM, NotAllowed
from tests import factories as make
from tests.factories import ADMINISTRATOR, HR, NOW, World

PERSON = RawAuthor("reddit", None, "Kettle_Fan")


@pytest.fixture
def world(session: Session) -> World:
    return make.set_up(session)


def _publish(session: Session, world: World, author: RawAuthor, *numbers: int) -> list[int]:
    door = privacy_door(session, get_settings())
    posts = [
        door.admit(RawPost(f"{author.handle}-{n}", make.different(n), NOW, author=author), NOW, 10_000) for n in numbers
    ]
    added = mentions.add_new(session, world.forum, posts, world.matcher, NOW)
    make.judge(session, "neutral", "consumer", "brand", now=NOW)
    return list(added.mention_ids_pending)


def _keys(session: Session, author: RawAuthor = PERSON, settings: Settings | None = None) -> tuple[str, ...]:
    return erasures.keys_of(session, settings or get_settings(), author)


def test_a_handle_finds_the_persons_posts_and_nobody_elses(session: Session, world: World) -> None:
    _publish(session, world, PERSON, 1, 2, 3)
    other = _publish(session, world, RawAuthor("reddit", None, "Kettle_Fan2"), 4)
    done = erasures.erase(session, SYSTEM, _keys(session), "reddit", "asked", NOW, refuse=False)
    assert (done.posts, done.mentions) == (3, 3)
    assert [item.id for item in search(session, ADMINISTRATOR, MentionFilter()).items] == other
    assert rollups.check(session) == []
    buried = session.scalars(select(Post).where(Post.deleted_at.is_not(None))).all()
    assert len(buried) == 3
    assert all(post.text == "" and post.author_key is None for post in buried)


@pytest.mark.parametrize("told", ["kettle_fan", "@Kettle_Fan", " KETTLE_FAN "])
def test_the_handle_may_be_written_as_people_write_it(session: Session, world: World, told: str) -> None:
    _publish(session, world, PERSON, 1)
    assert erasures.find(session, SYSTEM, _keys(session, RawAuthor("reddit", None, told))).posts == 1


def test_a_platform_whose_ids_are_handles_is_found_by_the_handle(session: Session, world: World) -> None:
    _publish(session, world, RawAuthor("hackernews", "Kettle_Fan", "Kettle_Fan"), 1)
    assert erasures.find(session, SYSTEM, _keys(session, RawAuthor("hackernews", None, "Kettle_Fan"))).posts == 1


def test_a_late_copy_brings_nothing_back(session: Session, world: World) -> None:
    _publish(session, world, PERSON, 1)
    erasures.erase(session, SYSTEM, _keys(session), "reddit", "asked", NOW, refuse=False)
    assert _publish(session, world, PERSON, 1) == []


def test_who_asked_is_not_listened_to_again(session: Session, world: World) -> None:
    erasures.erase(session, SYSTEM, _keys(session), "reddit", "asked", NOW, refuse=True)
    assert _publish(session, world, PERSON, 1, 2) == []
    assert session.scalar(select(func.count()).select_from(Post)) == 0
    assert len(_publish(session, world, RawAuthor("reddit", None, "another"), 3)) == 1


def test_the_record_names_nobody_and_asking_twice_is_no_harm(session: Session, world: World) -> None:
    _publish(session, world, PERSON, 1)
    for _ in range(2):
        erasures.erase(session, SYSTEM, _keys(session), "reddit", "asked by mail", NOW, refuse=True)
    newer, older = erasures.erasures(session, ADMINISTRATOR)
    assert (older.posts, newer.posts) == (1, 0)
    assert "kettle" not in repr((newer, older)).casefold()


def test_nothing_is_erased_of_nobody(session: Session, world: World) -> None:
    for author, field in ((RawAuthor("", None, "x"), "platform"), (RawAuthor("reddit"), "handle")):
        with pytest.raises(ValueError, match=field):
            _keys(session, author)


def test_only_administrators_erase(session: Session, world: World) -> None:
    with pytest.raises(NotAllowed):
        erasures.erase(session, HR, _keys(session), "reddit", "asked", NOW, refuse=True)
    with pytest.raises(NotAllowed):
        erasures.erasures(session, HR)
