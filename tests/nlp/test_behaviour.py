"""The behavioural set is whole and its arithmetic right; how the model does on it is measured, not tested."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from nlp.behaviour.cases import CaseError, load_cases
from nlp.behaviour.measure import measure
from nlp.result import FACETS, TagInput, Tags, Verdict
from nlp.train.data import CORPUS

NEITHER = Verdict("neither", dict.fromkeys(FACETS, 0.25))
UNKNOWN = Verdict("unknown", {"consumer": 0.5, "employee": 0.5})


def by_words(inputs: Sequence[TagInput]) -> list[Tags]:
    """A tagger that judges by single words and dislikes Rival."""
    return [Tags(one.id, "en", _sentiment(one.text), UNKNOWN, NEITHER, (), {}, "scripted", "1") for one in inputs]


def _sentiment(text: str) -> Verdict:
    good = 0.9 if "great" in text else 0.5 if "fine" in text else 0.1
    good -= 0.4 if "Rival" in text else 0.0
    label = "positive" if good >= 0.6 else "unsure" if good == 0.5 else "negative"
    return Verdict(label, {"positive": good, "negative": 1 - good})


CASES = """
capability = "negation"

[[mft]]
id = "m1"
text = "great"
sentiment = ["positive", "neutral"]

[[mft]]
id = "m2"
text = "not great"
sentiment = "negative"

[[mft]]
id = "m3"
text = "fine"
sentiment = "negative"

[[inv]]
id = "i1"
swap = "company"
text = "{} is great"
target = "{}"
values = ["Acme", "Orbis", "Rival"]

[[inv]]
id = "i2"
swap = "company"
text = "{} is bad"
values = ["Acme", "Orbis"]

[[dir]]
id = "d1"
text = "great"
changed = "fine"
up = "sentiment.positive"

[[dir]]
id = "d2"
text = "great"
changed = "fine"
up = "sentiment.negative"
"""


def folder(path: Path, text: str) -> Path:
    (path / "cases.toml").write_text(text, encoding="utf-8")
    return path


def test_the_arithmetic_with_a_scripted_tagger(tmp_path: Path) -> None:
    found = measure(by_words, load_cases(folder(tmp_path, CASES)))
    assert (found.n, found.failed) == (7, 4)
    assert [failure.id for failure in found.failures] == ["m2", "m3", "i1", "d1"]
    cells = {(cell.capability, cell.kind): cell for cell in found.cells}
    assert (cells["negation", "MFT"].n, cells["negation", "MFT"].failed, cells["negation", "MFT"].abstained) == (
        3,
        2,
        1,
    )
    assert cells["negation", "INV"].rate == 0.5
    assert cells["negation", "DIR"].rate == 0.5


def test_fairness_by_hand(tmp_path: Path) -> None:
    fairness = {(one.swapped, one.head): one for one in measure(by_words, load_cases(folder(tmp_path, CASES))).fairness}
    sentiment = fairness["company", "sentiment"]
    assert (sentiment.n, sentiment.share_changed) == (2, 0.5)
    assert sentiment.mean_change == pytest.approx((0 + 0.4 + 0) / 3, abs=1e-4)
    assert fairness["company", "facet"].share_changed == 0.0
    assert ("pronoun", "sentiment") not in fairness


def test_every_variant_carries_its_own_target(tmp_path: Path) -> None:
    seen: list[str | None] = []

    def note(inputs: Sequence[TagInput]) -> list[Tags]:
        seen.extend(one.target for one in inputs)
        return by_words(inputs)

    measure(note, [case for case in load_cases(folder(tmp_path, CASES)) if case.id == "i1"])
    assert seen == ["Acme", "Orbis", "Rival"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ('[[mft]]\nid = "a"\ntext = "x"\nsentiment = "glad"', "no such label: glad"),
        ('[[mft]]\nid = "a"\ntext = "x"', "no label is wanted"),
        ('[[mft]]\ntext = "x"\nsentiment = "positive"', "'id'"),
        ('[[inv]]\nid = "a"\ntext = "x"\nswap = "weather"\nvariants = ["y"]', "swap: wanted one of"),
        ('[[inv]]\nid = "a"\ntext = "x"\nswap = "city"\nvariants = ["x"]', "at least two texts"),
        ('[[dir]]\nid = "a"\ntext = "x"\nchanged = "y"\nup = "mood.good"', "no such class: mood.good"),
        ('[[dir]]\nid = "a"\ntext = "x"\nchanged = "y"', "wanted up or down"),
        ("[[mft", "cases.toml"),
    ],
)
def test_a_wrong_case_is_named(tmp_path: Path, wrong: str, words: str) -> None:
    with pytest.raises(CaseError, match=r"cases\.toml") as caught:
        load_cases(folder(tmp_path, f'capability = "x"\n{wrong}'))
    assert words in str(caught.value)


def test_an_id_stands_once(tmp_path: Path) -> None:
    (tmp_path / "more.toml").write_text(CASES, encoding="utf-8")
    with pytest.raises(CaseError, match="m1: this id stands twice"):
        load_cases(folder(tmp_path, CASES))


def test_the_set_is_whole() -> None:
    cases = load_cases()
    kinds = Counter(case.kind for case in cases)
    assert len(cases) >= 350
    assert kinds["MFT"] >= 150
    assert kinds["INV"] >= 80
    assert kinds["DIR"] >= 40
    assert {"company", "first name", "pronoun", "city"} <= {case.swap for case in cases}
    assert len({case.capability for case in cases}) >= 12


def test_no_case_stands_in_the_corpus_or_twice_in_the_set() -> None:
    texts = [worded.text.casefold() for case in load_cases() for worded in (case.first, *case.others)]
    firsts = Counter(case.first.text.casefold() for case in load_cases() if case.kind == "MFT")
    assert firsts.most_common(1)[0][1] == 1
    learnt = {
        str(json.loads(line)["text"]).casefold()
        for path in CORPUS.glob("*.jsonl")
        for line in path.read_text(encoding="utf-8").splitlines()
    }
    assert learnt
    assert learnt.isdisjoint(texts)
