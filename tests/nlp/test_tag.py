"""The tagger with its real weights. The sentences are unmistakable: a model that misses them is broken."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.settings import ROOT
from nlp.result import AUDIENCES, FACETS, SENTIMENTS, STAFF, UNKNOWN, UNSURE, TagInput, Tags
from nlp.tag import LineError, model_version, parse_line, read_lines, tag_lines, tag_posts

LABELS = {
    "sentiment": (*SENTIMENTS, UNSURE),
    "audience": (*AUDIENCES, STAFF, UNKNOWN),
    "facet": FACETS,
}


def tag(text: str, **meta: str) -> Tags:
    return tag_posts([TagInput("1", text, meta=meta)])[0]


def run(lines: str | bytes) -> tuple[list[dict[str, object]], str, int]:
    """Answers, standard error and number of bad lines."""
    out, errors = io.StringIO(), io.StringIO()
    data = lines.encode() if isinstance(lines, str) else lines
    bad = tag_lines(io.BytesIO(data), out, errors, threads=1)
    return [json.loads(line) for line in out.getvalue().splitlines()], errors.getvalue(), bad


@pytest.mark.parametrize(
    ("text", "sentiment"),
    [
        ("Absolutely love this phone, best purchase I have made all year!", "positive"),
        ("Worst airline ever. They lost my bag and nobody apologised. Never again.", "negative"),
        ("The store on Mill Street opens at nine on Monday.", "neutral"),
    ],
)
def test_plain_sentiment(text: str, sentiment: str) -> None:
    assert tag(text).sentiment.label == sentiment


@pytest.mark.parametrize(
    ("text", "audiences"),
    [
        ("I bought a kettle from them and it broke after two days, still waiting for my refund", {"consumer"}),
        ("I work here as a nurse, our shifts are short staffed and management ignores us", {"employee", STAFF}),
        ("I used to work there, quit last year after four years because of the pay", {"alumnus", STAFF}),
        ("Applied in May, had three interviews and then the recruiter ghosted me", {"candidate"}),
        ("Northwind names new finance chief, shares rise 3%", {"other", UNKNOWN}),
    ],
)
def test_plain_audience(text: str, audiences: set[str]) -> None:
    assert tag(text).audience.label in audiences


@pytest.mark.parametrize(
    ("text", "facet"),
    [
        ("The pizza was cold and the waiter was rude", "brand"),
        ("Great place to work: good salary, good benefits, supportive management", "employer"),
        ("Watching the game with my sister tonight, so excited", "neither"),
    ],
)
def test_plain_facet(text: str, facet: str) -> None:
    assert tag(text).facet.label == facet


def test_scores_are_probabilities_over_the_named_classes() -> None:
    found = tag("The delivery came late but the support was kind")
    for verdict, labels in ((found.sentiment, SENTIMENTS), (found.audience, AUDIENCES), (found.facet, FACETS)):
        assert tuple(verdict.scores) == labels
        assert sum(verdict.scores.values()) == pytest.approx(1.0, abs=1e-4)


def test_order_is_kept_whatever_the_lengths() -> None:
    texts = ["great " * count for count in (90, 1, 40, 3, 200, 2, 0, 15)]
    assert [one.id for one in tag_posts([TagInput(str(n), text) for n, text in enumerate(texts)])] == list("01234567")


def test_neighbours_do_not_change_a_text() -> None:
    text = "The new app is slow and the support never answers"
    alone = tag(text).sentiment.scores["negative"]
    others = [TagInput(str(n), f"some other words about product number {n} " * (n % 5 + 1)) for n in range(40)]
    among = tag_posts([*others, TagInput("x", text)])[-1].sentiment.scores["negative"]
    assert among == pytest.approx(alone, abs=1e-4)


def test_no_input_no_output() -> None:
    assert tag_posts([]) == []


@pytest.mark.parametrize("text", ["", "   \n", "@user https://example.com/a", "\u200b\u202e"])
def test_a_text_without_words_gets_no_guess(text: str) -> None:
    found = tag(text)
    assert (found.sentiment.label, found.audience.label, found.facet.label) == (UNSURE, UNKNOWN, "neither")
    assert set(found.sentiment.scores.values()) == {1 / 3}
    assert found.evidence["sentiment"] == "no words"


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("Der Kundendienst war leider sehr unfreundlich und hat nicht geholfen", "de"),
        ("هذا المنتج رائع جدا وأنا سعيد به كثيرا", "ar"),
        ("このお店のサービスは本当に素晴らしいです", "ja"),
    ],
)
def test_a_language_that_the_model_does_not_know_gets_no_guess(text: str, lang: str) -> None:
    found = tag(text)
    assert (found.lang, found.sentiment.label, found.audience.label) == (lang, UNSURE, UNKNOWN)
    assert found.evidence["sentiment"] == f"language {lang} not supported"


def test_short_words_in_other_letters_are_not_read_as_english() -> None:
    assert tag("да нет").evidence["sentiment"] == "language undetermined"


def test_a_short_english_post_is_read_and_says_so() -> None:
    found = tag("love it")
    assert found.sentiment.label == "positive"
    assert found.evidence["language"] == "undetermined, read as English"


def test_emoji_alone_are_read() -> None:
    found = tag("😍😍😍")
    assert found.lang == "und"
    assert found.sentiment.scores["positive"] > found.sentiment.scores["negative"]


def test_a_huge_text_is_tagged_by_head_and_tail() -> None:
    found = tag("This is the worst company, a terrible product and awful service. " * 80_000)
    assert found.sentiment.label == "negative"


def test_what_the_source_states_beats_the_model() -> None:
    found = tag("I love this phone", author_status="former employee", stars="1", kind="review")
    assert (found.audience.label, found.sentiment.label, found.facet.label) == ("alumnus", "negative", "employer")
    assert found.evidence["audience"] == "source: former employee"
    assert found.evidence["sentiment"] == "source: 1 stars"


def test_what_the_source_states_holds_for_a_text_nobody_read() -> None:
    found = tag("Der Kundendienst war leider sehr unfreundlich und hat nicht geholfen", stars="2")
    assert found.sentiment.label == "negative"
    assert found.audience.label == UNKNOWN


def test_themes_leave_protected_activity_out() -> None:
    assert "pay" in tag("I work here and the salary is far too low for this workload").themes
    assert tag("I work here, the salary is low, so we are forming a union").themes == ()


def test_the_version_is_that_of_the_weights() -> None:
    assert tag("hello there").model == model_version()


def test_lines_are_answered_in_order_with_the_public_shape() -> None:
    lines = [{"id": str(n), "text": text} for n, text in enumerate(("good phone", "", "bad phone", "😡"))]
    answers, errors, bad = run("\n".join(json.dumps(line) for line in lines) + "\n")
    assert [answer["id"] for answer in answers] == ["0", "1", "2", "3"]
    assert (errors, bad) == ("", 0)
    for answer in answers:
        assert list(answer) == ["id", "lang", "sentiment", "audience", "facet", "themes", "evidence", "model"]
        for head, labels in LABELS.items():
            verdict = answer[head]
            assert isinstance(verdict, dict)
            assert verdict["label"] in labels


def test_bad_lines_are_named_and_lose_nothing_else() -> None:
    answers, errors, bad = run('{"id": "a", "text": "fine"}\nnonsense\n\n[1]\n{"id": "b"}\n{"id": "c", "text": "ok"}')
    assert [answer["id"] for answer in answers] == ["a", "c"]
    assert bad == 3
    assert [line.split(":")[0] for line in errors.splitlines()] == ["line 2", "line 4", "line 5"]


def test_bytes_that_are_no_utf8_are_a_bad_line() -> None:
    answers, errors, bad = run(b'{"id": "a", "text": "\xff"}\n{"id": "b", "text": "fine"}\n')
    assert [answer["id"] for answer in answers] == ["b"]
    assert bad == 1
    assert errors.startswith("line 1: ")


def test_a_byte_order_mark_is_no_error() -> None:
    assert run(b'\xef\xbb\xbf{"id": "a", "text": "fine"}\n')[2] == 0


def test_a_line_beyond_the_limit_is_skipped_without_being_kept() -> None:
    stream = io.BytesIO(b"short\n" + b"x" * 50 + b"\nnext\n" + b"y" * 30)
    assert list(read_lines(stream, limit=20)) == [b"short\n", None, b"next\n", None]
    assert list(read_lines(io.BytesIO(b"x" * 19 + b"\n"), limit=20)) == [b"x" * 19 + b"\n"]


def test_a_skipped_line_is_named() -> None:
    out, errors = io.StringIO(), io.StringIO()
    assert tag_lines([None, b'{"id": "a", "text": "fine"}'], out, errors, threads=1) == 1
    assert errors.getvalue().startswith("line 1: longer than")
    assert json.loads(out.getvalue())["id"] == "a"


def test_a_half_emoji_in_an_id_is_answered() -> None:
    answers, _, bad = run('{"id": "\\ud83d", "text": "fine \\ud83d"}')
    assert (answers[0]["id"], bad) == ("\ud83d", 0)


def test_empty_input_gives_empty_output() -> None:
    assert run("") == ([], "", 0)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ('{"text": "x"}', "id"),
        ('{"id": true, "text": "x"}', "id"),
        ('{"id": "1", "text": 5}', "text"),
        ('{"id": "1", "text": "x", "meta": []}', None),
        ('{"id": "1", "text": "x", "meta": "stars"}', "meta"),
        ('{"id": "1", "text": "x", "source": 5}', "source"),
    ],
)
def test_a_wrong_field_is_named(line: str, field: str | None) -> None:
    if field is None:
        assert parse_line(line).meta == {}
        return
    with pytest.raises(LineError, match=f"field {field}"):
        parse_line(line)


def test_meta_may_hold_numbers_and_truth_values() -> None:
    given = parse_line('{"id": 7, "text": "x", "meta": {"stars": 5, "own_account": true, "kind": null}}')
    assert given == TagInput("7", "x", meta={"stars": "5", "own_account": "yes"})


def test_the_command_ends_with_status_one_after_a_bad_line() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "nlp.tag", "--threads", "1"],
        input='{"id": "a", "text": "fine words"}\nnonsense\n',
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert ended.returncode == 1
    assert json.loads(ended.stdout)["id"] == "a"
    assert ended.stderr.startswith("line 2: ")


def test_tagging_needs_no_torch() -> None:
    code = "import sys; from nlp.tag import *; from nlp.result import TagInput; tag_posts([TagInput('1', 'good')]); "
    ended = subprocess.run(
        [sys.executable, "-c", code + "sys.exit('torch' in sys.modules)"], capture_output=True, cwd=ROOT, check=False
    )
    assert ended.returncode == 0, ended.stderr


def test_a_model_that_cannot_be_used_is_a_sentence(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "nlp.tag"], cwd=ROOT, input='{"id": "1", "text": "hi"}', capture_output=True, text=True,
        env=os.environ | {"MODEL_DIR": str(tmp_path)},
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("nlp.tag: ")
    assert len(ended.stderr.splitlines()) == 1
