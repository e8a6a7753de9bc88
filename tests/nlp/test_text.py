import pytest

from nlp.text import HEAD_CHARS, TAIL_CHARS, clean, cut, is_empty, mark_target, mask, model_text, spelled


def test_entities_markup_and_controls_are_undone() -> None:
    assert clean("Fish &amp; chips<br/>were <b>great</b>\u200b\x00\n\n ok") == "Fish & chips were great ok"


def test_composed_and_decomposed_letters_are_the_same() -> None:
    assert clean("cafe\u0301") == clean("caf\u00e9")


def test_a_lone_surrogate_does_no_harm() -> None:
    assert clean("bad \ud83d end") == "bad end"


def test_direction_marks_cannot_hide_a_word() -> None:
    assert clean("fr\u200baud \u202erefund\u202c") == "fraud refund"


def test_less_than_signs_stay() -> None:
    assert clean("3 < 5 and 7 > 6") == "3 < 5 and 7 > 6"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ask @jane_doe about it", "ask @user about it"),
        ("ask @jane@mastodon.social now", "ask @user now"),
        ("see https://example.com/x?y=1 now", "see http now"),
        ("mail jane.doe@example.com please", "mail email please"),
        ("thanks u/some_one and /u/other-one", "thanks u/user and u/user"),
        ("call +44 20 7946 0018 today", "call number today"),
        ("paid 300 for 2 tickets", "paid 300 for 2 tickets"),
    ],
)
def test_addresses_of_people_are_masked(text: str, expected: str) -> None:
    assert mask(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#SoExcited today", "# So Excited today"),
        ("sooooooo good!!!!!!", "sooo good!!!"),
        ("late again 😡", "late again pouting face"),
        ("nice 👍🏽", "nice thumbs up sign"),
        ("ＦＵＬＬ width", "FULL width"),
    ],
)
def test_the_model_reads_hashtags_emoji_and_repeats_as_words(text: str, expected: str) -> None:
    assert model_text(text) == expected


def test_a_huge_text_keeps_head_and_tail() -> None:
    kept = cut("a" * HEAD_CHARS + "b" * 5_000_000 + "c" * TAIL_CHARS)
    assert len(kept) == HEAD_CHARS + TAIL_CHARS + 1
    assert kept.startswith("aaa")
    assert kept.endswith("ccc")


@pytest.mark.parametrize("text", ["", "   ", "@someone https://example.com", "12 345 !!!"])
def test_a_text_without_words_is_empty(text: str) -> None:
    assert is_empty(model_text(text))


@pytest.mark.parametrize("text", ["no", "😡", "مرحبا", "thumbs"])
def test_words_and_emoji_are_not_empty(text: str) -> None:
    assert not is_empty(model_text(text))


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ("Left Acme for Rival", ("Acme",), "Left [unused1] for Rival"),
        ("ACME's app, @acmecare and #AcmeFail", ("Acme",), "[unused1] 's app, [unused1] and [unused1] Fail"),
        ("@AcmeJane_doe of jane@acme.example, https://acme.example/jobs", ("Acme",), "[unused1] of email, http"),
        ("Just Loaf, just-loaf, #JustLoaf", ("Just Loaf",), "[unused1] , [unused1] , [unused1]"),
        ("Acmeville is a town", ("Acme",), "Acmeville is a town"),
        ("We use Acme Cloud", ("Acme", "Acme Cloud"), "We use [unused1]"),
        ("#hpux is old", ("HP",), "# hpux is old"),
        ("what does it cost?", ("", "!!", "C++"), "what does it cost?"),
        ("a sign \ue000 of private use", ("Acme",), "a sign of private use"),
    ],
)
def test_the_target_is_marked_wherever_it_is_named(text: str, names: tuple[str, ...], expected: str) -> None:
    assert spelled(mask(mark_target(clean(text), names))) == expected
