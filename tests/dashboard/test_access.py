"""Where people land. Who may open what, and that forms prove to be ours, is for `tests/api/test_matrix.py`."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

Clients = Callable[[str], TestClient]
FIRST = {
    "marketing": "/brand",
    "hr": "/employer",
    "leadership": "/overview",
    "administrator": "/overview",
    "advocate": "/my-reach",
    "auditor": "/audit",
}


@pytest.mark.parametrize("path", ["/overview", "/brand", "/mentions/1", "/"])
def test_nobody_is_sent_to_the_sign_in_and_back(path: str, clients: Clients) -> None:
    answer = clients("").get(f"{path}?days=7")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")


def test_every_role_has_its_first_page(clients: Clients) -> None:
    first = {role: clients(role).get("/").headers["location"] for role in FIRST}
    assert first == FIRST


def test_the_navigation_shows_what_a_role_may_open(clients: Clients) -> None:
    page = clients("hr").get("/employer").text
    assert 'href="/employer" aria-current="page"' in page
    assert 'href="/brand"' not in page
    assert 'href="/people"' not in page


def test_pages_are_kept_by_nobody_and_allow_no_foreign_script(clients: Clients) -> None:
    headers = clients("hr").get("/employer").headers
    assert headers["cache-control"] == "no-store"
    assert "script-src 'self';" in headers["content-security-policy"]
