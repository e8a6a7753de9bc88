"""The life of an incident: snoozes, answers and what they change, planned events, the post-mortem, buttons of mails."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from alerts.incident import Known
from alerts.rules import ALL, NEGATIVE, VOLUME, Intent
from storage import incidents, mail_actions, planned_events, rollups
from storage.planned_events import Draft
from storage.viewer import SYSTEM, NotAllowed, NotFound, Viewer
from tests import factories as make
from tests.factories import ADMINISTRATOR, ADVOCATE, DAY, HOUR, LEADERSHIP, MARKETING, NOW, World
from tests.storage.test_incidents import a_finding, opened

BRAND = (VOLUME, "brand", ALL)


@pytest.fixture
def world(session: Session) -> World:
    return make.set_up(session)


@pytest.fixture
def marketing(session: Session, world: World) -> Viewer:
    return make.a_user(session, "marketing")


def test_a_snooze_counts_as_seen_and_ends_when_it_is_told_again(
    session: Session, world: World, marketing: Viewer
) -> None:
    incident_id, _ = opened(session, world)
    incidents.snooze(session, marketing, incident_id, NOW + HOUR, NOW)
    row = incidents.find(session, marketing, incident_id)
    assert (row.snoozed_until, row.acknowledged_by) == (NOW + HOUR, "Marketing")
    assert incidents.open_incidents(session, world.acme)[0].snoozed_until == NOW + HOUR
    grown = Intent("grow", incident_id, a_finding(world, 40), "high", "Still holds.", True)
    incidents.save(session, [grown], NOW + 2 * HOUR)
    assert incidents.find(session, marketing, incident_id).snoozed_until is None
    with pytest.raises(ValueError, match="until"):
        incidents.snooze(session, marketing, incident_id, NOW, NOW)
    incidents.close(session, marketing, incident_id, NOW)
    with pytest.raises(ValueError, match="closed"):
        incidents.snooze(session, marketing, incident_id, NOW + HOUR, NOW)


def test_a_snooze_is_ended_by_hand(session: Session, world: World, marketing: Viewer) -> None:
    incident_id, _ = opened(session, world)
    incidents.snooze(session, marketing, incident_id, NOW + HOUR, NOW)
    for _ in range(2):
        incidents.snooze(session, marketing, incident_id, None, NOW)
    assert incidents.find(session, marketing, incident_id).snoozed_until is None
    kinds = [event.kind for event in incidents.timeline(session, marketing, incident_id)]
    assert kinds == ["opened", "acknowledged", "snoozed", "snoozed"]


def test_answers_raise_the_bar_of_their_slice_and_a_later_word_replaces_the_first(
    session: Session, world: World, marketing: Viewer
) -> None:
    incident_id, _ = opened(session, world)
    incidents.answer(session, marketing, incident_id, True, None, "", NOW - HOUR)
    assert incidents.known(session, world.acme, NOW).bars == {}
    incidents.answer(session, marketing, incident_id, False, "too_small", " Three people. ", NOW)
    assert incidents.known(session, world.acme, NOW).bars == {BRAND: pytest.approx(1.1)}
    assert incidents.known(session, world.contoso, NOW).bars == {}
    found = incidents.verdict(session, marketing, incident_id)
    assert (found.useful, found.not_useful, found.reasons) == (0, 1, {"too_small": 1})
    given = incidents.given_answer(session, marketing, incident_id)
    assert given is not None
    assert (given.useful, given.reason, given.note) == (False, "too_small", "Three people.")
    last = incidents.timeline(session, marketing, incident_id)[-1]
    assert (last.kind, last.text) == ("answered", "Not useful: too small to matter. Three people.")


@pytest.mark.parametrize(
    ("reason", "words", "field"),
    [(None, "", "reason"), ("boring", "", "reason"), ("other", " ", "note"), ("expected", "x" * 1_001, "note")],
)
def test_a_no_needs_its_reason(
    session: Session, world: World, marketing: Viewer, reason: str | None, words: str, field: str
) -> None:
    incident_id, _ = opened(session, world)
    with pytest.raises(ValueError, match=f"^{field}:"):
        incidents.answer(session, marketing, incident_id, False, reason, words, NOW)


def test_what_answers_changed_is_shown_by_purpose_and_can_be_taken_back(
    session: Session, world: World, marketing: Viewer
) -> None:
    for facet in ("brand", "employer"):
        incident_id, _ = opened(session, world, facet=facet)
        incidents.answer(session, SYSTEM, incident_id, False, "expected", "", NOW)
    (row,) = incidents.sensitivity(session, marketing, NOW)
    assert (row.facet, row.reasons) == ("brand", {"expected": 1})
    assert row.factor == pytest.approx(1.1)
    assert incidents.sensitivity(session, ADVOCATE, NOW) == ()
    with pytest.raises(NotAllowed):
        incidents.reset(session, marketing, world.acme, (VOLUME, "employer", ALL), NOW)
    with pytest.raises(NotFound):
        incidents.reset(session, marketing, world.acme, (NEGATIVE, "brand", ALL), NOW)
    incidents.reset(session, marketing, world.acme, BRAND, NOW + HOUR)
    (row,) = incidents.sensitivity(session, marketing, NOW + HOUR)
    assert (row.factor, row.not_useful, row.reset_at) == (1.0, 1, NOW + HOUR)
    assert BRAND not in incidents.known(session, world.acme, NOW + HOUR).bars


def test_only_what_a_person_closed_lately_is_kept_closed(session: Session, world: World, marketing: Viewer) -> None:
    by_hand, _ = opened(session, world)
    by_itself, _ = opened(session, world, facet="employer")
    incidents.close(session, marketing, by_hand, NOW + HOUR)
    incidents.save(session, [Intent("close", by_itself, None, "medium", "Quiet.", False)], NOW + 6 * HOUR)

    def dismissed(known: Known) -> list[int]:
        return [incident.id for incident in known.dismissed]

    assert dismissed(incidents.known(session, world.acme, NOW + 6 * HOUR)) == [by_hand]
    assert dismissed(incidents.known(session, world.acme, NOW + 8 * HOUR)) == []


def launch(**changes: object) -> Draft:
    """A launch of now."""
    return replace(Draft("Launch", "brand", NOW - HOUR, NOW + DAY), **changes)  # type: ignore[arg-type]


def test_a_launch_reaches_the_detection_and_the_baseline(session: Session, world: World, marketing: Viewer) -> None:
    event_id = planned_events.add(session, marketing, launch(), NOW)
    (known,) = incidents.known(session, world.acme, NOW).planned
    assert (known.id, known.name, known.facet) == (event_id, "Launch", "brand")
    assert incidents.known(session, world.acme, NOW - DAY).planned == ()
    make.heard(session, world, [make.different(n) for n in range(3)])
    hours = {(each.facet, each.audience): each.planned for each in rollups.alert_series(session, world.acme, NOW)}
    assert (NOW - HOUR).replace(minute=0) in hours["brand", ALL]
    assert hours["brand", ALL] == hours[ALL, ALL] == hours["brand", "consumer"]


def test_what_an_event_explains_is_counted_against_the_weeks_before(
    session: Session, world: World, marketing: Viewer
) -> None:
    for week, stories in enumerate((6, 1, 2, 4)):  # the window of the earliest week is known in part only
        texts = [make.different(n + 10 * week) for n in range(stories)]
        make.heard(session, world, texts, at=NOW - week * 7 * DAY)
    event_id = planned_events.add(session, marketing, launch(), NOW)
    row = planned_events.find(session, LEADERSHIP, event_id, NOW)
    assert (row.explained, row.usual, row.by, row.state(NOW)) == (6, 1.5, "Marketing", "running")
    ahead = planned_events.add(session, marketing, launch(starts_at=NOW + HOUR), NOW)
    assert planned_events.find(session, marketing, ahead, NOW).explained is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"facet": "employer"}, "facet"),
        ({"facet": ALL}, "facet"),
        ({"ends_at": NOW - HOUR}, "ends_at"),
        ({"ends_at": NOW + 46 * DAY}, "ends_at"),
        ({"starts_at": NOW - 400 * DAY, "ends_at": NOW - 399 * DAY}, "starts_at"),
        ({"starts_at": NOW.replace(tzinfo=None)}, "starts_at"),
        ({"note": "x" * 2_001}, "note"),
    ],
)
def test_an_event_that_cannot_be_is_refused_by_field(
    session: Session, world: World, marketing: Viewer, changes: dict[str, object], field: str
) -> None:
    with pytest.raises(ValueError, match=f"^{field}:"):
        planned_events.add(session, marketing, launch(**changes), NOW)


def test_events_belong_to_their_side(session: Session, world: World, marketing: Viewer) -> None:
    hr = make.a_user(session, "hr")
    event_id = planned_events.add(session, marketing, launch(), NOW)
    everywhere = planned_events.add(session, ADMINISTRATOR, launch(facet=ALL), NOW)
    with pytest.raises(NotFound):
        planned_events.find(session, hr, event_id, NOW)
    with pytest.raises(NotFound):
        planned_events.change(session, hr, event_id, launch(facet="employer"), NOW)
    with pytest.raises(NotAllowed):
        planned_events.remove(session, hr, everywhere)
    with pytest.raises(NotAllowed):
        planned_events.add(session, LEADERSHIP, launch(), NOW)
    assert [row.id for row in planned_events.list_planned(session, hr, NOW).items] == [everywhere]
    planned_events.change(session, marketing, event_id, launch(name="Big  launch"), NOW)
    first = planned_events.list_planned(session, marketing, NOW, limit=1)
    second = planned_events.list_planned(session, marketing, NOW, limit=1, after=first.next)
    assert {first.items[0].id, second.items[0].id} == {event_id, everywhere}
    during = planned_events.during(session, marketing, world.acme, "brand", NOW, NOW + HOUR)
    assert sorted(event.name for event in during) == ["Big launch", "Launch"]
    planned_events.remove(session, marketing, event_id)
    assert [event.id for event in incidents.known(session, world.acme, NOW).planned] == [everywhere]


def test_the_post_mortem_tells_the_whole_course(session: Session, world: World, marketing: Viewer) -> None:
    bad = ("negative", "consumer", "brand")
    make.heard(session, world, [make.different(n) for n in range(4)], at=NOW - HOUR, source_id=world.news, labels=bad)
    make.heard(session, world, [make.different(n) for n in range(10, 13)], at=NOW - timedelta(minutes=50))
    incident_id, _ = opened(session, world)
    incidents.acknowledge(session, marketing, incident_id, NOW + timedelta(minutes=12))
    incidents.save(session, [Intent("grow", incident_id, a_finding(world, 40), "high", "Doubled.", True)], NOW + HOUR)
    assert incidents.post_mortem(session, marketing, incident_id) is None
    incidents.save(session, [Intent("close", incident_id, None, "high", "Quiet.", True)], NOW + 7 * HOUR)
    incidents.answer(session, marketing, incident_id, True, None, "", NOW + 8 * HOUR)
    found = incidents.post_mortem(session, marketing, incident_id)
    assert found is not None
    assert (found.minutes, found.minutes_to_acknowledge, found.closed_by_hand) == (7 * 60, 12, False)
    assert (found.observed, found.expected_high, found.severity) == (40, 7, "high")
    assert [(step.observed, step.severity) for step in found.growth] == [(17, "medium"), (40, "high")]
    assert [(share.name, share.mentions) for share in found.sources] == [("News", 4), ("Forum", 3)]
    assert found.first_mention_at == NOW - HOUR
    assert (found.mentions, found.judged, found.negative) == (7, 7, 4)
    assert found.negative_share == pytest.approx(4 / 7)
    assert [(share.audience, share.mentions) for share in found.audiences] == [("consumer", 7)]
    assert (found.verdict.useful, found.verdict.not_useful) == (1, 0)


def test_the_post_mortem_hides_small_groups_and_the_other_side(
    session: Session, world: World, marketing: Viewer
) -> None:
    staff = ("negative", "employee", "employer")
    make.heard(session, world, [make.different(n) for n in range(3)], labels=staff)
    make.heard(session, world, [make.different(n) for n in range(10, 19)])
    narrow, _ = opened(session, world, facet="employer", audience="employee")
    wide, _ = opened(session, world, facet=ALL)
    for incident_id in (narrow, wide):
        incidents.close(session, SYSTEM, incident_id, NOW)
    hidden = incidents.post_mortem(session, make.HR, narrow)
    assert hidden is not None
    assert (hidden.mentions, hidden.judged, hidden.negative, hidden.first_mention_at) == (None, None, None, None)
    assert hidden.sources == ()
    whole, one_side = (incidents.post_mortem(session, viewer, wide) for viewer in (LEADERSHIP, marketing))
    assert whole is not None
    assert one_side is not None
    assert {share.audience for share in whole.audiences} == {"consumer", "rest"}
    assert one_side.audiences == ()
    with pytest.raises(NotAllowed):
        incidents.post_mortem(session, MARKETING, narrow)


def button(session: Session, incident_id: int, act: str, recipient: str = "lead@acme.example") -> str:
    """The token of a new button."""
    return mail_actions.make(session, incident_id, recipient, act, NOW).rpartition("/m/")[2]


def test_a_button_acts_once_and_looking_at_it_does_nothing(session: Session, world: World) -> None:
    incident_id, _ = opened(session, world)
    token = button(session, incident_id, "acknowledge")
    for _ in range(2):
        assert mail_actions.look(session, token, NOW).state == "ready"
    assert incidents.find(session, SYSTEM, incident_id).acknowledged_at is None
    assert mail_actions.use(session, token, "", "", NOW).state == "ready"
    assert mail_actions.use(session, token, "", "", NOW).state == "used"
    last = incidents.timeline(session, SYSTEM, incident_id)[-1]
    assert (last.kind, last.by) == ("acknowledged", None)
    assert "lead@acme.example" in last.text


def test_a_button_acts_in_the_name_of_the_account_with_its_address(
    session: Session, world: World, marketing: Viewer
) -> None:
    incident_id, _ = opened(session, world)
    token = button(session, incident_id, "not_useful", "Marketing@acme.example")
    mail_actions.use(session, token, "too_small", "", NOW)
    assert incidents.given_answer(session, marketing, incident_id) is not None
    other, _ = opened(session, world, facet="employer")
    stray = button(session, other, "acknowledge", "marketing@acme.example")
    with pytest.raises(NotAllowed):
        mail_actions.use(session, stray, "", "", NOW)


def test_a_button_is_over_after_a_week_and_forgotten_later(session: Session, world: World) -> None:
    incident_id, _ = opened(session, world)
    token = button(session, incident_id, "acknowledge")
    assert mail_actions.use(session, token, "", "", NOW + 7 * DAY).state == "expired"
    assert mail_actions.forget(session, NOW + 30 * DAY) == 0
    assert mail_actions.forget(session, NOW + 38 * DAY) == 1
    with pytest.raises(NotFound):
        mail_actions.look(session, token, NOW)


def test_forged_and_twisted_buttons_are_none_of_ours(session: Session, world: World) -> None:
    incident_id, _ = opened(session, world)
    token = button(session, incident_id, "acknowledge")
    for wrong in ("", "x", token[:-1], token.upper(), f"{token}a", "é" * 40, token * 9, "\x00"):
        with pytest.raises(NotFound):
            mail_actions.look(session, wrong, NOW)
    session.connection().exec_driver_sql("UPDATE mail_actions SET recipient = 'else@acme.example'")
    session.expire_all()
    with pytest.raises(NotFound):
        mail_actions.look(session, token, NOW)
    with pytest.raises(ValueError, match="act"):
        mail_actions.make(session, incident_id, "lead@acme.example", "delete", NOW)


def test_a_button_without_its_reason_stays_good(session: Session, world: World) -> None:
    incident_id, _ = opened(session, world)
    token = button(session, incident_id, "not_useful")
    with pytest.raises(ValueError, match="reason"), session.begin_nested():
        mail_actions.use(session, token, "", "", NOW)
    assert mail_actions.use(session, token, "expected", "", NOW).state == "ready"


def test_each_mail_gets_the_buttons_that_fit_and_others_do_not_read_them(session: Session, world: World) -> None:
    _, event_id = opened(session, world)
    told = incidents.facts(session, event_id, NOW)
    assert told is not None
    facts = replace(told[0], to=("lead@acme.example",))
    made = mail_actions.with_buttons(session, facts, NOW)
    assert "/m/" in made.acknowledge_url
    assert mail_actions.masked(f"Go to {made.not_useful_url} now").endswith("/m/hidden now")
    over = mail_actions.with_buttons(session, replace(facts, action="closed"), NOW)
    assert (over.acknowledge_url, bool(over.not_useful_url)) == ("", True)
    silent = mail_actions.with_buttons(session, replace(facts, kind="source_silence"), NOW)
    assert (bool(silent.acknowledge_url), silent.not_useful_url) == (True, "")
    assert mail_actions.with_buttons(session, replace(facts, to=()), NOW).acknowledge_url == ""
