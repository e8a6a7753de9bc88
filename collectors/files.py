"""Import of files: posts, reviews and survey answers as CSV, XLSX or JSONL, row by row.

Rows without an id get one made from their content. Equal rows of one file are told apart by their number (the second
"Nothing." of a survey is another person's), so that importing the same file twice adds nothing and loses nothing.
Rows that repeat an id of the file are reported; the first is kept.
"""

import hashlib
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from collectors.columns import Columns, MappingError, columns_of
from collectors.dates import DAY_FIRST, MONTH_FIRST, DateOrder, order_of
from collectors.file_rows import RowProblem, RowReader, cell_text, numbered
from collectors.post import RawPost
from collectors.survey_rows import SurveyRowReader, kept_places, known_scale, notes_of
from collectors.tables import BadRow, FileError, Format, Progress, Table, format_of, open_table

SAMPLE_ROWS = 1_000
_SCALES = (5, 10, 100)


@dataclass(frozen=True, slots=True)
class Row:
    """A good row. `line` is where it begins in the file, headings counted; for XLSX the row of the sheet."""

    line: int
    post: RawPost


@dataclass(frozen=True, slots=True)
class RowError:
    """A row that was left out, and why. `field` is None where the row as a whole is wrong."""

    line: int
    field: str | None
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.field + ': ' if self.field else ''}{self.reason}"


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """How a file will be read, for previews: fields and headings, what is left over, what a sample decided."""

    kind: str
    format: Format
    headings: tuple[str, ...]
    fields: Mapping[str, str]  # field to heading, or to "=value"
    unused: tuple[str, ...]
    date_order: str  # dmy or mdy
    rating_scale: int  # 5, 10 or 100
    notes: tuple[str, ...]
    columns: Columns


def guess_mapping(path: Path, kind: str, mapping: Mapping[str, str] | None = None) -> ColumnMapping:
    """Recognise format and columns from the first rows; `mapping` (see `open_rows`) goes before what is recognised.

    Raise `FileError` or `MappingError`, each with one sentence.
    """
    given = dict(mapping or {})
    wanted_order, wanted_scale = given.pop("date_order", ""), given.pop("rating_scale", "")
    form = format_of(path)
    with open_table(path, form) as table:
        columns = columns_of(table.headings, kind, given)
        sample = [row for _, row in itertools.islice(table.rows, SAMPLE_ROWS) if not isinstance(row, BadRow)]
    if not sample:
        raise FileError("The file has headings and no rows.")
    order = _order(wanted_order, sample, columns)
    notes = (order.note,) if order.note else ()
    shown = {field: table.headings[place] for field, place in columns.places.items()}
    shown |= {field: f"={value}" for field, value in columns.constants.items()}
    return ColumnMapping(
        kind=kind,
        format=form,
        headings=table.headings,
        fields=shown,
        unused=columns.unused,
        date_order=order.order,
        rating_scale=_scale(wanted_scale, sample, columns),
        notes=(*notes, *notes_of(columns, table.headings)) if kind == "survey" else notes,
        columns=columns,
    )


def open_rows(
    path: Path, kind: str, mapping: Mapping[str, str] | None = None, progress: Progress | None = None
) -> Iterator[Row | RowError]:
    """Yield the rows of a file of `posts`, `reviews` or `survey` answers in their order.

    `mapping` lays field over heading where the headings are not recognised: `{"text": "Comment body"}`, a constant
    `{"survey_type": "=exit"}`, nothing `{"author": ""}`, and `{"date_order": "mdy"}`, `{"rating_scale": "10"}`. Raise
    `FileError` or `MappingError` before the first row. Memory grows by some bytes a row, to tell equal rows apart.
    """
    guess = guess_mapping(path, kind, mapping)
    return _rows(path, guess, _reader(path, guess, mapping or {}), progress)


def _reader(path: Path, guess: ColumnMapping, mapping: Mapping[str, str]) -> RowReader:
    """Survey files are looked through twice: first for the teams that are large enough to be named."""
    if guess.kind != "survey":
        return RowReader(guess.kind, guess.columns, guess.date_order, guess.rating_scale)
    with open_table(path, guess.format) as table:
        kept = kept_places(table.rows, guess.columns)
    return SurveyRowReader(guess.columns, guess.date_order, known_scale(mapping, guess.fields), kept)


def _rows(path: Path, guess: ColumnMapping, reader: RowReader, progress: Progress | None) -> Iterator[Row | RowError]:
    with open_table(path, guess.format, progress) as table:
        yield from _checked(table, guess, reader)


def _checked(table: Table, guess: ColumnMapping, reader: RowReader) -> Iterator[Row | RowError]:
    width = len(guess.headings)
    contents: Counter[bytes] = Counter()
    ids: dict[bytes, int] = {}
    for line, cells in table.rows:
        if isinstance(cells, BadRow):
            yield RowError(line, None, cells.reason)
            continue
        if width == 1:  # a plain list of texts, in which a delimiter is a mark of the text
            cells = [guess.format.delimiter.join(str(cell) for cell in cells if cell is not None)]
        if any(cell_text(cell) for cell in cells[width:]):
            yield RowError(line, None, f"has {len(cells)} cells under {width} headings")
            continue
        try:
            post, own_id = reader.read(cells)
        except RowProblem as problem:
            yield RowError(line, problem.field, problem.reason)
            continue
        key = hashlib.blake2b(post.native_id.encode("utf-8", "replace"), digest_size=12).digest()
        if own_id:
            if key in ids:
                yield RowError(line, "id", f"repeats the id of line {ids[key]}")
                continue
            ids[key] = line
            yield Row(line, post)
        else:
            contents[key] += 1
            yield Row(line, numbered(post, contents[key]))


def _order(wanted: str, sample: Sequence[Sequence[object]], columns: Columns) -> DateOrder:
    if wanted and wanted not in {DAY_FIRST, MONTH_FIRST}:
        raise MappingError(f"date_order: must be {DAY_FIRST} or {MONTH_FIRST}, not {wanted!r}")
    if wanted:
        return DateOrder(wanted, True)
    return order_of(_column(sample, columns, "published_at"))


def _scale(wanted: str, sample: Sequence[Sequence[object]], columns: Columns) -> int:
    """The smallest usual scale that holds all ratings of the sample."""
    if wanted:
        if wanted not in {str(scale) for scale in _SCALES}:
            raise MappingError(f"rating_scale: must be 5, 10 or 100, not {wanted!r}")
        return int(wanted)
    numbers = [float(text) for text in _column(sample, columns, "rating") if text.replace(".", "", 1).isdecimal()]
    return next((scale for scale in _SCALES if max(numbers, default=0) <= scale), _SCALES[-1])


def _column(sample: Sequence[Sequence[object]], columns: Columns, field: str) -> list[str]:
    place = columns.places.get(field)
    if place is None:
        return []
    return [text for row in sample if place < len(row) and (text := cell_text(row[place]).replace(",", "."))]


__all__ = ["ColumnMapping", "FileError", "MappingError", "Row", "RowError", "guess_mapping", "open_rows"]
