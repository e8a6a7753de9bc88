"""What every answer carries, and what log lines and caches never hold."""

import logging
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from config.settings import Settings

Header = dict[str, str]


@pytest.mark.parametrize(
    "path", ["/sign-in", "/healthz/live", "/api/v1/openapi.json", "/api/v1/mentions", "/nothing", "/static/app.css"]
)
def test_every_answer_carries_the_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert all(f"{name} 'none'" in policy for name in ("frame-ancestors", "base-uri", "object-src"))
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert len(headers["x-request-id"]) == 16


def test_answers_with_data_are_not_kept_and_static_files_are(client: TestClient) -> None:
    assert client.get("/api/v1/mentions").headers["cache-control"] == "no-store"
    assert client.get("/static/app.css").headers["cache-control"] == "no-cache"
    assert "immutable" in client.get("/static/app.css?v=1").headers["cache-control"]
    assert "immutable" not in client.get("/static/none.css?v=1").headers["cache-control"]


def test_https_is_remembered_where_cookies_need_it(settings: Callable[..., Settings]) -> None:
    settings(secure_cookies=True)
    with TestClient(create_app()) as client:
        assert "strict-transport-security" in client.get("/healthz/live").headers


def test_a_proxys_request_id_goes_on_and_a_forged_one_does_not(client: TestClient) -> None:
    given = client.get("/healthz/live", headers={"X-Request-ID": "proxy-12345678"})
    assert given.headers["x-request-id"] == "proxy-12345678"
    forged = client.get("/healthz/live", headers={"X-Request-ID": "a b; 2026 ERROR all is lost"})
    assert " " not in forged.headers["x-request-id"]


def test_log_lines_name_the_route_and_no_words_of_the_address(
    client: TestClient, token: Callable[..., Header], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="api.requests")
    client.get("/api/v1/mentions", headers=token("administrator"), params={"q": "Rosamunde Lux"})
    client.get("/l/Rosamunde")
    client.get("/Rosamunde")
    lines = [record.getMessage() for record in caplog.records if record.name == "api.requests"]
    assert any("GET /api/v1/mentions 200" in line for line in lines)
    assert any("GET /l/{code} 404" in line for line in lines)
    assert "osamunde" not in caplog.text
    assert "osp_" not in caplog.text


def test_there_is_no_documentation_page_that_loads_from_elsewhere(client: TestClient) -> None:
    assert client.get("/docs").status_code == 404
    assert client.get("/redoc").status_code == 404
