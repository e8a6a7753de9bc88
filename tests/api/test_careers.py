"""What careers pages and applicant systems may report."""

import json
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from api.routes import careers
from tests.api.test_advocacy import add_advocate
from tests.api.test_redirect import AGENT, add_link
from tests.api.world import NOW

Header = dict[str, str]
SITE = {"Origin": "https://careers.acme.example", "User-Agent": AGENT, "Sec-Fetch-Site": "cross-site"}
CALL = "/api/v1/careers/applications"

pytestmark = pytest.mark.usefixtures("company")


@pytest.fixture(autouse=True)
def fresh_limit() -> None:
    careers.LIMIT.clear()


def tell(client: TestClient, kind: str, code: str | None = None, **headers: str) -> int:
    told = {"kind": kind, "medium": "advocacy" if code else "", "content": code, "name": "ignored"}
    answer = client.post(careers.EVENTS, content=json.dumps(told), headers={**SITE, **headers})
    if answer.status_code == 204:
        assert answer.headers["access-control-allow-origin"] == SITE["Origin"]
        assert "set-cookie" not in answer.headers
    return answer.status_code


def rows(engine: Engine) -> list[tuple[bool, bool, bool]]:
    with engine.connect() as connection:
        found = connection.execute(text("SELECT link_id, jobs_at, applied_at FROM career_visits ORDER BY id")).all()
        assert not any(word in str(found) for word in ("Mozilla", "127.0.0.1", "testclient"))
    return [(row[0] is not None, row[1] is not None, row[2] is not None) for row in found]


def test_a_visit_goes_from_our_link_to_an_application(client: TestClient, clean_database: Engine) -> None:
    code = add_link(add_advocate("ada")[0]).removeprefix("/l/")
    steps = [tell(client, "visit", code), tell(client, "jobs"), tell(client, "application")]
    assert steps == [204, 204, 204]
    assert rows(clean_database) == [(True, True, True)]


def test_wishes_machines_strangers_and_rubbish_leave_nothing(client: TestClient, clean_database: Engine) -> None:
    assert tell(client, "visit", **{"Sec-GPC": "1"}) == 204
    assert tell(client, "visit", **{"User-Agent": "Googlebot/2.1"}) == 204
    for origin in ("https://evil.example", "http://careers.acme.example", "null", "https://[", ""):
        assert tell(client, "visit", Origin=origin) == 403
    assert tell(client, "hired") == 422
    for body in (b"", b"[1", b"[]", b'"x"', b"[" * 900, b'{"kind": "visit", "content": "' + b"x" * 50 + b'"}'):
        assert client.post(careers.EVENTS, content=body, headers=SITE).status_code == 422
    assert client.post(careers.EVENTS, content=b"x" * 2000, headers=SITE).status_code == 413
    assert rows(clean_database) == []


def test_browsers_of_registered_hosts_are_let_in_and_slowed_down(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.options(careers.EVENTS, headers=SITE).status_code == 204
    assert client.options(careers.EVENTS, headers={"Origin": "https://evil.example"}).status_code == 403
    script = client.get("/careers.js")
    assert script.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "cookie" not in script.text.lower().replace("no cookie", "")
    monkeypatch.setattr(careers.LIMIT, "limit", 2)
    assert [tell(client, "visit") for _ in range(3)] == [204, 204, 429]


def test_an_applicant_system_reports_with_a_token(
    client: TestClient, token: Callable[..., Header], clean_database: Engine
) -> None:
    code = add_link(add_advocate("ada")[0]).removeprefix("/l/")
    sent = {"applications": [{"reference": "A-1", "at": f"{NOW:%Y-%m-%dT%H:%M:%SZ}", "utm_content": code}]}
    for _ in range(2):
        assert client.post(CALL, json=sent, headers=token("hr")).json() == {"received": 1}
    assert rows(clean_database) == [(True, False, True)]
    assert client.post(CALL, json=sent, headers=token("advocate")).status_code == 403
    for wrong in ({"at": "2099-01-01T00:00:00Z"}, {"host": "evil.example"}, {"name": "Jo"}):
        bad = {"applications": [{**sent["applications"][0], **wrong}]}
        assert client.post(CALL, json=bad, headers=token("hr")).status_code == 422
