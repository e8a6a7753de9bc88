"""The campaign room's pages: written, told early, asked in, answered, live, over."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete

from api.campaign_limits import QUESTIONS
from metrics.landed import Landed
from storage import campaign_acts as acts
from storage import campaign_results, campaign_voice, db
from storage.models.advocacy import Campaign
from storage.models.incidents import PlannedEvent
from storage.viewer import SYSTEM
from tests.api import world
from tests.campaign_cast import MARK, campaign, person
from tests.dashboard.conftest import Opened
from tests.dashboard.forms import follow, post

Clients = Callable[[str], TestClient]
FORM = {
    "title": f"Project {MARK}",
    "facet": "employer",
    "why": "The depot moves.",
    "affected": "Everybody in the depot.",
    "expected": "Ask.",
    "team_briefing": "We move in May.",
    "early_groups": "role:leadership\nperson:advocate@acme.example",
    "zone": "UTC",
}


@pytest.fixture(autouse=True)
def _no_trace() -> Iterator[None]:
    """The town is shared: nothing of these stays."""
    QUESTIONS.clear()
    yield
    with db.transaction() as session:
        session.execute(delete(Campaign))
        session.execute(delete(PlannedEvent).where(PlannedEvent.note.like("A campaign%")))


def _times(days: int = 2) -> dict[str, str]:
    now = world.now()
    at = {"starts": days, "ends": days + 7, "embargo": days}
    return {name: f"{now + timedelta(days=each):%Y-%m-%dT%H:%M}" for name, each in at.items()}


def _made(now: datetime, *done: str, **values: Any) -> int:
    starts = now - timedelta(hours=30) if "go_live" in done else now + timedelta(days=2)
    dates: dict[str, Any] = {"starts_at": starts, "ends_at": now + timedelta(days=9), "embargo_until": None}
    with db.transaction() as session:
        made = campaign(session, now=now, **{**dates, **values})
        for act in done:
            getattr(acts, act)(session, SYSTEM, made, now)
    return made


def test_a_campaign_is_written_told_asked_about_and_answered(clients: Clients) -> None:
    hr, advocate, leader, marketing = (clients(role) for role in ("hr", "advocate", "leadership", "marketing"))
    page = follow(hr, post(hr, "/campaigns", {**FORM, **_times()}))
    assert "The draft is stored" in page
    path = page.split('action="/campaigns/')[1].split("/")[0]
    room = f"/campaigns/{path}"
    assert "person:advocate@acme.example" in hr.get(f"{room}/edit").text
    assert advocate.get(room).status_code == 404
    changed = {**FORM, **_times(), "why": "The depot burns."}
    assert "The depot burns." in follow(hr, post(hr, f"{room}/edit", changed))
    follow(hr, post(hr, f"{room}/edit", {**changed, "why": "The depot moves."}))
    assert "being told" in follow(hr, post(hr, f"{room}/do/brief"))
    assert "The depot moves." in advocate.get(room).text
    assert "We move in May." in leader.get(f"{room}/briefing").text
    assert marketing.get(room).status_code == 404
    assert post(marketing, f"{room}/do/go-live").status_code == 404
    assert post(advocate, f"{room}/do/go-live").status_code == 403
    follow(advocate, post(advocate, f"{room}/questions", {"text": "Why May?", "anonymous": "1"}))
    follow(advocate, post(advocate, f"{room}/questions", {"text": "Do I keep my desk?"}))
    asked = hr.get(room).text
    assert "asked without a name" in asked
    assert "by Advocate" in asked
    number = asked.split("/questions/")[1].split("/")[0]
    assert post(advocate, f"{room}/questions/{number}/answer", {"answer": "x"}).status_code == 403
    assert "The answer is given" in follow(
        hr, post(hr, f"{room}/questions/{number}/answer", {"answer": "Yes, you do."})
    )
    assert "Yes, you do." in advocate.get(room).text
    assert "Yes, you do." not in leader.get(room).text
    assert "embargo lasts" in follow(hr, post(hr, f"{room}/do/go-live"))


def test_a_wrong_form_comes_back_with_what_was_typed(clients: Clients) -> None:
    hr = clients("hr")
    answer = post(hr, "/campaigns", {**FORM, **_times(), "ends": "2020-01-01T00:00", "facet": "brand"})
    assert answer.status_code == 422
    assert "The depot moves." in answer.text
    answer = post(hr, "/campaigns", {**FORM, **_times(), "early_groups": "person:nobody@acme.example"})
    assert "nobody has an account" in answer.text.casefold()
    assert clients("advocate").get("/campaigns/new").status_code == 403


def test_feedback_shows_from_five_on_and_protected_words_never(clients: Clients) -> None:
    now = world.now()
    made = _made(now, "brief", "go_live")
    advocate, hr = clients("advocate"), clients("hr")
    values = {"score": "2", "words": "We should join a union."}
    assert "Thank you" in follow(advocate, post(advocate, f"/campaigns/{made}/feedback", values))
    assert "already" in follow(advocate, post(advocate, f"/campaigns/{made}/feedback", values))
    assert "fewer than 5 people" in hr.get(f"/campaigns/{made}").text
    with db.transaction() as session:
        for number in range(6):
            user = person(session, f"voice{number}{made}")
            campaign_voice.give(session, user, made, 4, "The canteen is far away.", now)
    shown = hr.get(f"/campaigns/{made}").text
    assert "one group of five" in shown
    assert "mean" not in shown.partition('id="feedback"')[2].partition("</section>")[0]
    assert "union" not in shown
    assert "In their words" not in shown  # four of the five that are full
    with db.transaction() as session:  # nothing moves until the next five are full
        before = campaign_voice.feedback(session, SYSTEM, made, now)
        campaign_voice.give(session, person(session, f"late{made}"), made, 1, "I leave.", now)
        after = campaign_voice.feedback(session, SYSTEM, made, now)
        assert before == after
        for number in range(2):
            campaign_voice.give(session, person(session, f"later{number}{made}"), made, 1, "", now)
        landed = campaign_voice.feedback(session, SYSTEM, made, now).landed
        assert landed == Landed(groups=2, well=1, badly=1)
    assert "In their words" in hr.get(f"/campaigns/{made}").text
    assert "In their words" not in advocate.get(f"/campaigns/{made}").text


def test_the_launch_day_and_the_result_show_what_the_role_may_see(clients: Clients) -> None:
    now = world.now()
    made = _made(now, "brief", "go_live", facet="both")
    assert "Stories by hour" in clients("marketing").get(f"/campaigns/{made}").text
    assert "Stories by hour" not in clients("advocate").get(f"/campaigns/{made}").text
    assert "It is not over yet" in clients("hr").get(f"/campaigns/{made}/result").text
    with db.transaction() as session:
        acts.close(session, SYSTEM, made, now)
        campaign_results.write_result(session, made, now)
    shown = {role: clients(role).get(f"/campaigns/{made}/result").text for role in ("hr", "marketing", "advocate")}
    assert ("Stories, employer" in shown["hr"], "Stories, brand" in shown["hr"]) == (True, False)
    assert ("Stories, employer" in shown["marketing"], "Stories, brand" in shown["marketing"]) == (False, True)
    assert "reads no counts" in shown["advocate"]
    hr = clients("hr")
    assert "Begin earlier" in follow(hr, post(hr, f"/campaigns/{made}/lessons", {"lessons": "Begin earlier."}))
    assert "written anew" in follow(hr, post(hr, f"/campaigns/{made}/do/measure"))


def test_the_room_and_the_result_fit_a_wide_screen_and_a_phone(open_page: Opened, pictures: Path | None) -> None:
    now = world.now()
    live = _made(now, "brief", "go_live", groups=("team:Support", "role:leadership"))
    over = _made(now, "brief", "go_live")
    with db.transaction() as session:
        for number in range(7):
            user = person(session, f"seen{number}{live}")
            for made in (live, over):
                campaign_voice.give(session, user, made, 1 + number % 5, "The workload grows.", now)
                asked = campaign_voice.ask(session, user, made, f"Question {number}?", anonymous=number > 4, now=now)
                if number % 2:
                    campaign_voice.answer(session, SYSTEM, asked, "Yes.\n\nAnd no.", to_all=True, now=now)
        acts.close(session, SYSTEM, over, now)
        campaign_results.write_result(session, over, now)
        acts.keep(session, SYSTEM, over, "Begin earlier.", now)
    for path in (f"/campaigns/{live}", f"/campaigns/{over}/result", "/campaigns", f"/campaigns/{live}/edit"):
        page = open_page("hr", path, 390)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        if pictures is not None:
            page.screenshot(path=pictures / f"campaign{path.replace('/', '-')}-390.png", full_page=True)
            page.set_viewport_size({"width": 1400, "height": 900})
            page.screenshot(path=pictures / f"campaign{path.replace('/', '-')}-1400.png", full_page=True)
