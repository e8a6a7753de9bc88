"""Mentions drawn for checking: uniform, shared, of one's own side, never what is protected; and what a check does."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from storage import audit, db, mentions, quality_sample
from storage.mention_detail import get
from storage.recount import check as wrong_cells
from storage.viewer import SYSTEM, NotAllowed, Viewer
from tests import factories as make
from tests.factories import ADVOCATE, DAY, LEADERSHIP, NOW, World, author

LATER = NOW + DAY
ALL = {"sentiment": "neutral", "audience": "consumer", "facet": "brand"}
MANY = tuple(author(f"author {number}") for number in range(12))


def _talk(session: Session, world: World, count: int, facet: str = "brand", about: str = "Acme") -> list[int]:
    audience = "employee" if facet == "employer" else "consumer"
    texts = [make.different(number, f"{about} {facet}") for number in range(count)]
    return make.heard(session, world, texts, labels=("neutral", audience, facet), authors=MANY)


def _drawn(session: Session, viewer: Viewer, at: timedelta = DAY) -> int | None:
    found = quality_sample.draw(session, viewer, NOW + at)
    return found.row.id if found else None


def _check_all(session: Session, viewer: Viewer, at: timedelta = DAY) -> list[int]:
    done: list[int] = []
    while (found := _drawn(session, viewer, at)) is not None:
        quality_sample.enter(session, viewer, found, {"sentiment": "neutral"}, NOW + at)
        done.append(found)
    return done


def test_every_mention_is_as_likely_as_any_other_to_come_first(session: Session) -> None:
    ids = _talk(session, make.set_up(session), 4)
    person = make.a_user(session)
    first: Counter[int | None] = Counter()
    for month in range(48):  # the same talk, as if it were of another month each time
        session.execute(text("UPDATE mentions SET published_at = :at"), {"at": NOW + 31 * month * DAY})
        first[_drawn(session, person, (31 * month + 1) * DAY)] += 1
    assert set(first) == set(ids)
    chi_square = sum((count - 12) ** 2 / 12 for count in first.values())
    assert chi_square < 16.3  # of 3 degrees of freedom, once in a thousand


def test_the_order_holds_for_a_month_and_people_share_it(session: Session) -> None:
    world = make.set_up(session)
    ids = _talk(session, world, 40)
    ada, bo = make.a_user(session, email="ada@acme.example"), make.a_user(session, email="bo@acme.example")
    assert _drawn(session, ada) == _drawn(session, ada, DAY + timedelta(hours=5)) == _drawn(session, bo)
    by_ada = _check_all(session, ada)
    by_bo = _check_all(session, bo)
    assert sorted(by_ada) == sorted(ids)
    assert 1 <= len(by_bo) <= 22  # about one in five is for two people; beyond once in ten thousand
    assert by_bo == [each for each in by_ada if each in by_bo]
    assert _drawn(session, make.a_user(session, email="cleo@acme.example")) is None
    done = quality_sample.progress(session, bo, NOW + DAY)
    assert (done.mine, done.everybody) == (len(by_bo), 40)


def test_a_role_draws_from_its_own_side(session: Session) -> None:
    world = make.set_up(session)
    sides = {facet: _talk(session, world, 6, facet) for facet in ("brand", "employer", "both", "neither")}
    hr, marketing = make.a_user(session, "hr"), make.a_user(session, "marketing")
    assert sorted(_check_all(session, hr)) == sorted(sides["employer"] + sides["both"])
    assert not {*_check_all(session, marketing)} & {*sides["employer"]}
    for viewer in (LEADERSHIP, ADVOCATE, SYSTEM):
        with pytest.raises(NotAllowed):
            quality_sample.draw(session, viewer, NOW)


def test_what_is_hidden_deleted_own_old_or_untagged_is_not_drawn(session: Session) -> None:
    world = make.set_up(session)
    make.heard(session, world, ["Acme union drive"], labels=("neutral", "employee", "employer"), protected=True)
    make.heard(session, world, ["Acme says hello"], own_account=True)
    make.heard(session, world, [make.different(1, "Acme old")], at=NOW - 40 * DAY)
    make.heard(session, world, {"gone": make.different(2, "Acme gone")})
    mentions.mark_deleted(session, world.forum, ["gone"], NOW)
    texts = [make.different(n, "Acme few") for n in range(4)]  # four employees are a small group
    make.heard(session, world, texts, labels=("neutral", "employee", "employer"), authors=MANY[:4])
    person = make.a_user(session, "administrator")
    assert _drawn(session, person) is None
    (only,) = make.heard(session, world, [make.different(4, "Acme seen")])
    make.say(session, world, "waits", make.different(3, "Acme waits"))
    assert _check_all(session, person) == [only]


def test_agreeing_is_kept_and_pins_nothing(session: Session) -> None:
    (found,) = _talk(session, make.set_up(session), 1)
    person = make.a_user(session)
    quality_sample.enter(session, person, found, ALL, LATER)
    detail = get(session, SYSTEM, found)
    assert [(row.head, row.old, row.new) for row in detail.corrections] == [
        ("sentiment", "neutral", "neutral"), ("audience", "consumer", "consumer"), ("facet", "brand", "brand"),
    ]  # fmt: skip
    assert detail.row.corrected == ()
    assert session.scalar(text("SELECT bool_and(sampled) FROM corrections")) is True
    (entry,) = audit.entries(session, SYSTEM)
    assert entry.subject == f"mention {found}: sentiment is neutral, audience is consumer, facet is brand"


def test_another_label_counts_from_now_on_also_when_it_leaves_the_readers_side(session: Session) -> None:
    (found,) = _talk(session, make.set_up(session), 1)
    person = make.a_user(session)
    quality_sample.enter(session, person, found, {"sentiment": "negative", "facet": "employer"}, LATER)
    row = get(session, SYSTEM, found).row
    assert (row.sentiment, row.audience, row.facet) == ("negative", "consumer", "employer")
    assert row.corrected == ("facet", "sentiment")
    assert wrong_cells(session) == []
    told = quality_sample.own_check(session, person, found)
    assert [(each.head, each.model_said, each.person_said) for each in told] == [
        ("sentiment", "neutral", "negative"), ("facet", "brand", "employer"),
    ]  # fmt: skip
    assert told[0].scores["neutral"] == 1.0


def test_what_nobody_can_tell_is_not_asked_again(session: Session) -> None:
    found = _talk(session, make.set_up(session), 2)
    person = make.a_user(session)
    first = _drawn(session, person)
    assert first is not None
    quality_sample.enter(session, person, first, {}, LATER)
    assert {first, _drawn(session, person)} == {*found}
    assert session.scalar(text("SELECT count(*) FROM corrections")) == 0
    assert quality_sample.own_check(session, person, first) == ()


def test_a_check_measures_the_model_and_not_who_corrected_before(session: Session) -> None:
    (found,) = _talk(session, make.set_up(session), 1)
    ada, bo = make.a_user(session, email="ada@acme.example"), make.a_user(session, email="bo@acme.example")
    mentions.correct(session, ada, found, "sentiment", "negative", NOW)
    quality_sample.enter(session, bo, found, {"sentiment": "neutral"}, LATER)
    (told,) = quality_sample.own_check(session, bo, found)
    assert (told.model_said, told.person_said) == ("neutral", "neutral")
    assert get(session, SYSTEM, found).row.sentiment == "neutral"  # the latest word counts


def test_where_the_models_word_is_lost_nothing_is_measured(session: Session) -> None:
    (found,) = _talk(session, make.set_up(session), 1)
    person = make.a_user(session)
    mentions.correct(session, person, found, "sentiment", "negative", NOW)
    session.execute(text("UPDATE mentions SET model = 'the next one'"))
    quality_sample.enter(session, person, found, {"sentiment": "positive", "audience": "other"}, LATER)
    assert [each.head for each in quality_sample.own_check(session, person, found)] == ["audience"]
    assert get(session, SYSTEM, found).row.sentiment == "positive"


def test_nobody_picks(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quality_sample, "_SLACK", 3)
    _talk(session, make.set_up(session), 6)
    person, other = make.a_user(session, "marketing"), make.a_user(session, "hr")
    order = _check_all(session, make.a_user(session, "administrator"))
    session.execute(text("DELETE FROM corrections"))
    with pytest.raises(ValueError, match="not the one to check"):
        quality_sample.enter(session, person, order[-1], ALL, LATER)
    with pytest.raises(ValueError, match="not the one to check"):
        quality_sample.enter(session, other, order[0], ALL, LATER)  # not the side of HR
    with pytest.raises(ValueError, match="sentiment: 'unsure' is not one of"):
        quality_sample.enter(session, person, order[0], {"sentiment": "unsure"}, LATER)
    quality_sample.enter(session, person, order[0], ALL, LATER)
    with pytest.raises(ValueError, match="checked it before"):
        quality_sample.enter(session, person, order[0], ALL, LATER)


def test_a_button_pressed_twice_makes_one_check(clean_database: Engine) -> None:
    with db.transaction() as session:
        (found,) = _talk(session, make.set_up(session), 1)
        person = make.a_user(session)

    def press(_: int) -> bool:
        try:
            with db.transaction() as session:
                quality_sample.enter(session, person, found, ALL, LATER)
        except ValueError:
            return False
        return True

    with ThreadPoolExecutor(4) as presses:
        assert sorted(presses.map(press, range(4))) == [False, False, False, True]
    with db.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM corrections")) == 3
