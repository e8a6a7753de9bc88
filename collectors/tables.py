"""CSV, XLSX and JSONL files as rows of cells, streamed in bounded memory."""

import csv
import io
import itertools
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from charset_normalizer import from_bytes

SAMPLE_BYTES = 1_000_000
MAX_LINE_CHARS = 10_000_000  # a longer line is skipped and reported
MAX_UNPACKED_BYTES = 1_000_000_000  # of an XLSX file as a whole
MAX_STRINGS_BYTES = 200_000_000  # of its table of strings, which is read whole
MAX_COLUMNS = 1_000
JSON_SAMPLE = 200
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe\x00\x00", "utf-32"), (b"\x00\x00\xfe\xff", "utf-32"))
_BOMS_16 = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_CODE_PAGES = ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp932", "gb18030", "big5", "euc_kr", "mac_roman"]
_DELIMITERS = ",;\t|"

Progress = Callable[[int, int], None]


class FileError(ValueError):
    """A whole file that cannot be read, as one sentence."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that could not be read at all."""

    reason: str


@dataclass(frozen=True, slots=True)
class Format:
    """How a file is written, as recognised. `encoding` and `delimiter` are empty where they have no meaning."""

    name: str  # csv, xlsx, jsonl
    encoding: str = ""
    delimiter: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Headings and the rows below, each with its line in the file (in XLSX: row). A row may have fewer cells."""

    headings: tuple[str, ...]
    rows: Iterator[tuple[int, Sequence[object] | BadRow]]


def format_of(path: Path) -> Format:
    """Recognise a file by its content, not by its name; raise `FileError`."""
    with path.open("rb") as file:
        sample = file.read(SAMPLE_BYTES)
    if not sample.strip(b"\x00\xef\xbb\xbf\xff\xfe \t\r\n"):
        raise FileError("The file is empty.")
    if sample.startswith(b"PK\x03\x04"):
        return Format("xlsx")
    if sample.startswith((b"\xd0\xcf\x11\xe0", b"%PDF", b"\x1f\x8b", b"\x89PNG", b"\xff\xd8\xff")):
        raise FileError("The file is neither CSV, XLSX nor JSONL; old .xls files must be saved as .xlsx first.")
    encoding = _encoding_of(sample, whole=len(sample) < SAMPLE_BYTES)
    text = sample.decode(encoding, "replace").lstrip("\ufeff")
    if text.lstrip().startswith("{"):
        return Format("jsonl", encoding)
    if text.lstrip().startswith("["):
        raise FileError("The file is one JSON list; JSONL with one object a line is needed.")
    return Format("csv", encoding, _delimiter_of(text))


def _encoding_of(sample: bytes, *, whole: bool) -> str:
    for mark, encoding in (*_BOMS, *_BOMS_16):
        if sample.startswith(mark):
            return encoding
    if b"\x00" in sample[:1000]:
        even, odd = sample[:1000:2].count(0), sample[1:1000:2].count(0)
        if max(even, odd) > 100 or max(even, odd) * 3 > len(sample[:1000]) // 2:
            return "utf-16-be" if even > odd else "utf-16-le"
    text = sample.decode("utf-8", "surrogateescape")
    alien = sum("\udc80" <= letter <= "\udcff" for letter in text[: None if whole else -4])
    proper = sum(letter > "\x7f" for letter in text) - alien
    if alien > proper:
        return _code_page(sample[:100_000])
    return "utf-8"


def _code_page(sample: bytes) -> str:
    """The likeliest; of equals Windows' Western one, since "ma\u00f1ana" is good text in its Eastern sister, too."""
    found = from_bytes(sample, cp_isolation=_CODE_PAGES)
    best = found.best()
    if best is None:
        return "cp1252"
    equals = {match.encoding for match in found if (match.chaos, match.coherence) == (best.chaos, best.coherence)}
    return "cp1252" if "cp1252" in equals else best.encoding


def _delimiter_of(text: str) -> str:
    """The delimiter that cuts the first rows into the same number of cells, and into most."""
    if text[:4].lower() == "sep=" and text[4:5] in _DELIMITERS:
        return text[4]
    best, best_score = ",", (0, 0)
    for delimiter in _DELIMITERS:
        widths = _widths(text[:50_000], delimiter)
        same = sum(width == widths[0] for width in widths)
        score = (same * 10 // len(widths), widths[0]) if widths and widths[0] > 1 else (0, 0)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _widths(text: str, delimiter: str) -> list[int]:
    widths = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if row:
                widths.append(len(row))
            if len(widths) >= 20:
                break
    except csv.Error:
        return []
    return widths[:-1] if len(widths) > 2 else widths  # the last one may be cut off


@contextmanager
def open_table(path: Path, given: Format, progress: Progress | None = None) -> Iterator[Table]:
    """Open a file as recognised by `format_of`. `progress` hears (bytes read, bytes in all), for XLSX (row, 0)."""
    if given.name == "xlsx":
        with _open_xlsx(path, progress) as table:
            yield table
        return
    with path.open("rb") as file:
        text = io.TextIOWrapper(file, given.encoding, _on_error(given.encoding), newline="")
        size = path.stat().st_size
        lines = _Lines(text, (lambda: progress(min(file.tell(), size), size)) if progress else None)
        yield _json_table(lines) if given.name == "jsonl" else _headed(_csv_rows(lines, given.delimiter))


def _on_error(encoding: str) -> str:
    """Bytes that are no UTF-8 are kept aside and read as Windows text, cell by cell: many exports mix the two."""
    return "surrogateescape" if encoding.startswith("utf-8") else "replace"


class _Lines:
    """Lines of bounded length. An overlong one raises `csv.Error` once and reading goes on behind it."""

    def __init__(self, text: io.TextIOWrapper, report: Callable[[], None] | None) -> None:
        self._text = text
        self._report = report
        self.number = 0
        self.over = False  # somebody asked for a line behind the last one

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._text.readline(MAX_LINE_CHARS)
        if not line:
            self.over = True
            raise StopIteration
        self.number += 1
        if self._report and self.number % 1000 == 0:
            self._report()
        if len(line) >= MAX_LINE_CHARS and not line.endswith(("\n", "\r")):
            while (rest := self._text.readline(MAX_LINE_CHARS)) and not rest.endswith(("\n", "\r")):
                pass
            raise csv.Error(f"the line is longer than {MAX_LINE_CHARS:,} characters")
        return line.lstrip("\ufeff") if self.number == 1 else line


def _csv_rows(lines: _Lines, delimiter: str) -> Iterator[tuple[int, Sequence[object] | BadRow]]:
    csv.field_size_limit(MAX_LINE_CHARS)
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        line = lines.number + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            until = f" up to line {lines.number}; a quotation mark may not be closed" if lines.number > line else ""
            yield line, BadRow(f"{error}{until}")
            continue
        if lines.over:  # a row that needs more than there is: from its quotation mark on, all rows became one cell
            yield line, BadRow("a quotation mark is not closed, so nothing from here to the end of the file was read")
        elif any(cell.strip() for cell in row) and not (line == 1 and row[0].lower().startswith("sep=")):
            yield line, [repaired(cell) for cell in row]


def repaired(cell: str) -> str:
    """A cell whose bytes were no UTF-8, read as Windows text."""
    if cell.isascii() or not any("\udc80" <= letter <= "\udcff" for letter in cell):
        return cell
    return cell.encode("utf-8", "surrogateescape").decode("cp1252", "replace")


def _json_table(lines: _Lines) -> Table:
    """Objects as rows; the headings are the names in the first objects, later ones are not looked at."""
    objects = _objects(lines)
    first = list(itertools.islice(objects, JSON_SAMPLE))
    names = dict.fromkeys(name for _, values in first if not isinstance(values, BadRow) for name in values)
    headings = tuple(names)[:MAX_COLUMNS]
    if not headings:
        raise FileError("The file has no line with a JSON object.")
    rows = (
        (line, values if isinstance(values, BadRow) else [values.get(name) for name in headings])
        for line, values in itertools.chain(first, objects)
    )
    return Table(headings, rows)


def _headed(rows: Iterator[tuple[int, Sequence[object] | BadRow]]) -> Table:
    """The first row that is not blank holds the headings."""
    _, first = next(rows, (0, BadRow("nothing")))
    if isinstance(first, BadRow):
        raise FileError(f"The file's first row cannot be read: {first.reason}.")
    if len(first) > MAX_COLUMNS:
        raise FileError(f"The file has {len(first):,} columns; at most {MAX_COLUMNS:,} are read.")
    return Table(tuple("" if cell is None else str(cell).strip() for cell in first), rows)


@contextmanager
def _open_xlsx(path: Path, progress: Progress | None) -> Iterator[Table]:
    _refuse_bomb(path)
    import openpyxl  # here, since the web process lists kinds of files and reads none

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
    except Exception as error:
        raise FileError(f"The file is not an XLSX file that can be read ({type(error).__name__}).") from error
    try:
        if not book.worksheets:
            raise FileError("The file has no sheet with cells.")
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # the stated size may be a lie of a million columns
        yield _headed(_sheet_rows(sheet.iter_rows(values_only=True), progress))
    finally:
        book.close()


def _sheet_rows(
    rows: Iterator[tuple[object, ...]], progress: Progress | None
) -> Iterator[tuple[int, Sequence[object] | BadRow]]:
    numbered = enumerate(rows, start=1)
    while True:
        try:
            number, row = next(numbered)
        except StopIteration:
            return
        except Exception as error:  # noqa: BLE001 - a damaged part ends the sheet, the rows before it are good
            yield 0, BadRow(f"the sheet is damaged here ({type(error).__name__}); nothing behind it was read")
            return
        if progress and number % 1000 == 0:
            progress(number, 0)
        cells = [None if cell == "" else cell for cell in row]
        while cells and cells[-1] is None:
            cells.pop()
        if cells:
            yield number, cells


def _refuse_bomb(path: Path) -> None:
    """An XLSX file is a ZIP: a few kilobytes may unpack to gigabytes."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise FileError("The file is a damaged XLSX (ZIP) file.") from error
    strings = sum(part.file_size for part in parts if "sharedstrings" in part.filename.lower())
    if sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES or strings > MAX_STRINGS_BYTES or len(parts) > 5_000:
        raise FileError("The XLSX file unpacks to more than is read; please save it as CSV.")


def _objects(lines: _Lines) -> Iterator[tuple[int, dict[str, Any] | BadRow]]:
    while True:
        try:
            text = next(lines)
        except StopIteration:
            return
        except csv.Error as error:
            yield lines.number, BadRow(str(error))
            continue
        if not text.strip():
            continue
        try:
            value = json.loads(repaired(text))
        except (ValueError, RecursionError) as error:
            yield lines.number, BadRow(f"not JSON ({str(error)[:100]})")
            continue
        yield lines.number, _flat(value) if isinstance(value, dict) else BadRow("not a JSON object")


def _flat(value: dict[str, Any]) -> dict[str, Any]:
    """Objects within the object become dotted names, one level deep."""
    flat: dict[str, Any] = {}
    for name, inner in value.items():
        if isinstance(inner, dict):
            flat |= {f"{name}.{key}": deep for key, deep in inner.items() if not isinstance(deep, dict | list)}
        elif not isinstance(inner, list):
            flat[name] = inner
    return flat
