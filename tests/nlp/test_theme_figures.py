"""The arithmetic of the theme figures, and that the labelled sample fits its texts."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from nlp import theme_figures
from nlp.result import FACETS, TagInput, Tags, Verdict
from nlp.theme_figures import SAMPLE, SampleError, ThemeLabels, figures, is_held_out, measure, own_rows, sample_rows
from nlp.themes import ThemeSpan, theme_facets

NOTHING = Verdict("unknown", {})


def employer_only(inputs: Sequence[TagInput]) -> list[Tags]:
    facet = Verdict("employer", dict.fromkeys(FACETS, 0.25))
    return [Tags(one.id, "en", NOTHING, NOTHING, facet, (), {}, "scripted", "1") for one in inputs]


def labels(id_: str, *spans: ThemeSpan) -> ThemeLabels:
    return ThemeLabels(id_, "x" * 50, frozenset(span.theme for span in spans), spans)


def test_figures_by_hand() -> None:
    rows = [
        labels("a", ThemeSpan("pay", 0, 5), ThemeSpan("culture", 10, 20)),
        labels("b", ThemeSpan("pay", 0, 5)),
        labels("c"),
    ]
    found = [
        [ThemeSpan("pay", 3, 8)],
        [ThemeSpan("pay", 30, 35), ThemeSpan("growth", 0, 3)],
        [ThemeSpan("pay", 0, 1)],
    ]
    result = figures("by hand", rows, found)
    pay = result.per_theme["pay"]
    assert (pay.n, pay.recall, pay.f1) == (2, 1.0, 0.8)
    assert pay.precision == pytest.approx(2 / 3, abs=1e-4)
    assert result.per_theme["culture"].precision is None
    assert result.per_theme["growth"].recall is None
    assert result.micro.precision == 0.5
    assert result.micro.recall == pytest.approx(2 / 3, abs=1e-4)
    assert result.macro.recall == 0.5
    assert result.span_overlap == 0.5


def test_a_set_without_labels_has_no_means() -> None:
    result = figures("none", [labels("a")], [[]])
    assert (result.macro.f1, result.micro.f1, result.span_overlap) == (None, None, None)


def test_the_sample_is_whole_and_holds_no_text() -> None:
    rows = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
    assert len(rows) >= 400
    assert len({row["id"] for row in rows}) == len(rows)
    assert all(row.keys() == {"file", "id", "themes"} for row in rows)
    assert {span["theme"] for row in rows for span in row["themes"]} == set(theme_facets())
    assert 0.4 < sum(is_held_out(row["id"]) for row in rows) / len(rows) < 0.6


@pytest.mark.shared
def test_the_sample_fits_its_texts(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTSPOKEN_SHARED", str(shared))
    rows = list(sample_rows())
    assert len(rows) == len(SAMPLE.read_text(encoding="utf-8").splitlines())
    assert all(row.text[span.start : span.end].strip() for row in rows for span in row.spans or ())


def test_a_span_outside_its_text_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data" / "nlp").mkdir(parents=True)
    (tmp_path / "data" / "nlp" / "set.jsonl.gz").write_bytes(_packed({"id": "s:1", "text": "short"}))
    sample = tmp_path / "sample.jsonl"
    sample.write_text(json.dumps({"file": "set", "id": "s:1", "themes": [{"theme": "pay", "start": 0, "end": 9}]}))
    monkeypatch.setenv("OUTSPOKEN_SHARED", str(tmp_path))
    monkeypatch.setattr(theme_figures, "SAMPLE", sample)
    with pytest.raises(SampleError, match="s:1"):
        list(sample_rows())


def _packed(*rows: dict[str, object]) -> bytes:
    return gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode())


def test_our_own_posts_are_measured_where_the_public_sets_are_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTSPOKEN_SHARED", str(tmp_path))
    found = measure(employer_only)
    assert [one.name for one in found] == ["own posts"]
    assert found[0].rows > 500
    assert found[0].span_overlap is None


def test_our_own_posts_fall_in_two_parts() -> None:
    apart, rest = ({row.id for row in own_rows(held_out=held_out)} for held_out in (True, False))
    assert apart
    assert rest
    assert apart.isdisjoint(rest)
