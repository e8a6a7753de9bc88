"""The application over an emptied real database, asked through ASGI."""

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import Engine

from api import deps
from api.app import create_app
from storage import accounts, users
from tests.api import world

Header = dict[str, str]


@pytest.fixture(scope="package", autouse=True)
def clock() -> Iterator[None]:
    """No test hangs on the moment it runs at."""
    with world.clock_of_requests():
        yield


@pytest.fixture
def machine_clock(one_day: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls read the machine's clock, for tests in which another process or the quick way of a click reads it too."""
    monkeypatch.setattr(deps, "datetime", datetime)


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same hash with a small memory: these tests are not about its strength."""
    quick = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    monkeypatch.setattr(accounts, "_hasher", lambda: quick)


@pytest.fixture(scope="session")
def application(database: str) -> FastAPI:
    """The web service."""
    return create_app()


@pytest.fixture
def client(application: FastAPI, clean_database: Engine, redis_url: str) -> Iterator[TestClient]:
    """A client of it; redirects are not followed, faults come as answers."""
    with TestClient(application, follow_redirects=False, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def company(client: TestClient) -> None:
    """Acme is set up."""
    world.set_up_company()


@pytest.fixture
def token(client: TestClient) -> Callable[..., Header]:
    """`token("hr")`: the header of a new token of that role; with every scope, or with those of a second argument."""
    people: dict[str, int] = {}

    def make(role: str, scopes: list[str] | None = None) -> Header:
        if role not in people:
            people[role] = world.add_person(role)[0]
        return world.add_token(people[role], scopes or list(users.SCOPES))

    return make
