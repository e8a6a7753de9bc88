"""What is sealed opens only with its own key and purpose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.sealing import Seal, SealError

SEAL = Seal(b"k" * 32, "keys")


@given(st.text())
def test_what_is_closed_can_be_opened_and_is_not_seen(text: str) -> None:
    sealed = SEAL.close(text)
    assert SEAL.open(sealed) == text
    assert len(text) < 4 or text not in sealed


@pytest.mark.parametrize("other", [Seal(b"x" * 32, "keys"), Seal(b"k" * 32, "addresses")])
def test_another_key_or_purpose_opens_nothing(other: Seal) -> None:
    with pytest.raises(SealError, match="SECRET_KEY"):
        other.open(SEAL.close("token"))


def test_damage_is_an_error() -> None:
    for damaged in ("", "x", "ü", "gAAAAA==", SEAL.close("token")[:-4] + "AAAA"):
        with pytest.raises(SealError):
            SEAL.open(damaged)
