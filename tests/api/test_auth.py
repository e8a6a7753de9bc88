"""Cookies, tokens, CSRF, throttling."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi import Response
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from api import auth, cookies
from api.devices import device_words
from api.throttle import Throttle
from config.settings import Settings
from storage import db, sign_in_tries, users
from tests.api import world
from tests.api.world import NOW, PASSWORD, Said, add_person, add_token, say

Header = dict[str, str]


def sign_in(client: TestClient, email: str) -> str:
    """Sign the client's browser in; returns its CSRF value."""
    with db.transaction() as session:
        user = users.authenticate(session, email, PASSWORD, NOW)
        assert user is not None
        token = users.start_session(session, user.id, NOW, 1)
        found = users.session_user(session, token, NOW)
    assert found is not None
    client.cookies.set(auth.COOKIE, token)
    return found.csrf


def test_without_token_or_sign_in_the_api_asks_for_one(client: TestClient) -> None:
    answer = client.get("/api/v1/mentions")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json()["error"] == "not_signed_in"


@pytest.mark.parametrize(
    "header", ["Bearer osp_unknown", "Bearer something", "Basic dXNlcjpwYXNz", "Bearer ", "osp_x", "bearer osp_\u00ff"]
)
def test_a_token_that_is_none_is_refused(client: TestClient, header: str) -> None:
    answer = client.get("/api/v1/mentions", headers={b"Authorization": header.encode("latin-1")})
    assert answer.status_code == 401
    assert 'error="inv' in answer.headers["www-authenticate"]


@pytest.mark.parametrize("name", ["token", "access_token", "api_key", "key", "Authorization"])
def test_a_token_in_the_address_opens_nothing(client: TestClient, token: Callable[..., Header], name: str) -> None:
    secret = token("administrator")["Authorization"]
    for sent in (secret, secret.removeprefix("Bearer ")):
        assert client.get("/api/v1/companies", params={name: sent}).status_code == 401


def test_a_bad_token_is_not_rescued_by_a_good_cookie(client: TestClient) -> None:
    sign_in(client, add_person("administrator")[1])
    assert client.get("/api/v1/companies").status_code == 200
    assert client.get("/api/v1/companies", headers={"Authorization": "Bearer osp_no"}).status_code == 401


def test_revoked_and_run_out_tokens_end(client: TestClient) -> None:
    user_id, _ = add_person("administrator")
    with db.transaction() as session:
        revoked, first = users.create_token(session, user_id, "a", frozenset({"series:read"}), NOW)
        past = NOW - timedelta(minutes=1)
        _, second = users.create_token(session, user_id, "b", frozenset({"series:read"}), NOW, past)
        users.revoke_token(session, revoked, NOW)
    for secret in (first, second):
        answer = client.get("/api/v1/companies", headers={"Authorization": f"Bearer {secret}"})
        assert answer.status_code == 401


def test_a_token_does_only_what_its_scopes_say(client: TestClient, token: Callable[..., Header]) -> None:
    narrow = token("administrator", ["series:read"])
    assert client.get("/api/v1/companies", headers=narrow).status_code == 200
    answer = client.get("/api/v1/incidents", headers=narrow)
    assert answer.status_code == 403
    assert answer.json()["error"] == "missing_scope"


def test_a_deactivated_account_is_out_at_once(client: TestClient) -> None:
    user_id, email = add_person("hr")
    header = add_token(user_id)
    sign_in(client, email)
    with db.transaction() as session:
        users.deactivate(session, user_id, NOW)
    assert client.get("/api/v1/companies").status_code == 401
    client.cookies.clear()
    assert client.get("/api/v1/companies", headers=header).status_code == 401


@pytest.mark.usefixtures("company")
def test_a_browser_changes_something_only_with_the_csrf_header(client: TestClient) -> None:
    (mention,) = say(Said("fine"))
    csrf = sign_in(client, add_person("marketing")[1])
    path = f"/api/v1/mentions/{mention}"
    assert client.get(path).status_code == 200
    for headers in ({}, {auth.CSRF_HEADER: "guess"}, {auth.CSRF_HEADER: ""}):
        answer = client.patch(path, json={"sentiment": "negative"}, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (403, "csrf")
    answer = client.patch(path, json={"sentiment": "negative"}, headers={auth.CSRF_HEADER: csrf})
    assert answer.json()["sentiment"] == "negative"


def test_a_form_needs_the_sessions_csrf_value(client: TestClient) -> None:
    csrf = sign_in(client, add_person("hr")[1])
    for form in ({}, {"csrf": "guess"}, {"csrf": ""}):
        assert client.post("/sign-out", data=form).status_code == 403
        assert client.get("/api/v1/companies").status_code == 200
    assert client.post("/sign-out", data={"csrf": csrf}).status_code == 303
    assert client.get("/api/v1/companies").status_code == 401


def test_a_session_that_was_ended_does_not_come_back_with_its_cookie(client: TestClient) -> None:
    csrf = sign_in(client, add_person("hr")[1])
    kept = client.cookies[auth.COOKIE]
    client.post("/sign-out", data={"csrf": csrf})
    client.cookies.set(auth.COOKIE, kept)
    assert client.get("/api/v1/companies").status_code == 401


@pytest.mark.parametrize("cookie", ["", "x", "\u00ff" * 8, "a" * 4000, "' OR 1=1 --"])
def test_a_cookie_that_is_none_signs_nobody_in(client: TestClient, cookie: str) -> None:
    headers = {b"Cookie": f"{auth.COOKIE}={cookie}".encode("latin-1")}
    assert client.get("/api/v1/companies", headers=headers).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_another_sites_page_changes_nothing_not_even_the_sign_in(client: TestClient, headers: Header) -> None:
    _, email = add_person("hr")
    answer = client.post("/sign-in", data={"email": email, "password": PASSWORD}, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert client.post("/api/v1/mentions", json={}, headers=headers).json()["error"] == "cross_site"


def test_our_own_pages_and_programs_pass(client: TestClient) -> None:
    for headers in ({"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://testserver"}, {}):
        assert client.post("/api/v1/mentions", json={}, headers=headers).status_code == 401


@pytest.mark.parametrize("change", [{"secure_cookies": True}, {"public_url": "https://voice.acme.example"}])
def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(
    settings: Callable[..., Settings], change: dict[str, object]
) -> None:
    settings(**change)
    response = Response()
    cookies.set_cookie(response, auth.COOKIE, "value", 60)
    cookie = response.headers["set-cookie"].casefold()
    assert cookie.startswith("__host-outspoken_session=value;")
    assert "domain" not in cookie
    assert all(word in cookie for word in ("httponly", "samesite=lax", "secure", "path=/", "max-age="))


def test_many_failures_from_one_client_have_to_wait(client: TestClient) -> None:
    _, email = add_person("hr")
    form = {"email": email, "password": "wrong"}
    with db.transaction() as session:
        for _ in range(sign_in_tries.CLIENT.most - 1):
            sign_in_tries.take(session, sign_in_tries.CLIENT, "testclient", world.now())
    assert client.post("/sign-in", data=form).status_code == 401
    answer = client.post("/sign-in", data={**form, "password": PASSWORD})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 601


def test_one_address_tried_from_many_clients_has_to_wait_and_no_address_is_stored(client: TestClient) -> None:
    _, email = add_person("hr")
    with db.transaction() as session:
        for _ in range(sign_in_tries.ACCOUNT.most):
            assert sign_in_tries.take(session, sign_in_tries.ACCOUNT, email.upper(), world.now()) is None
    assert client.post("/sign-in", data={"email": email, "password": PASSWORD}).status_code == 429
    with db.reading() as session:
        stored = str(session.execute(text("SELECT * FROM sign_in_tries")).all())
    assert "testclient" not in stored
    assert "acme" not in stored


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:0db8:0001:0002"),
        ("2001:db8:1:2::", "2001:0db8:0001:0002"),
        ("fe80::1%eth0", "fe80:0000:0000:0000"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_a_client_is_a_network(address: str, network: str) -> None:
    assert sign_in_tries.network(address) == network


def test_signing_in_again_ends_the_session_before_it(client: TestClient) -> None:
    _, email = add_person("hr")
    form = {"email": email, "password": PASSWORD}
    client.post("/sign-in", data=form, headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/150.0"})
    first = client.cookies[auth.COOKIE]
    client.post("/sign-in", data=form)
    assert client.cookies[auth.COOKIE] != first
    client.cookies.clear()
    client.cookies.set(auth.COOKIE, first)
    assert client.get("/api/v1/companies").status_code == 401


def test_a_planted_session_is_not_taken_over(client: TestClient) -> None:
    _, email = add_person("hr")
    client.cookies.set(auth.COOKIE, "planted")
    client.post("/sign-in", data={"email": email, "password": PASSWORD})
    assert {cookie.value for cookie in client.cookies.jar if cookie.name == auth.COOKIE} != {"planted"}
    client.cookies.clear()
    client.cookies.set(auth.COOKIE, "planted")
    assert client.get("/api/v1/companies").status_code == 401


def test_a_silent_session_ends_before_its_time(client: TestClient) -> None:
    user_id, _ = add_person("hr")
    with db.transaction() as session:
        token = users.start_session(session, user_id, NOW, 168)
        assert users.session_user(session, token, NOW + timedelta(hours=23)) is not None
        assert users.session_user(session, token, NOW + timedelta(hours=24)) is None
        users.touch(session, token, NOW + timedelta(hours=23))
        assert users.session_user(session, token, NOW + timedelta(hours=46)) is not None
        assert users.session_user(session, token, NOW + timedelta(hours=168)) is None


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/150.0 Safari/537.36 Edg/150.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 16) Chrome/150.0 Mobile Safari/537.36", "Chrome on Android"),
        ("<script>alert(1)</script>", "an unknown device"),
        (None, "an unknown device"),
    ],
)
def test_a_browser_is_named_in_words(agent: str | None, words: str) -> None:
    assert device_words(agent) == words


def test_a_throttle_forgets_with_time_and_forgives_success() -> None:
    throttle = Throttle(limit=2, window=timedelta(minutes=1), keys=2)
    assert throttle.take("a", NOW) is None
    throttle.give_back("a")
    assert [throttle.take("a", NOW), throttle.take("a", NOW)] == [None, None]
    assert throttle.take("a", NOW + timedelta(seconds=20)) == timedelta(seconds=40)
    assert throttle.take("a", NOW + timedelta(seconds=61)) is None
    assert [throttle.take(key, NOW) for key in ("b", "c", "d")] == [None, None, None]


@given(st.text())
def test_next_never_leads_elsewhere(path: str) -> None:
    safe = auth.safe_next(path)
    assert safe.startswith("/")
    assert not safe.startswith(("//", "/\\"))
    assert safe in (path, "/")


@pytest.mark.parametrize(
    ("path", "safe"),
    [
        ("/mentions?q=a&b=c", "/mentions?q=a&b=c"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/a\nb", "/"),
        ("/\t/evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/sign-out", "/"),
        ("", "/"),
        (None, "/"),
        ("/" + "a" * 3000, "/"),
    ],
)
def test_next_is_a_path_of_our_own(path: str | None, safe: str) -> None:
    assert auth.safe_next(path) == safe


def test_a_page_sends_strangers_to_the_sign_in_and_back(client: TestClient) -> None:
    answer = client.get("/mentions?q=late%20delivery")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Fmentions%3Fq%3Dlate%2520delivery"


def test_a_mail_address_with_a_nul_is_nobodys(client: TestClient) -> None:
    answer = client.post("/sign-in", data={"email": "a\x00b@acme.example", "password": PASSWORD})
    assert answer.status_code < 500
    assert world.PASSWORD not in answer.text
