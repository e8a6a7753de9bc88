"""What people wrote stays text in every form of a file."""

import csv
import gc
import io
import json
import tempfile
import tracemalloc
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from openpyxl import load_workbook

from api.export_formats import Cell, Sheet, guarded, write

ABOUT = Sheet("About", ("What", "Value"), [("Rows", 1)])
FORMULAS = ("=1+1", "+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠x", "  =1",
            "\u200f=1", "\ufeff=1", "\u202e=1", "ok;=1+1", "ok\n=1+1", "ok\r\n@x", "ok\t=1", "ok; ＝1")  # fmt: skip


def written(form: str, *rows: Sequence[Cell], columns: tuple[str, ...] = ("text",)) -> bytes:
    """The file of such a table."""
    file = io.BytesIO()
    write(form, Sheet("Mentions", columns, rows), lambda: ABOUT, file)
    return file.getvalue()


def cells_of_csv(content: bytes, delimiter: str = ",") -> list[list[str]]:
    lines = io.StringIO(content.decode("utf-8-sig"), newline="")
    return list(csv.reader(lines, delimiter=delimiter))


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_cell_begins_a_formula(formula: str) -> None:
    ((_,), (cell,)) = cells_of_csv(written("csv", (formula,)))
    assert cell == guarded(formula) != formula
    assert cell.replace("'", "") == formula.replace("'", "")
    for part in cell.replace("\r", "\n").replace("\t", "\n").replace(";", "\n").split("\n"):
        bare = part.strip(" \u200f\ufeff\u202e")
        assert not bare.startswith(tuple("=+-@＝＋－＠"))


def test_in_a_spreadsheet_each_text_is_a_text() -> None:
    book = load_workbook(io.BytesIO(written("xlsx", *((text,) for text in (*FORMULAS, "#N/A", "12")))))
    cells = [row[0] for row in book["Mentions"].iter_rows(min_row=2)]
    assert {cell.data_type for cell in cells} == {"s"}
    assert next(cell.value for cell in cells) == "=1+1"
    assert cells[0].quotePrefix


@pytest.mark.parametrize("harmless", ["good - or not", "a=b", "mail me", "5 + 5", ""])
def test_harmless_texts_stay_as_they_are(harmless: str) -> None:
    assert guarded(harmless) == harmless


def test_figures_times_and_unknowns_are_what_they_are() -> None:
    moment = datetime(2026, 1, 2, 3, tzinfo=UTC)
    row = (-5, -0.5, None, True, moment, ("a", "b"))
    columns = ("count", "net", "rating", "demo", "at", "themes")
    (_, cells) = cells_of_csv(written("csv", row, columns=columns))
    assert cells == ["-5", "-0.5", "", "true", "2026-01-02T03:00:00Z", "a, b"]
    (line,) = written("jsonl", row, columns=columns).splitlines()
    values = list(json.loads(line).values())
    assert values == [-5, -0.5, None, True, "2026-01-02T03:00:00Z", ["a", "b"]]
    book = load_workbook(io.BytesIO(written("xlsx", row, columns=columns)))
    shown = [cell.value for cell in book["Mentions"][2]]
    assert shown == [-5, -0.5, None, True, moment.replace(tzinfo=None), "a, b"]


@pytest.mark.parametrize("form", ["csv", "xlsx", "jsonl"])
def test_hostile_texts_cost_no_other_row(form: str) -> None:
    hostile = (
        "\x00a\x07\ufffe\ud800\x1b",
        "x" * 10_000_000,
        "=" * 40_000,
        '","=1',
        "</t></is></c>",
        "\u202eabc",
        "a\r\nb",
    )
    content = written(form, *((text,) for text in (*hostile, "the last")))
    if form == "csv":
        found = [row[0] for row in cells_of_csv(content)][1:]
    elif form == "jsonl":
        found = [json.loads(line)["text"] for line in content.decode().split("\n") if line]
    else:
        book = load_workbook(io.BytesIO(content), read_only=True)
        found = [str(row[0]) for row in book["Mentions"].iter_rows(min_row=2, values_only=True)]
    assert len(found) == len(hostile) + 1
    assert found[-1] == "the last"
    if form != "jsonl":
        assert found[0] == "a"
        assert max(map(len, found)) <= 32_767


@pytest.mark.parametrize("form", ["csv", "xlsx", "jsonl"])
def test_memory_does_not_grow_with_the_rows(form: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    def rows() -> Iterator[Sequence[Cell]]:
        for number in range(800):
            yield (number, f"{number} " * 1_500)

    path = tmp_path_factory.mktemp("export") / "file"
    with path.open("wb") as file:
        tracemalloc.start()
        write(form, Sheet("Mentions", ("id", "text"), rows()), lambda: ABOUT, file)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 2_000_000 < 800 * 1_500 * 4


@pytest.mark.parametrize("form", ["csv", "xlsx", "jsonl"])
def test_rows_that_break_off_leave_no_file_behind(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def rows() -> Iterator[Sequence[Cell]]:
        yield ("a text",)
        raise LookupError

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(LookupError):
        write(form, Sheet("Mentions", ("text",), rows()), lambda: ABOUT, io.BytesIO())
    gc.collect()
    assert list(tmp_path.iterdir()) == []
    written(form, ("a text",))
    assert list(tmp_path.iterdir()) == []
