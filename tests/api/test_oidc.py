"""Signing in by a provider: a real one, in a process of its own on loopback."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from api import auth, oidc
from config.settings import Settings, get_settings
from storage import audit, db, sign_in_tries, users
from storage.viewer import SYSTEM
from tests.api import world
from tests.api.world import PASSWORD, add_person
from tests.conftest import free_port

ADA = {"email": "ada@acme.example", "email_verified": True, "name": "Ada", "groups": ["staff", "hr-team"]}


pytestmark = pytest.mark.usefixtures("machine_clock")


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """The address of oidc-provider-mock; anybody signs in there with the name they say."""
    address = f"http://localhost:{(port := free_port())}"
    insecure = {**os.environ, "AUTHLIB_INSECURE_TRANSPORT": "1"}
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)]
    process = subprocess.Popen(command, env=insecure, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                httpx2.get(address, timeout=5)
                break
            except httpx2.HTTPError:
                assert process.poll() is None
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(autouse=True)
def set_up(provider: str, settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups decide about roles; http is right on loopback only."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    settings(
        oidc_issuer=provider,
        oidc_client_id="outspoken",
        oidc_client_secret="a secret",
        oidc_group_roles="it=administrator, hr-team=hr",
        public_url="http://testserver",
    )


def _agree(provider: str, client: TestClient, who: str, claims: dict[str, object]) -> str:
    """Begin here, sign in there; returns the address that the provider sends the browser back to."""
    httpx2.put(f"{provider}/users/{who}", json=claims).raise_for_status()
    begun = client.get("/sign-in/provider?next=/mentions").headers["location"]
    answer = httpx2.post(begun, data={"sub": who})
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


def _sign_in(provider: str, client: TestClient, who: str, claims: dict[str, object]) -> httpx2.Response:
    return client.get(_agree(provider, client, who, claims))


def _told(client: TestClient, answer: httpx2.Response) -> str:
    assert answer.headers["location"] == "/sign-in"
    return client.get("/sign-in").text


def _known(email: str = "ada@acme.example") -> users.UserRow | None:
    with db.reading() as session:
        return users.find_user(session, email)


def test_somebody_new_gets_the_role_of_their_group_and_follows_it(client: TestClient, provider: str) -> None:
    begun = parse_qs(urlsplit(client.get("/sign-in/provider").headers["location"]).query)
    assert begun["code_challenge_method"] == ["S256"]
    assert all(len(begun[name][0]) >= 32 for name in ("state", "nonce", "code_challenge"))
    assert begun["redirect_uri"] == [oidc.callback_address()]
    answer = _sign_in(provider, client, "1", {**ADA, "name": " "})
    assert answer.headers["location"] == "/mentions"
    made = _known()
    assert made is not None
    assert (made.role, made.password, made.name) == ("hr", False, "ada")
    assert client.get("/employer").status_code == 200
    _sign_in(provider, client, "1", {**ADA, "groups": ["it"], "email": "renamed@acme.example"})
    assert (_known() or made).role == "administrator"
    with db.reading() as session:
        acts = [entry.action for entry in audit.entries(session, SYSTEM)]
    assert acts == ["person.sign_in", "person.role", "person.sign_in", "person.join"]


@pytest.mark.parametrize("said", [{"email_verified": False}, {"email_verified": None}, {"email_verified": "true"}])
def test_an_unverified_address_takes_no_account_over(
    client: TestClient, provider: str, said: dict[str, object]
) -> None:
    add_person("administrator", "ada")
    claims = {name: value for name, value in {**ADA, "groups": ["it"], **said}.items() if value is not None}
    assert "not say that your mail address is verified" in _told(client, _sign_in(provider, client, "2", claims))
    assert client.get("/people").status_code == 303


def test_a_verified_address_is_tied_once(client: TestClient, provider: str) -> None:
    user_id, _ = add_person("hr", "ada")
    assert _sign_in(provider, client, "3", ADA).headers["location"] == "/mentions"
    tied = _known()
    assert tied is not None
    assert tied.id == user_id
    client.cookies.clear()
    other = _told(client, _sign_in(provider, client, "4", ADA))
    assert "belongs to another person of the provider" in other


def test_who_is_in_no_group_of_no_domain_or_deactivated_stays_out(
    client: TestClient, provider: str, settings: Callable[..., Settings]
) -> None:
    assert "in no group" in _told(client, _sign_in(provider, client, "5", {**ADA, "groups": ["staff"]}))
    assert _known() is None
    _sign_in(provider, client, "5", ADA)
    assert client.get("/account").status_code == 200
    assert "in no group" in _told(client, _sign_in(provider, client, "5", {**ADA, "groups": ["staff"]}))
    assert client.get("/account").status_code == 303  # and is signed out where they still were
    _sign_in(provider, client, "5", ADA)
    with db.transaction() as session:
        users.deactivate(session, users.find_user(session, "ada@acme.example").id, datetime.now(UTC))  # type: ignore[union-attr]
    assert "deactivated" in _told(client, _sign_in(provider, client, "5", ADA))
    settings(oidc_domains="globex.example")
    assert "mail domain" in _told(client, _sign_in(provider, client, "6", ADA))
    settings(oidc_domains="", oidc_group_roles="")
    assert "no account for you yet" in _told(
        client, _sign_in(provider, client, "7", {**ADA, "email": "new@acme.example"})
    )


def test_an_answer_is_good_once_and_in_the_browser_that_asked(client: TestClient, provider: str) -> None:
    back = _agree(provider, client, "8", ADA)
    kept = client.cookies[oidc.COOKIE]
    client.cookies.clear()
    assert "not begun in this browser" in _told(client, client.get(back))
    client.cookies.set(oidc.COOKIE, kept)
    assert "not begun in this browser" in _told(client, client.get(back.replace("state=", "state=x")))
    client.cookies.clear()
    client.cookies.set(oidc.COOKIE, kept)
    assert client.get(back).headers["location"] == "/mentions"
    client.cookies.clear()
    client.cookies.set(oidc.COOKIE, kept)
    assert "answer was not valid" in _told(client, client.get(back))  # the provider takes a code once
    assert auth.COOKIE not in client.cookies


def test_a_token_for_another_try_is_refused(client: TestClient, provider: str) -> None:
    back = _agree(provider, client, "9", ADA)
    seal = oidc._seal(get_settings())
    state, _, rest = seal.open(client.cookies[oidc.COOKIE]).split("\n", 2)
    client.cookies.clear()
    client.cookies.set(oidc.COOKIE, seal.close(f"{state}\nanother nonce\n{rest}"))
    assert "answer was not valid" in _told(client, client.get(back))


def test_what_the_provider_refuses_is_told(client: TestClient, provider: str) -> None:
    state = parse_qs(urlsplit(client.get("/sign-in/provider").headers["location"]).query)["state"][0]
    answer = client.get(f"{oidc.CALLBACK}?error=access_denied&state={state}")
    assert "refused the sign-in (access_denied)" in _told(client, answer)


def test_signing_out_here_says_that_the_provider_goes_on(client: TestClient, provider: str) -> None:
    _sign_in(provider, client, "10", ADA)
    form = re.search(r'name="csrf" value="([^"]+)"', client.get("/account").text)
    assert form is not None
    assert "still signed in at the provider" in _told(client, client.post("/sign-out", data={"csrf": form[1]}))
    assert client.get("/sign-out/provider").headers["location"].startswith(f"{provider}/")


def test_while_the_provider_is_down_passwords_work(client: TestClient, settings: Callable[..., Settings]) -> None:
    settings(oidc_issuer=f"http://localhost:{free_port()}")
    _, email = add_person("hr")
    assert "does not answer" in _told(client, client.get("/sign-in/provider"))
    assert "Sign in with your company account" in client.get("/sign-in").text
    assert client.post("/sign-in", data={"email": email, "password": PASSWORD}).headers["location"] == "/"


def test_who_begins_too_often_has_to_wait(client: TestClient, settings: Callable[..., Settings]) -> None:
    settings(oidc_issuer=f"http://localhost:{free_port()}")
    with db.transaction() as session:
        for _ in range(sign_in_tries.PROVIDER.most):
            sign_in_tries.take(session, sign_in_tries.PROVIDER, "testclient", datetime.now(UTC))
    assert client.get("/sign-in/provider").status_code == 429
    assert client.get(f"{oidc.CALLBACK}?code=x&state=y").status_code == 429
    world.forget_tries()


def test_a_whole_company_may_sign_in_from_one_address(client: TestClient, provider: str) -> None:
    for _ in range(2):
        _sign_in(provider, client, "11", ADA)
    with db.reading() as session:
        assert session.execute(text("SELECT max(tries) FROM sign_in_tries")).scalar_one() == 0


@pytest.mark.parametrize("wrong", ["http://login.acme.example", "login.acme.example", "ftp://x", "https://"])
def test_an_issuer_is_reached_over_https(settings: Callable[..., Settings], wrong: str) -> None:
    with pytest.raises(ValueError, match="https address"):
        settings(oidc_issuer=wrong)


def test_without_a_provider_there_is_no_button(client: TestClient, settings: Callable[..., Settings]) -> None:
    settings(oidc_issuer="")
    assert "/sign-in/provider" not in client.get("/sign-in").text
    assert "No sign-in provider" in _told(client, client.get(f"{oidc.CALLBACK}?code=x"))
