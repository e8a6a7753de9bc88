"""Who may open what; and that every posted form proves that it is ours."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

Clients = Callable[[str], TestClient]

READERS = {"marketing", "hr", "leadership", "administrator"}
PAGES = {
    "/overview": READERS,
    "/brand": READERS - {"hr"},
    "/employer": READERS - {"marketing"},
    "/mentions": READERS - {"leadership"},
    "/incidents": READERS,
    "/incidents/planned": READERS,
    "/incidents/answers": READERS,
    "/quality": READERS,
    "/channels": {"administrator"},
}
FORMS = (
    "/mentions/1/tags",
    "/incidents/1/acknowledge",
    "/incidents/1/assign",
    "/incidents/1/close",
    "/incidents/1/snooze",
    "/incidents/1/feedback",
    "/incidents/planned",
    "/incidents/planned/1",
    "/incidents/planned/1/delete",
    "/incidents/answers/reset",
    "/sign-out",
    "/channels",
)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_opens_for_its_roles_only(path: str, clients: Clients) -> None:
    for role in ("marketing", "hr", "leadership", "advocate", "administrator"):
        answer = clients(role).get(path)
        assert answer.status_code == (200 if role in PAGES[path] else 403), role
        assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("path", [*PAGES, "/mentions/1", "/incidents/1", "/", "/start"])
def test_nobody_is_sent_to_the_sign_in_and_back(path: str, clients: Clients) -> None:
    answer = clients("").get(f"{path}?days=7")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")


def test_every_role_has_its_first_page(clients: Clients) -> None:
    first = {role: clients(role).get("/").headers["location"] for role in (*sorted(READERS), "advocate")}
    assert first == {
        "marketing": "/brand",
        "hr": "/employer",
        "leadership": "/overview",
        "administrator": "/overview",
        "advocate": "/my-reach",
    }


@pytest.mark.parametrize("path", FORMS)
def test_a_form_without_its_secret_changes_nothing(path: str, clients: Clients) -> None:
    client = clients("administrator")
    assert client.post(path, data={}).status_code == 403
    assert client.post(path, data={"csrf": "guessed"}).status_code == 403


def test_the_navigation_shows_what_a_role_may_open(clients: Clients) -> None:
    page = clients("hr").get("/employer").text
    assert 'href="/employer" aria-current="page"' in page
    assert 'href="/brand"' not in page
    assert 'href="/people"' not in page


def test_pages_are_kept_by_nobody_and_allow_no_foreign_script(clients: Clients) -> None:
    headers = clients("hr").get("/employer").headers
    assert headers["cache-control"] == "no-store"
    assert "script-src 'self';" in headers["content-security-policy"]
