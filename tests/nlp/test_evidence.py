"""The words behind a tag: spans that fit the text shown, statements where no model spoke, words that do carry it."""

import json
import random
from collections.abc import Sequence

import numpy as np
import pytest

from nlp.evidence import LEAST_TOGETHER, LEAST_WEIGHT, MAX_VARIANTS, MOST_WORDS, explain, leave_out
from nlp.model import network
from nlp.result import LABELS, STAFF, Evidence, HeadEvidence, TagInput
from nlp.text import clean, mark_target, mask, spelled
from nlp.train.data import CORPUS, HELD_OUT_BATCHES

_POSTS = 9
_STOP_WORDS = frozenset(
    "the a an of and to in on at it is was for with that this as by from be are or so but".split()  # noqa: SIM905
)


def of(text: str, target: str | None = "Acme", **meta: str) -> Evidence:
    return explain(TagInput("1", text, target=target, meta=meta), network())


def head(found: Evidence, name: str) -> HeadEvidence:
    return next(each for each in found.heads if each.head == name)


def words(found: Evidence, name: str) -> list[str]:
    return [found.text[word.start : word.end] for word in head(found, name).words]


def test_the_word_that_carries_a_tag_stands_first() -> None:
    found = of("We opened a parcel from Acme on Monday and the lamp inside was absolutely horrible")
    assert head(found, "sentiment").label == "negative"
    assert words(found, "sentiment")[0] == "horrible"
    assert head(found, "sentiment").words[0].weight > 0.2


def test_words_that_stand_in_for_each_other_are_left_out_together() -> None:
    found = of("horrible awful terrible disgusting worst lamp ever, I hate it and I am so angry and sad", target=None)
    sentiment = head(found, "sentiment")
    assert sentiment.label == "negative"
    assert sentiment.together is None or sentiment.together >= LEAST_TOGETHER
    alone = [each for each in found.heads if each.together is None]
    assert all(abs(word.weight) >= LEAST_WEIGHT for each in alone for word in each.words)
    assert all(abs(word.weight) < LEAST_WEIGHT for each in found.heads if each.together for word in each.words)


def test_the_name_is_one_part_however_it_is_written() -> None:
    for text in ("Switched to Just Loaf, best bread ever", "Switched to #JustLoaf, best bread ever"):
        found = of(text, target="Just Loaf")
        assert [found.text[start:end].strip("#,").replace(" ", "") for start, end in found.named] == ["JustLoaf"]
    assert of("best bread ever", target="Just Loaf").named == ()
    assert of("best bread ever", target=None).named == ()


def test_what_is_shown_is_masked() -> None:
    found = of("Great help from @jane.doe of @acmecare, write to jane@doe.example or https://doe.example/jane")
    assert found.text == "Great help from @user of @user, write to email or http"
    assert [found.text[start:end] for start, end in found.named] == ["@user,"]
    assert all(0 <= word.start < word.end <= len(found.text) for each in found.heads for word in each.words)


def test_emoji_are_words() -> None:
    found = of("the lamp arrived on Tuesday😡😡 and then on Friday again", target=None)
    assert "😡😡" in words(found, "sentiment")


def test_the_same_text_has_the_same_evidence() -> None:
    text = "My manager at Acme shouted at me again today, and the shifts are endless"
    assert of(text) == of(text)


def test_where_the_source_decided_its_words_stand() -> None:
    found = of("Long hours, bad pay, no thanks from anybody", kind="review", author_status="former employee", stars="1")
    assert head(found, "audience") == HeadEvidence(
        "audience", "alumnus", "alumnus", None, "source: former employee", ()
    )
    assert head(found, "sentiment").statement == "source: 1 stars"


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        ("", "no words"),
        ("@jane https://doe.example", "no words"),
        ("店員がとても失礼で、料理は冷たかったです。二度と行きません。", "not supported"),
    ],
)
def test_a_text_that_was_not_read_says_why(text: str, statement: str) -> None:
    found = of(text)
    assert all(statement in (each.statement or "") for each in found.heads)
    assert all((each.words, each.probability) == ((), None) for each in found.heads)


def test_an_abstention_is_explained_by_the_likeliest_class() -> None:
    found = of("I work in the warehouse of Acme", kind="survey")
    assert head(found, "audience").label in ("employee", "alumnus", STAFF)
    for each in found.heads:
        assert each.statement or each.explained in (*LABELS[each.head], STAFF)


def test_a_long_text_is_taken_in_phrases_and_its_middle_is_named() -> None:
    bland = "The store on Mill Street opens at nine and closes at five. " * 60
    found = of(f"{bland} I hate this horrible place.")
    assert found.phrases
    assert found.unread is not None
    start, end = found.unread
    assert 0 < start < end < len(found.text)
    assert all(not start <= word.start < end for each in found.heads for word in each.words)


@pytest.mark.parametrize(
    "text", ["Acme " * 900, "a Acme " * 700, "x" * 6_000, "😀" * 3_000, "word " * (MAX_VARIANTS + 1)]
)
def test_odd_texts_are_answered(text: str) -> None:
    found = of(text)
    assert all(len(each.words) <= MOST_WORDS for each in found.heads)


def test_themes_stand_where_they_were_found() -> None:
    found = of("I work here and the salary is a joke", target=None)
    assert [(span.theme, found.text[span.start : span.end]) for span in found.themes] == [("pay", "salary")]


def test_leaving_out_keeps_the_rest() -> None:
    assert leave_out("one two three", [(4, 7)]) == "one three"
    assert leave_out("one two three", [(0, 3), (8, 13)]) == "two"
    assert leave_out("one", [(0, 3)]) == ""


def test_the_top_words_carry_more_than_other_words_and_are_no_stop_words() -> None:
    """On our own held-out posts: leaving out the top words moves the probability far more than as many others."""
    chance = random.Random(3)
    fell, fell_anyhow, on_top = [], [], []
    for post in chance.sample(_held_out(), _POSTS):
        found = of(post["text"], post["target"])
        read = mask(mark_target(clean(post["text"]), (post["target"],)))
        for each in found.heads:
            top = [found.text[word.start : word.end] for word in each.words if word.weight > 0][:3]
            others = [word for word in found.text.split() if word not in top]
            if not top or len(others) < len(top):
                continue
            on_top.append(top[0].strip(".,!?").lower() in _STOP_WORDS)
            fell.append(_fall(read, top, each))
            fell_anyhow.append(_fall(read, chance.sample(others, len(top)), each))
    assert len(fell) >= _POSTS
    assert np.mean(fell) > np.mean(fell_anyhow) + 0.15
    assert np.mean(on_top) < 0.2  # more than a quarter of all words are


def _held_out() -> list[dict[str, str]]:
    rows = [
        json.loads(line)
        for path in sorted(CORPUS.glob("*.jsonl"))
        if path.stem.endswith(HELD_OUT_BATCHES)
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    return [row for row in rows if row["lang"] == "en" and row.get("target") and len(row["text"].split()) <= 30]


def _fall(read: str, left_out: Sequence[str], explained: HeadEvidence) -> float:
    spans = [(at, at + len(word)) for word in set(left_out) if (at := read.find(word)) >= 0]
    whole, without = network().probabilities([spelled(read), leave_out(read, spans)])[explained.head]
    labels = LABELS[explained.head]
    names = ("employee", "alumnus") if explained.explained == STAFF else (explained.explained,)
    return float(sum(whole[labels.index(name)] - without[labels.index(name)] for name in names))
