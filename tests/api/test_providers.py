"""Signing in by providers as they really answer (Keycloak, Entra, Google, Okta), and by broken and hostile ones.

Most tests ask for what the service makes of an answer; those that need accounts are rolled back.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from io import BufferedIOBase
from typing import Any

import pytest
from joserfc import jws
from sqlalchemy.orm import Session

from api import oidc, oidc_line, oidc_person
from api.oidc_line import ProviderDown
from config.settings import Settings, get_settings
from storage import audit, identities, users
from storage.identities import Claims, Outside, Refused
from storage.viewer import SYSTEM
from tests.api.provider import ADA, CLIENT, EC, GONE, NOW, OTHER, RSA, SECRET, Provider, public, signed
from tests.wire.replay import Answer, Replay, replay_server

NOT_VALID, NO_GROUP, UNVERIFIED = "answer was not valid", "in no group", "mail address is verified"
GOOGLE = "https://accounts.google.com"


@pytest.fixture(scope="module")
def replay() -> Iterator[Replay]:
    with replay_server() as server:
        yield server


@pytest.fixture
def provider(replay: Replay, settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch) -> Provider:
    """One that behaves, and this service set up for it; http is right on loopback only."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    settings(oidc_issuer=replay.base_url, oidc_client_id=CLIENT, oidc_client_secret=SECRET,
             oidc_group_roles="it=administrator, hr-team=hr")  # fmt: skip
    return Provider(replay)


def come(provider: Provider, **claims: Any) -> Claims:
    """What is made of a person whom the provider sends back with these claims beside Ada's."""
    begun = oidc.begin("/mentions", NOW)
    found, target = oidc.finish(begun.cookie, provider.agree(begun.address, {**ADA, **claims}), NOW)
    assert target == "/mentions"
    return found


def refused(provider: Provider, words: str, **claims: Any) -> None:
    """They are sent away with these words."""
    with pytest.raises(Refused, match=words):
        come(provider, **claims)


# What each provider sends


def test_keycloak_okta_and_authentik_send_groups_and_a_verified_address(provider: Provider) -> None:
    assert come(provider) == Claims(provider.issuer, "ada-1", "ada@acme.example", True, "Ada", "hr")
    provider.key, provider.header = EC, {"alg": "ES256", "kid": "ec"}
    assert come(provider, aud=[CLIENT], azp=CLIENT, typ="ID", at_hash=GONE, acr="1").role == "hr"


def test_an_issuer_may_end_with_a_slash(provider: Provider) -> None:
    provider.description = {"issuer": f"{provider.issuer}/"}
    assert come(provider, iss=f"{provider.issuer}/").role == "hr"
    refused(provider, NOT_VALID)  # the token has to say it as the description does


def test_entra_says_in_its_own_claim_that_an_address_is_verified(provider: Provider) -> None:
    entra = {"email_verified": GONE, "oid": "0-1", "tid": "0-2", "ver": "2.0", "preferred_username": "ada@acme.example"}
    assert come(provider, **entra, xms_edov=True).verified
    assert come(provider, **entra, xms_edov="1").verified
    assert not come(provider, **entra).verified
    assert not come(provider, **entra, email=GONE).verified  # `preferred_username` is no address that anybody proved
    assert not come(provider, **{**entra, "email_verified": False}, xms_edov=True).verified


@pytest.mark.parametrize(
    "overage",
    [{"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://x"}}}, {"hasgroups": True}],
)
def test_who_is_in_too_many_groups_to_list_is_told_so(provider: Provider, overage: dict[str, object]) -> None:
    refused(provider, "more groups than the provider lists", groups=GONE, **overage)


def test_google_accounts_count_only_with_their_organisation(
    provider: Provider, settings: Callable[..., Settings]
) -> None:
    settings(oidc_group_roles="", oidc_domains="acme.example")
    claims = {**ADA, "iss": GOOGLE, "groups": None}
    assert oidc_person.person(get_settings(), {**claims, "hd": "acme.example"}).verified
    for hd in (None, "other.example"):  # anybody may open an account there with an address that they once had
        with pytest.raises(Refused, match="mail domain"):
            oidc_person.person(get_settings(), {**claims, "hd": hd})
    settings(oidc_domains="")
    assert not oidc_person.person(get_settings(), claims).verified
    assert oidc_person.person(get_settings(), {**claims, "email": "ada@gmail.com"}).verified


@pytest.mark.parametrize("groups", ["hr-team", ["x", "hr-team"], [None, 5, {"a": 1}, "hr-team"]])
def test_groups_come_as_a_list_or_as_one(provider: Provider, groups: object) -> None:
    assert come(provider, groups=groups).role == "hr"


@pytest.mark.parametrize(
    "groups", [GONE, None, [], "", "HR-TEAM", "x,hr-team", {"hr-team": True}, 7, ["/hr-team"], [["hr-team"]]]
)
def test_other_groups_let_nobody_in(provider: Provider, groups: object) -> None:
    with pytest.raises(Outside, match=NO_GROUP):
        come(provider, groups=groups)


def test_a_claim_of_groups_may_be_nested_or_have_dots_in_its_name(
    provider: Provider, settings: Callable[..., Settings]
) -> None:
    settings(oidc_groups_claim="realm_access.roles")
    assert come(provider, groups=GONE, realm_access={"roles": ["it"]}).role == "administrator"
    refused(provider, NO_GROUP, realm_access="hr-team")
    settings(oidc_groups_claim="https://acme.example/groups")
    assert come(provider, **{"https://acme.example/groups": ["it"]}).role == "administrator"


def test_what_the_token_leaves_out_is_asked_for(provider: Provider) -> None:
    provider.userinfo = {"sub": "ada-1", "groups": ["it"], "email": "ada@acme.example", "email_verified": True}
    assert come(provider, groups=GONE).role == "administrator"
    assert come(provider).role == "hr"  # what is signed goes first
    found = come(provider, email=GONE, email_verified=GONE)
    assert (found.email, found.verified) == ("ada@acme.example", True)


def test_whether_an_address_is_verified_says_who_names_it(provider: Provider) -> None:
    provider.userinfo = {"sub": "ada-1", "email": "boss@acme.example"}
    assert not come(provider, email=GONE).verified  # the token's `email_verified` is about no address
    provider.userinfo = {"sub": "ada-1", "groups": ["it"], "email_verified": True}
    assert not come(provider, groups=GONE, email_verified=GONE).verified


def test_a_userinfo_of_another_person_is_refused(provider: Provider) -> None:
    provider.userinfo = {"sub": "eve", "groups": ["it"], "email": "ada@acme.example", "email_verified": True}
    refused(provider, NOT_VALID, groups=GONE)


def test_a_secret_is_written_as_the_standard_says(provider: Provider) -> None:
    provider.description = {"token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"]}
    assert come(provider).role == "hr"
    for ways in (["client_secret_basic"], GONE, "client_secret_post", 7):
        provider.description = {"token_endpoint_auth_methods_supported": ways}
        assert come(provider).role == "hr"


# Keys and signatures


def test_keys_may_change_between_two_sign_ins(provider: Provider) -> None:
    assert come(provider).role == "hr"
    provider.keys, provider.key, provider.header = [public(OTHER)], OTHER, {"alg": "ES256", "kid": "other"}
    assert come(provider).role == "hr"
    provider.key, provider.header = RSA, {"alg": "RS256", "kid": "rsa"}
    refused(provider, NOT_VALID)


@pytest.mark.parametrize("named", [{"alg": "ES256"}, {"alg": "ES256", "kid": "ec"}])
def test_keys_without_names_are_tried(provider: Provider, named: dict[str, str]) -> None:
    provider.keys = [public(key, kid=None) for key in (RSA, OTHER, EC)]
    provider.key, provider.header = EC, named
    assert come(provider).role == "hr"


def test_keys_that_cannot_be_used_are_passed_over(provider: Provider) -> None:
    odd = [7, None, {}, {"kty": "AKP", "kid": "new"}, {"kty": "RSA", "kid": "rsa", "n": "!", "e": 3},
           {"kty": "oct", "kid": "rsa", "k": "c2VjcmV0"}, public(EC, kid="rsa", use="enc")]  # fmt: skip
    provider.keys = [*odd, public(RSA)]
    assert come(provider).role == "hr"


@pytest.mark.parametrize(
    "header",
    [{"alg": "none"}, {"alg": "none", "kid": "rsa"}, {"alg": "HS256", "kid": "rsa"}, {"alg": "HS256"}],
)
def test_what_no_key_of_the_provider_signed_is_refused(provider: Provider, header: dict[str, str]) -> None:
    provider.header = header
    refused(provider, NOT_VALID)


def test_a_strangers_key_in_the_header_counts_for_nothing(provider: Provider) -> None:
    provider.key = OTHER
    provider.header = {"alg": "ES256", "kid": "ec", "jwk": public(OTHER)}
    refused(provider, NOT_VALID)
    provider.header = {"alg": "ES256", "kid": "ec", "jku": f"{provider.issuer}/jwks"}
    refused(provider, NOT_VALID)


# What a token says


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://login.evil.example"},
        {"iss": GONE},
        {"aud": "another client"},
        {"aud": []},
        {"aud": GONE},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"exp": GONE},
        {"exp": "tomorrow"},
        {"iat": GONE},
        {"nonce": GONE},
        {"nonce": "of another try"},
        {"sub": GONE},
        {"at_hash": "AAAA"},
    ],
    ids=lambda claims: next(iter(claims)),
)
def test_a_token_that_is_not_for_this_sign_in_is_refused(provider: Provider, claims: dict[str, Any]) -> None:
    refused(provider, NOT_VALID, **claims)


def test_clocks_may_differ_by_a_minute(provider: Provider) -> None:
    at = int(NOW.timestamp())
    assert come(provider, exp=at - 50, nbf=at + 50, iat=at + 50).role == "hr"
    for wrong in ({"exp": at - 70}, {"nbf": at + 70}, {"iat": at + 70}):
        refused(provider, NOT_VALID, **wrong)


@pytest.mark.parametrize("subject", ["", 7, None, ["a"], "a" * 256, "a\x00b", "a\nb"])
def test_a_token_that_names_nobody_is_refused(provider: Provider, subject: object) -> None:
    refused(provider, "names nobody|not valid", sub=subject)


@pytest.mark.parametrize(
    "odd", [{"name": 5}, {"name": "\ud800 \x00"}, {"email": ["a@b"]}, {"email": 5}, {"groups": ["hr-team", "\ud800"]}]
)
def test_swapped_types_are_no_fault_of_ours(provider: Provider, odd: dict[str, Any]) -> None:
    assert come(provider, **odd).role == "hr"


def test_a_code_is_good_once_and_for_ten_minutes(provider: Provider) -> None:
    begun = oidc.begin("/", NOW)
    answer = provider.agree(begun.address, ADA)
    oidc.finish(begun.cookie, answer, NOW)
    with pytest.raises(Refused, match=NOT_VALID):
        oidc.finish(begun.cookie, answer, NOW)
    with pytest.raises(Refused, match="ten minutes"):
        oidc.finish(begun.cookie, answer, NOW + timedelta(minutes=11))
    for cookie, state in ((None, answer.state), ("made up", answer.state), (begun.cookie, ""), (begun.cookie, "ü")):
        with pytest.raises(Refused, match="not begun in this browser"):
            oidc.finish(cookie, replace(answer, state=state), NOW)


# Broken, slow and hostile providers


@pytest.mark.parametrize(
    ("description", "words"),
    [
        ({"issuer": "https://login.evil.example"}, "not set up rightly"),
        ({"issuer": "https://login.microsoftonline.com/{tenantid}/v2.0"}, "not set up rightly"),
        ({"issuer": GONE}, "not set up rightly"),
        ({"token_endpoint": "http://169.254.169.254/latest"}, "not set up rightly"),
        ({"token_endpoint": "http://10.0.0.7/token"}, "not set up rightly"),
        ({"jwks_uri": "file:///etc/passwd"}, "not set up rightly"),
        ({"jwks_uri": "http://[::1"}, "not set up rightly"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "not set up rightly"),
        ({"authorization_endpoint": "https://user:pass@login.evil.example/"}, "not set up rightly"),
        ({"authorization_endpoint": 7}, "not set up rightly"),
        ({"padding": "x" * 1_000_001}, "does not answer"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_description_leads_nowhere_it_should_not(
    provider: Provider, replay: Replay, description: dict[str, object], words: str
) -> None:
    provider.description = description
    before = len(replay.requests)
    with pytest.raises(ProviderDown, match=words):
        oidc.begin("/", NOW)
    assert len(replay.requests) == before + 1


@pytest.mark.parametrize(
    "answer",
    [
        Answer(503, {}, b"busy"),
        Answer(302, {"location": "/elsewhere"}),
        Answer(200, {}, b"<html>"),
        Answer(200, {}, b"[" * 100_000),
        Answer(200, {}, b"\xff\xfe"),
        Answer.json([]),
        Answer(200, {"content-encoding": "gzip"}, b"no gzip"),
        Answer(200, {"content-length": "9999"}, b"{}"),
    ],
)
def test_a_provider_that_answers_nonsense_is_down(provider: Provider, replay: Replay, answer: Answer) -> None:
    begun = oidc.begin("/", NOW)
    for path in ("/token", "/jwks", "/.well-known/openid-configuration"):
        code = provider.agree(begun.address, ADA)
        replay.add(path, answer)
        with pytest.raises((ProviderDown, Refused)):
            oidc.finish(begun.cookie, code, NOW)
        Provider.__init__(provider, replay)


@pytest.mark.parametrize(
    "token", [[], "x", {"id_token": None}, {"id_token": ""}, {"id_token": "a.b.c"}, {"id_token": {}}]
)
def test_a_token_answer_without_a_token_signs_nobody_in(provider: Provider, token: object) -> None:
    provider.token = token
    with pytest.raises((ProviderDown, Refused)):
        come(provider)


def test_an_answer_that_drips_is_given_up(provider: Provider, replay: Replay, monkeypatch: pytest.MonkeyPatch) -> None:
    def drip(out: BufferedIOBase) -> None:
        out.write(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(1_000):
            out.write(b" ")
            out.flush()

    replay.rule("/.well-known/openid-configuration", lambda _: Answer(body=drip))
    monkeypatch.setattr(oidc_line, "_PATIENCE", 0.0)
    with pytest.raises(ProviderDown, match="does not answer"):
        oidc.begin("/", NOW)


def test_a_provider_that_hangs_does_not_take_all_threads(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oidc_line, "_QUEUED", 0.0)
    taken = 0
    while oidc_line._AT_ONCE.acquire(blocking=False):
        taken += 1
    try:
        with pytest.raises(ProviderDown, match="Too many people"):
            oidc.begin("/", NOW)
    finally:
        oidc_line._AT_ONCE.release(taken)
    assert come(provider).role == "hr"


def test_a_wrong_client_secret_is_the_administrators_to_mend(
    provider: Provider, settings: Callable[..., Settings], caplog: pytest.LogCaptureFixture
) -> None:
    settings(oidc_client_secret="run out")
    with pytest.raises(ProviderDown, match="not set up rightly"):
        come(provider)
    assert "OIDC_CLIENT_SECRET" in caplog.text
    assert "run out" not in caplog.text


def test_what_the_provider_has_against_a_person_is_in_the_log(
    provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    begun = oidc.begin("/", NOW)
    answer = provider.agree(begun.address, ADA)
    with pytest.raises(Refused, match=r"access_denied"):
        oidc.finish(begun.cookie, replace(answer, error="access_denied", description="AADSTS50105\nforged line"), NOW)
    assert r"AADSTS50105\nforged line" in caplog.text


def test_signing_out_there_is_where_the_provider_says(provider: Provider) -> None:
    address = oidc.farewell() or ""
    assert address.startswith(f"{provider.issuer}/end_session?client_id={CLIENT}&post_logout_redirect_uri=http")
    provider.description = {"end_session_endpoint": GONE}
    assert oidc.farewell() is None


# Accounts


def let_in(session: Session, **changes: Any) -> users.UserRow:
    """The account of somebody whom the provider sent."""
    usual = Claims("https://login.acme.example", "ada-1", "ada@acme.example", True, "Ada", "hr")
    return identities.sign_in(session, replace(usual, **changes), None, NOW)


def test_upper_case_is_the_same_address_and_letters_that_fold_alike_are_not(session: Session) -> None:
    mike = users.create_user(session, "mike@acme.example", "Mike", "administrator", None, NOW)
    assert let_in(session, email=" Mike@ACME.example", role="administrator").id == mike.id
    users.create_user(session, "kim@acme.example", "Kim", "administrator", None, NOW)
    for lookalike in ("\u212aim@acme.example", "kim@acme.example\x00", "kim@acme.example,eve@x.example"):
        with pytest.raises(Refused, match="no usable mail address"):
            let_in(session, subject="eve", email=lookalike)


def test_an_unverified_address_opens_no_account_that_is_there(session: Session) -> None:
    users.create_user(session, "ada@acme.example", "Ada", "administrator", None, NOW)
    with pytest.raises(Refused, match=UNVERIFIED):
        let_in(session, verified=False)


def test_who_left_all_groups_is_signed_out_and_whose_role_is_lowered_has_it_at_once(session: Session) -> None:
    person = let_in(session, role="administrator")
    token = users.start_session(session, person.id, NOW, 1, method=users.PROVIDER)
    users.create_user(session, "other@acme.example", "Other", "administrator", None, NOW)
    let_in(session, role="marketing")
    found = users.session_user(session, token, NOW)
    assert found is not None
    assert found.viewer.role == "marketing"
    identities.shut_out(session, Outside("https://login.acme.example", "ada-1"), NOW)
    assert users.session_user(session, token, NOW) is None
    assert "in no group, 1 signed out" in audit.entries(session, SYSTEM, limit=1)[0].subject
    identities.shut_out(session, Outside("https://login.acme.example", "nobody"), NOW)


def test_a_person_whom_the_provider_calls_otherwise_gets_in_after_untying(session: Session) -> None:
    person = let_in(session)
    with pytest.raises(Refused, match="another person"):
        let_in(session, subject="of the new realm")
    assert identities.untie(session, person.id)
    assert let_in(session, subject="of the new realm").id == person.id
    assert not identities.untie(session, person.id + 1)


def test_a_long_address_without_a_name_makes_an_account(session: Session) -> None:
    assert len(let_in(session, email=f"{'a' * 230}@acme.example", name="").name) == 200


def test_signed_by_hand_tokens_of_the_tests_are_what_they_say() -> None:
    """The hostile tokens above really are well-formed: a test of the tests."""
    body = signed({"alg": "HS256"}, {"sub": "ada"}, RSA).split(".")
    assert len(body) == 3
    assert all(body)
    assert json.loads(jws.extract_compact(".".join(body).encode()).payload)["sub"] == "ada"
