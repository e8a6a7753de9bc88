"""The privacy pack as a PDF file, set from the same tables as the page.

Equal packs give equal files: the creation date is the pack's own, and the id follows from the content. The file has no
links, scripts or forms; whatever stands in a name is set as letters. It is set twice, since the first page tells on
which pages the others are.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC
from io import BytesIO
from itertools import zip_longest
from threading import Lock
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    LongTable,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
)

from api.dashboard.pdf_text import BOLD, REGULAR, draw, paragraph, printable, register_fonts, style, widths
from api.dashboard.privacy_pack import Pack, Part, Row
from api.dashboard.wording import UNKNOWN, count, moment

_MARGIN = 16 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_PAD = 4.0  # points between a cell's edge and its text
_HIGHEST = 240  # points of a row that are kept on one page
_ABOVE = 80  # points of a section's heading, note and head of the table
_INK, _GREY, _RULE, _HEAD, _MARKED = (HexColor(each) for each in (0x1A1A1A, 0x555555, 0xBBBBBB, 0xECEFF3, 0xFFF3BF))
_TITLE = style("title", BOLD, 22, below=6)
_HEADING = style("heading", BOLD, 13, above=16, below=3)
_BODY = style("body", REGULAR, 9.5, below=4)
_NOTE = style("note", REGULAR, 8.5, color=_GREY, below=4)
_CELL = style("cell", REGULAR, 8.5)
_GONE = style("gone", REGULAR, 8.5, color=_GREY)
_LABEL = style("label", BOLD, 8.5)
_Look = tuple[str, tuple[int, int], tuple[int, int], *tuple[Any, ...]]
_LOOKS: tuple[_Look, ...] = (
    ("FONTNAME", (0, 0), (-1, -1), REGULAR),  # else the file names a font that it does not hold
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("BACKGROUND", (0, 0), (-1, 0), _HEAD),
    ("LINEBELOW", (0, 0), (-1, 0), 0.8, _INK),
    ("LEFTPADDING", (0, 0), (-1, -1), _PAD),
    ("RIGHTPADDING", (0, 0), (-1, -1), _PAD),
    ("TOPPADDING", (0, 0), (-1, -1), 2.5),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 3.5),
)
_ONE_AT_A_TIME = Lock()  # the library keeps its fonts per process
_LEGEND = (
    "Rows that differ have a bar at their left and say so in the column “Since”: new, changed (as it is now, with "
    "what stood there before), or gone (struck through, as it was). The character � stands for a sign that cannot be "
    "shown here, such as one of another script or one that has no shape; the HTML file has it as it is. Chinese, "
    "Japanese and Korean signs are shown in fonts of the machine that this is read on."
)


def as_pdf(pack: Pack) -> bytes:
    """The pack as a PDF file."""
    with _ONE_AT_A_TIME:
        register_fonts()
        draft = _Document(pack, ())
        draft.build(_story(pack, ()))
        file = _Document(pack, draft.pages)
        file.build(_story(pack, draft.pages))
        return file.target.getvalue()


class _Document(BaseDocTemplate):
    """The file with what stands on every page; afterwards `pages` are those of the sections and at last of the end."""

    def __init__(self, pack: Pack, pages: Sequence[int]) -> None:
        self.target = BytesIO()
        self.pages: list[int] = []
        self._of = str(pages[-1]) if pages else UNKNOWN
        self._title, self._made = printable(_title(pack)), pack.made_at.astimezone(UTC)
        super().__init__(
            self.target,
            pagesize=A4,
            title=self._title,
            author=printable(pack.company),
            subject="For works council and data protection officer",
            creator="Outspoken",
            lang="en",
            displayDocTitle=1,
            invariant=1,
            initialFontName=REGULAR,
        )
        frame = Frame(_MARGIN, 18 * mm, _WIDTH, A4[1] - 38 * mm, 0, 0, 0, 0)
        self.addPageTemplates(PageTemplate(frames=[frame], onPage=self._edges))
        self._foot = f"Made {moment(pack.made_at)}, {_standing(pack)}"

    def beforeDocument(self) -> None:  # noqa: N802
        self.canv.setDateFormatter(lambda *_: f"D:{self._made:%Y%m%d%H%M%S}+00'00'")

    def afterFlowable(self, flowable: Flowable) -> None:  # noqa: N802
        if isinstance(flowable, Paragraph) and flowable.style.name == _HEADING.name:
            self.pages.append(self.page)
            self.canv.bookmarkPage(name := f"part-{len(self.pages)}")
            self.canv.addOutlineEntry(flowable.getPlainText(), name)

    def afterPage(self) -> None:  # noqa: N802
        self._last = self.page

    def build(self, flowables: list[Flowable]) -> None:  # type: ignore[override]
        super().build(flowables)
        self.pages.append(self._last)

    def _edges(self, canvas: Canvas, _: BaseDocTemplate) -> None:
        canvas.setFont(REGULAR, 8)
        canvas.setFillColor(_GREY)
        canvas.setStrokeColor(_RULE)
        canvas.line(_MARGIN, 14 * mm, A4[0] - _MARGIN, 14 * mm)
        canvas.drawRightString(A4[0] - _MARGIN, 10 * mm, f"Page {self.page} of {self._of}")
        draw(canvas, _MARGIN, 10 * mm, self._foot, 8, _WIDTH - 30 * mm)
        if self.page > 1:
            draw(canvas, _MARGIN, A4[1] - 13 * mm, self._title, 8, _WIDTH)


def _title(pack: Pack) -> str:
    return f"Privacy pack of {pack.company}" if pack.company else "Privacy pack"


def _standing(pack: Pack) -> str:
    """Which version this is: what lies between two that were kept has no number of its own."""
    if pack.since is None:
        return "before any version was kept"
    return f"{'after' if pack.changed else 'same as'} version {pack.since.number}"


def _story(pack: Pack, pages: Sequence[int]) -> list[Flowable]:
    story = [
        paragraph(_title(pack), _TITLE, _WIDTH),
        paragraph("For the works council and the data protection officer", _BODY, _WIDTH),
        paragraph(pack.told, _BODY, _WIDTH),
        Spacer(0, 10),
        *_contents(pack, pages),
        Spacer(0, 10),
        paragraph(_LEGEND, _NOTE, _WIDTH),
        PageBreak(),
    ]
    for number, part in enumerate(pack.parts, 1):
        story += _section(number, part)
    return story


def _contents(pack: Pack, pages: Sequence[int]) -> list[Flowable]:
    rows = []
    for number, part in enumerate(pack.parts, 1):
        here = sum(row.change != "gone" for row in part.rows)
        page = str(pages[number - 1]) if pages else UNKNOWN
        rows.append(Row((f"{number}.", part.title, count(here), _differing(part, pack), page)))
    return _table(("", "Section", "Rows", "Differ", "Page"), rows, marked=False)


def _differing(part: Part, pack: Pack) -> str:
    if pack.since is None:
        return UNKNOWN
    found = Counter(row.change for row in part.rows if row.change)
    return ", ".join(f"{count(number)} {change}" for change, number in found.items()) or "none"


def _section(number: int, part: Part) -> list[Flowable]:
    head: list[Flowable] = [paragraph(f"{number}. {part.title}", _HEADING, _WIDTH)]
    head += [paragraph(part.note, _NOTE, _WIDTH)] if part.note else []
    if part.rows:
        return _table(part.columns, part.rows, part.marked, head)
    return [CondPageBreak(_ABOVE), *head, paragraph("None.", _NOTE, _WIDTH)]


def _table(columns: Sequence[str], rows: Sequence[Row], marked: bool, above: Sequence[Flowable] = ()) -> list[Flowable]:
    """The rows below their head, which is repeated on every page, and `above` on the page where the first row is.

    Rows of an older version may have other lengths.
    """
    broad = max([len(columns), *(len(row.cells) for row in rows)])
    heads = (*columns, *[""] * (broad - len(columns)), *(("Since",) if marked else ()))
    texts = [(*_told(row), *[""] * (broad - len(row.cells)), *((row.change,) if marked else ())) for row in rows]
    sizes = widths([heads, *texts], _WIDTH, 2 * _PAD, _CELL)
    room = [size - 2 * _PAD for size in sizes]
    data: list[list[Flowable]] = [[paragraph(each, _LABEL, size) for each, size in zip(heads, room, strict=True)]]
    looks = list(_LOOKS)
    for cells, row in zip(texts, rows, strict=True):
        first = len(data)
        data += _pieces(_cells(cells, row.change, room), room)
        looks.append(("LINEBELOW", (0, len(data) - 1), (-1, len(data) - 1), 0.4, _RULE))
        if row.change:
            looks.append(("LINEBEFORE", (0, first), (0, len(data) - 1), 2.5, _GREY))
        if row.change in ("new", "changed"):
            looks.append(("BACKGROUND", (0, first), (-1, len(data) - 1), _MARKED))
    table = LongTable(data, colWidths=sizes, repeatRows=1, style=looks, hAlign="LEFT")
    return [CondPageBreak(_ABOVE + _height(data[:2][-1], room)), *above, table]


def _told(row: Row) -> tuple[str, ...]:
    """The cells, each with what stood there before where that is known."""
    former = (row.was(place) for place in range(len(row.cells)))
    return tuple(f"{cell} (before: {was})" if was else cell for cell, was in zip(row.cells, former, strict=True))


def _height(row: Sequence[Flowable], sizes: Sequence[float]) -> float:
    return max(cell.wrap(size, A4[1])[1] for cell, size in zip(row, sizes, strict=True))


def _cells(cells: Sequence[str], change: str, room: Sequence[float]) -> list[Paragraph]:
    """A row's cells; what is gone is struck through, and the last cell says in a word what became of the row."""
    gone = change == "gone"
    looks = [_GONE if gone else _CELL] * (len(cells) - bool(change)) + [_LABEL] * bool(change)
    return [
        paragraph(cell, look, size, struck=gone and look is _GONE)
        for cell, look, size in zip(cells, looks, room, strict=True)
    ]


def _pieces(cells: Sequence[Paragraph], sizes: Sequence[float]) -> list[list[Flowable]]:
    """The row as it is, or as several where it would be too high to be kept on one page."""
    nothing = paragraph("", _CELL, _WIDTH)
    columns = [list(_split(cell, size)) for cell, size in zip(cells, sizes, strict=True)]
    return [[each or nothing for each in row] for row in zip_longest(*columns)]


def _split(cell: Paragraph, size: float) -> Iterator[Flowable]:
    rest: Flowable = cell
    while len(parts := rest.split(size, _HIGHEST)) > 1:
        yield parts[0]
        rest = parts[1]
    yield rest
