"""Employer in depth, and inside against outside, over the town's month of talk."""

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
    assert "hidden: few people" in clients("hr").get("/employer?days=7").text


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
    both = clients("leadership").get("/inside-outside?side=nonsense").text
    assert "Themes of work</a>" in both
    assert "Themes of the brand</a>" in both


def test_the_api_tells_the_same_as_the_page(clients: Clients) -> None:
    found = clients("hr").get("/api/v1/employer?days=30").json()
    page = clients("hr").get("/employer?days=30").text
    shown = next(row for row in found["themes"] if row["voice"])
    heard = shown["voice"]["heard"]
    assert f"{100 * heard['share']:.0f} % of {heard['judged']} judged" in page
    assert len(found["ratings"]) == 12
    assert clients("marketing").get("/api/v1/employer").status_code == 403
    assert clients("marketing").get("/api/v1/inside-outside").json()["side"] == "brand"
    assert clients("marketing").get("/api/v1/inside-outside?side=employer").status_code == 403
    assert clients("hr").get("/api/v1/employer?start=2026-01-01T00:00:00Z").status_code == 422
