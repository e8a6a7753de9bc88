"""What others wrote, made fit for one line of a mail, a header, a cell or a link."""

import re
import unicodedata
from urllib.parse import urlsplit

LINE_CHARS = 1000
_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_SPACE = re.compile(r"\s+")


def clean_text(text: str, limit: int = LINE_CHARS) -> str:
    """One line without control or direction-override characters, cut at `limit` characters with an ellipsis."""
    # Controls go first: one between two spaces would otherwise leave both.
    visible = "".join(c for c in text[: 4 * limit] if c.isspace() or _is_visible(c))
    kept = _SPACE.sub(" ", visible).strip()
    return kept if len(kept) <= limit else kept[: limit - 1].rstrip() + "…"


def _is_visible(character: str) -> bool:
    return character not in _OVERRIDES and unicodedata.category(character) not in {"Cc", "Cs"}


def clean_line(text: str) -> str:
    """A header's value: nothing in it can end the line."""
    return clean_text(text)


def is_web_address(url: str) -> bool:
    """Whether a link may lead there: http(s) with a host, nothing that a browser reads differently."""
    if not url.isprintable() or " " in url or "\\" in url:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
