"""The figures of the Quality page from real rows: checks by turn, side and model; weeks; what people corrected."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from nlp.result import LABELS
from storage import mentions, quality, quality_sample
from storage.quality_checks import HeadQuality
from storage.viewer import SYSTEM, NotAllowed, Viewer
from tests import factories as make
from tests.factories import ADMINISTRATOR, ADVOCATE, DAY, HR, LEADERSHIP, MARKETING, NOW, World, author

START, END = NOW - 30 * DAY, NOW + 2 * DAY
LATER = NOW + DAY
MANY = tuple(author(f"author {number}") for number in range(12))


def _talk(
    session: Session, world: World, labels: Sequence[str], count: int, people: int = 12, at: timedelta = timedelta()
) -> list[int]:
    sentiment, audience, facet = labels
    texts = [make.different(number, f"Acme {sentiment} {audience} {facet} {at}") for number in range(count)]
    said = (sentiment, audience, facet)
    return make.heard(session, world, texts, at=NOW + at, labels=said, authors=MANY[:people])


def _checks(session: Session, viewer: Viewer, right: dict[int, str], head: str) -> None:
    while (found := quality_sample.draw(session, viewer, LATER)) is not None:
        quality_sample.enter(session, viewer, found.row.id, {head: right[found.row.id]}, LATER)


def _head(session: Session, viewer: Viewer, name: str) -> HeadQuality:
    return next(each for each in quality.report(session, viewer, START, END).checked.heads if each.head == name)


def test_checks_measure_the_model(session: Session) -> None:
    world = make.set_up(session)
    neutral, unsure = (_talk(session, world, (mood, "consumer", "brand"), 6) for mood in ("neutral", "unsure"))
    right = dict.fromkeys(neutral, "neutral") | dict.fromkeys(unsure, "positive") | {neutral[0]: "negative"}
    _checks(session, make.a_user(session), right, "sentiment")
    found = _head(session, MARKETING, "sentiment")
    assert found.confusion.rows == ("negative", "neutral", "positive")
    assert found.confusion.columns == ("neutral", "unsure")
    assert found.confusion.counts == ((1, 0), (5, 0), (0, 6))
    assert (found.answered.count, found.answered.n) == (6, 12)
    assert found.accuracy.value == 5 / 6
    assert found.calibration.n == 12
    assert found.calibration.bins[9].right.count == 5  # the model said neutral with 1.0
    assert [(each.by, each.key, each.right.n) for each in found.slices] == [
        ("facet", "brand", 6), ("language", "en", 6), ("model", "test", 6),
    ]  # fmt: skip
    whole = quality.report(session, MARKETING, START, END)
    assert (whole.checked.mentions, whole.checked.people) == (12, 1)
    assert (whole.tags.read, whole.tags.corrected, whole.changes) == (0, 0, ())  # nobody chose these


def test_the_first_person_measures_and_both_agree_or_not(session: Session) -> None:
    world = make.set_up(session)
    ids = _talk(session, world, ("neutral", "consumer", "brand"), 20)
    ada, bo = make.a_user(session, email="ada@acme.example"), make.a_user(session, email="bo@acme.example")
    _checks(session, ada, dict.fromkeys(ids, "neutral"), "sentiment")
    _checks(session, bo, dict.fromkeys(ids, "negative"), "sentiment")
    found = _head(session, MARKETING, "sentiment")
    assert (found.accuracy.value, found.accuracy.n) == (1.0, 20)
    assert (found.agreement.same.value, found.agreement.kappa) == (0.0, 0.0)
    assert 1 <= found.agreement.same.n <= 10
    assert quality.report(session, MARKETING, START, END).checked.people == 2


def test_a_mention_that_is_moved_stays_in_the_figures_of_the_side_it_was_drawn_from(session: Session) -> None:
    world = make.set_up(session)
    ids = _talk(session, world, ("neutral", "consumer", "both"), 5)
    _checks(session, make.a_user(session, "hr"), dict.fromkeys(ids, "brand"), "facet")
    for viewer, recall_known in ((HR, False), (MARKETING, False), (LEADERSHIP, True)):
        found = _head(session, viewer, "facet")
        assert (found.confusion.rows, found.confusion.columns, found.confusion.n) == (("brand",), ("both",), 5)
        assert (found.accuracy.value, found.recall_known) == (0.0, recall_known)


def test_no_role_sees_checks_of_the_other_side(session: Session) -> None:
    world = make.set_up(session)
    ids = _talk(session, world, ("neutral", "candidate", "employer"), 3)
    _checks(session, make.a_user(session, "hr"), dict.fromkeys(ids, "neutral"), "sentiment")
    assert quality.report(session, HR, START, END).checked.mentions == 3
    found = quality.report(session, MARKETING, START, END).checked
    assert (found.mentions, found.people, found.heads[0].confusion.n) == (0, 0, 0)
    with pytest.raises(NotAllowed):
        quality.report(session, ADVOCATE, START, END)


@pytest.mark.parametrize(("people", "alumni", "shown"), [(6, 6, ""), (6, 3, "merged"), (2, 2, "left out")])
def test_few_employees_and_alumni_are_one_class_or_none(session: Session, people: int, alumni: int, shown: str) -> None:
    world = make.set_up(session)
    consumers = _talk(session, world, ("neutral", "consumer", "both"), 4)
    right = dict.fromkeys(consumers, "consumer")
    for number, (audience, count) in enumerate((("employee", people), ("alumnus", alumni))):
        texts = [make.different(each, f"Acme {audience}") for each in range(6)]
        some = MANY[:count] if number == 0 else MANY[12 - count :]
        some = some if shown != "left out" else MANY[:2]
        right |= dict.fromkeys(
            make.heard(session, world, texts, labels=("neutral", audience, "both"), authors=some), audience
        )
    reader = make.a_user(session, "administrator")
    for mention_id, label in right.items():  # also those that a small group hides from the draw
        mentions.check(session, reader, mention_id, "audience", label, LATER)
    found = _head(session, ADMINISTRATOR, "audience")
    labels = {"": ("consumer", "employee", "alumnus"), "merged": ("consumer", "staff"), "left out": ()}
    assert (found.staff, found.confusion.rows) == (shown, labels[shown]), "a day of few is left out as a whole"
    assert found.accuracy.value == (None if shown == "left out" else 1.0)
    assert quality.report(session, ADMINISTRATOR, START, LATER).checked.heads[1].confusion.n == 0, "the day still runs"


def test_no_two_windows_differ_by_the_checks_of_few(session: Session) -> None:
    world = make.set_up(session)
    reader = make.a_user(session, "administrator")
    for day, people in enumerate((MANY[:6], MANY[6:8], (), MANY[8:11], MANY[11:])):
        at = timedelta(days=-9 + day)
        ids = _talk(session, world, ("neutral", "consumer", "both"), 2, at=at)
        texts = [make.different(number, f"Acme staff {day}") for number in range(len(people))]
        staff = ("neutral", "employee", "both")
        ids += make.heard(session, world, texts, at=NOW + at, labels=staff, authors=people) if people else []
        for mention_id in ids:
            said = "consumer" if mention_id in ids[:2] else "employee"
            mentions.check(session, reader, mention_id, "audience", said, NOW + at)

    def counted(first: int, last: int) -> int:
        found = quality.report(session, ADMINISTRATOR, NOW + timedelta(days=first), NOW + timedelta(days=last)).checked
        return next(each.confusion.n for each in found.heads if each.head == "audience")

    told = {counted(first, last) for first in range(-11, -3) for last in range(first + 1, -2)}
    assert told <= {0, 8, 2, 9, 10, 11, 17, 19}, "six; the day without; two, three days apart, only together"
    assert counted(-10, -3) == 19


def test_what_the_source_said_or_another_model_is_in_no_calibration(session: Session) -> None:
    world = make.set_up(session)
    ids = _talk(session, world, ("neutral", "consumer", "brand"), 3)
    session.execute(text("UPDATE mentions SET evidence = '{\"sentiment\": \"source: 3 stars\"}' WHERE id = :id"),
                    {"id": ids[0]})  # fmt: skip
    _checks(session, make.a_user(session), dict.fromkeys(ids, "neutral"), "sentiment")
    session.execute(text("UPDATE mentions SET model = 'the next one' WHERE id = :id"), {"id": ids[1]})
    found = _head(session, MARKETING, "sentiment")
    assert (found.accuracy.n, found.calibration.n) == (3, 1)
    assert [(each.key, each.right.n) for each in found.slices if each.by == "model"] == [("test", 3)]


def test_parts_count_by_their_size(session: Session) -> None:
    world = make.set_up(session)
    brand = _talk(session, world, ("neutral", "consumer", "brand"), 12)
    both = _talk(session, world, ("neutral", "consumer", "both"), 4)
    reader = make.a_user(session, "administrator")
    for mention_id in (*brand[:2], *both):  # all of one part, a sixth of the other
        said = "neutral" if mention_id in brand else "negative"
        mentions.check(session, reader, mention_id, "sentiment", said, LATER)
    found = _head(session, ADMINISTRATOR, "sentiment").accuracy
    assert found.value == pytest.approx(12 / 16)  # 2 of the 6 checks
    assert found.n == 6


def test_voluntary_corrections_stand_apart(session: Session) -> None:
    world = make.set_up(session)
    ids = _talk(session, world, ("neutral", "employee", "employer"), 6)
    person = make.a_user(session, "hr")
    mentions.correct(session, person, ids[0], "sentiment", "negative", NOW)
    mentions.correct(session, person, ids[1], "audience", "alumnus", NOW)
    found = quality.report(session, HR, START, END)
    assert found.tags.corrections == {"sentiment": 1}, "of the audience in fives"
    assert [(each.head, each.old, each.new, each.mentions) for each in found.changes] == [
        ("sentiment", "neutral", "negative", 1)  # the other one would tell of a single alumnus
    ]
    assert found.checked.mentions == 0
    assert found.tags.taxonomies == {"1": 5}, "the single alumnus is in no figure"


def test_weeks_are_whole_and_compared_with_the_four_before(session: Session) -> None:
    world = make.set_up(session)
    monday = -timedelta(days=NOW.weekday())
    for week in range(1, 7):
        mood = "unsure" if week == 1 else "neutral"
        _talk(session, world, (mood, "consumer", "brand"), 25, at=monday - timedelta(days=7 * week - 3))
    _talk(session, world, ("negative", "consumer", "brand"), 30)  # the running week is not told
    found = quality.weeks(session, LEADERSHIP, NOW - 30 * DAY, NOW + DAY)
    assert [(each.unsure.count, each.unsure.n) for each in found] == [(0, 25), (0, 25), (0, 25), (25, 25)]
    last = found[-1].drift["sentiment"]
    assert last is not None
    assert (last.n, last.n_before, last.reading) == (25, 100, "large")
    steady = found[-1].drift["facet"]
    assert steady is not None
    assert steady.psi == 0


def test_a_week_of_few_employees_says_nothing_of_the_audience(session: Session) -> None:
    world = make.set_up(session)
    monday = -timedelta(days=NOW.weekday())
    for week in (1, 2):
        at = monday - timedelta(days=7 * week - 3)
        _talk(session, world, ("neutral", "consumer", "both"), 25, at=at)
        _talk(session, world, ("neutral", "employee", "both"), 6, people=6 if week == 2 else 2, at=at)
    later = [make.different(number, "Acme later") for number in range(4)]  # with the two they are enough to be counted
    make.heard(session, world, later, labels=("neutral", "employee", "both"), authors=MANY[6:10])
    last = quality.weeks(session, HR, NOW - 7 * DAY, NOW + DAY)[-1]
    assert last.drift["audience"] is None
    assert last.drift["sentiment"] is not None


def test_nothing_stored_gives_a_report_without_figures(session: Session) -> None:
    found = quality.report(session, SYSTEM, START, END)
    assert (found.weeks, found.changes, found.checked.mentions, found.tags.mentions) == ((), (), 0, 0)
    assert [each.head for each in found.checked.heads] == list(LABELS)
    assert all(each.accuracy.value is None for each in found.checked.heads)
