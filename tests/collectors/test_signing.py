"""Signatures of deliveries."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from collectors import signing
from collectors.errors import CollectError
from collectors.signing import HEADER, sign, verify

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BODY = b'{"native_id": "1"}'


def headers(value: str) -> dict[str, str]:
    return {HEADER: value}


def test_what_is_signed_is_accepted() -> None:
    digest = verify(headers(sign("secret", BODY, NOW)), BODY, ["secret"], NOW)
    assert digest == hashlib.sha256(b"1772366400." + BODY).digest()


def test_the_scheme_is_the_documented_one() -> None:
    t = str(int(NOW.timestamp()))
    wanted = hmac.new(b"secret", f"{t}.".encode() + BODY, hashlib.sha256).hexdigest()
    assert sign("secret", BODY, NOW) == f"t={t},v1={wanted}"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "v1=00",
        "t=1772366400",
        "t=1772366400,v1=",
        "t=1772366400,v1=ünicode",
        "t=soon,v1=00",
        "t=-5,v1=00",
        "t=٣,v1=00",
        "t=1772366400,t=1772366400,v1=00",
        "t=" + "9" * 5000 + ",v1=00",
        "garbage",
        "t=1772366400,v0=00",
    ],
)
def test_what_is_no_signature_is_refused(value: str) -> None:
    with pytest.raises(CollectError) as caught:
        verify(headers(value), BODY, ["secret"], NOW)
    assert caught.value.reason == "unauthorized"
    assert "secret" not in caught.value.detail.replace("secret of this source", "")


def test_without_the_header() -> None:
    with pytest.raises(CollectError, match="is missing"):
        verify({}, BODY, ["secret"], NOW)


@pytest.mark.parametrize("change", [b'{"native_id": "2"}', b"", BODY + b" "])
def test_another_body_is_refused(change: bytes) -> None:
    with pytest.raises(CollectError, match="does not fit"):
        verify(headers(sign("secret", BODY, NOW)), change, ["secret"], NOW)


def test_another_time_or_secret_is_refused() -> None:
    value = sign("secret", BODY, NOW)
    with pytest.raises(CollectError, match="does not fit"):
        verify(headers(value.replace("t=1772366400", "t=1772366401")), BODY, ["secret"], NOW)
    with pytest.raises(CollectError, match="does not fit"):
        verify(headers(value), BODY, ["other"], NOW)


@pytest.mark.parametrize(("seconds", "fine"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)])
def test_five_minutes_either_side(seconds: int, fine: bool) -> None:
    value = sign("secret", BODY, NOW)
    late = NOW + timedelta(seconds=seconds)
    if fine:
        assert verify(headers(value), BODY, ["secret"], late)
    else:
        with pytest.raises(CollectError, match="more than 5 minutes"):
            verify(headers(value), BODY, ["secret"], late)


def test_a_secret_changes_without_a_gap() -> None:
    old, new = sign("old", BODY, NOW), sign("new", BODY, NOW)
    both = f"{old},{new.partition(',')[2]}"
    assert verify(headers(old), BODY, ["new", "old"], NOW)  # we know the new one, the sender does not yet
    assert verify(headers(both), BODY, ["old"], NOW)  # the sender signs with both
    digests = {verify(headers(value), BODY, ["new", "old"], NOW) for value in (old, new, both)}
    assert len(digests) == 1  # the same delivery, whichever secret signed it


def test_many_signatures_are_not_all_tried() -> None:
    good = sign("secret", BODY, NOW)
    t, _, last = good.partition(",")
    with pytest.raises(CollectError):
        verify(headers(",".join([t, *["v1=00"] * 10, last])), BODY, ["secret"], NOW)


def test_upper_case_hex_and_spaces_are_fine() -> None:
    t, _, hexed = sign("secret", BODY, NOW).partition(",v1=")
    assert verify(headers(f"{t} , v1={hexed.upper()}"), BODY, ["secret"], NOW)
    assert signing.read("t=1, v1=ab, v2=zz").v1 == ("ab",)
