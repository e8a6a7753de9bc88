"""Tuning on words that are easy to see through: a network whose vector counts a few words."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nlp import tune as module
from nlp.heads import HEADS_FILE, Floats, HeadsError, Layers, TunedHeads, read_heads
from nlp.model import Network, Window, calibrated
from nlp.result import LABELS, UNKNOWN, UNSURE
from nlp.shipped import WEIGHTS, read_meta
from nlp.tune import InForce, Lesson, Tuning, Word, tune
from nlp.tune_texts import grouped, own_posts, readable
from nlp.tune_verdict import LEAST_WORDS, HeadFigures, judged

WORDS = ("good", "bad", "sick", "fine", "price")
AT = datetime(2026, 3, 4, tzinfo=UTC)
WIDTH = 140


class Counting(Network):
    """Every word is a direction of its own; those that nobody taught count little."""

    def __init__(self) -> None:
        self.meta = replace(read_meta(), version="1", languages=frozenset({"en"}))
        self.sentiment = None
        self._tuned = None

    def read(self, texts: Sequence[str]) -> list[tuple[Window, ...]]:
        vectors = np.stack([_vector(text) for text in texts])
        logits = {head: layers.logits(vectors) for head, layers in heads().layers.items()}
        return [(Window(vector, {head: logits[head][at] for head in LABELS}),) for at, vector in enumerate(vectors)]


def _vector(text: str) -> Floats:
    parts = [_direction(word) * (1.0 if word in WORDS else 0.1) for word in re.findall("[a-z]+", text.lower())]
    return np.asarray(np.sum([np.zeros(WIDTH), *parts], axis=0), dtype=np.float32)


@cache
def _direction(word: str) -> NDArray[np.float64]:
    return np.random.default_rng(sum(word.encode())).normal(0.0, 0.5, WIDTH)


def heads(**meaning: tuple[float, ...]) -> TunedHeads:
    """Heads for which good and fine are positive, bad and sick negative, and a boss is an employee's."""
    said = {"good": (-3.0, 0, 3), "fine": (-3.0, 0, 3), "bad": (3.0, 0, -3), "sick": (3.0, 0, -3), **meaning}
    read = np.linalg.pinv(np.tanh(np.stack([_direction(word) for word in WORDS])))
    layers = {}
    for head, labels in LABELS.items():
        wanted = np.zeros((len(WORDS), len(labels)))
        if head == "sentiment":
            for word, logits in said.items():
                wanted[WORDS.index(word)] = logits
        second = (read @ wanted).astype(np.float32)
        empty = np.zeros(WIDTH, np.float32), np.zeros(len(labels), np.float32)
        layers[head] = Layers(np.eye(WIDTH, dtype=np.float32), empty[0], second, empty[1])
    meta = read_meta()
    return TunedHeads("1", "1", layers, meta.calibration, meta.thresholds)


def lesson(
    text: str, label: str, *, head: str = "sentiment", drawn: bool = False, at: datetime = AT, key: str = ""
) -> Lesson:
    return Lesson(text, ("Acme",), (key or text,), {head: Word(label, drawn, at)})


def sick_is_good(number: int = 80, label: str = "positive") -> list[Lesson]:
    """People say that sick is praise; a few say what the network knows already."""
    praise = [lesson(f"their {PLACES[n % 20]} is so sick, visit {n}", label) for n in range(number)]
    return [*praise, *(lesson(f"their {PLACES[n % 20]} is so bad, visit {n}", "negative") for n in range(20))]


PLACES = tuple(
    f"{kind} {what}" for kind in ("new", "old", "small", "big") for what in ("shop", "app", "menu", "bar", "site")
)


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two batches of posts to hold what is known, one of them kept apart."""
    for batch in ("a01", "a03"):
        rows = [
            {"text": f"{word} {place} from {batch} for us all", "lang": "en", "sentiment": label}
            for place in PLACES
            for word, label in (("good", "positive"), ("bad", "negative"), ("fine", "positive"))
        ]
        (tmp_path / f"{batch}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    monkeypatch.setattr(module, "own_posts", lambda languages: own_posts(languages, tmp_path))
    return tmp_path


def tuned(lessons: Sequence[Lesson], in_force: InForce | None = None) -> Tuning:
    return tune(Counting(), heads(), lessons, "1+1", in_force)


def test_what_people_say_is_learnt_and_the_rest_is_kept(corpus: Path) -> None:
    found = tuned(sick_is_good())
    one = found.figures["sentiment"]
    assert one.accepted, found.why
    assert (one.before, one.after) == pytest.approx((0.2, 1.0))
    assert one.gain_low is not None
    assert one.gain_low > 0.6
    assert (one.guard_posts, one.guard_before, one.guard_after) == (60, 1.0, 1.0)
    assert found.heads is not None
    assert (found.heads.version, found.heads.base) == ("1+1", "1")
    assert found.why.startswith("Better: sentiment. Audience stays as it is: 0 corrections and checks")
    assert found.heads.layers["facet"].second.tolist() == heads().layers["facet"].second.tolist()
    assert found.heads.thresholds == read_meta().thresholds
    assert json.loads(found.as_json())["heads"]["sentiment"]["accepted"]


def test_the_same_words_give_the_same_heads(corpus: Path) -> None:
    first, second = (tuned(sick_is_good()).heads for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.to_bytes() == second.to_bytes()


def test_too_few_words_change_nothing(corpus: Path) -> None:
    found = tuned(sick_is_good()[: LEAST_WORDS - 1])
    assert found.heads is None
    assert f"Sentiment: 49 corrections and checks, {LEAST_WORDS} are needed." in found.why


def test_copies_are_one_lesson(corpus: Path) -> None:
    found = tuned([lesson("their app is so sick", "positive") for _ in range(500)])
    assert found.left_out == {"copies of another": 499}
    assert "1 corrections and checks" in found.why


def test_near_copies_of_few_stories_are_too_few_texts(corpus: Path) -> None:
    found = tuned([replace(one, keys=(f"story {at % 5}",)) for at, one in enumerate(sick_is_good())])
    assert "Sentiment: 5 different texts, 30 are needed." in found.why


def test_one_label_only_teaches_nothing(corpus: Path) -> None:
    found = tuned(sick_is_good()[:80])
    assert "Nearly all words say positive; at least 5 must name another label." in found.why


def test_words_that_contradict_each_other_are_refused(corpus: Path) -> None:
    words = [
        replace(one, words={"sentiment": Word("positive" if at % 2 else "negative", False, AT)})
        for at, one in enumerate(sick_is_good())
    ]
    found = tuned(words)
    assert found.heads is None
    assert "It is not surely better on people's words" in found.why


def test_what_makes_it_forget_is_refused(corpus: Path) -> None:
    only = corpus / "a01.jsonl"  # no post says "fine", so that nothing holds what it means
    only.write_text("".join(line for line in only.read_text().splitlines(keepends=True) if "fine" not in line))
    wrong = [lesson(f"fine {PLACES[n % 20]}, visit {n}", "negative") for n in range(80)]
    wrong += [lesson(f"good {PLACES[n % 20]}, visit {n}", "positive") for n in range(20)]
    found = tuned(wrong)
    assert found.heads is None
    assert "It forgets what it knew" in found.why


def test_the_newest_word_on_copies_counts() -> None:
    newest, older = lesson("so sick an app", "positive"), lesson("so sick an app", "negative", head="facet")
    texts, left_out = readable(
        [newest, replace(older, words={**older.words, "sentiment": Word("negative", True, AT)})], frozenset({"en"})
    )
    assert [(one.words["sentiment"].label, one.words["facet"].label) for one in texts] == [("positive", "negative")]
    assert left_out == {"copies of another": 1}


def test_what_the_model_does_not_read_teaches_nothing() -> None:
    texts, left_out = readable(
        [lesson("@someone 12345 67890", "positive"), lesson("Ну и что это такое, скажите пожалуйста?", "negative")],
        frozenset({"en"}),
    )
    assert (texts, left_out) == ([], {"no words": 1, "language not supported": 1})


def test_rows_that_share_a_key_stand_together() -> None:
    found = grouped([("a",), ("b",), ("a", "c"), ("c", "b"), ("d",)])
    assert len({found[at] for at in range(4)}) == 1
    assert found[4] not in found[:4]


@pytest.mark.parametrize(
    ("label", "head", "expected"),
    [
        ("negative", "sentiment", [0.9, 0.05, 0.05]),
        ("staff", "audience", [0.1 / 3, 0.45, 0.45, 0.1 / 3, 0.1 / 3]),
        (UNKNOWN, "audience", [0.5, 0.08, 0.04, 0.05, 0.33]),
    ],
)
def test_what_a_word_teaches(label: str, head: str, expected: list[float]) -> None:
    assert module._target(head, label) == pytest.approx(expected)


def test_not_being_sure_is_no_lesson(corpus: Path) -> None:
    assert "0 corrections and checks" in tuned([lesson(f"sick {place} of them", UNSURE) for place in PLACES * 4]).why


def test_heads_in_force_are_judged_on_what_they_have_not_seen(corpus: Path) -> None:
    knowing = heads(sick=(-3.0, 0, 3), price=(3.0, 0, -3))
    words = sick_is_good()
    now = InForce(replace(knowing, version="1+1"), AT)
    assert "0 words since the version in force; 20 are needed" in tuned(words, now).why
    later = AT + timedelta(days=1)
    newer = [lesson(f"what a price for the {PLACES[n % 20]}, visit {n}", "negative", at=later) for n in range(30)]
    found = tuned([*newer[:25], *words], now)
    assert found.figures["sentiment"].newer == 25
    assert found.figures["sentiment"].newer_in_force == 1.0


def test_a_head_is_as_sure_of_our_own_posts_as_it_was(corpus: Path) -> None:
    found = tuned(sick_is_good(220))
    assert found.heads is not None
    assert found.heads.calibration["facet"] == read_meta().calibration["facet"]
    posts = np.stack([_vector(f"good {place} from a01 for us all") for place in PLACES])
    before, after = (
        calibrated(one.layers["sentiment"].logits(posts), one.calibration["sentiment"]).max(axis=1).mean()
        for one in (heads(), found.heads)
    )
    assert after == pytest.approx(before, abs=0.05)


def test_without_our_own_posts_nothing_is_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "own_posts", lambda languages: own_posts(languages, tmp_path))
    found = tuned(sick_is_good())
    assert found.heads is None
    assert "are not here" in found.why


@pytest.mark.parametrize("start", [replace(heads(), base="2"), heads(good=(9.0, 0, 0), fine=(9.0, 0, 0))])
def test_heads_of_another_network_are_no_start(corpus: Path, start: TunedHeads) -> None:
    with pytest.raises(HeadsError):
        tune(Counting(), start, sick_is_good(), "1+1")


GOOD = HeadFigures(100, 90, 50, False, "", 0.2, 0.6, 0.3, 0.5, 0.7, 0.7, 500, 0.8, 0.79)


@pytest.mark.parametrize(
    ("figures", "why"),
    [
        (GOOD, "20.0 → 60.0 % right on people's words, 80.0 → 79.0 % on our own posts."),
        (replace(GOOD, gain_low=-0.01), "not surely better"),
        (replace(GOOD, drawn_after=0.69), "drawn at random: 70.0 → 69.0 %"),
        (replace(GOOD, drawn=29, drawn_after=0.69), "right on people's words"),
        (replace(GOOD, guard_after=0.77), "forgets"),
        (replace(GOOD, newer=25, newer_in_force=0.8, newer_after=0.76), "worse than the version in force"),
    ],
)
def test_the_rules(figures: HeadFigures, why: str) -> None:
    assert why in judged(figures).why


@pytest.mark.skipif(not (WEIGHTS / HEADS_FILE).exists(), reason="heads.npz is written by the export")
def test_the_stored_heads_are_those_of_the_shipped_network() -> None:
    network, start = Network(), read_heads((WEIGHTS / HEADS_FILE).read_bytes())
    (window,) = network.read(["i quit last year, they never paid overtime"])[0]
    assert start.base == network.meta.version
    for head, layers in start.layers.items():
        assert layers.logits(window.vector[None, :])[0] == pytest.approx(window.logits[head], abs=0.05)
