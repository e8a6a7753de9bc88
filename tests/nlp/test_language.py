import socket

import pytest

from nlp.language import detect


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The parcel arrived two weeks late and nobody answered my messages", "en"),
        ("Der Kundendienst war leider sehr unfreundlich und hat nicht geholfen", "de"),
        ("Le service client est vraiment excellent, je recommande cette boutique", "fr"),
        ("El pedido llegó tarde y nadie contestó a mis mensajes de ayer", "es"),
        ("هذا المنتج رائع جدا وأنا سعيد به كثيرا", "ar"),
        ("השירות היה נורא ואף אחד לא ענה לי", "he"),
        ("このお店のサービスは本当に素晴らしいです", "ja"),
    ],
)
def test_whole_sentences_are_recognised(text: str, code: str) -> None:
    assert detect(text).code == code


@pytest.mark.parametrize("text", ["", "lol", "😡😡", "@user http", "12345", "ok then"])
def test_short_text_is_undetermined(text: str) -> None:
    assert detect(text).code == "und"


def test_two_languages_in_one_text_settle_nothing() -> None:
    assert detect("great product and fast shipping, aber der Versand war leider langsam").code == "und"


def test_other_letters_are_not_plain_latin() -> None:
    assert not detect("да нет").plain_latin
    assert detect("love it").plain_latin


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("language detection opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert detect("Nobody needs the network to see that this is English").code == "en"
