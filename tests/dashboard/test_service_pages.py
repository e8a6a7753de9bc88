"""The pages of the service open for their roles."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

Clients = Callable[[str], TestClient]
READERS = {"marketing", "hr", "leadership", "administrator"}
ADMINISTRATOR = {"administrator"}
PAGES = {
    "/outbox": READERS,
    "/my-reach": READERS | {"advocate"},
    "/programme": READERS,
    "/account": READERS | {"advocate"},
    "/sources": ADMINISTRATOR,
    "/sources/new": ADMINISTRATOR,
    "/sources/new?kind=feed": ADMINISTRATOR,
    "/import": ADMINISTRATOR,
    "/company": ADMINISTRATOR,
    "/company/text": ADMINISTRATOR,
    "/company/company.toml": ADMINISTRATOR,
    "/people": ADMINISTRATOR,
}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_opens_for_its_roles_only(path: str, clients: Clients) -> None:
    for role in (*sorted(READERS), "advocate"):
        answer = clients(role).get(path)
        assert answer.status_code == (200 if role in PAGES[path] else 403), role
    assert clients("").get(path).status_code == 303
