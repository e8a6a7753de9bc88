"""Employer in depth, and inside against outside, over the town's month of talk."""

import re
from collections.abc import Callable

from fastapi.testclient import TestClient

Clients = Callable[[str], TestClient]


def test_every_part_of_the_employer_side_is_there(clients: Clients) -> None:
    page = clients("hr").get("/employer?days=30").text
    for words in (
        "By who speaks",
        "Current against former",
        "How candidates see the hiring process",
        "No source states a lifetime star.",
        "By location",
        "Does it reach consumers?",
        "Intervals count each person once",
    ):
        assert words in page
    assert "Hidden, few people speak of it: " in clients("hr").get("/employer?days=7").text


def test_the_contents_of_the_page_lead_to_sections_and_a_closed_one_tells_its_figure(clients: Clients) -> None:
    page = clients("hr").get("/employer?days=30").text
    contents = page.split('aria-label="On this page"')[1].split("</nav>")[0]
    links = re.findall(r'href="#([\w-]+)"', contents)
    assert len(links) > 8
    assert [name for name in links if page.count(f' id="{name}"') != 1] == []
    gist = page.split("<h2>How candidates see the hiring process</h2>")[1].split("</summary>")[0]
    assert "judged negative (" in gist


def test_an_open_incident_of_a_side_stands_on_its_page(clients: Clients) -> None:
    assert "Open incidents" in clients("marketing").get("/brand").text
    for row in re.findall(r'href="(/incidents/\d+)"', clients("administrator").get("/employer").text):
        assert clients("hr").get(row).status_code == 200


def test_what_is_hidden_is_said_once_and_why(clients: Clients) -> None:
    page = clients("hr").get("/employer?days=30").text
    assert "are “not told apart”" in page
    assert "“not told apart”: on days that make no whole block" in page
    assert '<td data-label="Who speaks">Standpoint unknown' not in page
    assert "Of both hidden, or spoken of by nobody: " in clients("hr").get("/employer?days=7").text


def test_an_audience_with_few_days_to_tell_is_charted_by_week(clients: Clients) -> None:
    assert "Stories by whole weeks" in clients("hr").get("/employer?days=30&audience=alumnus").text
    assert "Stories by day" in clients("hr").get("/employer?days=30").text
    nothing = clients("hr").get("/employer?days=7&audience=employee").text
    assert "None of them may be told." in nothing


def test_quotes_are_of_candidates_only(clients: Clients) -> None:
    page = clients("hr").get("/employer?days=30").text
    quoted = page.split("In their words, where that may be quoted")[1].split("</details>")[0]
    assert "candidate" in quoted
    assert "employee" not in quoted
    assert "In their words" not in clients("leadership").get("/employer?days=30").text


def test_inside_against_outside_shows_the_side_of_the_role(clients: Clients) -> None:
    hr, marketing = (clients(role).get("/inside-outside?side=employer").text for role in ("hr", "marketing"))
    assert "Themes of work: what surveys say" in hr
    assert "Themes of the brand: what surveys say" in marketing
    assert "No survey answer in this time speaks of a theme." in hr
    assert "The last 90 days" in hr
    assert "7 days</a>" not in hr
    both = clients("leadership").get("/inside-outside?side=nonsense").text
    assert "Themes of work</a>" in both
    assert "Themes of the brand</a>" in both


def test_the_api_tells_the_same_as_the_page(clients: Clients) -> None:
    found = clients("hr").get("/api/v1/employer?days=30").json()
    page = clients("hr").get("/employer?days=30").text
    shown = next(row for row in found["themes"] if row["voice"])
    heard = shown["voice"]["heard"]
    assert f"{100 * heard['share']:.0f}\N{NO-BREAK SPACE}% of {heard['judged']} judged" in page
    assert len(found["ratings"]) == 12
    assert clients("marketing").get("/api/v1/employer").status_code == 403
    assert clients("marketing").get("/api/v1/inside-outside").json()["side"] == "brand"
    assert clients("marketing").get("/api/v1/inside-outside?side=employer").status_code == 403
    assert clients("hr").get("/api/v1/employer?start=2026-01-01T00:00:00Z").status_code == 422


def test_an_answer_is_written_by_one_and_read_by_another(clients: Clients) -> None:
    hr, administrator = clients("hr"), clients("administrator")
    listed = hr.get("/mentions?audience=candidate&q=review").text
    number = next(n for n in re.findall(r'id="m-(\d+)"', listed) if hr.get(f"/mentions/{n}/answer").status_code == 200)
    path = f"/mentions/{number}/answer"
    assert "Draft an answer" in hr.get(f"/mentions/{number}").text
    words = "Thank you. Karen Hughes will sue you; you left in March 2024."
    form = {"csrf": _csrf(hr, path), "version": "0", "text": words}
    assert hr.post(path, data=form).status_code == 303
    page = hr.get(path).text
    assert "Karen Hughes</q>" in page
    assert "data-copy" not in page
    assert "I have read it" not in page
    assert hr.post(path, data=form | {"text": "Thanks."}).status_code == 422
    read = {"csrf": _csrf(administrator, path), "version": "1"}
    assert hr.post(f"{path}/read", data=read | {"csrf": form["csrf"]}).status_code == 303
    assert "data-copy" not in hr.get(path).text
    assert administrator.post(f"{path}/read", data=read).status_code == 303
    assert "data-copy" in hr.get(path).text


def _csrf(client: TestClient, path: str) -> str:
    return client.get(path).text.split('name="csrf" value="')[1].split('"')[0]
