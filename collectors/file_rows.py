"""One row of an imported file as a post."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from collectors.columns import COUNTERS, Columns
from collectors.dates import read_date
from collectors.post import Json, RawAuthor, RawPost
from collectors.quoting import quoted

PLATFORM = "file"  # of the pseudonyms of authors named in files
MAX_CELL_CHARS = 1_000_000
_STATUSES = {
    "former employee": "former ex alumni alumnus alumna past previous ehemalig ehemalige ehemaliger ancien antiguo",
    "current employee": "current present aktuell angestellt actuel actual employee staff",
    "candidate": "candidate applicant interview interviewee bewerber bewerberin candidat candidato",
    "customer": "customer client consumer buyer user kunde kundin cliente",
}
_ANSWERS = {
    "yes": "current employee",
    "true": "current employee",
    "1": "current employee",
    "no": "former employee",
    "false": "former employee",
    "0": "former employee",
}  # of columns that ask "current employee?"
_PARTS = {"pros": "Pros", "cons": "Cons", "advice": "Advice"}
_KINDS = {"posts": "post", "reviews": "review", "survey": "survey"}
_OUT_OF = re.compile(r"(\d{1,3}(?:[.,]\d{1,3})?)\s*(?:/|out of|von|sur|de)\s*(5|10|100)(?:\.0)?")
_NUMBER = re.compile(r"\d{1,3}(?:[.,]\d{1,6})?\s*(?:stars?|sterne?|★)?", re.IGNORECASE)
_COUNT = re.compile(r"(\d{1,3}(?:[,.' \u00a0\u202f]\d{3})+|\d{1,15})(?:\.0)?")
_SHORT_COUNT = re.compile(r"(\d{1,4}(?:[.,]\d{1,2})?)\s*([kKmM])")


class RowProblem(Exception):  # noqa: N818 - it is a finding about a row, reported and not raised to users
    """Why a row is left out."""

    def __init__(self, field: str | None, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


def cell_text(cell: object) -> str:
    """A cell as text; an empty cell is an empty text."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return cell.isoformat() if isinstance(cell, datetime | date) else str(cell).strip()


class RowReader:
    """Reads rows of one file by its columns; see `collectors.files` for what was decided by a sample."""

    def __init__(self, kind: str, columns: Columns, date_order: str, rating_scale: int) -> None:
        self._kind = kind
        self._columns = columns
        self._date_order = date_order
        self._scale = rating_scale
        self._counters = [name for name in COUNTERS if name in columns.places or name in columns.constants]

    def read(self, cells: Sequence[object]) -> tuple[RawPost, bool]:
        """The row as a post, and whether its id is the file's own; raise `RowProblem`."""
        values = self.values(cells)
        text, raw = _text(values)
        rating = self._rating(values)
        given = values.get("id", "")[:500]
        post = RawPost(
            native_id=given or self._content_id(values),
            text=text,
            published_at=self._date(cells, values),
            url=values.get("url"),
            title=values.get("title"),
            author=_author(values.get("author_id", ""), values.get("author", "")),
            followers=_count(values, "followers"),
            kind=_KINDS[self._kind],
            lang=stated_language(values.get("lang", "")),
            reply_to=values.get("reply_to"),
            rating=rating,
            counters={name: count for name in self._counters if (count := _count(values, name)) is not None},
            stated=self._stated(values, rating),
            raw=raw,
        )
        return post, bool(given)

    def values(self, cells: Sequence[object]) -> dict[str, str]:
        """The cells by their fields, without the empty ones."""
        values = dict(self._columns.constants)
        for field, place in self._columns.places.items():
            if place < len(cells) and (text := cell_text(cells[place])):
                values[field] = text
        return values

    def _content_id(self, values: Mapping[str, str]) -> str:
        """A steady id of what the row says: of the mapped cells, whatever their order or spacing in the file."""
        parts = [f"{field}\x1f{' '.join(values[field].split())}" for field in sorted(values)]
        return "sha256:" + hashlib.sha256("\x1e".join([self._kind, *parts]).encode("utf-8", "replace")).hexdigest()[:32]

    def _date(self, cells: Sequence[object], values: Mapping[str, str]) -> datetime | None:
        text, place = values.get("published_at"), self._columns.places.get("published_at")
        if not text:
            return None
        try:
            return read_date(text if place is None else cells[place], self._date_order)
        except (ValueError, OverflowError) as error:
            raise RowProblem("published_at", f"{quoted(text)} is not a date") from error

    def _rating(self, values: Mapping[str, str]) -> float | None:
        """Stars from 1 to 5; other scales are brought to it in proportion."""
        text = values.get("rating", "")
        if not text or text.casefold() in {"n/a", "na", "-", "none"}:
            return None
        value, scale = _rated(text, self._scale)
        if not 0 <= value <= scale:
            raise RowProblem("rating", f"{quoted(text)} is not between 0 and {scale}")
        return max(1.0, round(value * 5 / scale, 2))

    def _stated(self, values: Mapping[str, str], rating: float | None) -> dict[str, str]:
        stated = {"kind": _KINDS[self._kind]}
        if rating is not None and self._kind != "posts":
            stated["stars"] = str(min(5, max(1, round(rating))))
        if status := stated_status(values.get("author_status", "")):
            stated["author_status"] = status
        return stated


def numbered(post: RawPost, number: int) -> RawPost:
    """The post with an id of its own where it is not the first with this content."""
    return post if number == 1 else replace(post, native_id=f"{post.native_id}-{number}")


def _text(values: Mapping[str, str]) -> tuple[str, dict[str, Json]]:
    """What was said, and the parts it was put together from."""
    parts: dict[str, Json] = {field: values[field] for field in _PARTS if field in values}
    lines = [
        values.get("text", ""),
        *(f"{label}: {values[field]}" for field, label in _PARTS.items() if field in values),
    ]
    text = "\n".join(line for line in lines if line)
    if not text and "title" not in values:
        raise RowProblem("text", "is empty")
    if len(text) > MAX_CELL_CHARS:
        raise RowProblem("text", f"has {len(text):,} characters; at most {MAX_CELL_CHARS:,} are read")
    return text, parts


def _count(values: Mapping[str, str], field: str) -> int | None:
    text = values.get(field, "")
    if not text or text in {"-", "–"} or text.casefold() in {"n/a", "na", "none", "null"}:
        return None
    if short := _SHORT_COUNT.fullmatch(text):
        return round(float(short[1].replace(",", ".")) * (1_000 if short[2] in "kK" else 1_000_000))
    found = _COUNT.fullmatch(text)
    if not found:
        raise RowProblem(field, f"{quoted(text)} is not a count")
    return int("".join(letter for letter in found[1] if letter.isdecimal()))


def _rated(text: str, scale: int) -> tuple[float, int]:
    stars = text.count("★")
    if stars and not any(letter.isdigit() for letter in text):
        return stars, 5
    if found := _OUT_OF.fullmatch(text.casefold()):
        return float(found[1].replace(",", ".")), int(found[2])
    if text.endswith("%") and _NUMBER.fullmatch(text[:-1].strip()):
        return float(text[:-1].strip().replace(",", ".")), 100
    if not _NUMBER.fullmatch(text):
        raise RowProblem("rating", f"{quoted(text)} is not a rating")
    return float(re.sub(r"[^\d.,]", "", text).replace(",", ".")), scale


def _author(author_id: str, name: str) -> RawAuthor | None:
    if not author_id and not name:
        return None
    is_handle = name.startswith(("@", "u/"))
    handle = name.lstrip("@").removeprefix("u/") if is_handle else None
    return RawAuthor(PLATFORM, author_id or None, handle, None if is_handle else name or None)


def stated_status(text: str) -> str | None:
    """The standpoint that a source states, in the words of `nlp.result.TagInput.meta`; None where it is not clear."""
    if text.casefold() in _ANSWERS:
        return _ANSWERS[text.casefold()]
    words = re.findall(r"[^\W_]+", text.casefold())
    for status, known in _STATUSES.items():
        if any(word in known.split() for word in words):
            return status
    return None


def stated_language(text: str) -> str | None:
    return text.lower()[:12] if re.fullmatch(r"[A-Za-z]{2,3}([-_][A-Za-z]{2,8})?", text) else None
