"""Accounts, sign-ins, tokens, invitations, the audit log."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from storage import advocacy, audit, users
from storage.viewer import NotAllowed, NotFound
from tests import factories as make
from tests.factories import ADMINISTRATOR, DAY, HOUR, MARKETING, NOW, PASSWORD


def ada(session: Session, role: str = "administrator") -> users.UserRow:
    return users.create_user(session, "Ada@Acme.example", "Ada", role, PASSWORD, NOW)


def test_signing_in_takes_the_right_password_in_any_case_of_the_mail(session: Session) -> None:
    assert not users.any_administrator(session)
    user = ada(session)
    assert users.any_administrator(session)
    signed_in = users.authenticate(session, " ADA@acme.EXAMPLE ", PASSWORD, NOW)
    assert signed_in is not None
    assert (signed_in.id, signed_in.last_sign_in_at) == (user.id, NOW)
    assert users.authenticate(session, "ada@acme.example", PASSWORD.upper(), NOW) is None
    assert users.authenticate(session, "nobody@acme.example", PASSWORD, NOW) is None


def test_ten_failures_lock_an_account_for_a_while(session: Session) -> None:
    ada(session)
    for _ in range(users.MAX_FAILED):
        assert users.authenticate(session, "ada@acme.example", "wrong password", NOW) is None
    assert users.authenticate(session, "ada@acme.example", PASSWORD, NOW) is None
    assert users.authenticate(session, "ada@acme.example", PASSWORD, NOW + users.LOCKED_FOR) is not None


def test_secrets_are_kept_as_hashes_only(session: Session) -> None:
    user = ada(session)
    token = users.start_session(session, user.id, NOW, hours=8)
    _, secret = users.create_token(session, user.id, "script", frozenset({"mentions:read"}), NOW)
    invited = users.invite(session, "hr", user.id, NOW)
    for table in ("users", "sessions", "api_tokens", "invitations"):
        stored = str(session.execute(text(f"SELECT * FROM {table}")).all())
        assert not any(each in stored for each in (PASSWORD, token, secret, invited))
    assert session.scalar(text("SELECT password_hash FROM users")).startswith("$argon2id$")


def test_a_session_ends(session: Session) -> None:
    user = ada(session)
    token = users.start_session(session, user.id, NOW, hours=8)
    signed_in = users.session_user(session, token, NOW + 7 * HOUR)
    assert signed_in is not None
    assert (signed_in.viewer.role, signed_in.viewer.user_id, bool(signed_in.csrf)) == ("administrator", user.id, True)
    assert users.session_user(session, token, NOW + 8 * HOUR) is None
    assert users.session_user(session, "\x00\ud800", NOW) is None
    users.end_session(session, token)
    assert users.session_user(session, token, NOW) is None


def test_a_new_password_or_a_deactivated_account_ends_all_sessions(session: Session) -> None:
    ada(session)
    bo = users.create_user(session, "bo@acme.example", "Bo", "hr", PASSWORD, NOW)
    token = users.start_session(session, bo.id, NOW, hours=8)
    users.set_password(session, bo.id, "another long one")
    assert users.session_user(session, token, NOW) is None
    _, secret = users.create_token(session, bo.id, "script", frozenset({"mentions:read"}), NOW)
    users.deactivate(session, bo.id, NOW)
    assert users.token_user(session, secret, NOW) is None
    assert users.authenticate(session, "bo@acme.example", "another long one", NOW) is None


def test_somebody_stays_administrator(session: Session) -> None:
    user = ada(session)
    with pytest.raises(ValueError, match="administrator"):
        users.set_role(session, user.id, "hr")
    with pytest.raises(ValueError, match="administrator"):
        users.deactivate(session, user.id, NOW)
    users.create_user(session, "bo@acme.example", "Bo", "administrator", PASSWORD, NOW)
    users.set_role(session, user.id, "hr")
    assert {row.role for row in users.list_users(session)} == {"hr", "administrator"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "ada"}, "email"),
        ({"email": "a@b\nBcc: c@d"}, "email"),
        ({"name": " "}, "name"),
        ({"role": "boss"}, "role"),
        ({"password": "short"}, "password"),
        ({"password": "x" * 10**6}, "password"),
    ],
)
def test_what_is_wrong_with_an_account_is_named(session: Session, change: dict[str, str], field: str) -> None:
    values = {"email": "ada@acme.example", "name": "Ada", "role": "hr", "password": PASSWORD, **change}
    with pytest.raises(ValueError, match=f"^{field}"):
        users.create_user(session, values["email"], values["name"], values["role"], values["password"], NOW)


def test_a_mail_has_one_account(session: Session) -> None:
    ada(session)
    with pytest.raises(ValueError, match="already"):
        ada(session)
    assert users.find_user(session, "ADA@acme.example") is not None


def test_a_token_acts_within_its_scopes_until_it_is_revoked(session: Session) -> None:
    user = ada(session, "marketing")
    token_id, secret = users.create_token(session, user.id, "script", frozenset({"mentions:read"}), NOW, NOW + DAY)
    assert secret.startswith("osp_")
    signed_in = users.token_user(session, secret, NOW)
    assert signed_in is not None
    assert (signed_in.viewer.role, signed_in.viewer.scopes) == ("marketing", frozenset({"mentions:read"}))
    assert users.list_tokens(session, user.id)[0].last_used_at == NOW
    assert users.token_user(session, secret, NOW + DAY) is None
    assert not users.revoke_token(session, token_id, NOW, user_id=user.id + 1)
    assert users.revoke_token(session, token_id, NOW)
    assert users.token_user(session, secret, NOW) is None
    with pytest.raises(ValueError, match="scopes"):
        users.create_token(session, user.id, "script", frozenset({"everything"}), NOW)


def test_an_invitation_makes_one_account(session: Session) -> None:
    secret = users.invite(session, "advocate", None, NOW, "Eve@Acme.example")
    assert users.invitation(session, secret, NOW + users.INVITED_FOR) is None
    with pytest.raises(ValueError, match="another address"):
        users.accept(session, secret, "Eve", "mallory@acme.example", PASSWORD, NOW)
    user = users.accept(session, secret, "Eve", "eve@acme.example", PASSWORD, NOW)
    assert user.role == "advocate"
    with pytest.raises(NotFound):
        users.accept(session, secret, "Eve", "eve@acme.example", PASSWORD, NOW)
    withdrawn = users.invite(session, "hr", None, NOW)
    (row,) = users.open_invitations(session, NOW)
    users.revoke_invitation(session, row.id, NOW)
    assert users.invitation(session, withdrawn, NOW) is None


def test_an_advocates_viewer_knows_who_they_are(session: Session) -> None:
    user = ada(session, "advocate")
    advocate_id = advocacy.join(session, user.id, "employee", "1", "I agree.", NOW)
    token = users.start_session(session, user.id, NOW, hours=1)
    signed_in = users.session_user(session, token, NOW)
    assert signed_in is not None
    assert signed_in.viewer.advocate_id == advocate_id


def test_the_audit_log_is_only_added_to(session: Session) -> None:
    viewer = make.a_user(session, "hr")
    audit.record(session, viewer, "mention.read", "mention 7\x00", NOW)
    audit.record(session, None, "retention", "3 posts", NOW + timedelta(minutes=1))
    entries = audit.entries(session, ADMINISTRATOR)
    assert [(entry.user, entry.subject) for entry in entries] == [(None, "3 posts"), ("Hr", "mention 7")]
    assert len(audit.entries(session, ADMINISTRATOR, before_id=entries[0].id)) == 1
    with pytest.raises(NotAllowed):
        audit.entries(session, MARKETING)
    for statement in ("DELETE FROM audit_log", "UPDATE audit_log SET subject = ''"):
        with pytest.raises(DBAPIError, match="never changed"), session.begin_nested():
            session.execute(text(statement))
