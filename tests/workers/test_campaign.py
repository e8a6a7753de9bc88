"""The campaign room by the clock: who is told of what, once each, however often and however many workers run."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from storage import campaign_acts, campaign_steps, campaign_voice, db, outbox
from storage.campaign_steps import OpenStep
from storage.models.advocacy import Advocate, Campaign
from storage.models.incidents import OutboxMail, PlannedEvent
from storage.models.users import User
from storage.viewer import SYSTEM, Viewer, viewer_for
from tests.campaign_cast import MARK, brief, campaign, crowd, person
from tests.factories import DAY, NOW
from workers import campaign as worker

LIVE = NOW + 2 * DAY
END = NOW + 9 * DAY


def _mails() -> dict[str, list[str]]:
    """Names by subject."""
    found: dict[str, list[str]] = {}
    with db.reading() as session:
        for mail in session.scalars(select(OutboxMail).order_by(OutboxMail.id)):
            found.setdefault(mail.subject, []).append(mail.recipient.partition("@")[0])
    return found


def _raw() -> str:
    with db.reading() as session:
        return " ".join(bytes(each).decode() for each in session.scalars(select(OutboxMail.message)))


def _make(*names: str, **values: Any) -> int:
    with db.transaction() as session:
        for name in names:
            person(session, name, team="Support" if name.startswith("in") else "Sales")
        person(session, "helga", "hr")
        return campaign(session, **values)


def _act(act: str, campaign_id: int, now: datetime = NOW) -> None:
    with db.transaction() as session:
        getattr(campaign_acts, act)(session, SYSTEM, campaign_id, now)


@pytest.mark.usefixtures("world")
def test_each_step_reaches_its_people_once() -> None:
    made = _make("in1", "in2", "out1")
    worker.run_campaigns(NOW)
    assert _mails() == {}
    _act("brief", made)
    for _ in range(2):
        worker.run_campaigns(NOW)
    early = "Something is planned that you are told of early"
    assert _mails() == {early: ["in1", "in2"]}
    assert MARK not in _raw()
    for _ in range(2):
        worker.run_campaigns(LIVE)
    live = f"It begins: Project {MARK}"
    assert _mails() == {early: ["in1", "in2"], live: ["in1", "in2", "out1"]}
    for _ in range(2):
        worker.run_campaigns(END)
    over = f"It is over: Project {MARK}"
    assert {subject: sorted(names) for subject, names in _mails().items()} == {
        early: ["in1", "in2"], live: ["in1", "in2", "out1"], over: ["helga", "in1", "in2"],
    }  # fmt: skip


@pytest.mark.usefixtures("world")
def test_mail_choice_and_weekly_cap_hold_back_and_the_cap_lets_go() -> None:
    made = [_make("a", "b", groups=())]
    with db.transaction() as session:
        one = select(User.id).where(User.name == "B").scalar_subquery()
        session.execute(update(Advocate).where(Advocate.user_id == one).values(campaign_mails=False))
        made += [campaign(session, groups=()) for _ in range(2)]
    for each in made:
        _act("brief", each)
    worker.run_campaigns(LIVE)
    assert Counter(_mails()[f"It begins: Project {MARK}"]) == {"a": 2}
    with db.reading() as session:
        rest = campaign_steps.not_told(session, SYSTEM, made[2], LIVE)
    assert rest is not None
    assert (rest.by_choice, rest.by_cap) == (1, 1)
    with db.transaction() as session:
        session.execute(update(Campaign).values(ends_at=END + 30 * DAY))
    worker.run_campaigns(LIVE + timedelta(days=7, seconds=1))
    assert Counter(_mails()[f"It begins: Project {MARK}"]) == {"a": 3}


@pytest.mark.usefixtures("world")
def test_two_workers_share_a_crowd_and_tell_nobody_twice() -> None:
    with db.transaction() as session:
        crowd(session, 45)
        made = campaign(session, groups=("role:advocate",))
    _act("brief", made)
    with db.reading() as session:
        (step,) = campaign_steps.open_steps(session)
    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(lambda _: _all_of(step), range(2)))
    assert sum(told) == 45
    assert len(next(iter(_mails().values()))) == 45
    with db.reading() as session:
        (row,) = campaign_steps.timeline(session, SYSTEM, made, NOW)
    assert (row.kind, row.told) == ("briefed", 45)


def _all_of(step: OpenStep) -> int:
    return sum(worker.tell(step, NOW, bite=10) for _ in range(6))


@pytest.mark.usefixtures("world")
def test_a_worker_that_dies_within_a_bite_leaves_no_half_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    made = _make("in1", "in2")
    _act("brief", made)
    calls = iter(range(9))

    def dying(*given: object, **named: object) -> None:
        if next(calls) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(outbox, "put", dying)
    with pytest.raises(KeyboardInterrupt):
        worker.run_campaigns(NOW)
    monkeypatch.undo()
    worker.run_campaigns(NOW)
    assert list(_mails().values()) == [["in1", "in2"]]


@pytest.mark.usefixtures("world")
def test_a_brief_taken_back_is_told_to_those_who_knew_and_may_come_again() -> None:
    made = _make("in1", "in2")
    _act("brief", made)
    worker.run_campaigns(NOW)
    with db.transaction() as session:
        session.execute(update(Advocate).where(Advocate.team == "Support").values(team="Sales"))
        person(session, "in3", team="support")
    _act("withdraw", made)
    worker.run_campaigns(NOW)
    back = "What you were told of early is taken back"
    assert _mails()[back] == ["in1", "in2"]
    _act("brief", made)
    worker.run_campaigns(NOW)
    assert _mails()["Something is planned that you are told of early"] == ["in1", "in2", "in3"]
    assert MARK not in _raw()


@pytest.mark.usefixtures("world")
def test_an_embargo_that_moves_is_told_to_those_who_knew() -> None:
    made = _make("in1")
    _act("brief", made)
    worker.run_campaigns(NOW)
    with db.transaction() as session:
        campaign_acts.change(session, SYSTEM, made, brief(embargo_until=NOW + timedelta(hours=30)), NOW)
        person(session, "in2", team="Support")
    for _ in range(2):
        worker.run_campaigns(NOW + timedelta(minutes=1))
    assert _mails()["The time of silence has moved"] == ["in1"]
    assert _mails()["Something is planned that you are told of early"] == ["in1", "in2"]


@pytest.mark.usefixtures("world")
def test_the_planned_event_comes_with_the_go_live_and_keeps_step() -> None:
    made = _make()
    _act("brief", made)
    worker.run_campaigns(NOW)
    assert _events() == []
    worker.run_campaigns(LIVE)
    assert _events() == [(f"Project {MARK}", "employer", LIVE, END)]
    with db.transaction() as session:
        later = brief(ends_at=END + DAY, starts_at=LIVE, title="Renamed")
        campaign_acts.change(session, SYSTEM, made, later, LIVE)
    assert _events() == [("Renamed", "employer", LIVE, END + DAY)]
    _act("close", made, LIVE + DAY)
    assert _events() == [("Renamed", "employer", LIVE, LIVE + DAY)]


def _events() -> list[tuple[object, ...]]:
    with db.reading() as session:
        return [(row.name, row.facet, row.starts_at, row.ends_at) for row in session.scalars(select(PlannedEvent))]


@pytest.mark.usefixtures("world")
def test_answers_go_to_who_asked_and_to_all_where_marked() -> None:
    made = _make("in1", "in2", "out1")
    _act("brief", made)
    worker.run_campaigns(NOW)
    with db.transaction() as session:
        asker = session.scalars(select(User.id).where(User.name == "In2")).one()
        first = campaign_voice.ask(session, _viewer(asker), made, "Does it cost jobs?", anonymous=False, now=NOW)
        second = campaign_voice.ask(session, _viewer(asker), made, "And pensions?", anonymous=True, now=NOW)
        campaign_voice.answer(session, SYSTEM, first, "No.", to_all=False, now=NOW)
        campaign_voice.answer(session, SYSTEM, second, "Nor those.", to_all=False, now=NOW)
        assert session.execute(text("SELECT count(*) FROM campaign_questions WHERE user_id IS NULL")).scalar() == 1
    for _ in range(2):
        worker.run_campaigns(NOW)
    assert sorted(_mails()["A question is answered"]) == ["in1", "in2", "in2"]
    assert _mails()["Questions wait: a campaign under embargo"] == ["helga"]


@pytest.mark.usefixtures("world")
def test_whoever_left_the_group_or_the_programme_is_told_no_more() -> None:
    made = _make("in1", "in2", "in3", "in4", "out1", "out2")
    _act("brief", made)
    worker.run_campaigns(NOW)
    with db.transaction() as session:
        asker = _viewer(session.scalars(select(User.id).where(User.name == "In2")).one())
        asked = campaign_voice.ask(session, asker, made, "Does it cost jobs?", anonymous=False, now=NOW)
        _change(session, "In2", team="Sales")
        _change(session, "In3", team="Sales", campaign_mails=False)
        campaign_voice.answer(session, SYSTEM, asked, "No.", to_all=True, now=NOW)
    worker.run_campaigns(NOW)
    assert sorted(_mails()["A question is answered"]) == ["in1", "in4"]
    worker.run_campaigns(LIVE)
    with db.transaction() as session:
        _change(session, "In4", team=None, left_at=LIVE, user_id=None)
        _change(session, "Out1", left_at=LIVE, user_id=None)
        asked = campaign_voice.ask(session, SYSTEM, made, "And pensions?", anonymous=True, now=LIVE)
        campaign_voice.answer(session, SYSTEM, asked, "Nor those.", to_all=True, now=LIVE)
    worker.run_campaigns(LIVE)
    told = [each for subject, each in _mails().items() if "answer" in subject.casefold()]
    assert [sorted(each) for each in told] == [["in1", "in4"], ["in1", "in2", "out2"]]  # the latter two as advocates


def _change(session: Session, name: str, **values: object) -> None:
    person = select(User.id).where(User.name == name).scalar_subquery()
    session.execute(update(Advocate).where(Advocate.user_id == person).values(**values))


def _viewer(user_id: int) -> Viewer:
    return viewer_for("advocate", user_id)


@pytest.mark.usefixtures("world")
def test_anonymous_questions_are_told_the_morning_after() -> None:
    made = _make("in1")
    _act("brief", made)
    with db.transaction() as session:
        viewer = _viewer(session.scalars(select(User.id).where(User.name == "In1")).one())
        campaign_voice.ask(session, viewer, made, "Why?", anonymous=True, now=NOW)
    worker.run_campaigns(NOW + timedelta(hours=11))
    assert "helga" not in str(_mails())
    worker.run_campaigns((NOW + DAY).replace(hour=8, minute=0))
    assert _mails()["Questions wait: a campaign under embargo"] == ["helga"]
