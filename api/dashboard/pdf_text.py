"""Text in PDF files: fonts by script, what none of them shows, the order of signs on a line, and widths of columns.

Latin, Greek and Cyrillic are set in Roboto; Hebrew, Arabic, Georgian and Thai in FiraGO, loaded where a text needs it;
Chinese, Japanese and Korean in fonts that the file names and the reader brings along, since such fonts are large.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from io import BytesIO
from itertools import groupby
from xml.sax.saxutils import escape

import arabic_reshaper  # type: ignore[import-untyped]
from bidi.algorithm import get_display  # type: ignore[import-untyped]
from font_roboto import font_files
from pymupdf_fonts import myfont  # type: ignore[import-untyped]
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.fonts import addMapping
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import registerFont, stringWidth
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph

REGULAR, BOLD = "Roboto", "RobotoBold"
LOST = "�"  # stands for what no font has a shape of
_INK = HexColor(0x1A1A1A)
_WIDER = {REGULAR: ("FiraGO", "figo"), BOLD: ("FiraGOBold", "figbo")}
_CHINESE, _JAPANESE, _KOREAN = "STSong-Light", "HeiseiKakuGo-W5", "HYGothic-Medium"
_SCRIPTS = ((0x0590, 0x06FF), (0x0E00, 0x0E7F), (0x10A0, 0x10FF), (0xFB1D, 0xFDFF), (0xFE70, 0xFEFC))  # of FiraGO
_HAN = ((0x3001, 0x303F), (0x4E00, 0x9FA5), (0xFF01, 0xFF5E))  # with their punctuation and wide letters
_KANA, _HANGUL = ((0x3041, 0x3096), (0x30A1, 0x30FA), (0x30FC, 0x30FE)), ((0x3131, 0x318E), (0xAC00, 0xD7A3))
_RIGHT_TO_LEFT = ("R", "AL")


@cache
def register_fonts() -> frozenset[str]:
    """Make the usual fonts known to the library, once per process; returns the signs that both can show."""
    fonts = [TTFont(name, font_files[name]) for name in (REGULAR, BOLD)]
    for font in fonts:
        registerFont(font)
    return _shown(*fonts) | {" "}


@cache
def _register_wider() -> frozenset[str]:
    fonts = [TTFont(name, BytesIO(myfont(file))) for name, file in _WIDER.values()]
    for font in fonts:
        _register(font)
    return frozenset(sign for sign in _shown(*fonts) if _within(sign, _SCRIPTS))


@cache
def _register_eastern(name: str) -> str:
    _register(UnicodeCIDFont(name))
    return name


def _register(font: TTFont | UnicodeCIDFont) -> None:
    registerFont(font)
    addMapping(font.fontName, 0, 0, font.fontName)  # paragraphs ask for fonts as families


def _shown(*fonts: TTFont) -> frozenset[str]:
    known = frozenset.intersection(*(frozenset(map(chr, font.face.charToGlyph)) for font in fonts))
    return frozenset(sign for sign in known if unicodedata.category(sign)[0] not in "CZ")


def printable(text: str) -> str:
    """The text in signs that some font has: white space as single spaces, and `LOST` for each of the others.

    Among these are control characters, marks of direction and what has no width, so that nothing in a name can turn or
    hide what stands beside it.
    """
    plain = unicodedata.normalize("NFC", " ".join(text.split()))
    if register_fonts().issuperset(plain):
        return plain
    return "".join(sign if _font_of(sign, REGULAR, japanese=False) else LOST for sign in plain)


def style(
    name: str, font: str, size: float, *, color: Color = _INK, above: float = 0, below: float = 0
) -> ParagraphStyle:
    """A style of paragraphs, with the room above and below them in points."""
    look = ParagraphStyle(name, fontName=font, fontSize=size, leading=size * 1.3, textColor=color)
    look.spaceBefore, look.spaceAfter = above, below
    return look


def paragraph(text: str, look: ParagraphStyle, room: float, *, struck: bool = False) -> Paragraph:
    """A text that wraps within `room` points, also within words that are too long.

    Marks of the library's own language are letters in it. Where signs run from right to left, lines are broken first
    and each is then turned, so that the text goes on from line to line.
    """
    signs = printable(text)
    lines = _broken(signs, look, room) if _turns(signs) else [signs]
    letters = "<br/>".join("".join(_marked(_displayed(line, signs), look.fontName)) for line in lines)
    return Paragraph(f"<strike>{letters}</strike>" if struck else letters, look)


def draw(canvas: Canvas, x: float, y: float, text: str, size: float, width: float) -> None:
    """A text in one line, cut where it is longer than `width` points."""
    line, room = text, width
    for place, sign in enumerate(text):
        room -= _width(sign, REGULAR, size)
        if room < 0:
            line = f"{text[: max(0, place - 1)]}…"
            break
    for name, run in _runs(_displayed(line, text), REGULAR):
        canvas.setFont(name, size)
        canvas.drawString(x, y, run)
        x += stringWidth(run, name, size)


def widths(rows: Sequence[Sequence[str]], total: float, pad: float, look: ParagraphStyle) -> list[float]:
    """Widths of a table's columns, in points: room for the longest words, and the rest by the longest texts."""
    texts = [[printable(cell) for cell in column] for column in zip(*rows, strict=True)]
    fair = total / len(texts)
    words = [(word for cell in column for word in cell.split()) for column in texts]
    least = [min(fair, pad + _widest(column, look)) for column in words]
    wish = [min(2 * total, pad + _widest(column, look)) for column in texts]
    more = [max(1.0, wished - needed) for wished, needed in zip(wish, least, strict=True)]
    return [needed + (total - sum(least)) * each / sum(more) for needed, each in zip(least, more, strict=True)]


def _widest(texts: Iterable[str], look: ParagraphStyle) -> float:
    return max((_width(text, BOLD, look.fontSize) for text in texts), default=0.0)


def _width(text: str, font: str, size: float) -> float:
    return sum(stringWidth(run, name, size) for name, run in _runs(_displayed(text, text), font))


def _broken(text: str, look: ParagraphStyle, room: float) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else ""
        if longer and _width(longer, look.fontName, look.fontSize) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _marked(line: str, font: str) -> Iterator[str]:
    for name, run in _runs(line, font):
        yield escape(run) if name == font else f'<font name="{name}">{escape(run)}</font>'


def _runs(text: str, font: str) -> Iterator[tuple[str, str]]:
    """The text in pieces of one font each."""
    if register_fonts().issuperset(text):  # nearly always
        yield font, text
        return
    japanese = any(_within(sign, _KANA) for sign in text)
    for name, signs in groupby(text, lambda sign: _font_of(sign, font, japanese=japanese) or font):
        yield name, "".join(signs)


def _font_of(sign: str, font: str, *, japanese: bool) -> str | None:
    if sign in register_fonts():
        return font
    if _within(sign, _SCRIPTS):
        return _WIDER[font][0] if sign in _register_wider() else None
    if _within(sign, _HANGUL):
        return _register_eastern(_KOREAN)
    if _within(sign, _KANA) or (japanese and _within(sign, _HAN)):
        return _register_eastern(_JAPANESE)
    return _register_eastern(_CHINESE) if _within(sign, _HAN) else None


def _within(sign: str, ranges: Sequence[tuple[int, int]]) -> bool:
    return any(first <= ord(sign) <= last for first, last in ranges)


def _turns(text: str) -> bool:
    return not text.isascii() and any(unicodedata.bidirectional(sign) in _RIGHT_TO_LEFT for sign in text)


def _displayed(line: str, text: str) -> str:
    """The signs of one line from left to right, Arabic letters in the forms that join. The text that it is of begins at
    the side of its first letter, as in the HTML file."""
    if not _turns(line):
        return line
    joined = "".join(
        sign if _font_of(sign, REGULAR, japanese=False) else unicodedata.normalize("NFKC", sign)
        for sign in arabic_reshaper.reshape(line)
    )
    ways = (unicodedata.bidirectional(sign) for sign in text)
    first = next((way for way in ways if way in ("L", *_RIGHT_TO_LEFT)), "L")
    return str(get_display(joined, base_dir="L" if first == "L" else "R"))
