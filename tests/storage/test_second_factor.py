"""Authenticator apps and recovery codes, with the test vectors of RFC 4226 and RFC 6238."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from config.settings import Settings
from storage import second_factor, users
from storage.one_time_codes import STEP, address, base32, code_at, matching_step, step_of
from tests.factories import NOW, PASSWORD

RFC_KEY = b"12345678901234567890"


def test_codes_of_rfc_4226() -> None:
    codes = "755224 287082 359152 969429 338314 254676 287922 162583 399871 520489"  # appendix D
    assert [code_at(RFC_KEY, counter) for counter in range(10)] == codes.split()


@pytest.mark.parametrize(
    ("seconds", "code"),  # RFC 6238, appendix B, SHA-1
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_of_rfc_6238(seconds: int, code: str) -> None:
    assert code_at(RFC_KEY, step_of(datetime.fromtimestamp(seconds, UTC)), digits=8) == code


def test_a_clock_may_be_off_by_one_step_and_a_code_is_good_once() -> None:
    for skew, found in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        code = code_at(RFC_KEY, step_of(NOW) + skew)
        assert (matching_step(RFC_KEY, code, NOW, None) is not None) == found
    code = code_at(RFC_KEY, step_of(NOW))
    assert matching_step(RFC_KEY, f"{code[:3]} {code[3:]}", NOW, None) == step_of(NOW)
    assert matching_step(RFC_KEY, code, NOW, step_of(NOW)) is None
    for wrong in ("", "abc", "\ud800", "0" * 1000):
        assert matching_step(RFC_KEY, wrong, NOW, None) is None


def test_the_address_says_account_and_secret() -> None:
    assert base32(RFC_KEY) == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert address(RFC_KEY, "a b@c.example") == (
        "otpauth://totp/Outspoken:a%20b%40c.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Outspoken"
    )


@pytest.fixture
def ada(session: Session) -> tuple[int, Callable[[datetime], str], tuple[str, ...]]:
    """An account with a confirmed app: its id, the app, the recovery codes."""
    user = users.create_user(session, "ada@acme.example", "Ada", "hr", PASSWORD, NOW)
    second_factor.enrol(session, user.id)
    stored = session.scalar(text("SELECT totp_sealed FROM users"))
    secret = bytes.fromhex(second_factor._seal().open(stored))
    with pytest.raises(ValueError, match="code"):
        second_factor.confirm(session, user.id, "000000", NOW)

    def app(now: datetime) -> str:
        return code_at(secret, step_of(now))

    codes = second_factor.confirm(session, user.id, app(NOW), NOW)
    return user.id, app, codes


Enrolled = tuple[int, Callable[[datetime], str], tuple[str, ...]]


def test_an_app_is_asked_for_and_no_code_is_taken_twice(session: Session, ada: Enrolled) -> None:
    user_id, app, _ = ada
    user = users.authenticate(session, "ada@acme.example", PASSWORD, NOW)
    assert user is not None
    assert user.second_factor
    assert second_factor.check(session, user_id, app(NOW), NOW) is None  # it was used to confirm
    later = NOW + timedelta(seconds=2 * STEP)
    assert second_factor.check(session, user_id, app(later), later) is not None
    assert second_factor.check(session, user_id, app(later), later) is None
    assert second_factor.check(session, user_id, app(NOW + timedelta(seconds=STEP)), later) is None  # an earlier step


def test_a_recovery_code_stands_in_once(session: Session, ada: Enrolled) -> None:
    user_id, _, codes = ada
    assert len(set(codes)) == second_factor.RECOVERY_CODES
    assert second_factor.check(session, user_id, codes[3].upper().replace("-", " "), NOW) is not None
    assert second_factor.check(session, user_id, codes[3], NOW) is None
    assert second_factor.recovery_codes_left(session, user_id) == second_factor.RECOVERY_CODES - 1
    stored = str(session.execute(text("SELECT * FROM recovery_codes")).all())
    assert codes[0].replace("-", "") not in stored


def test_wrong_codes_lock_the_account_whatever_the_password_says_between(session: Session, ada: Enrolled) -> None:
    user_id, app, _ = ada
    later = NOW + timedelta(minutes=5)
    for _ in range(users.MAX_FAILED):
        assert users.authenticate(session, "ada@acme.example", PASSWORD, later) is not None
        assert second_factor.check(session, user_id, "000000", later) is None
    assert users.authenticate(session, "ada@acme.example", PASSWORD, later) is None
    assert second_factor.check(session, user_id, app(later), later) is None
    after = later + users.LOCKED_FOR
    assert second_factor.check(session, user_id, app(after), after) is not None


def test_an_app_is_replaced_only_after_it_was_taken_away(session: Session, ada: Enrolled) -> None:
    user_id, _, codes = ada
    with pytest.raises(ValueError, match="already"):
        second_factor.enrol(session, user_id)
    second_factor.remove(session, user_id)
    assert second_factor.check(session, user_id, codes[0], NOW) is None
    assert second_factor.enrol(session, user_id)[1] == second_factor.enrolling(session, user_id)[1]  # type: ignore[index]


def test_a_lost_key_leaves_the_recovery_codes(
    session: Session, ada: Enrolled, settings: Callable[..., Settings]
) -> None:
    user_id, app, codes = ada
    settings(secret_key="another" * 8)
    later = NOW + timedelta(minutes=5)
    assert second_factor.check(session, user_id, app(later), later) is None
    assert second_factor.check(session, user_id, codes[0], later) is not None


def test_a_role_may_need_an_app(settings: Callable[..., Settings]) -> None:
    settings(second_factor_roles="administrator, hr")
    assert [second_factor.required(role) for role in ("administrator", "hr", "marketing")] == [True, True, False]
    with pytest.raises(ValueError, match="boss"):
        settings(second_factor_roles="boss")
