import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.stories import VERSION, bands, same_story, signature, similarity

TEXTS = (
    "Acme Bank recalls 40,000 Rocket Cards after customers report double bookings at petrol stations",
    "Acme Bank cuts 300 jobs in its branch network and moves more services into the app",
    "The new Acme app is so much faster than the old one, finally I can freeze my card without calling anybody",
    "Three weeks and still no answer from Acme support about my blocked account, this is getting ridiculous",
    "Worked at Acme for six years, good colleagues and fair pay, but every year another reorganisation from above",
    "Interview at Acme: two friendly rounds, a take-home task that ate my weekend, then nobody ever wrote back",
    "Acme opens a second office in Porto and looks for forty engineers who like boring, reliable software",
    "Anyone else locked out of the Acme app this morning? It says my phone number is not known any more",
    "I left Acme in spring and would go back for the people, though certainly not for the night shifts",
    "Contoso and Acme are said to be in early talks about a merger, according to two people who know the matter",
    "My grandmother got a handwritten birthday card from her Acme branch and will not stop talking about it",
    "Acme raises its savings rate to three per cent from July, the highest among the large banks of the country",
)


def retweet(text: str, _: random.Random) -> str:
    return f"RT @someone: {text}"


def new_link(text: str, rng: random.Random) -> str:
    return f"{text.upper()} https://short.example/{rng.randrange(10**9)}"


def outlet(text: str, rng: random.Random) -> str:
    return text + rng.choice([" - Daily Globe", " | The Ledger", " (via Newswire)"])


def punctuation(text: str, _: random.Random) -> str:
    return "🚨 " + text.replace(",", " —").replace(":", "…") + "!!!"


def word_added(text: str, rng: random.Random) -> str:
    words = text.split()
    words.insert(rng.randrange(len(words)), "really")
    return " ".join(words)


def word_lost(text: str, rng: random.Random) -> str:
    words = text.split()
    del words[rng.randrange(len(words))]
    return " ".join(words)


def truncated(text: str, _: random.Random) -> str:
    words = text.split()
    return " ".join(words[: round(0.8 * len(words))]) + "…"


@pytest.mark.parametrize(
    ("edit", "least"),
    [
        (retweet, 1),
        (new_link, 1),
        (punctuation, 1),
        (outlet, 1),
        (word_added, 0.95),
        (word_lost, 0.9),
        (truncated, 0.95),
    ],
)
def test_near_copies_are_found(edit: Callable[[str, random.Random], str], least: float) -> None:
    rng = random.Random(7)
    found = 0
    for text in TEXTS * 5:
        one, other = signature(text), signature(edit(text, rng))
        found += same_story(one, other) and not set(bands(one)).isdisjoint(bands(other))
    assert found >= least * len(TEXTS) * 5


def test_different_texts_on_the_same_company_stay_apart() -> None:
    signed = [signature(text) for text in TEXTS]
    assert not any(same_story(one, other) for i, one in enumerate(signed) for other in signed[:i])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Great place to work", "Great place to learn"),
        ("acme is down", "acme is up"),
        ("I love Acme", "I hate Acme"),
        ("Acme fell 3 percent today", "Acme rose 3 percent today"),
        ("@acmebank thanks", "@contosobank thanks"),
    ],
)
def test_short_texts_that_differ_in_a_word_are_not_the_same(one: str, other: str) -> None:
    assert not same_story(signature(one), signature(other))


@pytest.mark.parametrize("text", ["lol", "I love Acme!", "楽天カード最高", "acme", "Спасибо, Acme", "ok 👍"])
def test_equal_short_texts_are_the_same(text: str) -> None:
    assert same_story(signature(text), signature(f"{text}  https://x.example/1"))


@pytest.mark.parametrize("text", ["", "  ", "https://t.example/a", "👍👍", "@user", "…"])
def test_a_text_without_words_is_a_story_of_its_own(text: str) -> None:
    signed = signature(text)
    assert signed == bytes([VERSION])
    assert bands(signed) == ()
    assert similarity(signed, signed) == 0


@given(st.text())
def test_every_text_has_a_signature_that_fits_its_columns(text: str) -> None:
    signed = signature(text)
    assert len(signed) in (1, 257)
    assert signature(text) == signed
    assert len(bands(signed)) in (0, 16)
    assert all(-(2**63) <= band < 2**63 for band in bands(signed))
    if len(signed) > 1:
        assert similarity(signed, signed) == 1


def test_similarity_estimates_jaccard() -> None:
    words = [f"w{number}" for number in range(500)]
    one, other = " ".join(words[:400]), " ".join(words[100:])
    assert similarity(signature(one), signature(other)) == pytest.approx(299 / 499, abs=0.19)  # three standard errors


def test_other_versions_never_agree() -> None:
    signed = signature(TEXTS[0])
    older = bytes([VERSION + 1]) + signed[1:]
    assert similarity(signed, older) == 0
    assert similarity(older, older) == 0
    assert bands(older) == ()


def test_a_broken_signature_is_refused() -> None:
    with pytest.raises(ValueError, match="257 bytes"):
        bands(signature(TEXTS[0])[:-4])


def test_signatures_are_the_same_for_ever() -> None:
    """Stored signatures are compared with new ones: if this fails, `VERSION` must change."""
    signed = signature("Acme Bank recalls its cards")
    assert signed.hex()[:34] == "0134d7e60416a3673704cc6105cf613601"
    assert bands(signed)[:2] == (8877149807059856316, -8941796958472945205)


def test_a_huge_text_costs_no_more_than_its_beginning() -> None:
    huge = " ".join(f"word{number}" for number in range(600_000))
    assert signature(huge) == signature(huge[:50_000])


def test_no_model_is_loaded() -> None:
    code = "import sys, nlp.stories; print(sorted({'torch', 'transformers', 'onnxruntime'} & set(sys.modules)))"
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
