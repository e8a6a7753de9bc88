"""Searches that look like a search for a person: closed on the employer side for HR, noted in the audit log elsewhere.

A search looks so when it has a handle (`@ada`, `u/ada`), a mail address, a name written as one (`ada.lovelace`), a
first name of the list of `nlp.names` in any case, or two capitalised words; names of the company and its rivals do not
count. A rare name in small letters passes, so every search for texts is in the log anyway, with its words.
"""

import re
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from nlp.names import is_first_name
from storage import audit
from storage.models.sources import Company
from storage.viewer import NotAllowed, Viewer

BLOCKED, NOTED = "search.blocked", "search.person"
_WORDS = (
    "This looks like a search for a person. Nobody is looked up on the employer side; that it was tried is in the "
    "audit log. Search for a theme, or for one word."
)
_HANDLE = re.compile(r"(^|\s)[-\"'(]*(@[\w.]{2,}|/?u/[\w-]{2,})", re.IGNORECASE)
_MAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_JOINED = re.compile(r"(?<![\w./])[^\W\d_]{2,}[._][^\W\d_]{2,}(?![\w./])")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_OPERATORS = frozenset({"OR", "AND", "NOT"})


class NameSearch(NotAllowed):
    """The search looks like one for a person, and the viewer's role makes none."""


def looks_like_a_person(words: str, known: Collection[str] = ()) -> bool:
    """Whether a search reads like one for a person; `known`: names that are none, in any case."""
    if _HANDLE.search(words) or _MAIL.search(words) or _JOINED.search(words):
        return True
    named = {part.casefold() for name in known for part in _WORD.findall(name)}
    unknown = [word for word in _WORD.findall(words) if word.casefold() not in named]
    # `begins`: a first name that is also a word ("Mark") says nothing by itself.
    listed = any(is_first_name(word, begins=True, followed=False) for word in unknown)
    return listed or sum(map(_is_name, unknown)) > 1


def refuse_name_search(session: Session, viewer: Viewer, words: str | None) -> None:
    """Raise `NameSearch` where the role looks nobody up; `storage.search` asks this, so that no page can forget."""
    if viewer.role == "hr" and words and _is_one(session, words):
        raise NameSearch(_WORDS)


def note(session: Session, viewer: Viewer, words: str | None, now: datetime, *, blocked: bool = False) -> None:
    """Put a search that looks like one for a person into the audit log, with its words."""
    if words and (blocked or _is_one(session, words)):
        audit.record(session, viewer, BLOCKED if blocked else NOTED, words, now)


def _is_one(session: Session, words: str) -> bool:
    return looks_like_a_person(words) and looks_like_a_person(words, session.scalars(select(Company.name)).all())


def _is_name(word: str) -> bool:
    """Anna, O'Neil, McDonald, ANNA; not iPhone, not HR, not an operator."""
    if word in _OPERATORS or not word[0].isupper():
        return False
    return len(word) > 2 if word.isupper() else any(letter.islower() for letter in word)
