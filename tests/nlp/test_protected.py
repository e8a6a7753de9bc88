"""Protected activity at work: recall on what was kept apart, on which side what counts, and the second reader."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from nlp.model import Network, network
from nlp.protected import BY_VECTOR, BY_WORDS, Reader, protected_by, reader_for
from nlp.protected_figures import measure, own_posts, public_sample, sample
from nlp.protected_fit import Lesson, fit
from nlp.result import TagInput
from nlp.tag import tag_posts
from nlp.themes import find_themes, is_protected, speaks_of_work


def test_hardly_anything_protected_is_missed() -> None:
    found = {row.group: row for row in measure(sample("test"), words_alone=True)}
    assert found["all"].protected > 70
    assert (found["all"].recall or 0) >= 0.95
    assert (found["all"].precision or 0) >= 0.9
    assert min(found[lang].recall or 0 for lang in ("en", "de", "fr", "es", "pt", "it")) >= 0.85
    assert (found["health"].recall or 0) >= 0.95


def test_strangers_are_mostly_recognised(shared: Path) -> None:
    (found, *_) = measure(public_sample("test"), words_alone=True)
    assert (found.protected, found.others) == (29, 286)
    assert (found.recall or 0) >= 0.9
    assert (found.precision or 0) >= 0.75


@pytest.mark.parametrize(
    "text",
    ["I am pregnant and the salary is low", "Schwanger, und das Gehalt ist mies", "Enceinte, salaire bas"],
)
def test_health_is_protected_where_work_is_spoken_of_and_nowhere_else(text: str) -> None:
    assert is_protected(text)
    assert not is_protected(text, staff=False)
    assert find_themes(text, "employer") == find_themes(text, "both") == find_themes(text, "brand", "employee") == ()
    assert "pay" in find_themes(text)


@pytest.mark.parametrize(
    ("facet", "audience", "staff"),
    [
        ("employer", "consumer", True),
        ("both", "unknown", True),
        ("brand", "staff", True),
        ("brand", "candidate", True),
        ("brand", "consumer", False),
        ("neither", "other", False),
        (None, None, False),
    ],
)
def test_side_and_standpoint_say_whether_work_is_spoken_of(
    facet: str | None, audience: str | None, staff: bool
) -> None:
    assert speaks_of_work(facet, audience) is staff


@pytest.mark.parametrize("text", ["The European Union fined them", "My credit union is better", "A strike price of 9"])
def test_phrases_of_another_meaning_protect_nothing(text: str) -> None:
    assert not is_protected(text)
    assert is_protected(text + ", and our union says no")


def test_accents_and_hyphens_do_not_matter() -> None:
    assert is_protected("La greve continue")
    assert is_protected("Union\u2010busting again")


@pytest.mark.parametrize(
    "text",
    [
        "my wrist was so swollen after peak",
        "can they fire us for comparing salaries with each other",
        "somebody finally called the inspectors about the freezer",
    ],
)
def test_words_beside_each_other_protect_where_work_is_spoken_of(text: str) -> None:
    assert is_protected(text)
    assert not is_protected(text, staff=False)
    assert not is_protected(" and so on and so forth ".join(text.split()))


def test_the_second_reader_finds_what_has_no_words_for_it() -> None:
    posts = [post for post in own_posts(kept=True) if post.half in ("p08", "p18")]
    (words, *_), (both, *_) = measure(posts, words_alone=True), measure(posts)
    assert (both.recall or 0) > (words.recall or 0) + 0.1
    assert (both.precision or 0) >= 0.7


@pytest.mark.parametrize(
    ("text", "staff", "score", "by"),
    [
        ("Our union says no", False, None, BY_WORDS),
        ("Our union says no", True, 9.0, BY_WORDS),
        ("we went in together", True, 0.1, BY_VECTOR),
        ("we went in together", True, -0.1, None),
        ("we went in together", True, None, None),
        ("we went in together", False, 0.9, None),
        ("we went in together", False, 1.1, BY_VECTOR),
    ],
)
def test_either_reader_is_enough(text: str, staff: bool, score: float | None, by: str | None) -> None:
    assert protected_by(text, staff=staff, score=score, stricter=1.0) == by


def test_the_shipped_reader_fits_the_shipped_network_only() -> None:
    loaded = network()
    assert loaded.protected is not None
    assert loaded.protected.weights.shape == loaded.vectors(["a text"])[0].shape
    assert reader_for("0.0.1") is None


@pytest.fixture
def alarmed() -> Iterator[Network]:
    """The network with a reader that takes every text for protected at work, and none elsewhere."""
    loaded = network()
    shipped = loaded.protected
    loaded.protected = Reader("", np.zeros(384, np.float32), 1.0, 2.0)
    loaded.forget()
    yield loaded
    loaded.protected = shipped
    loaded.forget()


def test_tags_say_which_reader_decided(alarmed: Network) -> None:
    texts = {"facet employer": "The salary is late again", "facet brand": "The price is silly", "word": "Union, pay us"}
    inputs = [TagInput(key, text, meta={"facet": key.split()[-1]}) for key, text in texts.items()]
    at_work, elsewhere, word = tag_posts(inputs, model=alarmed)
    assert (at_work.protected, at_work.themes, at_work.evidence["protected"]) == (True, (), BY_VECTOR)
    assert (elsewhere.protected, "protected" in elsewhere.evidence) == (False, False)
    assert (word.protected, word.evidence["protected"]) == (True, BY_WORDS)


def test_texts_that_no_network_read_are_judged_by_their_words(alarmed: Network) -> None:
    given = ("Der Lohn kommt in dieser Abteilung leider immer zu spät", "Der Betriebsrat hat sich darum gekümmert")
    late, council = tag_posts([TagInput(text, text) for text in given], model=alarmed)
    assert (late.protected, council.evidence["protected"]) == (False, BY_WORDS)


def test_the_fit_learns_a_line_and_allows_few_ordinary_posts() -> None:
    chance = np.random.default_rng(3)
    rows = chance.normal(size=(600, 4)).astype(np.float32)
    given = [Lesson("", bool(row[0] > 0.5), 1.0, staff=True) for row in rows[:400]]
    given += [Lesson("", False, 1.0, staff=number % 2 == 0, kept=True) for number in range(200)]
    reader = fit(given, [row[None] for row in rows], "1")
    assert np.argmax(reader.weights) == 0
    assert 0 < np.mean(reader.scores(rows[400::2]) > 0) <= 0.02
    assert reader.stricter >= 1
