"""Rotating the key of the pseudonyms: nobody is cut off, nobody counts twice, at any moment and after any break."""

import json
from collections.abc import Callable, Iterable
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select, text

from collectors.post import RawAuthor, RawPost
from collectors.privacy import PrivacyDoor
from collectors.pseudonyms import Keychain, generation_of
from collectors.survey_answers import hidden_id
from config.settings import Settings, get_settings
from storage import db, erasures, intake, kept_away, key_rotation, mentions, pseudonym_keys, rollups
from storage.door import privacy_door
from storage.models.mentions import Mention, Post
from storage.models.privacy import PseudonymKey, RefusedAuthor
from storage.models.users import AuditEntry
from storage.pseudonym_keys import PseudonymKeyError
from storage.viewer import SYSTEM
from tests import factories as make
from tests.factories import NOW, World

LATER = NOW + timedelta(hours=1)
FIRST, SECOND, THIRD = ("key number one " * 2, "key number two " * 2, "key number three " * 2)
DID = "did:plc:abcdefghijklmnop"

ChangeSettings = Callable[..., Settings]


@pytest.fixture
def world(clean_database: Engine, settings: ChangeSettings) -> World:
    settings(pseudonym_key=FIRST)
    with db.transaction() as session:
        return make.set_up(session)


def _author(name: str) -> RawAuthor:
    return RawAuthor("reddit", None, name)


def _bluesky(name: str, number: int) -> RawPost:
    """A post whose id names its author, so that it is stored under a pseudonym too."""
    author = RawAuthor("bluesky", DID, name)
    return RawPost(f"at://{DID}/app.bsky.feed.post/{number}", make.different(number), NOW, author=author)


def _door() -> PrivacyDoor:
    with db.reading() as session:
        return privacy_door(session, get_settings())


def _send(world: World, *raw: RawPost, door: PrivacyDoor | None = None) -> mentions.Added:
    door = door or _door()
    posts = [door.admit(each, NOW, 10_000) for each in raw]
    with db.transaction() as session:
        return mentions.add_new(session, world.forum, posts, world.matcher, NOW)


def _said(name: str, *numbers: int) -> list[RawPost]:
    return [RawPost(f"{name[0]}{number}", make.different(number), NOW, author=_author(name)) for number in numbers]


def _voices() -> int:
    """How many different people the mentions count."""
    with db.reading() as session:
        return len(set(session.scalars(select(Mention.author_key))))


def _generations() -> set[int]:
    with db.reading() as session:
        keys = [*session.scalars(select(Mention.author_key)), *session.scalars(select(Post.author_key))]
        return {generation_of(key) for key in keys if key is not None}


def _rotate(settings: ChangeSettings, new: str, old: str) -> None:
    changed = settings(pseudonym_key=new, pseudonym_key_before=old)
    key_rotation.begin(changed, NOW)
    key_rotation.run(changed, NOW)
    settings(pseudonym_key=new, pseudonym_key_before="")


def test_everybody_stays_one_person_through_two_rotations(world: World, settings: ChangeSettings) -> None:
    _send(world, *_said("ann", 1, 2), *_said("bob", 3))
    _rotate(settings, SECOND, FIRST)
    _send(world, *_said("ann", 4), *_said("cleo", 5))
    assert (_voices(), _generations()) == (3, {1})
    _rotate(settings, THIRD, SECOND)
    _send(world, *_said("ann", 6), *_said("bob", 7), *_said("cleo", 8))
    assert (_voices(), _generations()) == (3, {2})


def test_a_handle_still_erases_and_the_refused_stay_out(world: World, settings: ChangeSettings) -> None:
    _send(world, *_said("ann", 1, 2), *_said("bob", 3))
    with db.transaction() as session:
        keys = erasures.keys_of(session, get_settings(), _author("bob"))
        erasures.erase(session, SYSTEM, keys, "reddit", "asked", NOW, refuse=True)
    _rotate(settings, SECOND, FIRST)
    _rotate(settings, THIRD, SECOND)
    assert _send(world, *_said("bob", 4)).posts_added == 0
    with db.transaction() as session:
        keys = erasures.keys_of(session, get_settings(), _author("ann"))
        assert erasures.erase(session, SYSTEM, keys, "reddit", "asked", NOW, refuse=True).posts == 2
        assert {generation_of(key) for key in session.scalars(select(RefusedAuthor.author_key))} == {2}
    assert _send(world, *_said("ann", 5)).posts_added == 0


def test_ids_and_references_move_along(world: World, settings: ChangeSettings) -> None:
    survey = RawPost(hidden_id("R-1"), "Acme is fine", NOW, kind="survey")
    _send(world, _bluesky("ann", 1), _bluesky("ann", 2), survey)
    _rotate(settings, SECOND, FIRST)
    again = _send(world, _bluesky("ann", 1), _bluesky("ann", 2), survey)
    assert (again.posts_added, again.posts_changed) == (0, 0)
    door = _door()
    with db.transaction() as session:
        sealed = session.scalars(select(Post.sealed_ref).where(Post.sealed_ref.is_not(None))).all()
        assert {door.unseal(each) for each in sealed if each} == {_bluesky("ann", n).native_id for n in (1, 2)}
        alone = PrivacyDoor(Keychain((get_settings().pseudonym_secret(),)), ())
        assert all(alone.unseal(each) for each in sealed if each)  # the old key opens none of them any more
        assert intake.mark_deleted(session, world.forum, door.keys_of(_bluesky("ann", 1).native_id), NOW) == 1
    _rotate(settings, THIRD, SECOND)
    assert _send(world, _bluesky("ann", 1)).posts_added == 0  # the tombstone is known


def test_killed_in_the_middle_it_counts_right_and_goes_on(
    world: World, settings: ChangeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_rotation, "POSTS", 1)
    old_door = _door()  # of a run that began before
    people = ("ann", "bob", "cleo", "dan")
    _send(world, *(post for number, name in enumerate(people) for post in _said(name, number)), _bluesky("eve", 9))
    changed = settings(pseudonym_key=SECOND, pseudonym_key_before=FIRST)
    assert key_rotation.begin(changed, NOW).posts == 5
    settings(pseudonym_key=SECOND, pseudonym_key_before="")  # from here on the old key is sealed in the database

    def killed(posts: int) -> None:
        for door in (old_door, None):
            _send(world, *(post for number, name in enumerate(people, 20) for post in _said(name, number)), door=door)
            _send(world, _bluesky("eve", 9), _bluesky("eve", 10), door=door)
        assert _voices() == 5
        raise KeyboardInterrupt

    for _ in people:
        with pytest.raises(KeyboardInterrupt):
            key_rotation.run(get_settings(), NOW, killed)
    assert _generations() == {0, 1}
    assert key_rotation.begin(get_settings(), LATER).resumed
    key_rotation.run(get_settings(), LATER)
    assert (_voices(), _generations()) == (5, {1})
    _send(world, *_said("ann", 30), _bluesky("eve", 9), door=old_door)
    assert (_voices(), _generations()) == (5, {1})
    with db.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM posts WHERE native_id LIKE 'hmac:%'")) == 2
        acts = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert [each for each in acts if each.startswith("pseudonyms")] == ["pseudonyms.rotate", "pseudonyms.rotated"]


def test_a_person_who_asks_in_the_middle_is_found_in_both_halves(
    world: World, settings: ChangeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_rotation, "POSTS", 1)
    _send(world, *_said("ann", 1), *_said("bob", 2))
    changed = settings(pseudonym_key=SECOND, pseudonym_key_before=FIRST)
    key_rotation.begin(changed, NOW)
    with pytest.raises(KeyboardInterrupt):
        key_rotation.run(changed, NOW, lambda posts: (_ for _ in ()).throw(KeyboardInterrupt))
    for name in ("ann", "bob"):
        with db.transaction() as session:
            keys = erasures.keys_of(session, changed, _author(name))
            assert erasures.erase(session, SYSTEM, keys, "reddit", "asked", NOW, refuse=True).posts == 1
        assert _send(world, *_said(name, 3)).posts_added == 0


def test_a_wrong_key_stores_nothing_and_says_so(world: World, settings: ChangeSettings) -> None:
    _send(world, *_said("ann", 1))
    stale = _door()
    wrong = settings(pseudonym_key="another key, mistyped")
    with db.transaction() as session, pytest.raises(PseudonymKeyError, match="PSEUDONYM_KEY is not the key"):
        pseudonym_keys.verify(session, wrong, NOW)
    with pytest.raises(PseudonymKeyError):
        _door()
    with pytest.raises(PseudonymKeyError):
        key_rotation.begin(wrong, NOW)
    _rotate(settings, SECOND, FIRST)
    settings(pseudonym_key=FIRST)  # a process that nobody started anew
    with pytest.raises(PseudonymKeyError):
        _send(world, *_said("ann", 2), door=stale)
    assert _voices() == 1


def test_a_new_key_waits_for_its_rotation(world: World, settings: ChangeSettings) -> None:
    _send(world, *_said("ann", 1))
    settings(pseudonym_key=SECOND, pseudonym_key_before=FIRST)
    _send(world, *_said("ann", 2))
    assert (_voices(), _generations()) == (1, {0})


def test_what_an_older_version_stored_stands_under_the_key_before(world: World, settings: ChangeSettings) -> None:
    _send(world, *_said("ann", 1))
    with db.transaction() as session:
        session.execute(text("DELETE FROM pseudonym_keys"))
    changed = settings(pseudonym_key=SECOND, pseudonym_key_before=FIRST)
    with db.transaction() as session:
        pseudonym_keys.verify(session, changed, NOW)
    _rotate(settings, SECOND, FIRST)
    _send(world, *_said("ann", 2))
    assert (_voices(), _generations()) == (1, {1})


def test_there_is_nothing_to_rotate_to_the_same_key_or_an_older_one(world: World, settings: ChangeSettings) -> None:
    with pytest.raises(ValueError, match="Nothing is stored"):
        key_rotation.begin(get_settings(), NOW)
    _send(world, *_said("ann", 1))
    with pytest.raises(ValueError, match="in force already"):
        key_rotation.begin(get_settings(), NOW)
    with pytest.raises(ValueError, match="without --lost"):
        key_rotation.begin(settings(pseudonym_key=SECOND, pseudonym_key_before=FIRST), NOW, lost=True)
    _rotate(settings, SECOND, FIRST)
    with pytest.raises(ValueError, match="in force"):
        key_rotation.begin(settings(pseudonym_key=FIRST, pseudonym_key_before=SECOND), NOW)


def test_after_a_lost_key_those_from_before_count_as_one(world: World, settings: ChangeSettings) -> None:
    _send(world, *_said("ann", 1), *_said("bob", 2), *_said("cleo", 3))
    changed = settings(pseudonym_key=SECOND)
    key_rotation.begin(changed, NOW, lost=True)
    key_rotation.run(changed, NOW)
    assert _voices() == 1
    _send(world, *_said("ann", 4), *_said("ann", 5))
    assert _voices() == 2
    _rotate(settings, THIRD, SECOND)
    _send(world, *_said("ann", 6))
    assert _voices() == 2


def test_after_a_lost_key_no_day_passes_for_one_of_five_people(world: World, settings: ChangeSettings) -> None:
    _send(world, *(post for name in ("ann", "bob", "cleo", "dan", "eve") for post in _said(name, 1)))
    with db.transaction() as session:
        make.judge(session, audience="employee", facet="employer")
        assert session.scalar(text("SELECT count(*) FROM crowded_days")) == 1
    changed = settings(pseudonym_key=SECOND)
    key_rotation.begin(changed, NOW, lost=True)
    key_rotation.run(changed, NOW)
    with db.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM crowded_days")) == 0
        assert rollups.check(session) == []


def test_a_dump_and_the_old_key_tell_nothing_of_who_came_later(world: World, settings: ChangeSettings) -> None:
    _send(world, *_said("ann", 1))
    _rotate(settings, SECOND, FIRST)
    _send(world, *_said("bob", 2))
    old = Keychain((settings(pseudonym_key=FIRST).pseudonym_secret(),))
    with db.reading() as session:
        stored = set(session.scalars(select(Post.author_key)))
        keys = session.scalars(select(PseudonymKey).order_by(PseudonymKey.generation)).all()
    guesses = {found for name in ("ann", "bob") for found in PrivacyDoor(old, ()).pseudonyms_of(_author(name))}
    assert not stored & guesses
    assert old.unseal(keys[0].sealed or "") is None
    assert keys[0].sealed is not None
    assert keys[1].sealed is None


def test_what_must_stay_away_is_put_back_under_the_newest_key(world: World, settings: ChangeSettings) -> None:
    _send(world, *_said("ann", 1), _bluesky("eve", 2))
    with db.transaction() as session:
        keys = erasures.keys_of(session, get_settings(), _author("ann"))
        erasures.erase(session, SYSTEM, keys, "reddit", "asked", NOW, refuse=True)
        intake.mark_deleted(session, world.forum, _door().keys_of(_bluesky("eve", 2).native_id), NOW)
        before = list(kept_away.saved(session, SYSTEM))
    _rotate(settings, SECOND, FIRST)
    with db.transaction() as session:
        after = list(kept_away.saved(session, SYSTEM))
        session.execute(text("DELETE FROM posts"))
        session.execute(text("DELETE FROM erasures"))
        assert kept_away.repeat(session, SYSTEM, before, NOW).problems == 0
        assert _pseudonyms(kept_away.saved(session, SYSTEM)) == _pseudonyms(after) != _pseudonyms(before)
    assert _send(world, *_said("ann", 3), _bluesky("eve", 2)).posts_added == 0
    with db.transaction() as session:
        session.execute(text("DELETE FROM pseudonym_keys WHERE generation = 1"))  # a backup from before the rotation
        settings(pseudonym_key=SECOND, pseudonym_key_before=FIRST)
        with pytest.raises(PseudonymKeyError, match="Rotate first"):
            kept_away.repeat(session, SYSTEM, after, NOW)


def _pseudonyms(lines: Iterable[str]) -> set[str]:
    """Refused authors and ids of tombstones in what must stay away."""
    found = [next(iter(json.loads(line).items())) for line in lines]
    return {told["key"] if sort == "refused" else told["id"] for sort, told in found if sort in ("refused", "post")}
