"""The privacy pack: what a works council and a data protection officer ask, read from the configuration in force.

Each part is a table of words, so that two packs can be compared row by row: `changes` marks what is new or different
since the version that was kept last (`keep`), a file in the data folder.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from sqlalchemy.orm import Session

from api.dashboard.privacy_statements import Table
from api.dashboard.privacy_tables import privacy_tables
from api.dashboard.render import environment
from api.dashboard.wording import count, moment
from config.settings import Settings

_FILE = "privacy-pack.json"
_LARGEST = 5_000_000  # bytes of a kept pack that are read
Change = Literal["", "new", "changed", "gone"]


@dataclass(frozen=True, slots=True)
class Kept:
    """The version that was kept last: its number, when, and the rows of each part."""

    number: int
    at: datetime
    rows: Mapping[str, tuple[tuple[str, ...], ...]]


@dataclass(frozen=True, slots=True)
class Row:
    """One row, and what became of it since the version kept last."""

    cells: tuple[str, ...]
    change: Change = ""
    before: tuple[str, ...] = ()  # of a row that is changed: what stood there

    def was(self, place: int) -> str:
        """What stood in a cell before, where it differs; else nothing."""
        former = self.before[place] if place < len(self.before) else ""
        return former if former != self.cells[place] else ""


@dataclass(frozen=True, slots=True)
class Part:
    """One table of the pack as it is shown."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    note: str

    @property
    def marked(self) -> bool:
        """Whether any row differs."""
        return any(row.change for row in self.rows)


@dataclass(frozen=True, slots=True)
class Pack:
    """The whole pack; `changed` rows differ from the version `since`, None where none was kept."""

    made_at: datetime
    company: str
    parts: tuple[Part, ...]
    since: Kept | None

    @property
    def changed(self) -> int:
        return sum(row.change != "" for part in self.parts for row in part.rows)

    @property
    def told(self) -> str:
        """When it was made, and how it stands to the version kept last."""
        made = f"Made {moment(self.made_at)} from the configuration in force. "
        if self.since is None:
            return f"{made}No version was kept yet, so nothing is marked."
        kept = f"version {self.since.number} of {moment(self.since.at)}"
        if not self.changed:
            return f"{made}Nothing differs from {kept}."
        rows = "row differs from" if self.changed == 1 else "rows differ from"
        return f"{made}{count(self.changed)} {rows} {kept}, and {'is' if self.changed == 1 else 'are'} marked."


def privacy_pack(session: Session, settings: Settings, now: datetime) -> Pack:
    """The pack by the configuration in force, compared with the version kept last."""
    company, tables = privacy_tables(session, settings, now)
    kept = last_kept(settings.data_dir)
    return Pack(now, company, tuple(_part(table, kept) for table in tables), kept)


def keep(pack: Pack, folder: Path) -> int:
    """Keep this pack as the version to compare with; returns its number."""
    number = pack.since.number + 1 if pack.since is not None else 1
    rows = {part.title: [row.cells for row in part.rows if row.change != "gone"] for part in pack.parts}
    written = folder / f"{_FILE}.new"
    with open(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump({"number": number, "at": pack.made_at.isoformat(), "rows": rows}, file, ensure_ascii=False)
    written.replace(folder / _FILE)
    return number


def as_file(pack: Pack) -> str:
    """The pack as an HTML file that needs nothing else and prints well."""
    return environment().get_template("privacy_pack_file.html").render(pack=pack)


def last_kept(folder: Path) -> Kept | None:
    """The version kept last; None where there is none, or none that can be read."""
    try:
        path = folder / _FILE
        given = json.loads(path.read_text(encoding="utf-8")) if path.stat().st_size <= _LARGEST else {}
        rows = {
            str(title): tuple(tuple(str(cell) for cell in row) for row in table)
            for title, table in given["rows"].items()
        }
        return Kept(int(given["number"]), datetime.fromisoformat(given["at"]), rows)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _part(table: Table, kept: Kept | None) -> Part:
    if kept is None:
        return Part(table.title, table.columns, tuple(Row(cells) for cells in table.rows), table.note)
    rows = tuple(changes(table.rows, kept.rows.get(table.title, ())))
    return Part(table.title, table.columns, rows, table.note)


def changes(rows: Sequence[tuple[str, ...]], before: Sequence[tuple[str, ...]]) -> list[Row]:
    """Each row with what became of it, and at the end those that are gone. The first cell says which row is which."""
    same, known = set(before), {row[:1]: row for row in reversed(before)}
    here = {row[:1] for row in rows}

    def compared(row: tuple[str, ...]) -> Row:
        if row in same:
            return Row(row)
        former = known.get(row[:1])
        return Row(row, "new") if former is None else Row(row, "changed", former)

    return [*map(compared, rows), *(Row(row, "gone") for row in before if row[:1] not in here)]


__all__ = ["Kept", "Pack", "Part", "Row", "as_file", "changes", "keep", "last_kept", "privacy_pack"]
