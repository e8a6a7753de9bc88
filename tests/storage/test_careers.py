"""Visits to the careers pages: steps, attribution, suppression, change against expectation."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from config.settings import get_settings
from storage import advocacy
from storage.careers import Event, careers, note_event, own_steps
from storage.retention import delete_expired
from storage.viewer import NotAllowed, Viewer
from tests import factories as make
from tests.factories import DAY, MARKETING, NOW
from tests.storage.test_advocacy import HOSTS, an_advocate

HOST = HOSTS[0]
MONTH = (NOW - 28 * DAY, NOW + DAY)


def a_code(session: Session, who: Viewer, channel: str = "linkedin", campaign: str | None = None) -> str:
    return advocacy.make_link(
        session, who, who.advocate_id or 0, f"https://{HOST}/", HOSTS, channel, NOW, campaign=campaign
    ).code


def visit(session: Session, number: int, code: str | None = None, *kinds: str, days_ago: int = 0) -> None:
    for kind in ("visit", *kinds):
        visitor = number.to_bytes(16, "big")
        note_event(session, Event(kind, NOW - days_ago * DAY, HOST, code, visitor))


def test_a_visit_is_one_however_many_pages_and_keeps_the_link_it_came_by(session: Session) -> None:
    who = an_advocate(session)
    code = a_code(session, who)
    visit(session, 1, None)
    visit(session, 1, code, "jobs", "jobs")
    visit(session, 1, None, "application")
    visit(session, 2, "unknown")
    steps = own_steps(session, who, who.advocate_id or 0, *MONTH)
    assert (steps.visits, steps.jobs, steps.applications, steps.rate.value) == (1, 1, 1, 1.0)
    assert careers(session, MARKETING, *MONTH).visits == 2
    with pytest.raises(NotAllowed):
        own_steps(session, make.ADMINISTRATOR, who.advocate_id or 0, *MONTH)
    with pytest.raises(NotAllowed):
        careers(session, who, *MONTH)
    with pytest.raises(ValueError, match="kind"):
        note_event(session, Event("hired", NOW, HOST))


def test_server_events_count_once_and_need_no_visit(session: Session) -> None:
    who = an_advocate(session)
    for _ in range(2):
        note_event(session, Event("application", NOW, HOST, a_code(session, who), reference="A-1"), "server")
    assert own_steps(session, who, who.advocate_id or 0, *MONTH).applications == 1
    assert careers(session, MARKETING, *MONTH).visits == 0
    assert "A-1" not in str(session.execute(text("SELECT v::text FROM career_visits v")).all())


def test_few_advocates_behind_a_cell_stay_hidden_with_the_neighbour(session: Session) -> None:
    people = [an_advocate(session, f"a{number}") for number in range(6)]
    for number, who in enumerate(people):
        visit(session, number, a_code(session, who, "linkedin", "spring"))
    visit(session, 50, a_code(session, people[0], "x", "spring"))
    cells = {(each.campaign, each.channel): each.steps for each in careers(session, MARKETING, *MONTH).cells}
    assert cells["spring", "x"] is None
    assert cells["spring", "linkedin"] is None  # else the total would tell
    total = cells[None, None]
    assert total is not None
    assert total.visits == 7


def test_change_is_against_expectation_and_the_time_before_is_no_control(session: Session) -> None:
    add = text(
        "INSERT INTO career_visits (day, host, origin, began_at) SELECT CAST(:now AS timestamptz)::date - ago, 'h', "
        "'beacon', CAST(:now AS timestamptz) - ago * interval '1 day' FROM generate_series(1, 84) AS ago, "
        "LATERAL generate_series(1, CASE WHEN ago > 28 THEN 12 ELSE 24 END)"
    )
    session.execute(add, {"now": NOW})
    found = careers(session, MARKETING, NOW - 28 * DAY, NOW)
    assert (found.visits, found.before) == (28 * 24, 28 * 12)
    assert found.change.value == pytest.approx(1.0, abs=0.05)
    assert found.change.clear
    assert careers(session, MARKETING, NOW - 300 * DAY, NOW - 270 * DAY).change.value is None


def test_tomorrow_nobody_can_be_told_apart(session: Session) -> None:
    visit(session, 1)
    delete_expired(session, NOW, get_settings())
    assert session.scalar(text("SELECT count(visitor) FROM career_visits")) == 1
    delete_expired(session, NOW + timedelta(days=1), get_settings())
    assert session.scalar(text("SELECT count(visitor) FROM career_visits")) == 0
