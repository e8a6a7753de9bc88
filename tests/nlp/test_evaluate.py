import gzip
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from config.settings import ROOT
from nlp.evaluate import Given, evaluate_file, main
from nlp.figures import Outcome, calibration_error, head_figures, outcome, risk_coverage
from nlp.report import file_json
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
    evaluate_file(path, note, Given(source=True))
    assert [dict(one.meta) for one in seen] == [{}, {"stars": "1"}]


def test_the_target_is_given_unless_kept_back(tmp_path: Path) -> None:
    seen: list[str | None] = []

    def note(inputs: Sequence[TagInput]) -> list[Tags]:
        seen.extend(one.target for one in inputs)
        return always_employee(inputs)

    path = write(tmp_path / "rows.jsonl", {"text": "x", "target": "Acme"}, {"text": "y", "target": ""}, {"text": "z"})
    evaluate_file(path, note)
    evaluate_file(path, note, Given(target=False))
    assert seen == ["Acme", None, None, None, None, None]


def test_risk_and_coverage_by_hand() -> None:
    rows = [
        Outcome("a", "a" if right else "b", sure, abstained=False) for right, sure in ((1, 0.9), (0, 0.5), (1, 0.7))
    ]
    curve = risk_coverage(rows)
    assert curve.accuracy_at[100] == pytest.approx(2 / 3, abs=1e-4)
    assert (curve.accuracy_at[60], curve.accuracy_at[10]) == (1.0, 1.0)
    assert curve.area == pytest.approx((1 + 1 + 2 / 3) / 3, abs=1e-4)


def test_rows_of_equal_confidence_count_alike_in_any_order() -> None:
    rows = outcomes(("a", "a"), ("a", "b"), ("a", "b"), ("a", "a"))
    assert risk_coverage(rows) == risk_coverage(rows[::-1])
    assert risk_coverage(rows).accuracy_at[10] == 0.5


def test_figures_split_by_a_field_of_the_rows(tmp_path: Path) -> None:
    path = write(
        tmp_path / "rows.jsonl",
        {"text": "x", "audience": "employee", "genre": "tweet"},
        {"text": "y", "audience": "consumer", "genre": "review"},
        {"text": "z", "audience": "consumer"},
    )
    found = evaluate_file(path, always_employee, Given(by="genre"))
    assert {group: heads["audience"].accuracy for group, heads in found.groups.items()} == {
        "none": 0.0,
        "review": 0.0,
        "tweet": 1.0,
    }
    assert found.heads["audience"].n == 3


def test_curves_and_groups_are_in_the_json_only_when_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", {"text": "x", "audience": "employee", "lang": "en"})
    plain = evaluate_file(path, always_employee)
    split = evaluate_file(path, always_employee, Given(by="lang"))
    assert set(file_json(plain, curves=False, by=None)) == {"file", "rows", "heads", "texts_per_second"}
    asked = json.loads(json.dumps(file_json(split, curves=True, by="lang")))
    assert asked["by"] == "lang"
    assert asked["groups"]["en"]["audience"]["curve"]["accuracy_at"]["100"] == 1.0


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


def test_a_target_that_is_no_string_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", {"text": "fine", "target": ["Acme"]})
    with pytest.raises(ValueError, match=r"rows.jsonl line 1: field target"):
        evaluate_file(path, always_employee)


Answer = tuple[int, str, str]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    def run_main(*arguments: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["nlp.evaluate", "--threads", "1", *arguments])
        try:
            status = main()
        except SystemExit as ended:
            status = int(str(ended.code))
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return run_main


def test_other_weights_are_read_from_their_folder(tmp_path: Path, run: Callable[..., Answer]) -> None:
    path = write(tmp_path / "rows.jsonl", {"text": "fine"})
    status, _, errors = run(str(path), "--weights", str(tmp_path))
    assert status == 2
    assert "meta.json" in errors


@pytest.mark.parametrize("arguments", [(), ("rows.jsonl", "--themes"), ("--behaviour", "--themes")])
def test_one_thing_is_measured_at_a_time(arguments: tuple[str, ...], run: Callable[..., Answer]) -> None:
    status, _, errors = run(*arguments)
    assert status == 2
    assert "wanted files, --behaviour or --themes" in errors


def test_tables_show_curves_and_groups(tmp_path: Path, run: Callable[..., Answer]) -> None:
    path = write(tmp_path / "rows.jsonl", {"text": "I love this phone", "sentiment": "positive", "genre": "tweet"})
    status, shown, errors = run(str(path), "--curves", "--by", "genre")
    assert (status, errors) == (0, "")
    assert "accuracy by coverage" in shown
    assert "tweet" in shown
