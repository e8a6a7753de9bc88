"""Tables as CSV, XLSX and JSON lines, row by row: as much memory for a million rows as for one.

What people wrote must stay text in a spreadsheet. In CSV, an apostrophe goes before a sign that would begin a formula
(= + - @, their full-width forms, tab, carriage return), at the start of a cell, behind what spreadsheets skip there
(spaces, invisible characters), and behind what other settings take for the end of a cell (line break, semicolon, tab).
In XLSX, each text is stored as a text. JSON lines hold the texts as they are.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

Cell = str | int | float | bool | datetime | tuple[str, ...] | None
MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jsonl": "application/x-ndjson; charset=utf-8",
}
_MARK = "\ufeff"  # without it Excel reads UTF-8 as something else
_LONGEST = 32_767  # characters of a cell of a spreadsheet
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_SKIPPED = "\\s\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
_SIGNS = f"[{_SKIPPED}]*[=+\\-@\uff1d\uff0b\uff0d\uff20]"
_AT_START = re.compile(f"[\t\r]|{_SIGNS}")
_AT_BREAK = re.compile(f"([\r\n\t;])(?={_SIGNS})")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: headings, and rows of as many cells, read once."""

    name: str
    columns: tuple[str, ...]
    rows: Iterable[Sequence[Cell]]


def write(form: str, sheet: Sheet, about: Callable[[], Sheet], file: BinaryIO) -> None:
    """Write the table; `about` is asked after its last row, and becomes the second sheet of XLSX."""
    if form == "xlsx":
        _write_xlsx(sheet, about, file)
        return
    for line in _csv_lines(sheet) if form == "csv" else _json_lines(sheet):
        file.write(line.encode("utf-8", "replace"))


def guarded(text: str) -> str:
    """The text as a cell of CSV that no spreadsheet takes for a formula."""
    kept = f"'{text}" if _AT_START.match(text) else text
    return _AT_BREAK.sub(r"\1'", kept)


def _csv_lines(sheet: Sheet) -> Iterator[str]:
    line = io.StringIO()
    writer = csv.writer(line, quoting=csv.QUOTE_ALL)
    line.write(_MARK)
    writer.writerow(sheet.columns)
    for row in sheet.rows:
        yield line.getvalue()
        line.seek(0)
        line.truncate()
        writer.writerow([_csv_cell(cell) for cell in row])
    yield line.getvalue()


def _csv_cell(cell: Cell) -> str | int | float:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int | float):  # a negative figure is no formula
        return cell
    return guarded(_as_text(cell))


def _as_text(cell: str | datetime | tuple[str, ...] | None) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return _moment(cell)
    words = cell if isinstance(cell, str) else ", ".join(cell)
    words = _CONTROL.sub("", words)
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 2]}…"  # a place is left for an apostrophe


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _json_lines(sheet: Sheet) -> Iterator[str]:
    for row in sheet.rows:
        values = dict(zip(sheet.columns, row, strict=True))
        plain = {name: _moment(cell) if isinstance(cell, datetime) else cell for name, cell in values.items()}
        yield json.dumps(plain, ensure_ascii=False) + "\n"


def _write_xlsx(sheet: Sheet, about: Callable[[], Sheet], file: BinaryIO) -> None:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    pages: list[WriteOnlyWorksheet] = []
    try:
        pages.append(book.create_sheet(sheet.name))
        _fill(pages[0], sheet)
        told = about()
        pages.append(book.create_sheet(told.name))
        _fill(pages[1], told)
        book.save(file)
    except BaseException:
        _discard(pages)
        raise


def _discard(pages: "Sequence[WriteOnlyWorksheet]") -> None:
    """Texts stay in no file of openpyxl's, which would remove it at the end of the process only."""
    for page in pages:
        if not page.closed:
            page.close()
        writer = getattr(page, "_writer", None)
        if writer is not None:
            with suppress(OSError):
                writer.cleanup()


def _fill(page: "WriteOnlyWorksheet", table: Sheet) -> None:
    page.freeze_panes = "A2"
    page.append(table.columns)
    for row in table.rows:
        page.append([_xlsx_cell(page, cell) for cell in row])


def _xlsx_cell(page: "WriteOnlyWorksheet", cell: Cell) -> object:
    from openpyxl.cell import WriteOnlyCell

    if isinstance(cell, datetime):  # a spreadsheet knows no time zones: all times are UTC
        return cell.astimezone(UTC).replace(tzinfo=None)
    if cell is None or isinstance(cell, bool | int | float):
        return cell
    words = _as_text(cell)
    if words[:1] != "#" and not _AT_START.match(words):  # what begins otherwise is taken for a text anyway
        return words
    found = WriteOnlyCell(page, value="")
    found.value = words
    found.data_type = "s"
    found.quotePrefix = True  # it stays a text when somebody edits it
    return found
