"""A list of people to invite, as somebody pastes or uploads it: pure reading, every bad line named."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

MOST = 60_000
_LONGEST_CELL = 500
_NAMES = {
    "email": "email", "e-mail": "email", "mail": "email", "e-mail address": "email", "email address": "email",
    "team": "team", "department": "team", "location": "location", "site": "location", "office": "location",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Invitee:
    """One line of the list; the address is not checked yet."""

    line: int
    email: str
    team: str | None = None
    location: str | None = None


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that invites nobody, and why; `words` is its beginning."""

    line: int
    words: str
    reason: str


def read_list(text: str) -> tuple[tuple[Invitee, ...], tuple[BadLine, ...]]:
    """Addresses one per line, or a table with a column of addresses and perhaps teams and locations.

    A first line without an @ names the columns (email, team, location); without it the first cell with an @ is the
    address. Separators are commas, semicolons or tabs. Raises `ValueError` for a list that is too long.
    """
    good: list[Invitee] = []
    bad: list[BadLine] = []
    columns: dict[str, int] | None = None
    first = True
    for line, cells in _rows(text.lstrip("\ufeff")):
        if len(good) + len(bad) >= MOST:
            raise ValueError(f"list: at most {MOST:,} lines at once; split the list")
        if first and not any("@" in cell for cell in cells):
            first, columns = False, _columns(cells)
            if columns is None:
                bad.append(BadLine(line, _beginning(cells), "this names no column of addresses; call it email"))
            continue
        first = False
        found = _invitee(line, cells, columns)
        if isinstance(found, Invitee):
            good.append(found)
        else:
            bad.append(found)
    return tuple(good), tuple(bad)


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each line by itself, so that a stray quotation mark spoils no other."""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        mark = next((each for each in ("\t", ";", ",") if each in line), ",")
        yield number, [cell.strip() for cell in _cells(line[:20_000], mark)]


def _cells(line: str, mark: str) -> list[str]:
    if '"' not in line:
        return line.split(mark)
    try:
        return next(csv.reader(io.StringIO(line), delimiter=mark), [])
    except csv.Error:
        return line.split(mark)


def _columns(cells: list[str]) -> dict[str, int] | None:
    found: dict[str, int] = {}
    for at, cell in enumerate(cells):
        name = _NAMES.get(cell.casefold())
        if name is not None and name not in found:
            found[name] = at
    return found if "email" in found else None


def _invitee(line: int, cells: list[str], columns: dict[str, int] | None) -> Invitee | BadLine:
    if columns is None:
        address = next((cell for cell in cells if "@" in cell), "")
        team = location = None
    else:
        address, team, location = (_cell(cells, columns.get(name)) for name in ("email", "team", "location"))
    if not address:
        return BadLine(line, _beginning(cells), "there is no address on this line")
    if any(len(cell) > _LONGEST_CELL for cell in (address, team or "", location or "")):
        return BadLine(line, _beginning(cells), "a field of this line is too long")
    return Invitee(line, _bare(address), team or None, location or None)


def _cell(cells: list[str], at: int | None) -> str:
    return cells[at] if at is not None and at < len(cells) else ""


def _bare(address: str) -> str:
    """The address alone where it stands with a name, as mail programs copy it."""
    name, bracket, rest = address.rpartition("<")
    return rest.rstrip("> ").strip() if bracket and rest.endswith(">") and name.strip() else address


def _beginning(cells: list[str]) -> str:
    return ", ".join(cells)[:60]
