"""What a browser posted, read with care: fields by name, and errors of `storage` beside the field they are about."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

_MOST_FIELDS = 5_000


@dataclass(frozen=True, slots=True)
class Posted:
    """Text fields of a form in their order; a name may stand several times (checkboxes)."""

    fields: tuple[tuple[str, str], ...]

    def get(self, name: str, default: str = "") -> str:
        """The first value of a field, without spaces around it."""
        return next((value.strip() for key, value in self.fields if key == name), default)

    def all(self, name: str) -> tuple[str, ...]:
        """All values of a field."""
        return tuple(value for key, value in self.fields if key == name)

    def lines(self, name: str) -> list[str]:
        """The lines of a text field that are not empty."""
        return [line.strip() for line in self.get(name).splitlines() if line.strip()]

    def whole(self, name: str) -> int | None:
        """A whole number as people type it (1,234); None when there is none."""
        plain = "".join(letter for letter in self.get(name) if letter not in ",.' \u00a0\u202f_")
        return int(plain) if plain.isascii() and plain.isdecimal() and len(plain) <= 15 else None


async def _posted(request: Request) -> Posted:
    form = await request.form(max_fields=_MOST_FIELDS)
    pairs = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    return Posted(tuple((name, _writable(value)) for name, value in pairs))


Form = Annotated[Posted, Depends(_posted)]


def errors_of(error: ValueError, fields: Mapping[str, str] | None = None, otherwise: str = "form") -> dict[str, str]:
    """`name: write a name` → {"name": "Write a name."}; `fields` renames, what names no field goes to `otherwise`."""
    field, colon, reason = str(error).partition(": ")
    if not colon or len(field) > 40 or " " in field:
        return {otherwise: sentence(str(error))}
    return {(fields or {}).get(field, field): sentence(reason)}


def sentence(words: str) -> str:
    """Words with a capital letter and a full stop; an address at the beginning stays as it is."""
    words = words.strip()
    ended = words if words.endswith((".", "!", "?")) else f"{words}."
    first = words.partition(" ")[0].rstrip(".:,")
    return ended if "." in first or "[" in first else ended[:1].upper() + ended[1:]


def number_in(text: str) -> int | None:
    """An id from a form or an address; None when it is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _writable(value: str) -> str:
    """Without what neither a database nor an answer takes: NUL and lone surrogates."""
    return value.replace("\x00", "").encode("utf-8", "replace").decode()
