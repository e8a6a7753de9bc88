"""Signing in by the page: what is typed stays, wrong words tell nothing, nobody is sent to another site."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from api import auth
from api.app import create_app
from tests.api.world import PASSWORD, forget_tries


@pytest.fixture
def client(town: str) -> Iterator[TestClient]:
    forget_tries()
    with TestClient(create_app(), follow_redirects=False) as client:
        yield client
    forget_tries()


def _sign_in(client: TestClient, **form: str) -> str:
    answer = client.post("/sign-in", data={"email": "hr@acme.example", "password": PASSWORD, **form})
    assert answer.status_code == 303
    return answer.headers["location"]


def test_after_signing_in_one_is_where_one_wanted_to_be(client: TestClient) -> None:
    asked = client.get("/mentions?sentiment=negative").headers["location"]
    assert 'value="/mentions?sentiment=negative"' in client.get(asked).text
    assert _sign_in(client, next="/mentions?sentiment=negative") == "/mentions?sentiment=negative"
    assert client.get("/sign-in").headers["location"] == "/"


@pytest.mark.parametrize(
    "foreign", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_nobody_is_sent_to_another_site(client: TestClient, foreign: str) -> None:
    assert _sign_in(client, next=foreign) == "/"


def test_unknown_mail_and_wrong_password_get_the_same_words(client: TestClient) -> None:
    wrong = client.post("/sign-in", data={"email": "hr@acme.example", "password": "no"})
    unknown = client.post("/sign-in", data={"email": "hr2@acme.example", "password": "no"})
    assert wrong.status_code == unknown.status_code == 401
    assert 'value="hr@acme.example"' in wrong.text
    assert wrong.text == unknown.text.replace("hr2@", "hr@")


def test_empty_fields_are_named(client: TestClient) -> None:
    answer = client.post("/sign-in", data={"email": "<b>@x", "password": ""})
    assert answer.status_code == 422
    assert "Type your password." in answer.text
    assert "&lt;b&gt;@x" in answer.text


def test_too_many_tries_are_told_when_to_come_back(client: TestClient) -> None:
    answers = [client.post("/sign-in", data={"email": "x@y.example", "password": "no"}) for _ in range(21)]
    assert answers[-1].status_code == 429
    assert "Try again in" in answers[-1].text
    assert int(answers[-1].headers["retry-after"]) > 0


def test_signing_out_ends_the_session(client: TestClient) -> None:
    _sign_in(client)
    csrf = client.get("/employer").text.split('name="csrf" value="')[1].split('"')[0]
    cookie = client.cookies[auth.COOKIE]
    assert client.post("/sign-out", data={"csrf": csrf}).headers["location"] == "/sign-in"
    assert "You are signed out." in client.get("/sign-in").text
    client.cookies.set(auth.COOKIE, cookie)
    assert client.get("/employer").status_code == 303
