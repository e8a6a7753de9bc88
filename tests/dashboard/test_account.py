"""Your account: where one is signed in, the authenticator app; and what auditors read."""

import base64
import re
from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient

from api import auth
from api.app import create_app
from config.settings import Settings
from storage import audit, db, second_factor
from storage.one_time_codes import code_at, step_of
from storage.viewer import SYSTEM
from tests.api import world
from tests.api.world import PASSWORD, add_person, forget_tries

Clients = Callable[[str], TestClient]
FIREFOX = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"}


@pytest.fixture(scope="module")
def person(town: str) -> int:
    """Somebody whom no other test knows."""
    return add_person("marketing", "sasha")[0]


@pytest.fixture
def browser_of(town: str, person: int) -> Iterator[Callable[[], TestClient]]:
    """A new browser in which they have typed their password."""
    forget_tries()
    made: list[TestClient] = []

    def browser() -> TestClient:
        client = TestClient(create_app(), follow_redirects=False, headers=FIREFOX)
        made.append(client)
        client.post("/sign-in", data={"email": "sasha@acme.example", "password": PASSWORD})
        return client

    yield browser
    for client in made:
        client.close()
    forget_tries()


def _send(client: TestClient, path: str, **form: str) -> str:
    csrf = re.search(r'name="csrf" value="([^"]+)"', client.get("/account").text)
    assert csrf is not None
    answer = client.post(path, data={"csrf": csrf[1], **form})
    return client.get(answer.headers["location"]).text if answer.status_code == 303 else answer.text


def _code(secret: bytes, skew: int = 0) -> str:
    return code_at(secret, step_of(world.now()) + skew)


def test_browsers_are_listed_and_signed_out_one_by_one_or_all(browser_of: Callable[[], TestClient]) -> None:
    own, second, third = browser_of(), browser_of(), browser_of()
    page = own.get("/account").text
    assert page.count("Firefox on Linux") >= 3
    assert second.cookies[auth.COOKIE] not in page
    key = re.search(r'name="key" value="([0-9a-f]{64})"', page)
    assert key is not None
    assert "The browser is signed out" in _send(own, "/account/sessions/revoke", key=key[1])
    assert {second.get("/brand").status_code, third.get("/brand").status_code} == {200, 303}
    assert "Signed out elsewhere: 1" in _send(own, "/account/sessions/revoke-others")
    assert (second.get("/brand").status_code, third.get("/brand").status_code) == (303, 303)
    assert own.get("/brand").status_code == 200
    assert "signed out already" in _send(own, "/account/sessions/revoke", key="not a key")


def test_an_app_is_set_up_asked_for_and_taken_away(browser_of: Callable[[], TestClient], person: int) -> None:
    client = browser_of()
    assert "not your present password" in _send(client, "/account/second-factor", old="guessed")
    page = _send(client, "/account/second-factor", old=PASSWORD)
    assert 'src="data:image/svg+xml' in page
    with db.transaction() as session:
        found = second_factor.enrolling(session, person)
    assert found is not None
    assert found[1] in page
    secret = _bytes(found[1])
    assert "not the code that the app shows" in _send(client, "/account/second-factor/confirm", code="12345")
    confirmed = _send(client, "/account/second-factor/confirm", code=_code(secret, -1))
    codes = re.findall(r"<code>([a-z0-9]{5}-[a-z0-9]{5})</code>", confirmed)
    assert len(codes) == second_factor.RECOVERY_CODES
    again = browser_of()
    assert again.get("/brand").headers["location"].startswith("/sign-in")
    assert again.post("/sign-in/code", data={"code": _code(secret, -1)}).status_code == 401  # it was used to confirm
    assert again.post("/sign-in/code", data={"code": _code(secret)}).headers["location"] == "/"
    assert again.get("/brand").status_code == 200
    third = browser_of()
    assert third.post("/sign-in/code", data={"code": codes[0]}).headers["location"] == "/"
    assert "is taken away" in _send(third, "/account/second-factor/remove", old=PASSWORD)


def _bytes(letters: str) -> bytes:
    return base64.b32decode(letters + "=" * (-len(letters) % 8))


def test_a_code_is_asked_for_only_after_the_password(clients: Clients) -> None:
    for answer in (clients("").get("/sign-in/code"), clients("").post("/sign-in/code", data={"code": "123456"})):
        assert answer.headers["location"] == "/sign-in"


def test_a_role_that_needs_an_app_opens_nothing_before(
    browser_of: Callable[[], TestClient], settings: Callable[..., Settings]
) -> None:
    client = browser_of()
    settings(second_factor_roles="marketing")
    assert client.get("/brand").headers["location"] == "/account/second-factor"
    assert client.get("/api/v1/mentions").json()["error"] == "second_factor"
    assert "Your role needs an authenticator app" in client.get("/account/second-factor").text


def test_the_auditor_reads_the_log_and_the_configuration_and_no_text(clients: Clients) -> None:
    clients("marketing").get("/mentions?sentiment=negative")
    auditor = clients("auditor")
    assert auditor.get("/").headers["location"] == "/audit"
    log = auditor.get("/audit?action=mention&words=negative").text
    assert "/mentions?sentiment=negative" in log
    assert "person.sign_in" not in log.split("<tbody>")[1]
    shown = auditor.get("/audit/configuration").text
    assert "sasha@acme.example" in shown or "hr@acme.example" in shown
    assert "SECRET_KEY" in shown
    for path in ("/mentions", "/brand", "/employer", "/overview", "/incidents", "/outbox", "/people"):
        assert auditor.get(path).status_code == 403, path
    for odd in ("/audit?since=x&until=9999-12-31&person=-1&before=y", "/audit?words=%00%25_&action=%27"):
        assert auditor.get(odd).status_code == 200


def test_what_auditors_take_out_is_recorded_and_holds_no_formulas(clients: Clients) -> None:
    with db.transaction() as session:
        audit.record(session, None, "test.formula", "=1+1", world.now())
    answer = clients("auditor").get("/audit/export?action=test.formula")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.text.splitlines()[1].endswith(",test.formula,'=1+1")
    assert '"=1+1"' in clients("auditor").get("/audit/export?action=test.formula&form=jsonl").text
    with db.reading() as session:
        assert audit.entries(session, SYSTEM, limit=1)[0].action == "audit.export"


def test_the_chain_is_proved_on_the_page(clients: Clients) -> None:
    assert "The audit log is whole" in _send(clients("auditor"), "/audit/verify")


def test_hr_is_told_why_a_name_finds_nothing(clients: Clients) -> None:
    assert "looks like a search for a person" in clients("hr").get("/mentions?q=Ada+Lovelace").text
    with db.reading() as session:
        assert audit.entries(session, SYSTEM, limit=1)[0].action == "search.blocked"
