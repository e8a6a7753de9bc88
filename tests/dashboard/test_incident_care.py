"""Snoozes, answers, planned events and the buttons of mails, as pages."""

import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect

from storage import db, mail_actions, profile
from tests.api.world import NOW, open_incident
from tests.dashboard.conftest import Opened
from tests.dashboard.forms import csrf, follow, post

Clients = Callable[[str], TestClient]
PLANNED, ANSWERS = "/incidents/planned", "/incidents/answers"


@pytest.fixture
def incident(town: str) -> int:
    """An incident of its own, since the town's are shared: on no audience that others open one for."""
    with db.transaction() as session:
        return open_incident(session, "neither")


@pytest.fixture
def press(clients: Clients, incident: int) -> Callable[[str], str]:
    """`press("acknowledge")`: the address of a new button."""

    def made(act: str) -> str:
        with db.transaction() as session:
            return "/m/" + mail_actions.make(session, incident, "lead@acme.example", act, NOW).rpartition("/m/")[2]

    return made


def closed(client: TestClient, incident: int) -> str:
    """The page of the incident after it was closed, so that the next test may open its own."""
    return follow(client, post(client, f"/incidents/{incident}/close"))


def test_an_incident_is_put_off_judged_and_looked_back_at(clients: Clients, incident: int) -> None:
    client, path = clients("marketing"), f"/incidents/{incident}"
    asleep = follow(client, post(client, f"{path}/snooze", {"span": "tomorrow", "zone": "Europe/Berlin"}))
    assert "The incident sleeps" in asleep
    assert "It wakes when it becomes critical" in asleep
    assert "Known then: 17 against 7" in asleep
    assert "snoozed" in client.get("/incidents").text
    for wrong in ({"span": "tomorrow", "zone": "Mars"}, {"span": "until", "until": "soon"}, {"span": "x"}):
        assert "sleeps" not in follow(client, post(client, f"{path}/snooze", wrong))
    assert "awake again" in follow(client, post(client, f"{path}/snooze", {"span": "awake"}))
    assert "Choose a reason." in follow(client, post(client, f"{path}/feedback", {"useful": "no"}))
    no = {"useful": "no", "reason": "too_small", "note": "<b>Three</b> people"}
    judged = follow(client, post(client, f"{path}/feedback", no))
    assert "need more from now on; “What" in judged
    assert "&lt;b&gt;Three&lt;/b&gt; people" in judged
    page = closed(client, incident)
    assert "Post-mortem" in page
    assert "0 useful, 1 not useful (too small to matter 1×)" in page
    assert client.get(path.replace(str(incident), "999999999999999999999999")).status_code in (404, 422)


def test_what_answers_changed_is_shown_and_set_back(clients: Clients, incident: int) -> None:
    client = clients("leadership")
    post(client, f"/incidents/{incident}/feedback", {"useful": "no", "reason": "expected"})
    page = client.get(ANSWERS).text
    assert "+10 %" in page or "+21 %" in page
    assert "neither side" not in clients("hr").get(ANSWERS).text
    with db.reading() as session:
        own = profile.own_company(session)
    assert own is not None
    slice_ = {"company": str(own.id), "kind": "volume_spike", "facet": "neither", "audience": "all"}
    assert post(clients("hr"), f"{ANSWERS}/reset", slice_).status_code == 403
    assert "The usual bar holds again" in follow(client, post(client, f"{ANSWERS}/reset", slice_))
    assert post(client, f"{ANSWERS}/reset", {**slice_, "company": "x"}).status_code == 303
    closed(client, incident)


def test_an_event_is_planned_changed_and_taken_back(clients: Clients) -> None:
    client = clients("marketing")
    event = {"name": "Launch <i>", "facet": "brand", "starts": "2026-03-04T09:00", "ends": "2026-03-05T18:00",
             "zone": "Europe/Berlin", "note": ""}  # fmt: skip
    event |= {"starts": f"{NOW:%Y-%m-%dT00:00}", "ends": f"{NOW:%Y-%m-%dT23:59}"}
    page = follow(client, post(client, PLANNED, event))
    assert "Launch &lt;i&gt;" in page
    number = re.findall(r"edit=(\d+)", page)[0]
    assert 'value="Launch &lt;i&gt;"' in client.get(f"{PLANNED}?edit={number}").text
    assert post(clients("hr"), f"{PLANNED}/{number}", event).status_code == 404
    assert "edit=" not in clients("leadership").get(PLANNED).text
    assert post(clients("leadership"), PLANNED, event).status_code == 403
    for wrong, words in (({"starts": "x"}, "Give the day"), ({"facet": "employer"}, "Choose brand"),
                         ({"zone": "Mars"}, "no time zone"), ({"name": ""}, "Write 1 to 120")):  # fmt: skip
        refused = post(client, PLANNED, {**event, **wrong})
        assert refused.status_code == 422
        assert words in refused.text
    changed = follow(client, post(client, f"{PLANNED}/{number}", {**event, "name": "Fair"}))
    assert "Fair" in changed
    assert "A rise is explained by Fair." in changed
    assert "The event is gone" in follow(client, post(client, f"{PLANNED}/{number}/delete"))
    assert client.post(PLANNED, data=event).status_code == 403, "without the form's secret"


def test_a_button_of_a_mail_asks_acts_once_and_says_so(
    clients: Clients, press: Callable[[str], str], incident: int
) -> None:
    nobody, path = clients(""), press("acknowledge")
    for answer in (nobody.get(path), nobody.get(path)):
        assert (answer.status_code, "Do you look after it?" in answer.text) == (200, True)
    assert nobody.head(path).status_code in (200, 405)
    assert "Nobody looks after it yet" in clients("leadership").get(f"/incidents/{incident}").text
    assert "You look after it" in nobody.post(path).text
    page = clients("leadership").get(f"/incidents/{incident}").text
    assert "By the button in the mail to lead@acme.example." in page
    for again in (nobody.get(path), nobody.post(path)):
        assert (again.status_code, "used already" in again.text) == (410, True)
    forged = nobody.get(path[:-2])
    assert (forged.status_code, "not ours" in forged.text) == (404, True)
    no = press("not_useful")
    assert nobody.post(no).status_code == 422
    assert "Your answer is kept" in nobody.post(no, data={"reason": "campaign"}).text
    closed(clients("leadership"), incident)


@pytest.mark.browser
def test_times_are_those_of_the_browser(open_page: Opened, incident: int, clients: Clients) -> None:
    page = open_page("marketing", PLANNED, width=390)
    page.get_by_label("Name").fill("Fair")
    page.get_by_label("From").fill(f"{NOW:%Y-%m-%dT01:00}")
    page.get_by_label("To").fill(f"{NOW:%Y-%m-%dT05:00}")
    page.get_by_role("button", name="Plan it").click()
    page.get_by_role("link", name="Change Fair").click()
    expect(page.get_by_label("From")).to_have_value(f"{NOW:%Y-%m-%dT01:00}")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert page.locator("[data-zone]").input_value()
    page.get_by_role("button", name="Take back Fair").click()
    expect(page.get_by_role("status")).to_contain_text("The event is gone")
    closed(clients("leadership"), incident)
    assert csrf(clients("marketing"))
