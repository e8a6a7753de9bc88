import gzip
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from config.settings import ROOT
from nlp.evaluate import Outcome, calibration_error, evaluate_file, head_figures, outcome
from nlp.result import STAFF, UNKNOWN, UNSURE, TagInput, Tags, Verdict

NOTHING = Verdict(UNKNOWN, {})


def outcomes(*pairs: tuple[str, str]) -> list[Outcome]:
    return [Outcome(wanted, found, 1.0, abstained=False) for wanted, found in pairs]


def test_figures_by_hand() -> None:
    found = head_figures(outcomes(("a", "a"), ("a", "a"), ("a", "b"), ("b", "b"), ("b", "a"), ("c", "a")))
    assert found.n == 6
    assert found.accuracy == 0.5
    assert found.macro_recall == pytest.approx((2 / 3 + 1 / 2 + 0) / 3, abs=1e-4)
    assert found.per_class["a"].precision == 0.5
    assert found.per_class["a"].f1 == pytest.approx(4 / 7, abs=1e-4)
    assert found.per_class["b"].f1 == 0.5
    assert found.per_class["c"].precision is None
    assert found.macro_f1 == pytest.approx((4 / 7 + 1 / 2 + 0) / 3, abs=1e-4)


def test_calibration_error_by_hand() -> None:
    rows = [Outcome("a", "a", 0.95, abstained=False)] * 3 + [Outcome("a", "b", 0.95, abstained=False)]
    assert calibration_error(rows) == pytest.approx(0.2)
    assert calibration_error([*rows, Outcome("a", "a", 0.75, abstained=False)]) == pytest.approx(0.21)
    assert calibration_error([]) is None


def test_abstaining_is_counted_apart_from_being_wrong() -> None:
    hesitant = outcome("negative", Verdict(UNSURE, {"negative": 0.4, "neutral": 0.3, "positive": 0.3}))
    sure = outcome("negative", Verdict("positive", {"negative": 0.1, "neutral": 0.1, "positive": 0.8}))
    found = head_figures([hesitant, sure])
    assert (found.accuracy, found.share_unsure, found.accuracy_sure) == (0.5, 0.5, 0.0)


def test_a_row_without_scores_is_wrong_and_has_no_confidence() -> None:
    found = head_figures([outcome("negative", Verdict(UNSURE, {}))])
    assert (found.accuracy, found.share_unsure, found.accuracy_sure, found.ece) == (0.0, 1.0, None, None)


def write(path: Path, *rows: dict[str, object]) -> Path:
    content = "".join(json.dumps(row) + "\n" for row in rows)
    path.write_bytes(gzip.compress(content.encode()) if path.suffix == ".gz" else content.encode())
    return path


def always_employee(inputs: Sequence[TagInput]) -> list[Tags]:
    scores = {"consumer": 0.2, "employee": 0.35, "alumnus": 0.3, "candidate": 0.1, "other": 0.05}
    verdict = Verdict(STAFF, scores)
    return [Tags(one.id, "en", NOTHING, verdict, NOTHING, (), {}, "test", "1") for one in inputs]


def test_employee_and_alumnus_are_also_counted_as_one(tmp_path: Path) -> None:
    path = write(
        tmp_path / "rows.jsonl.gz", {"text": "x", "audience": "alumnus"}, {"text": "y", "audience": "consumer"}
    )
    heads = evaluate_file(path, always_employee).heads
    assert heads["audience"].accuracy == 0.0
    assert heads["audience_staff_merged"].accuracy == 0.5
    assert heads["audience"].share_unsure == 1.0
    assert heads["audience_staff_merged"].share_unsure == 0.0


def test_heads_without_labels_are_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", {"text": "x", "audience": "unknown", "sentiment": None})
    found = evaluate_file(path, always_employee)
    assert (found.heads, found.rows) == ({}, 1)


def test_an_empty_file_has_no_figures(tmp_path: Path) -> None:
    found = evaluate_file(write(tmp_path / "rows.jsonl"), always_employee)
    assert (found.heads, found.rows, found.texts_per_second) == ({}, 0, None)


def test_the_source_is_seen_only_when_asked(tmp_path: Path) -> None:
    seen: list[TagInput] = []

    def note(inputs: Sequence[TagInput]) -> list[Tags]:
        seen.extend(inputs)
        return always_employee(inputs)

    path = write(tmp_path / "rows.jsonl", {"id": "7", "text": "x", "meta": {"stars": 1}})
    evaluate_file(path, note)
    evaluate_file(path, note, with_source=True)
    assert [dict(one.meta) for one in seen] == [{}, {"stars": "1"}]


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nlp.evaluate", "--threads", "1", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )


def test_the_command_answers_with_the_contract(tmp_path: Path) -> None:
    path = write(
        tmp_path / "rows.jsonl.gz",
        {"text": "I love this phone", "sentiment": "positive", "facet": "brand", "audience": "consumer"},
        {"text": "Worst phone ever, it broke", "sentiment": "negative", "facet": "brand", "audience": None},
    )
    ended = command(str(path), "--json")
    assert ended.returncode == 0, ended.stderr
    (found,) = json.loads(ended.stdout)["files"]
    assert found["file"] == str(path)
    assert found["texts_per_second"] > 0
    assert set(found["heads"]) == {"sentiment", "audience", "audience_staff_merged", "facet"}
    sentiment = found["heads"]["sentiment"]
    assert set(sentiment) == {
        "n", "accuracy", "macro_recall", "macro_f1", "per_class", "ece", "share_unsure", "accuracy_sure",
    }  # fmt: skip
    assert set(sentiment["per_class"]["positive"]) == {"precision", "recall", "f1", "n"}
    assert sentiment["n"] == 2


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "fine"}\n{"words": 1}\n')
    ended = command(str(path))
    assert ended.returncode == 2
    assert "rows.jsonl line 2" in ended.stderr
