"""Another sentiment model in the place of the head, with a tiny random BERT made here."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from config.settings import Settings
from nlp import hub
from nlp.hub import Choice, HubClassifier, HubError, choice_of, fit_temperature, fit_threshold, label_map
from nlp.model import Network
from nlp.result import UNSURE, TagInput
from nlp.tag import tag_posts

GERMAN = "Der Kundendienst war leider sehr unfreundlich und hat nicht geholfen"
MAP = "LABEL_0=negative, LABEL_1=neutral, LABEL_2=positive"


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Makes a folder with a tiny classifier that has the given labels and says the last one nearly always."""
    torch = pytest.importorskip("torch")
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

    def folder(labels: Sequence[str]) -> Path:
        path = tmp_path_factory.mktemp("model")
        vocabulary = path / "vocab.txt"
        vocabulary.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "der", "war", "tea", "cold"]))
        BertTokenizer(vocab=str(vocabulary)).save_pretrained(path)
        config = BertConfig(
            vocab_size=9,
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=16,
            max_position_embeddings=24,
            id2label=dict(enumerate(labels)),
            label2id={label: at for at, label in enumerate(labels)},
        )
        torch.manual_seed(1)
        model = BertForSequenceClassification(config)
        with torch.no_grad():
            model.classifier.bias.copy_(torch.tensor([0.0] * (len(labels) - 1) + [5.0]))
        model.save_pretrained(path)
        return path

    return folder


@pytest.fixture(scope="module")
def plain(make: Any) -> Path:
    """A classifier whose labels say nothing."""
    return make(["LABEL_0", "LABEL_1", "LABEL_2"])  # type: ignore[no-any-return]


def with_model(choice: Choice) -> Network:
    loaded = Network()
    loaded.sentiment = HubClassifier(choice)
    return loaded


@pytest.mark.parametrize(
    ("names", "given", "found"),
    [
        (["negative", "neutral", "positive"], "", "negative neutral positive"),
        (["POS", "NEU", "NEG"], "", "positive neutral negative"),
        (["Very Negative", "Negative", "Neutral", "Positive", "Very Positive"], "", "negative negative neutral "
         "positive positive"),
        (["1 star", "2 stars", "3 stars", "4 stars", "5 stars"], "", "negative negative neutral positive positive"),
        (["LABEL_0", "LABEL_1", "LABEL_2"], MAP, "negative neutral positive"),
        (["a=b", "c", "d"], "a=b=positive,c=neutral,d=negative", "positive neutral negative"),
    ],
)  # fmt: skip
def test_labels_are_mapped(names: list[str], given: str, found: str) -> None:
    assert " ".join(label_map(names, given)) == found


@pytest.mark.parametrize(
    ("names", "given", "words"),
    [
        (["LABEL_0", "LABEL_1", "LABEL_2"], "", "SENTIMENT_LABELS: say what LABEL_0, LABEL_1, LABEL_2 stand for"),
        (["LABEL_0", "LABEL_1", "LABEL_2"], "LABEL_0=negative", "SENTIMENT_LABELS: say what LABEL_1, LABEL_2"),
        (["a", "b", "c"], "x=negative", "SENTIMENT_LABELS: the model has no label 'x'"),
        (["a", "b", "c"], "a=bad", "SENTIMENT_LABELS: wanted"),
        (["a", "b", "c"], "negative", "SENTIMENT_LABELS: wanted"),
        (["negative", "positive"], "", "SENTIMENT_MODEL: no label of it stands for neutral"),
        (["not negative but positive", "neutral", "negative"], "", "SENTIMENT_LABELS: say what"),
    ],
)
def test_a_map_that_does_not_fit_names_the_setting(names: list[str], given: str, words: str) -> None:
    with pytest.raises(HubError, match=words):
        label_map(names, given)


def test_it_takes_the_place_of_the_sentiment_head_alone(plain: Path) -> None:
    loaded, given = with_model(Choice(str(plain), MAP)), [TagInput("1", "the tea was cold and they were rude")]
    (own,) = tag_posts(given, model=Network())
    (found,) = tag_posts(given, model=loaded)
    assert (found.sentiment.label, own.sentiment.label) == ("positive", "negative")
    assert (found.audience, found.facet) == (own.audience, own.facet)
    assert found.model.startswith(f"{own.model}+hub:{plain.name}@")


def test_it_reads_languages_that_the_own_head_does_not(plain: Path, tmp_path: Path) -> None:
    loaded = with_model(Choice(str(plain), MAP))
    loaded.meta = replace(loaded.meta, languages=frozenset({"en"}))
    (found,) = tag_posts([TagInput("1", GERMAN)], model=loaded)
    assert found.sentiment.label == "positive"
    assert "sentiment" not in found.evidence
    assert found.evidence["audience"] == "language de not supported"


def test_it_is_asked_about_its_languages_alone(plain: Path) -> None:
    loaded = with_model(Choice(str(plain), MAP, frozenset({"de"})))
    english, german, nothing = tag_posts(
        [TagInput("1", "the tea was cold and they were rude"), TagInput("2", GERMAN), TagInput("3", "")], model=loaded
    )
    assert (english.sentiment.label, german.sentiment.label, nothing.sentiment.label) == (
        "negative",
        "positive",
        UNSURE,
    )


def test_below_its_threshold_it_is_unsure(plain: Path) -> None:
    (found,) = tag_posts([TagInput("1", "tea")], model=with_model(Choice(str(plain), MAP, threshold=0.999)))
    assert found.sentiment.label == UNSURE


def test_the_source_beats_it_too(plain: Path) -> None:
    (found,) = tag_posts([TagInput("1", "tea", meta={"stars": "1"})], model=with_model(Choice(str(plain), MAP)))
    assert found.sentiment.label == "negative"


def test_stars_add_up(make: Any) -> None:
    found = HubClassifier(Choice(str(make([f"{number} stars" for number in range(1, 6)])))).probabilities(["tea"])
    assert found.shape == (1, 3)
    assert found.sum() == pytest.approx(1.0, abs=1e-5)
    assert found[0, 0] < 0.1 < 0.9 < found[0, 2]


def test_long_texts_are_cut_and_keep_their_order(plain: Path) -> None:
    classifier = HubClassifier(Choice(str(plain), MAP))
    texts = ["tea " * 500, "cold", "der war " * 9]
    among = classifier.probabilities(texts)
    alone = np.concatenate([classifier.probabilities([text]) for text in texts])
    assert np.allclose(among, alone, atol=1e-5)


def test_a_folder_that_is_no_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(HubError, match=r"SENTIMENT_MODEL: .* is no model: it has no config\.json"):
        HubClassifier(Choice(str(tmp_path)))


def test_a_model_of_another_kind_is_named(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert", "architectures": ["BertForMaskedLM"]}))
    with pytest.raises(HubError, match="is no sequence classifier but BertForMaskedLM"):
        HubClassifier(Choice(str(tmp_path)))


def test_weights_that_are_not_safetensors_are_refused(plain: Path, tmp_path: Path) -> None:
    for file in plain.iterdir():
        if file.suffix != ".safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(HubError, match=r"SENTIMENT_MODEL: .* cannot be loaded"):
        HubClassifier(Choice(str(tmp_path), MAP))


def test_a_name_is_looked_up_on_this_machine_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(model: str, *, local_files_only: bool, **_: object) -> str:
        assert local_files_only
        raise FileNotFoundError(model)

    monkeypatch.setattr("huggingface_hub.snapshot_download", refuse)
    with pytest.raises(HubError, match="SENTIMENT_MODEL_DOWNLOAD=true"):
        HubClassifier(Choice("someone/some-model"))


def test_without_pytorch_the_error_says_what_to_install(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(HubError, match=r"SENTIMENT_MODEL: needs PyTorch.*make hub-setup"):
        HubClassifier(Choice(str(plain), MAP))


def test_the_choice_comes_from_the_settings() -> None:
    assert choice_of(Settings()) is None
    found = choice_of(Settings(sentiment_model="x", sentiment_languages="DE, fr", sentiment_threshold=0.7))
    assert found == Choice("x", languages=frozenset({"de", "fr"}), threshold=0.7)


def test_temperature_and_threshold_are_fitted(plain: Path) -> None:
    classifier = HubClassifier(Choice(str(plain), MAP))
    logits = np.array([[9.0, 0, 0], [9.0, 0, 0], [9.0, 0, 0], [0, 0, 9.0]], dtype=np.float32)
    temperature = fit_temperature(classifier, logits, [0, 0, 2, 2])  # three of four: far less sure than it says
    assert temperature > 3
    chances = np.array([[0.9, 0.1, 0.0], [0.6, 0.4, 0.0], [0.8, 0.2, 0.0]], dtype=np.float32)
    assert fit_threshold(chances, [0, 1, 0], 0.8) == 0.61
    assert fit_threshold(chances, [1, 1, 1], 0.8) is None


def test_the_command_prints_the_settings(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"text": "tea", "sentiment": "positive"}, {"text": "cold", "sentiment": "positive"}, {"text": "no label"}]
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    settings = Settings(sentiment_model=str(plain), sentiment_labels=MAP)
    monkeypatch.setattr(hub, "get_settings", lambda: settings)
    monkeypatch.setattr("sys.argv", ["hub", "calibrate", str(file)])
    assert hub.main() == 0
    assert "SENTIMENT_TEMPERATURE=0.1\nSENTIMENT_THRESHOLD=0.34\n" in capsys.readouterr().out


def test_the_process_loads_what_the_settings_name(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nlp import model

    own = Settings()
    given = SimpleNamespace(**{**own.model_dump(), "sentiment_model": str(plain), "sentiment_labels": MAP})
    monkeypatch.setattr(model, "get_settings", lambda: given)
    loaded = model.network()
    assert loaded.sentiment is not None
    assert loaded.version == loaded.heads_version + hub.version_suffix(given)  # type: ignore[arg-type]
