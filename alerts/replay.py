"""Replay a file of counts through the alert rule: `python -m alerts.replay FILE.csv --json`."""

import argparse
import csv
import json
import math
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import chain, pairwise
from pathlib import Path
from typing import TextIO

from alerts.stream import THRESHOLD, StreamDetector, Verdict

COLUMNS = ("timestamp", "value", "expected_low", "expected_high", "score", "alert")
_GAPS = 12  # between rows, that the step is read from
_SECOND, _DAY = timedelta(seconds=1), timedelta(days=1)  # steps that can be judged
MAX_GAP = timedelta(days=365)  # a jump beyond it is a wrong date rather than missing rows


class ReplayError(Exception):
    """The file can't be replayed at all; the message says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One count; `timestamp` is the text of the file, so that it comes out as it went in."""

    line: int
    timestamp: str
    at: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Judged:
    """One row of the answer."""

    timestamp: str
    value: float
    expected_low: float | None
    expected_high: float | None
    score: float
    alert: bool


def replay(lines: Iterable[str], complain: Callable[[str], None], sensitivity: str = "balanced") -> Iterator[Judged]:
    """The judged rows of a CSV text with the columns `timestamp` and `value`, one by one as they are read.

    The step is the most frequent time between the first good rows, so that a gap or a wrong date there costs no others.
    A row that can't be read, does not move forward or lies off the step is told to `complain` with its line and left
    out; missing rows are told and count as unknown. Raises ReplayError when the header lacks a column.
    """
    rows = _rows(lines, complain)
    head = _head(rows)
    if not head:
        return
    first = head[0]
    rows = chain(head[1:], rows)
    step = _step(head)
    if step is None:
        yield _judged(first, Verdict(None, None, 0.0, False))
        for row in rows:
            _forward(first, row, complain)
        return
    try:
        detector = StreamDetector(step, sensitivity)
    except ValueError as error:
        raise ReplayError(f"line {head[1].line}: {error}") from None
    yield _judged(first, detector.push(first.value))
    yield from _rest(rows, first, step, detector, complain)


def _head(rows: Iterator[Row]) -> list[Row]:
    """As many rows as the step is read from."""
    head: list[Row] = []
    for row in rows:
        head.append(row)
        if len(_gaps(head)) >= _GAPS:
            break
    return head


def _gaps(head: Sequence[Row]) -> list[timedelta]:
    alike = [(a.at, b.at) for a, b in pairwise(head) if (a.at.tzinfo is None) == (b.at.tzinfo is None)]
    return [later - earlier for earlier, later in alike if later > earlier]


def _step(head: Sequence[Row]) -> timedelta | None:
    """The most frequent time between rows, of equally frequent ones the first; None when no row moves forward."""
    gaps = _gaps(head)
    possible = [gap for gap in gaps if _SECOND <= gap <= _DAY]
    ((step, _),) = Counter(possible or gaps).most_common(1) or ((None, 0),)
    return step


def _rest(
    rows: Iterator[Row], last: Row, step: timedelta, detector: StreamDetector, complain: Callable[[str], None]
) -> Iterator[Judged]:
    for row in rows:
        if not _forward(last, row, complain):
            continue
        steps, off = divmod(row.at - last.at, step)
        if off or row.at - last.at > MAX_GAP:
            complain(f"line {row.line}: {row.timestamp} is not a whole number of steps ({step}) after the row before")
            continue
        if steps > 1:
            complain(f"line {row.line}: {steps - 1} missing rows before {row.timestamp} count as unknown")
            detector.skip(steps - 1)
        last = row
        yield _judged(row, detector.push(row.value))


def _rows(lines: Iterable[str], complain: Callable[[str], None]) -> Iterator[Row]:
    reader = csv.reader(line.replace("\0", "\ufffd") for line in lines)
    columns = _columns(reader)
    while True:
        try:
            fields = next(reader)
            if fields:
                yield _row(reader.line_num, fields, columns)
        except StopIteration:
            return
        except (ValueError, csv.Error) as error:
            complain(f"line {reader.line_num}: {error}")


def _columns(reader: Iterator[list[str]]) -> tuple[int, int]:
    try:
        header = [name.strip().lstrip("\ufeff").lower() for name in next(reader, [])]
    except csv.Error as error:
        raise ReplayError(f"line 1: {error}") from None
    missing = [name for name in ("timestamp", "value") if name not in header]
    if missing:
        raise ReplayError(f"line 1: no column {' and no column '.join(missing)}")
    return header.index("timestamp"), header.index("value")


def _row(line: int, fields: Sequence[str], columns: tuple[int, int]) -> Row:
    if len(fields) <= max(columns):
        raise ValueError(f"{len(fields)} fields, timestamp and value expected")
    timestamp, text = (fields[column].strip() for column in columns)
    try:
        at = datetime.fromisoformat(timestamp)
    except ValueError:
        raise ValueError(f"timestamp {timestamp[:40]!r} is not a date and time like 2026-01-31 13:05:00") from None
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"value {text[:40]!r} is not a number") from None
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"value {text[:40]!r} is not a count of 0 or more")
    return Row(line, timestamp, at, value)


def _forward(last: Row, row: Row, complain: Callable[[str], None]) -> bool:
    if (last.at.tzinfo is None) != (row.at.tzinfo is None):
        complain(f"line {row.line}: {row.timestamp} mixes times with and without a zone")
        return False
    if row.at <= last.at:
        complain(f"line {row.line}: {row.timestamp} is not after the row before ({last.timestamp})")
        return False
    return True


def _judged(row: Row, verdict: Verdict) -> Judged:
    low, high = verdict.expected_low, verdict.expected_high
    return Judged(row.timestamp, row.value, _short(low), _short(high), round(verdict.score, 4), verdict.alert)


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _write_csv(judged: Iterable[Judged], out: TextIO) -> None:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in judged:
        values = asdict(row)
        writer.writerow(int(row.alert) if name == "alert" else values[name] for name in COLUMNS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0: all rows judged; 1: some lines were left out; 2: nothing could be replayed."""
    parser = argparse.ArgumentParser(
        prog="python -m alerts.replay", description="Replay counts through the alert rule."
    )
    parser.add_argument("file", type=Path, help="CSV with the columns timestamp and value at a fixed step")
    parser.add_argument("--json", action="store_true", help="one JSON object per row instead of CSV")
    parser.add_argument("--sensitivity", choices=sorted(THRESHOLD), default="balanced")
    options = parser.parse_args(arguments)
    complaints = 0

    def complain(message: str) -> None:
        nonlocal complaints
        complaints += "count as unknown" not in message
        sys.stderr.write(f"{options.file.name}: {message}\n")

    try:
        with options.file.open(encoding="utf-8", errors="replace", newline="") as lines:
            judged = replay(lines, complain, options.sensitivity)
            if options.json:
                for row in judged:
                    sys.stdout.write(json.dumps(asdict(row)) + "\n")
            else:
                _write_csv(judged, sys.stdout)
    except (ReplayError, OSError) as error:
        sys.stderr.write(f"{options.file.name}: {error}\n")
        return 2
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
