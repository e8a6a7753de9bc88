"""Incidents: intents carried out, the timeline, roles, and what a mail about them says."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from alerts.rules import ALL, VOLUME, Finding, Intent
from storage import incidents, mentions, rollups
from storage.viewer import SYSTEM, NotAllowed, NotFound
from tests import factories as make
from tests.factories import ADMINISTRATOR, ADVOCATE, HOUR, HR, LEADERSHIP, MARKETING, NOW, World


@pytest.fixture
def world(session: Session) -> World:
    return make.set_up(session)


def a_finding(world: World, observed: float = 17, facet: str = "brand", audience: str = ALL, **more: object) -> Finding:
    values: dict[str, object] = {
        "kind": VOLUME,
        "company_id": world.acme,
        "facet": facet,
        "audience": audience,
        "at": NOW - HOUR,
        "window": HOUR,
        "observed": observed,
        "expected_low": 4,
        "expected_high": 7,
        "n": round(observed),
        "authors": 9,
        "severity": "medium",
        "severity_reason": "two points",
        "notes": ("Short history.",),
        **more,
    }
    return Finding(**values)  # type: ignore[arg-type]


def opened(session: Session, world: World, **more: object) -> tuple[int, int]:
    """The incident's and its first event's id."""
    finding = a_finding(world, **more)  # type: ignore[arg-type]
    (event,) = incidents.save(session, [Intent("open", None, finding, finding.severity, "News.", True)], NOW)
    return incidents.open_incidents(session, world.acme)[-1].id, event


def test_the_hours_of_past_incidents_are_known_to_the_series_that_they_overlap(session: Session, world: World) -> None:
    incident_id, _ = opened(session, world)
    (before,) = rollups.alert_series(session, world.acme, NOW)
    incidents.save(session, [Intent("close", incident_id, None, "medium", "Quiet.", True)], NOW + 8 * HOUR)
    (after,) = rollups.alert_series(session, world.acme, NOW + 9 * HOUR)
    assert before.troubled == frozenset()
    assert after.troubled == {(NOW - HOUR).replace(minute=0), NOW.replace(minute=0)}


def test_an_incident_opens_grows_and_closes(session: Session, world: World) -> None:
    incident_id, first = opened(session, world)
    grown = Intent("grow", incident_id, a_finding(world, 40, severity="high"), "high", "Doubled.", True)
    (second,) = incidents.save(session, [grown], NOW + HOUR)
    (third,) = incidents.save(session, [Intent("close", incident_id, None, "high", "Quiet.", True)], NOW + 8 * HOUR)
    assert incidents.events_to_tell(session) == [first, second, third]
    assert incidents.open_incidents(session, world.acme) == []
    row = incidents.find(session, MARKETING, incident_id)
    assert (row.observed, row.severity, row.state) == (40, "high", "closed")
    kinds = [event.kind for event in incidents.timeline(session, MARKETING, incident_id)]
    assert kinds == ["opened", "grown", "closed"]


def test_what_a_planned_event_explains_is_one_line_and_keeps_the_peak(session: Session, world: World) -> None:
    incident_id, first = opened(session, world)
    explained = Intent("explain", incident_id, a_finding(world, 90), "medium", "Explained by Launch.", False)
    for hour in (1, 2):
        assert incidents.save(session, [explained, replace(explained, incident_id=None)], NOW + hour * HOUR) == []
    row = incidents.find(session, MARKETING, incident_id)
    assert (row.observed, row.last_finding_at) == (17, NOW + 2 * HOUR)
    texts = [event.text for event in incidents.timeline(session, MARKETING, incident_id)]
    assert texts == ["News.", "Explained by Launch."]
    assert incidents.events_to_tell(session) == [first]


def test_a_longer_window_is_told_as_what_it_is(session: Session, world: World) -> None:
    incident_id, _ = opened(session, world)
    longer = Intent("grow", incident_id, a_finding(world, 40, window=3 * HOUR), "medium", "Doubled.", True)
    (event,) = incidents.save(session, [longer], NOW + HOUR)
    told = incidents.facts(session, event, NOW + HOUR)
    assert told is not None
    assert told[0].window == 3 * HOUR
    assert all(point.expected_high is None for point in told[0].points)


def test_absorbing_is_remembered_but_neither_told_nor_repeated(session: Session, world: World) -> None:
    incident_id, _ = opened(session, world)
    for observed in (18, 18, 12):
        intent = Intent("absorb", incident_id, a_finding(world, observed), "medium", "Same.", False)
        assert incidents.save(session, [intent], NOW + HOUR) == []
    (known,) = incidents.open_incidents(session, world.acme)
    assert (known.observed, known.told_observed, known.last_finding_at) == (18, 17, NOW + HOUR)
    assert len(incidents.timeline(session, MARKETING, incident_id)) == 2


def test_opening_what_is_open_absorbs(session: Session, world: World) -> None:
    incident_id, _ = opened(session, world)
    again = Intent("open", None, a_finding(world, 30), "medium", "News.", True)
    assert incidents.save(session, [again], NOW) == []
    assert incidents.find(session, MARKETING, incident_id).observed == 30


def test_an_intent_for_what_was_closed_by_hand_does_nothing(session: Session, world: World) -> None:
    incident_id, _ = opened(session, world)
    incidents.close(session, MARKETING, incident_id, NOW)
    grown = Intent("grow", incident_id, a_finding(world, 40), "high", "Doubled.", True)
    assert incidents.save(session, [grown], NOW) == []


def test_roles_see_incidents_of_their_purpose(session: Session, world: World) -> None:
    for facet in ("brand", "employer", ALL):
        opened(session, world, facet=facet)
    seen = {
        viewer.role: [item.facet for item in incidents.list_incidents(session, viewer).items]
        for viewer in (MARKETING, HR, LEADERSHIP, ADMINISTRATOR, ADVOCATE)
    }
    assert sorted(seen["marketing"]) == [ALL, "brand"]
    assert sorted(seen["hr"]) == [ALL, "employer"]
    assert len(seen["leadership"]) == len(seen["administrator"]) == 3
    assert seen["advocate"] == []
    hidden = next(i.id for i in incidents.list_incidents(session, SYSTEM).items if i.facet == "employer")
    with pytest.raises(NotAllowed):
        incidents.get(session, MARKETING, hidden, NOW)
    with pytest.raises(NotAllowed):
        incidents.note(session, MARKETING, hidden, "mine", NOW)
    with pytest.raises(NotFound):
        incidents.get(session, MARKETING, 10**12, NOW)


def test_pages_of_incidents(session: Session, world: World) -> None:
    for facet in ("brand", ALL):
        for audience in (ALL, "consumer", "candidate"):
            opened(session, world, facet=facet, audience=audience)
    first = incidents.list_incidents(session, MARKETING, "open", limit=4)
    second = incidents.list_incidents(session, MARKETING, "open", limit=4, after=first.next)
    assert len({item.id for item in (*first.items, *second.items)}) == 6
    assert second.next is None
    with pytest.raises(ValueError, match="after"):
        incidents.list_incidents(session, MARKETING, after="nonsense")
    with pytest.raises(ValueError, match="state"):
        incidents.list_incidents(session, MARKETING, "odd")


def test_people_look_after_an_incident(session: Session, world: World) -> None:
    viewer = make.a_user(session, "marketing")
    other = make.a_user(session, "hr")
    incident_id, _ = opened(session, world)
    incidents.acknowledge(session, viewer, incident_id, NOW)
    incidents.acknowledge(session, viewer, incident_id, NOW + HOUR)
    incidents.assign(session, viewer, incident_id, viewer.user_id, NOW)
    incidents.note(session, viewer, incident_id, " We call them. ", NOW)
    with pytest.raises(ValueError, match="may not see"):
        incidents.assign(session, viewer, incident_id, other.user_id, NOW)
    with pytest.raises(ValueError, match="text"):
        incidents.note(session, viewer, incident_id, "  ", NOW)
    row = incidents.find(session, viewer, incident_id)
    assert (row.state, row.acknowledged_at, row.acknowledged_by, row.assignee) == (
        "acknowledged",
        NOW,
        "Marketing",
        "Marketing",
    )
    events = incidents.timeline(session, viewer, incident_id)
    assert [(event.kind, event.by) for event in events[1:]] == [
        ("acknowledged", "Marketing"),
        ("assigned", "Marketing"),
        ("note", "Marketing"),
    ]


def test_a_mail_knows_whom_to_tell_and_what(session: Session, world: World) -> None:
    make.heard(session, world, [make.different(n) for n in range(4)], labels=("negative", "consumer", "brand"))
    incident_id, event_id = opened(session, world, expected_high=3)
    assert incidents.claim_event(session, event_id)
    told = incidents.facts(session, event_id, NOW)
    assert told is not None
    alert, recipients = told
    assert recipients == ("lead@acme.example",)
    assert (alert.company, alert.observed, alert.expected_high, alert.revision) == ("Acme", 17, 3, 0)
    assert alert.link.endswith(f"/incidents/{incident_id}")
    assert len(alert.examples) == 3
    assert sum(point.stories or 0 for point in alert.points) == 4
    assert [point.stories for point in alert.points if point.spike] == [4], "only hours above normal are painted"
    incidents.mark_told(session, event_id, NOW)
    assert incidents.events_to_tell(session) == []
    assert not incidents.claim_event(session, event_id)
    assert incidents.facts(session, 10**12, NOW) is None


def test_a_mail_draws_everybody_where_the_hours_of_one_audience_are_not_told(session: Session, world: World) -> None:
    make.heard(session, world, [make.different(n) for n in range(4)], labels=("negative", "consumer", "brand"))
    make.heard(session, world, [make.different(9)], labels=("negative", "employee", "brand"))
    _, event_id = opened(session, world, audience="consumer", expected_high=3)
    told = incidents.facts(session, event_id, NOW)
    assert told is not None
    assert told[0].points_of_all
    assert sum(point.stories or 0 for point in told[0].points) > 0
    assert [point for point in told[0].points if point.spike or point.expected_high is not None] == []
    assert not incidents.facts(session, opened(session, world)[1], NOW)[0].points_of_all  # type: ignore[index]


def test_recipients_are_told_by_severity_and_facet(session: Session, world: World) -> None:
    def told(**more: object) -> tuple[str, ...]:
        found = incidents.facts(session, opened(session, world, **more)[1], NOW)
        assert found is not None
        return found[1]

    assert told(facet="employer", severity="low") == ()
    assert told(facet="employer", audience="candidate", severity="high") == ("lead@acme.example", "hr@acme.example")
    assert told(facet="brand", severity="critical") == ("lead@acme.example",)


def test_a_recipient_of_one_side_gets_quotes_of_that_side(session: Session, world: World) -> None:
    make.heard(session, world, [make.different(1)], labels=("negative", "consumer", "brand"))
    make.heard(session, world, [make.different(2)], labels=("negative", "candidate", "employer"))
    make.heard(session, world, [make.different(3)], labels=("negative", "consumer", "both"))
    found = incidents.facts(session, opened(session, world, facet="all", severity="high")[1], NOW)
    assert found is not None

    def read(address: str) -> set[str]:
        return {example.text for example in incidents.for_recipient(session, found[0], address).examples}

    assert read("lead@acme.example") == {make.different(1), make.different(2), make.different(3)}
    assert read("hr@acme.example") == {make.different(2), make.different(3)}


def test_examples_come_one_per_story_and_never_from_staff_or_protected_texts(session: Session, world: World) -> None:
    words = "Acme closes its branch in the old town because nobody went there any more, says the mayor"
    make.heard(session, world, {"1": words, "2": words}, labels=("negative", "consumer", "both"))
    make.heard(session, world, [make.different(5)], labels=("negative", "employee", "both"))
    make.heard(session, world, [make.different(6)], labels=("negative", "consumer", "both"), protected=True)
    incident_id, _ = opened(session, world, facet="employer")
    row = incidents.find(session, SYSTEM, incident_id)
    assert [example.text for example in incidents.examples(session, HR, row)] == [words]
    assert incidents.examples(session, LEADERSHIP, row) == ()
    staff_id, _ = opened(session, world, facet="employer", audience="employee")
    assert incidents.examples(session, SYSTEM, incidents.find(session, SYSTEM, staff_id)) == ()


def test_the_page_of_an_incident(session: Session, world: World) -> None:
    make.heard(session, world, [make.different(1)])
    incident_id, _ = opened(session, world)
    detail = incidents.get(session, LEADERSHIP, incident_id, NOW)
    assert detail.examples == ()
    assert len(detail.points) >= 48
    assert detail.row.window == timedelta(hours=1)


def test_one_process_at_a_time_decides(session: Session, world: World) -> None:
    assert incidents.deciding(session, world.acme)
    assert mentions.pending_count(session) == 0
