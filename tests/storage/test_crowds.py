"""Days on which five people spoke are known without looking who did, and only as long as it is true."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from storage import mentions, rollups
from storage.blocks import told_days
from storage.viewer import SYSTEM
from tests import factories as make
from tests.factories import NOW, World

STAFF = ("negative", "employee", "employer")
PEOPLE = [make.author(name) for name in "abcde"]


def _speak(session: Session, world: World, people: int, first: int = 0, **more: object) -> list[int]:
    texts = {f"{number}": make.different(number) for number in range(first, first + people)}
    return make.heard(session, world, texts, labels=STAFF, authors=PEOPLE[:people], **more)  # type: ignore[arg-type]


def _crowded(session: Session) -> bool:
    assert rollups.check(session) == []
    return bool(session.scalar(text("SELECT count(*) FROM crowded_days")))


def _told(session: Session, world: World) -> int:
    found = told_days(session, world.acme, ["employer"], NOW - 2 * make.DAY, NOW + make.DAY)
    return len(found.days[("employer", "employee")])


def test_a_day_counts_while_five_people_of_a_group_spoke_on_it(session: Session) -> None:
    world = make.set_up(session)
    _speak(session, world, 4)
    assert not _crowded(session)
    (fifth,) = make.heard(session, world, {"fifth": make.different(9)}, labels=STAFF, authors=["hmac:fifth"])
    assert _crowded(session)
    assert _told(session, world) == 1
    mentions.correct(session, SYSTEM, fifth, "audience", "candidate", NOW)
    assert not _crowded(session)
    mentions.correct(session, SYSTEM, fifth, "audience", "employee", NOW)
    assert not _crowded(session)  # whom a reader put into a group makes it no larger


def test_one_person_who_says_much_is_no_crowd(session: Session) -> None:
    world = make.set_up(session)
    texts = {f"{number}": make.different(number) for number in range(8)}
    make.heard(session, world, texts, labels=STAFF, authors=["hmac:one"])
    assert not _crowded(session)


def test_a_crowd_goes_with_those_who_take_their_words_back(session: Session) -> None:
    world = make.set_up(session)
    _speak(session, world, 5)
    assert _crowded(session)
    mentions.mark_deleted(session, world.forum, ["3"], NOW)
    assert not _crowded(session)
    assert _told(session, world) == 0


def test_answers_to_surveys_are_no_crowd(session: Session) -> None:
    world = make.set_up(session)
    month = NOW.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    posts = [
        make.a_post(f"{number}", make.different(number), month, kind="survey", author_key=f"hmac:{number}")
        for number in range(6)
    ]
    mentions.add_new(session, world.forum, posts, world.matcher, NOW)
    make.judge(session, "negative", "employee", "employer")
    assert not _crowded(session)


def test_what_pages_tell_is_the_same_without_it(session: Session) -> None:
    world = make.set_up(session)
    _speak(session, world, 5)
    _speak(session, world, 3, first=10, at=NOW - make.DAY)
    with_it = told_days(session, world.acme, ["employer"], NOW - 2 * make.DAY, NOW + make.DAY)
    session.execute(text("DELETE FROM crowded_days"))
    assert told_days(session, world.acme, ["employer"], NOW - 2 * make.DAY, NOW + make.DAY) == with_it
    assert len(rollups.check(session)) == 1
    rollups.mend(session)
    assert _crowded(session)
