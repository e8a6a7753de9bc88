"""Incidents of employees and alumni leave storage rounded down, by every way, while decisions keep exact figures."""

import re

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from alerts.rules import ALL, NEGATIVE, Intent
from metrics.coarse import WHY
from storage import incidents, telling
from storage.incident_behind import behind
from storage.viewer import SYSTEM
from tests import factories as make
from tests.factories import HOUR, HR, NOW, World
from tests.storage.test_incidents import a_finding, opened

STAFF = {"facet": "employer", "audience": "employee"}
EXACT = re.compile(r"\b(61[1-4679]|91[1-9])(\.0)?\b")  # figures below that are no multiple of five
FIGURES = {"expected": 150.0, "excess": 467.0, "ratio": 4.13, "judged": 613.0, "negative": 611.0}


@pytest.fixture
def world(session: Session) -> World:
    return make.set_up(session)


def _spike(session: Session, world: World) -> tuple[int, list[int]]:
    """An incident that opens at 617 stories, rises by one and by one, and more than doubles; ids of what is told."""
    told = {**STAFF, "n": 617, "authors": 613, "notes": ("613 of 617 are unsure.",), "figures": FIGURES}
    incident_id, first = opened(session, world, observed=617, severity_reason="617 items: 1 point", **told)
    for observed in (618, 619):
        risen = Intent("absorb", incident_id, a_finding(world, observed, **told), "medium", "No larger.", False)  # type: ignore[arg-type]
        incidents.save(session, [risen], NOW + HOUR)
    grown = a_finding(world, 1_911, **{**told, "n": 1_911, "authors": 912})  # type: ignore[arg-type]
    more = incidents.save(session, [Intent("grow", incident_id, grown, "high", "Doubled.", True)], NOW + 2 * HOUR)
    return incident_id, [first, *more]


def test_no_exact_figure_of_staff_leaves_by_any_read(session: Session, world: World) -> None:
    incident_id, events = _spike(session, world)
    (known,) = incidents.open_incidents(session, world.acme)
    assert known.observed == 1_911, "decisions are made on exact figures"
    reads: list[object] = [incidents.facts(session, event, NOW) for event in events]
    incidents.close(session, HR, incident_id, NOW + 3 * HOUR)
    row = incidents.find(session, HR, incident_id)
    reads += [
        row,
        incidents.list_incidents(session, HR).items,
        incidents.get(session, HR, incident_id, NOW),
        incidents.post_mortem(session, HR, incident_id),
        telling.headline_of(row, NOW),
    ]
    for each in reads:
        assert each
        assert not EXACT.search(repr(each)), each
    assert (row.observed, row.n, row.authors, row.times_usual) == (1_910, 1_910, 910, 13)
    assert (row.rounded, row.notes) == (True, (WHY,))
    assert telling.headline_of(row, NOW).endswith("after 3 hours, at least 1,910 stories at its peak")


def test_what_is_shown_waits_until_it_is_told(session: Session, world: World) -> None:
    incident_id, first = opened(session, world, observed=12, n=12, authors=8, **STAFF)
    for observed in (13, 14, 16):
        risen = a_finding(world, observed, **STAFF)
        incidents.save(session, [Intent("absorb", incident_id, risen, "medium", "No larger.", False)], NOW + HOUR)
    assert incidents.find(session, HR, incident_id).observed == 10, "the minute of the fifteenth would tell it"
    entries = incidents.timeline(session, HR, incident_id)
    assert [entry.kind for entry in entries] == ["opened"], "an entry for each further post would count them"
    assert entries[0].figures["observed"] == 10
    explained = Intent("explain", incident_id, a_finding(world, 17, **STAFF), "medium", "Explained by Fair.", False)
    incidents.save(session, [explained], NOW + HOUR)
    assert [entry.text for entry in incidents.timeline(session, HR, incident_id)] == ["News.", "Explained by Fair."]
    found = incidents.facts(session, first, NOW)
    assert found is not None
    assert (found[0].observed, found[0].points) == (10, ())


def test_findings_of_another_slice_are_told_as_what_they_are(session: Session, world: World) -> None:
    everybody, _ = opened(session, world, facet="employer")
    staff = a_finding(world, 617, **STAFF, severity="high", notes=("613 of 617.",), figures=FIGURES)
    (event,) = incidents.save(session, [Intent("grow", everybody, staff, "high", "Doubled.", True)], NOW + HOUR)
    found = incidents.facts(session, event, NOW + HOUR)
    assert found is not None
    assert (found[0].observed, found[0].audience, found[0].rounded, found[0].times) == (615, ALL, True, 4)
    assert not EXACT.search(repr((found, incidents.get(session, HR, everybody, NOW))))
    narrow, _ = opened(session, world, observed=12, **STAFF)
    wide = Intent("grow", narrow, a_finding(world, 40, facet="employer"), "high", "Doubled.", True)
    (event,) = incidents.save(session, [wide], NOW + HOUR)
    found = incidents.facts(session, event, NOW + HOUR)
    assert found is not None
    assert found[0].observed == 10, "forty are not all of employees"


def test_a_share_is_told_in_tenths_of_at_least_so_many(session: Session, world: World) -> None:
    share = {"kind": NEGATIVE, "observed": 9 / 19, "expected_high": 0.37, "n": 19, "authors": 11}
    incident_id, _ = opened(session, world, **STAFF, **share)
    row = incidents.find(session, HR, incident_id)
    assert (row.observed, row.expected_high, row.n, row.authors) == (0.4, 0.3, 15, 10)
    assert "at least 40 % of at least 15 mentions from employees" in telling.headline_of(row, NOW)
    incidents.close(session, HR, incident_id, NOW)
    found = incidents.post_mortem(session, HR, incident_id)
    assert found is not None
    assert found.growth[0].observed == 0.4


def test_what_is_behind_staff_is_rounded_and_tells_no_hour(session: Session, world: World) -> None:
    angry = ("negative", "employee", "employer")
    authors = tuple("abcdef")
    make.heard(session, world, [make.different(n) for n in range(13)], labels=angry, authors=authors)
    make.heard(session, world, [make.different(n) for n in range(20, 28)], source_id=world.news, labels=angry,
               authors=authors, at=NOW - HOUR / 2)  # fmt: skip
    incident_id, _ = opened(session, world, **STAFF)
    found = behind(session, SYSTEM, incidents.find(session, SYSTEM, incident_id))
    assert found is not None
    assert (found.mentions, found.judged, found.negative, found.rounded, found.reach_told) == (20, 20, 20, True, False)
    assert [(step.name, step.first_at, step.mentions) for step in found.sources] == [
        ("News", None, 5),
        ("Forum", None, 10),
    ]
    incidents.close(session, HR, incident_id, NOW)
    over = incidents.post_mortem(session, HR, incident_id)
    assert over is not None
    assert (over.mentions, over.negative_share, over.first_mention_at) == (20, 1.0, None)
    assert {share.name: share.mentions for share in over.sources} == {"News": 5, "Forum": 10}


def test_post_mortems_of_before_are_rounded_when_they_are_read(session: Session, world: World) -> None:
    incident_id, _ = opened(session, world, observed=617, **STAFF)
    wide, _ = opened(session, world, facet="employer")
    for each in (incident_id, wide):
        incidents.close(session, SYSTEM, each, NOW)
    session.execute(
        text(
            """UPDATE incidents SET summary = summary || '{"mentions": 617, "judged": 19, "negative": 9,
            "first_mention_at": "2026-03-30T13:01:02+00:00", "sources": [{"name": "Forum", "mentions": 613,
            "first_at": "2026-03-30T13:01:02+00:00"}], "audiences": [{"audience": "consumer", "mentions": 600},
            {"audience": "employee", "mentions": 13}, {"audience": "unknown", "mentions": 4}]}'"""
        )
    )
    session.expire_all()
    found, whole = (incidents.post_mortem(session, HR, each) for each in (incident_id, wide))
    assert found is not None
    assert whole is not None
    assert (found.mentions, found.judged, found.negative, found.negative_share) == (615, 15, 5, 0.3)
    assert (found.first_mention_at, found.sources[0].first_at, found.sources[0].mentions) == (None, None, 610)
    assert [(each.audience, each.mentions) for each in whole.audiences] == [("consumer", 600), ("rest", 17)]
