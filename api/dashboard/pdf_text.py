"""Text in PDF files: a font with Latin, Greek and Cyrillic letters, what it cannot show, and widths of columns."""

import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from xml.sax.saxutils import escape

from font_roboto import font_files
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase.pdfmetrics import registerFont, stringWidth
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Paragraph

REGULAR, BOLD = "Roboto", "RobotoBold"
LOST = "�"  # stands for what the font has no shape of
_INK = HexColor(0x1A1A1A)


@cache
def register_fonts() -> frozenset[str]:
    """Make both fonts known to the library, once per process; returns the signs that both can show."""
    fonts = [TTFont(name, font_files[name]) for name in (REGULAR, BOLD)]
    for font in fonts:
        registerFont(font)
    known = frozenset.intersection(*(frozenset(map(chr, font.face.charToGlyph)) for font in fonts))
    return frozenset(sign for sign in known if unicodedata.category(sign)[0] not in "CZ") | {" "}


def printable(text: str) -> str:
    """The text in signs that the font has: white space as single spaces, and `LOST` for each of the others.

    Among these are control characters, marks of direction and what has no width, so that nothing in a name can turn or
    hide what stands beside it.
    """
    known = register_fonts()
    return "".join(sign if sign in known else LOST for sign in unicodedata.normalize("NFC", " ".join(text.split())))


def style(
    name: str, font: str, size: float, *, color: Color = _INK, above: float = 0, below: float = 0
) -> ParagraphStyle:
    """A style of paragraphs, with the room above and below them in points."""
    look = ParagraphStyle(name, fontName=font, fontSize=size, leading=size * 1.3, textColor=color)
    look.spaceBefore, look.spaceAfter = above, below
    return look


def paragraph(text: str, look: ParagraphStyle, *, struck: bool = False) -> Paragraph:
    """A text that wraps, also within words that are too long. Marks of the library's own language are letters in it."""
    letters = escape(printable(text))
    return Paragraph(f"<strike>{letters}</strike>" if struck else letters, look)


def clipped(text: str, size: float, width: float) -> str:
    """The text in one line, cut where it is longer than `width` points."""
    room = width
    for place, sign in enumerate(text):
        room -= stringWidth(sign, REGULAR, size)
        if room < 0:
            return f"{text[: max(0, place - 1)]}…"
    return text


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
    return max((stringWidth(text, BOLD, look.fontSize) for text in texts), default=0.0)
