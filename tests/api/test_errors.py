"""One error shape for programs, a plain page for people, nothing of the inside for anybody."""

from collections.abc import Callable, Iterator

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from sqlalchemy import exc

from api import errors
from api.app import create_app
from config.settings import Settings
from storage import db

Header = dict[str, str]


@pytest.fixture
def faulty() -> Iterator[TestClient]:
    """An application with two addresses that break."""
    app = create_app()

    @app.get("/api/v1/broken")
    def broken() -> None:
        raise RuntimeError("the secret is 42")

    @app.get("/broken")
    def broken_page() -> None:
        raise RuntimeError("the secret is 42")

    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that nobody listens on."""

    def down() -> None:
        raise exc.OperationalError("SELECT secret", {}, ConnectionRefusedError("db.internal:5432"))

    monkeypatch.setattr(db, "connect", down)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("GET", "/api/nothing", 404, "not_found"),
        ("DELETE", "/api/v1/mentions", 405, "method_not_allowed"),
        ("BREW", "/api/v1/mentions", 405, "method_not_allowed"),
        ("GET", "/api/v1/mentions/", 404, "not_found"),
    ],
)
def test_what_does_not_exist_answers_in_the_one_shape(
    client: TestClient, method: str, path: str, status: int, code: str
) -> None:
    answer = client.request(method, path)
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert set(answer.json()) == {"error", "detail"}
    assert "allow" in answer.headers or status != 405


def test_people_get_a_page(client: TestClient) -> None:
    answer = client.get("/nothing<script>")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "<script>" not in answer.text
    assert "content-security-policy" in answer.headers


def test_a_fault_tells_nothing_of_the_inside_and_is_logged(
    faulty: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = faulty.get("/api/v1/broken")
    assert (answer.status_code, answer.json()["error"]) == (500, "internal_error")
    assert "42" not in answer.text
    assert answer.headers["x-request-id"] in caplog.text
    assert "the secret is 42" in caplog.text
    assert "content-security-policy" in answer.headers


def test_a_fault_of_a_page_is_a_page(faulty: TestClient) -> None:
    answer = faulty.get("/broken")
    assert answer.status_code == 500
    assert "<h1>" in answer.text
    assert "42" not in answer.text


@pytest.mark.usefixtures("no_database")
def test_without_the_database_programs_are_told_to_come_back(client: TestClient) -> None:
    answer = client.get("/api/v1/mentions", headers={"Authorization": "Bearer osp_x"})
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
    assert answer.headers["retry-after"] == "5"
    assert "internal:5432" not in answer.text


@pytest.mark.usefixtures("no_database")
def test_without_the_database_people_get_a_page(client: TestClient) -> None:
    answer = client.get("/l/abc")
    assert answer.status_code == 503
    assert "<h1>" in answer.text


@pytest.mark.parametrize(
    ("body", "kind", "field"),
    [
        (b"{", "application/json", "body"),
        (b'{"text": 1e999}', "application/json", "text"),
        (b"[" * 100_000, "application/json", None),
        (b"text=x", "application/x-www-form-urlencoded", None),
        (b"\xff\xfe", "application/json", "body"),
        (b"", "application/json", None),
        (b'{"text": "a", "\\ud800": 1}', "application/json", None),
        (b'{"text": NaN}', "application/json", "text"),
    ],
)
@pytest.mark.usefixtures("company")
def test_a_body_that_can_not_be_read_is_malformed_input(
    client: TestClient, token: Callable[..., Header], body: bytes, kind: str, field: str | None
) -> None:
    headers = token("administrator") | {"Content-Type": kind}
    answer = client.post("/api/v1/incidents/1/notes", headers=headers, content=body)
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid_input")
    if field is not None:
        assert answer.json()["fields"][0]["field"] == field


def test_messages_are_writable_and_short(client: TestClient, application: FastAPI) -> None:
    request = Request({"type": "http", "path": "/api/x", "headers": [], "app": application})
    answer = errors.render(request, 422, "\ud800" * 5000)
    assert len(bytes(answer.body)) < 1200


KNOWN = ("listen.acme.example", "LISTEN.acme.example:8443", "a.staff.example")
STRANGE = ("evil.example", "evil-staff.example", "staff.example", "[::1", "")


def test_a_strange_host_is_refused_where_hosts_are_set(settings: Callable[..., Settings]) -> None:
    settings(trusted_hosts="listen.acme.example, *.staff.example")
    with TestClient(create_app()) as client:
        answers = {host: client.get("/static/app.css", headers={"Host": host}) for host in KNOWN + STRANGE}
        assert [host for host, answer in answers.items() if answer.status_code == 200] == list(KNOWN)
        assert {answers[host].status_code for host in STRANGE} == {400}
        refused = client.get("/api/v1/openapi.json", headers={"Host": "evil.example"})
        assert refused.json()["error"] == "unknown_host"
        assert client.get("/healthz/live", headers={"Host": "10.0.0.7"}).status_code == 200
