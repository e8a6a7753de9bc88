import csv
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.replay import ReplayError, main, replay

START = datetime(2026, 1, 1)  # noqa: DTZ001 - files carry times without a zone


def table(values: list[object], minutes: int = 5, header: str = "timestamp,value") -> list[str]:
    """CSV lines at a fixed step."""
    rows = (f"{START + index * timedelta(minutes=minutes)},{value}" for index, value in enumerate(values))
    return [header, *rows]


def run(lines: list[str]) -> tuple[list[float], list[str]]:
    """The values that came out, and what was complained of."""
    complaints: list[str] = []
    return [row.value for row in replay(lines, complaints.append)], complaints


def test_every_good_row_comes_out_in_order() -> None:
    assert run(table([1, 2, 3])) == ([1.0, 2.0, 3.0], [])


@pytest.mark.parametrize("lines", [["timestamp,value"], ["timestamp,value", ""], table([7])])
def test_tiny_files(lines: list[str]) -> None:
    values, complaints = run(lines)
    assert len(values) == (len(lines) > 1 and bool(lines[1]))
    assert complaints == []


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ("2026-01-01 00:05:00,many", "line 3: value 'many' is not a number"),
        ("2026-01-01 00:05:00,-1", "line 3: value '-1' is not a count"),
        ("2026-01-01 00:05:00,nan", "line 3: value 'nan' is not a count"),
        ("yesterday,4", "line 3: timestamp 'yesterday'"),
        ("2026-01-01 00:05:00", "line 3: 1 fields"),
        ("2026-01-01 00:00:00,4", "line 3: 2026-01-01 00:00:00 is not after the row before"),
        ("2025-12-31 00:00:00,4", "line 3: 2025-12-31 00:00:00 is not after the row before"),
        ("2026-01-01 00:05:00+00:00,4", "mixes times with and without a zone"),
    ],
)
def test_a_bad_row_is_named_and_costs_nothing_else(bad: str, words: str) -> None:
    first, *rest = table([1, 2, 3])[1:]
    values, complaints = run(["timestamp,value", first, bad, *rest])
    assert values == [1.0, 2.0, 3.0]
    assert len(complaints) == 1
    assert words in complaints[0]


def test_a_row_off_the_step_is_named() -> None:
    values, complaints = run([*table([1, 2]), "2026-01-01 00:12:00,9", "2026-01-01 00:15:00,4"])
    assert values == [1.0, 2.0, 4.0]
    assert "line 4: 2026-01-01 00:12:00 is not a whole number of steps" in complaints[0]
    assert "1 missing rows" in complaints[1]


@pytest.mark.parametrize("second", ["2026-01-01 00:00:01,9", "2099-01-01 00:00:00,9"])
def test_a_wrong_date_or_a_gap_at_the_start_costs_no_other_row(second: str) -> None:
    first, *rest = table([1, 2, 3, 4, 5, 6])[1:]
    assert run(["timestamp,value", first, second, *rest])[0] == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert run(["timestamp,value", first, *rest[2:]])[0] == [1.0, 4.0, 5.0, 6.0]


def test_no_row_depends_on_later_ones_whatever_they_are() -> None:
    counts: list[object] = [*(number % 7 for number in range(500)), 10**12, 0, 10**12, *[0] * 40]
    wreck = ["x,y", "2026-01-01 00:00:00,3", "2026-03-01 00:00:00,1e300"]
    lines = [*table(counts, 15), *wreck]
    whole = list(replay(lines, lambda _: None))
    assert any(row.alert for row in whole), "a count of a million millions is one"
    for cut in (1, 2, 3, 14, 120, 502, 520):
        assert list(replay(lines[: cut + 1], lambda _: None)) == whole[:cut]


def test_columns_may_stand_anywhere() -> None:
    assert run(["\ufeffvalue,note,Timestamp", "4,x,2026-01-01 00:00:00"]) == ([4.0], [])


@pytest.mark.parametrize("header", ["", "time,value", "timestamp;value"])
def test_a_wrong_header_is_refused(header: str) -> None:
    with pytest.raises(ReplayError, match="line 1: no column"):
        run([header, "2026-01-01 00:00:00,4"])


def test_a_step_beyond_a_day_is_refused() -> None:
    with pytest.raises(ReplayError, match="line 3: the step"):
        run(table([1, 2], minutes=3000))


@given(st.lists(st.text(max_size=30), max_size=8))
def test_no_text_breaks_the_reader(lines: list[str]) -> None:
    values, complaints = run(["timestamp,value", *lines, *table([1, 2])[1:]])
    assert len(values) <= 2 or complaints


def test_json_has_one_object_per_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "counts.csv"
    file.write_text("\n".join(table([5] * 400)), encoding="utf-8")
    assert main([str(file), "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(rows) == 400
    assert rows[-1].keys() == {"timestamp", "value", "expected_low", "expected_high", "score", "alert"}
    assert rows[-1]["expected_low"] <= 5 <= rows[-1]["expected_high"]
    assert rows[0]["alert"] is False


def test_csv_is_the_default(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "counts.csv"
    file.write_text("\n".join(table([5, "x", 6])), encoding="utf-8")
    assert main([str(file)]) == 1
    printed = capsys.readouterr()
    assert [row["value"] for row in csv.DictReader(printed.out.splitlines())] == ["5.0", "6.0"]
    assert printed.err.startswith("counts.csv: line 3: value 'x' is not a number")


def test_a_missing_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none.csv")]) == 2
    assert "none.csv: " in capsys.readouterr().err


@pytest.mark.shared
def test_a_real_series_alerts_near_its_labels(shared: Path) -> None:
    folder = shared / "data" / "alerts"
    windows = json.loads((folder / "windows.json").read_text(encoding="utf-8"))
    (spans,) = [spans for name, spans in windows.items() if "CRM" in name]
    with (folder / "CRM.csv").open(encoding="utf-8") as lines:
        alerts = [row.timestamp for row in replay(lines, pytest.fail) if row.alert]
    hits = [any(str(start)[:19] <= at <= str(end)[:19] for at in alerts) for start, end in spans]
    assert all(hits)
    assert len(alerts) <= 2 * len(spans)
