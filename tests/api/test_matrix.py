"""Every route × every role, nobody, and a token of every scope: who gets in. The expectations stand in `access.py`.

Scopes are proved by two tokens per call: one with its scope alone gets in, one with all other scopes does not.

Each call runs in a savepoint that is rolled back, so that no call sees the work of another and all share one world.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import Connection, Engine

from api import auth
from api.dashboard.pages import mentions as mentions_page
from config.sign_in_settings import ROLE_NAMES
from storage import accounts, db, sources, users
from storage.viewer import ROLES
from tests.api import access, world
from tests.api.world import Said, say
from workers import explanations

pytestmark = pytest.mark.timeout(400)  # more than a thousand pages and calls: some minutes on a machine that is busy

Header = dict[str, str]
_INSIDE = (*range(200, 300), 303, 302, 409, 422, 503)  # 503: no worker runs here


@dataclass(frozen=True, slots=True)
class World:
    """What the routes are asked about, and who asks."""

    client: TestClient
    connection: Connection
    ids: Mapping[str, object]
    cookies: Mapping[str, tuple[str, str]]  # role → cookie, CSRF value
    tokens: Mapping[str, Header]  # role → header of a token with every scope
    narrow: Mapping[str, Header]  # scope → header of an administrator's token with this scope alone
    other: Mapping[str, Header]  # scope → header of an administrator's token with every scope but this one


@pytest.fixture(scope="module")
def world_of_calls(application: FastAPI, engine: Engine) -> Iterator[World]:
    """One world for all, in a transaction that is never committed."""
    with (
        pytest.MonkeyPatch.context() as patch,
        engine.connect() as connection,
        connection.begin() as transaction,
        connection.begin_nested(),
    ):
        patch.setattr(accounts, "_hasher", lambda: PasswordHash((Argon2Hasher(1, 8, 1),)))
        patch.setattr(explanations, "PATIENCE", 0.0)
        patch.setattr(mentions_page, "_AT_ONCE", 0.0)
        patch.setattr(db, "connect", lambda _url=None: connection)
        patch.setattr(connection, "connect", engine.connect, raising=False)  # locks that outlive a transaction
        with TestClient(application, follow_redirects=False, raise_server_exceptions=False) as client:
            yield _people(client, connection, _things())
        transaction.rollback()


@pytest.fixture
def asked(world_of_calls: World, redis_url: str) -> World:
    """The world, and a queue of its own for each test."""
    return world_of_calls


def _things() -> dict[str, object]:
    world.set_up_company()
    (mention_id,) = say(Said("the app is slow"))
    with db.transaction() as session:
        source_id = sources.get_or_make(session, "api", "Forum", "api", world.NOW)
        incident_id = world.open_incident(session, facet="brand")
        company_id, event_id = world.plan_launch(session)
    return {"source_id": source_id, "mention_id": mention_id, "incident_id": incident_id, "event_id": event_id,
            "company_id": company_id}  # fmt: skip


def _people(client: TestClient, connection: Connection, ids: dict[str, object]) -> World:
    cookies, tokens = {}, {}
    for role in ROLES:
        user_id, _ = world.add_person(role)
        with db.transaction() as session:
            cookie = users.start_session(session, user_id, world.now(), 1)
            found = users.session_user(session, cookie, world.now())
        assert found is not None
        cookies[role] = (cookie, found.csrf)
        tokens[role] = world.add_token(user_id)
    first, second = (world.add_person("administrator", name)[0] for name in ("first", "second"))
    narrow = {scope: world.add_token(first, [scope]) for scope in users.SCOPES}
    other = {scope: world.add_token(second, sorted({*users.SCOPES} - {scope})) for scope in users.SCOPES}
    for header in (*tokens.values(), *narrow.values(), *other.values()):
        client.get("/api/v1/companies", headers=header)  # notes that the token was used, which no later call has to
    return World(client, connection, {**ids, "user_id": first}, cookies, tokens, narrow, other)


def _ask(asked: World, route: str, headers: Header, csrf: str = "") -> str:
    """`+` let in, `-` refused, `?` there is nothing (for them), `0` asked to sign in, else the status."""
    method, _, path = route.partition(" ")
    url = access.address(path, asked.ids)
    given: dict[str, Any] = {}
    if method != "GET" and path.startswith("/api/"):
        given = {"json": access.body_of(route, asked.ids)}
    elif method != "GET":
        given = {"data": {"csrf": csrf, **access.FORMS.get(route, {})}}
    with _undone(asked.connection):
        answer = asked.client.request(method, url, headers=headers, **given)
    asked.client.cookies.clear()
    return _outcome(answer)


@contextmanager
def _undone(connection: Connection) -> Iterator[None]:
    savepoint = connection.begin_nested()
    yield
    savepoint.rollback()


def _outcome(answer: httpx2.Response) -> str:
    to_sign_in = answer.status_code == 303 and answer.headers["location"].startswith("/sign-in")
    if answer.status_code == 401 or to_sign_in:
        return "0"
    if answer.status_code in _INSIDE:
        return "+"
    return {403: "-", 404: "?"}.get(answer.status_code, str(answer.status_code))


def _as(asked: World, role: str, route: str) -> str:
    if access.ROUTES[route].scope:
        return _ask(asked, route, asked.tokens[role])
    cookie, csrf = asked.cookies[role]
    return _ask(asked, route, {"Cookie": f"{auth.COOKIE}={cookie}"}, csrf)


def test_every_route_has_an_expectation(application: FastAPI) -> None:
    routes = access.routes_of(application)
    missing = "\n".join(f'    "{route}": {access.guess(route)},' for route in routes - access.KNOWN)
    assert not missing, f"New routes. Say in tests/api/access.py who may call them, for example:\n{missing}"
    assert not access.KNOWN - routes, "These routes are gone; take them out of tests/api/access.py."


@pytest.mark.parametrize("role", ROLES)
def test_a_role_gets_in_where_it_should_and_nowhere_else(role: str, asked: World) -> None:
    place = list(ROLES).index(role)
    expected = {route: row.roles[place] for route, row in access.ROUTES.items()}
    assert {route: _as(asked, role, route) for route in access.ROUTES} == expected


def test_nobody_gets_in_without_signing_in(asked: World) -> None:
    inside = {route: found for route in access.ROUTES if (found := _ask(asked, route, {})) != "0"}
    assert inside == {}
    assert {route: _ask(asked, route, {}) for route in access.PUBLIC} == access.PUBLIC


def test_a_token_opens_the_calls_of_its_scope_and_no_page(asked: World) -> None:
    administrator = list(ROLES).index("administrator")
    calls = {route: row for route, row in access.ROUTES.items() if row.scope}
    alone = {route: _ask(asked, route, asked.narrow[row.scope]) for route, row in calls.items()}
    assert alone == {route: row.roles[administrator] for route, row in calls.items()}
    by_others = {route: _ask(asked, route, asked.other[row.scope]) for route, row in calls.items()}
    assert by_others == dict.fromkeys(calls, "-")
    pages = access.ROUTES.keys() - calls.keys()
    assert {route: _ask(asked, route, asked.tokens["administrator"]) for route in pages} == dict.fromkeys(pages, "0")


def test_every_form_proves_that_it_is_ours(asked: World) -> None:
    header = {"Cookie": f"{auth.COOKIE}={asked.cookies['administrator'][0]}"}
    forms = [route for route, row in access.ROUTES.items() if not row.scope and not route.startswith("GET ")]
    assert {route: _ask(asked, route, header, "guessed") for route in forms} == dict.fromkeys(forms, "-")


def test_roles_are_named_alike_everywhere() -> None:
    assert tuple(ROLES) == ROLE_NAMES
    assert {row.scope for row in access.ROUTES.values()} - {""} == set(users.SCOPES)
    assert all(len(row.roles) == len(ROLES) for row in access.ROUTES.values())
