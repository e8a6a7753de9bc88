"""Everybody who signs an entry of a feed, so that none of them stays in its text."""

import re
from typing import Any

_MOST = 20
_SEVERAL = re.compile(r"\s*(?:[,;&]|\band\b|\bund\b|\bet\b|\by\b)\s*")
_TELLING = re.compile(r"[^A-Za-z]")


def names(signed: Any) -> tuple[str, ...]:
    """Names that feedparser found in an entry or a feed: the author's first, if there is one, then all others.

    A line that names several people gives each full name too, a mail address its first part where that is no plain
    word (`info@`, `news@` and the like tell of nobody).
    """
    found: list[str] = []
    for author in [signed.get("author_detail"), *(signed.get("authors") or []), *(signed.get("contributors") or [])]:
        found += _of_one(author or {}, _text(signed, "author"))
    found.append(_text(signed, "author"))
    return tuple(dict.fromkeys(name for name in found if name))[:_MOST]


def _of_one(author: Any, line: str) -> list[str]:
    name, mail = _text(author, "name"), _text(author, "email")
    # feedparser takes no ending of more than four letters: of "joe@a.online (Joe Doe)" the name is "ne (Joe Doe".
    if mail and "(" in name and ")" not in name:
        name = name.partition("(")[2].strip()
    elif mail and line == mail + name:
        name = line
    several = [part for part in _SEVERAL.split(name) if " " in part.strip()]
    local = mail.partition("@")[0]
    return [name, *(several if len(several) > 1 else ()), local if _TELLING.search(local) else ""]


def _text(holder: Any, key: str) -> str:
    value = holder.get(key)
    return value.strip() if isinstance(value, str) else ""
