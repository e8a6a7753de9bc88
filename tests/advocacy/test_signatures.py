"""Signatures find what the texts would, and tell nothing without the key."""

from advocacy.signatures import SIZE, likeness, signature
from advocacy.similarity import TOO_SIMILAR, similarity
from tests.advocacy.likeness_pairs import TOLD

KEY = b"k" * 32


def _signed(text: str) -> bytes:
    found = signature(text, KEY)
    assert found is not None
    return found


def test_every_copy_of_our_pairs_is_found_and_no_own_words() -> None:
    for told in TOLD:
        against = _signed(told.suggested)
        for copy in told.copies:
            assert similarity(copy, told.suggested) >= TOO_SIMILAR
            assert likeness(_signed(copy), [against]) >= TOO_SIMILAR
        for own in (*told.own, TOLD[0].suggested if told is not TOLD[0] else "Something else"):
            assert similarity(own, told.suggested) < TOO_SIMILAR
            assert likeness(_signed(own), [against]) < TOO_SIMILAR


def test_the_nearest_of_many_counts() -> None:
    others = [_signed(told.suggested) for told in TOLD]
    assert likeness(_signed(TOLD[3].suggested), others) == 1.0
    assert likeness(_signed("nobody wrote this here before, whatever they say"), others) < 0.1
    assert likeness(_signed("anything"), []) == 0.0


def test_a_signature_is_small_and_needs_the_key() -> None:
    text = TOLD[0].suggested
    assert len(_signed(text)) == SIZE
    other = signature(text, b"another key")
    assert other is not None
    assert likeness(_signed(text), [other]) < 0.1


def test_texts_without_words_have_none() -> None:
    assert signature("🚀 https://acme.example", KEY) is None


def test_damaged_and_older_signatures_are_like_nothing() -> None:
    own = _signed(TOLD[0].suggested)
    assert likeness(own, [b"", own[:-1], b"\x63" + own[1:]]) == 0.0


def test_short_and_long_texts_are_compared_by_letters() -> None:
    assert likeness(_signed("Join us today"), [_signed("Join us today!!")]) == 1.0
    assert likeness(_signed("Join us today"), [_signed("Join us today and tomorrow and then again")]) > 0.2


def test_a_very_long_text_has_a_signature() -> None:
    assert len(_signed(" ".join(map(str, range(100_000))))) == SIZE
