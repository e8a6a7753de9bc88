"""The words of a mail as lines with the links that stand in them, from HTML or plain text."""

import html
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from collectors.html_text import plain_text

MOST_CHARS = 1_000_000  # of one part; longer ones are cut
MOST_LINES = 5_000
_OPEN, _CLOSE = "\ue000", "\ue001"  # private use: stand for a link while the markup is taken off
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_ANCHOR = re.compile(r"<a\s([^<>]{0,4000})>", re.IGNORECASE)
_HREF = re.compile(r"""href\s{0,3}=\s{0,3}(?:"([^"]{1,4000})"|'([^']{1,4000})'|([^\s"'>]{1,4000}))""", re.IGNORECASE)
_IMAGE = re.compile(r"<img\s([^<>]{0,4000})>", re.IGNORECASE)
_ALT = re.compile(r"""\balt\s{0,3}=\s{0,3}(?:"([^"]{0,300})"|'([^']{0,300})')""", re.IGNORECASE)
_CELL = re.compile(r"</t[dh]\s*>", re.IGNORECASE)
_MARK = re.compile(rf"{_OPEN}(\d{{1,6}}){_CLOSE}")
_URL = re.compile(r"<?\b(https?://[^\s<>\"']{1,4000})>?")


@dataclass(frozen=True, slots=True)
class Line:
    """One line; `links` in their order. Plain-text lines that hold a link only have an empty text."""

    text: str
    links: tuple[str, ...] = ()


def lines_of_html(markup: str) -> tuple[Line, ...]:
    """The visible words, one block a line; texts of images count as words, as stars are often images."""
    links: list[str] = []

    def anchor(found: re.Match[str]) -> str:
        href = _HREF.search(found[1])
        address = html.unescape(next((part for part in href.groups() if part), "")) if href else ""
        if not _is_address(address):
            return found[0]
        links.append(address.strip())
        return f"{found[0]}{_OPEN}{len(links) - 1}{_CLOSE}"

    def image(found: re.Match[str]) -> str:
        alt = _ALT.search(found[1])
        return f" {(alt[1] or alt[2] or '')} " if alt else ""

    markup = _PRIVATE.sub("", markup[:MOST_CHARS])
    marked = _IMAGE.sub(image, _ANCHOR.sub(anchor, markup))
    text = plain_text(_CELL.sub(" </td>", marked) + "<br>")
    return tuple(_unmarked(line, links) for line in text.split("\n")[:MOST_LINES] if line.strip())


def lines_of_text(text: str) -> tuple[Line, ...]:
    """The lines of plain text. Empty lines stay, since they part the blocks."""
    found = []
    for line in _PRIVATE.sub("", text[:MOST_CHARS]).splitlines()[:MOST_LINES]:
        links = tuple(address for address in _URL.findall(line) if _is_address(address))
        found.append(Line(" ".join(_URL.sub(" ", line).split()), links))
    return tuple(found)


def _unmarked(line: str, links: list[str]) -> Line:
    places = [int(number) for number in _MARK.findall(line)]
    return Line(" ".join(_MARK.sub("", line).split()), tuple(links[place] for place in places if place < len(links)))


def _is_address(address: str) -> bool:
    try:
        parts = urlsplit(address.strip())
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False


__all__ = ["Line", "lines_of_html", "lines_of_text"]
