"""A trained finder of names beside the rules: what of it is believed, and what happens where it is not installed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest

from config.settings import Settings
from nlp import persons_model
from nlp.persons import NamesError, how_found, likely, person_spans, without_persons
from nlp.persons_figures import finder, main, measure, sample
from nlp.persons_model import MAX_CHARS, Names, loaded

installed = pytest.mark.skipif(find_spec("spacy") is None, reason="spaCy is not installed (make names-setup)")


def _spans(text: str, *words: str) -> list[tuple[int, int]]:
    return [(text.index(word), text.index(word) + len(word)) for word in words]


@pytest.mark.parametrize(
    ("text", "named", "believed"),
    [
        ("I sat next to Grigori Balan for years", "Grigori Balan", "Grigori Balan"),
        ("I sat next to Grigori's desk", "Grigori's", "Grigori"),
        ("Salary. Good for starters", "Good", None),  # one word that begins a sentence has a capital anyhow
        ("Grigori Balan left us", "Grigori Balan", "Grigori Balan"),
        ("they want CV and RSVP", "RSVP", None),
        ("she nos cambian los turnos", "nos cambian", None),
        ("we use Java and C++", "Java", None),
        ("I found it on LinkedIn yesterday", "LinkedIn", None),
        ("meet Acme Anvils today", "Acme Anvils", None),
        ("an L4 Manager said so", "L4 Manager", None),
        ("ask Ludwig van Dorn about it", "Ludwig van Dorn", "Ludwig van Dorn"),
    ],
)
def test_only_what_is_written_like_a_name_is_believed(text: str, named: str, believed: str | None) -> None:
    found = [text[start:end] for start, end in likely(_spans(text, named), text, ("Acme",))]
    assert found == ([] if believed is None else [believed])


class Pipeline:
    """Takes these words for persons and counts how often it is asked."""

    def __init__(self, *words: str) -> None:
        self.words, self.read = words, list[str]()

    @contextmanager
    def memory_zone(self) -> Iterator[None]:
        yield

    def __call__(self, text: str) -> SimpleNamespace:
        self.read.append(text)
        spans = _spans(text, *(word for word in self.words if word in text))
        return SimpleNamespace(
            ents=[SimpleNamespace(start_char=a, end_char=b, label_="PERSON") for a, b in spans]
            + [SimpleNamespace(start_char=0, end_char=3, label_="ORG")]
        )


def test_both_find_what_either_finds_and_a_text_is_read_once(
    settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = Pipeline("Grigori")
    names = Names("a pipeline", "en", pipeline)
    monkeypatch.setattr(persons_model, "loaded", lambda _chosen: names)
    settings(names_model="spacy")
    text = "I sat next to Grigori while my manager Drossel was shouting at everybody in the room"
    for _ in range(3):
        assert without_persons(text).count("[name]") == 2
    assert pipeline.read == [text]
    german = "Ich saß neben Grigori, und meine Kollegen haben den ganzen Tag im Lager gearbeitet"
    assert person_spans(german) == ()
    assert len(pipeline.read) == 1, "a pipeline reads its language"
    person_spans("I wrote a long story about my colleagues. " * 2_000)
    assert len(pipeline.read[-1]) == MAX_CHARS
    settings(names_model="rules")
    assert without_persons(text).count("[name]") == 1


def test_without_the_extra_the_setting_says_what_to_do(
    settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert how_found("rules") == how_found("") == "rules alone"
    monkeypatch.setattr(persons_model, "find_spec", lambda _name: None)
    with pytest.raises(NamesError, match=r"NAMES_MODEL is 'spacy', but spaCy is not installed: make names-setup"):
        how_found("spacy")
    monkeypatch.setattr(persons_model, "find_spec", lambda name: "there" if name == "spacy" else None)
    with pytest.raises(NamesError, match="no pipeline is installed"):
        how_found("spacy")
    with pytest.raises(NamesError, match="neither rules nor spacy nor the folder"):
        how_found(str(tmp_path / "nothing"))
    (tmp_path / "config.cfg").touch()
    (tmp_path / "meta.json").write_text("[]", encoding="utf-8")
    with pytest.raises(NamesError, match=r"holds no meta\.json"):
        how_found(str(tmp_path))
    (tmp_path / "meta.json").write_text('{"lang": "en", "name": "core", "version": "1"}', encoding="utf-8")
    assert how_found(str(tmp_path)) == "rules and spaCy en_core 1"


def test_the_command_measures_the_rules(capsys: pytest.CaptureFixture[str]) -> None:
    main([])
    assert "all       74    48" in capsys.readouterr().out


@installed
def test_the_pipeline_of_the_extra_finds_more_than_the_rules() -> None:
    names = loaded("spacy")
    assert names.language == "en"
    assert names.spans("Yesterday I sat next to Grigori Balan and we talked about the schedule") == ((24, 37),)
    both, rules = (measure(sample("test"), finder(what, "spacy"))[0] for what in ("both", "rules"))
    assert (both.recall or 0) > (rules.recall or 0)
    assert (both.precision or 0) >= 0.75
    assert how_found("spacy").startswith("rules and spaCy en_core_web")


@installed
def test_a_folder_that_is_no_pipeline_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.cfg").write_text("[nlp]\nlang = 7\n", encoding="utf-8")
    (tmp_path / "meta.json").write_text("{}", encoding="utf-8")
    with pytest.raises(NamesError, match="cannot be read as a spaCy pipeline"):
        loaded(str(tmp_path))
