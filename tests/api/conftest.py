"""The application over an emptied real database, asked through ASGI."""

from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from api import auth
from api.app import create_app
from tests.api import world

Header = dict[str, str]


@pytest.fixture
def client(clean_database: Engine, redis_url: str) -> Iterator[TestClient]:
    """The web service; redirects are not followed, faults come as answers."""
    auth.SIGN_IN_TRIES.clear()
    with TestClient(create_app(), follow_redirects=False, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def company(client: TestClient) -> None:
    """Acme is set up."""
    world.set_up_company()


@pytest.fixture
def token(client: TestClient) -> Callable[..., Header]:
    """`token("hr")`: the header of a token of that role with every scope; `token("hr", ["series:read"])`: with these."""
    people: dict[str, int] = {}

    def make(role: str, scopes: list[str] | None = None) -> Header:
        if role not in people:
            people[role] = world.add_person(role)[0]
        return world.add_token(people[role], scopes or list(world.users.SCOPES))

    return make
