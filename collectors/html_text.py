"""HTML fragments of posts as plain text.

A scanner of our own: posts are attacker-written, and tree builders take minutes for a hundred thousand nested tags.
This one looks at each character a bounded number of times and never recurses.
"""

import html
import re
from collections.abc import Iterator

# fmt: off
_BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "figcaption", "figure",
    "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre",
    "section", "table", "tr", "ul",
))
# fmt: on
_UNSEEN = frozenset(["script", "style", "template", "noscript", "iframe", "object", "svg", "head", "title"])
_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]{0,20})")
_MARKUP = re.compile(r"<[a-zA-Z/!?]|&(?:#\d|#[xX]|[a-zA-Z])")
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\s*\n\s*")
_QUOTED_ENDS = 8  # a ">" inside a quoted attribute does not end the tag; so many of them are looked past


def plain_text(markup: str) -> str:
    """The words of an HTML fragment, one paragraph a line; text without markup comes back trimmed, otherwise as is."""
    if not _MARKUP.search(markup):
        return markup.strip()
    return tidy("".join(_pieces(markup)))


def one_line(markup: str) -> str:
    """Like `plain_text`, for titles: all white space is one space. Titles are often escaped twice."""
    return " ".join(plain_text(plain_text(markup)).split())


def tidy(text: str) -> str:
    """Single spaces within lines and no empty lines."""
    return _LINES.sub("\n", _SPACES.sub(" ", text)).strip()


def _pieces(markup: str) -> Iterator[str]:
    folded = markup.lower() if len(markup.lower()) == len(markup) else markup
    place = 0
    while (start := markup.find("<", place)) >= 0:
        yield _words(markup[place:start])
        place = _comment_end(markup, start)
        if place > start:
            continue
        tag = _TAG.match(markup, start)
        if not tag:
            yield "<"
            place = start + 1
            continue
        name = tag[1].lower()
        place = _tag_end(markup, tag.end())
        if name in _BLOCKS:
            yield "\n"
        elif name in _UNSEEN and markup[start + 1] != "/":
            end = folded.find(f"</{name}", place)
            place = end if end >= 0 else len(markup)
    yield _words(markup[place:])


def _words(text: str) -> str:
    """Line breaks of the source are spaces; entities are read once per run of text."""
    return html.unescape(text.replace("\n", " ").replace("\r", " "))


def _comment_end(markup: str, start: int) -> int:
    """Where a comment, declaration or CDATA mark that begins at `start` ends; `start` when there is none."""
    if not markup.startswith(("<!", "<?"), start):
        return start
    close = "-->" if markup.startswith("<!--", start) else ">"
    end = markup.find(close, start)
    return end + len(close) if end >= 0 else len(markup)


def _tag_end(markup: str, start: int) -> int:
    """Past the ">" of the tag; a tag that never ends swallows the rest, as in a browser."""
    end = markup.find(">", start)
    for _ in range(_QUOTED_ENDS):
        inside = markup[start : min(end, start + 20_000)] if end >= 0 else ""
        if end < 0 or not (inside.count('"') % 2 and markup.find('"', end) >= 0):
            break
        end = markup.find(">", end + 1)
    return end + 1 if end >= 0 else len(markup)


__all__ = ["one_line", "plain_text", "tidy"]
