"""Tables of counts: one row per cell, added to and taken from, never written over; a row that counts nothing goes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, TextClause, text
from sqlalchemy.orm import Session

Change = Counter[tuple[tuple[Any, ...], str]]  # by key of the cell and name of the figure


@dataclass(frozen=True, slots=True)
class Tally:
    """A table whose primary key is `keys` (column → SQL type, in the order of locks) and that counts `figures`."""

    table: str
    keys: Mapping[str, str]
    figures: Sequence[str]

    def read(self, rows: Sequence[Row[Any]]) -> Change:
        """The sums of rows that have all keys, then all figures."""
        found: Change = Counter()
        for row in rows:
            key = tuple(row[: len(self.keys)])
            for name, value in zip(self.figures, row[len(self.keys) :], strict=True):
                found[key, name] += value
        return found

    def apply(self, session: Session, change: Change) -> None:
        """Add to the cells; in one order for all, though the companies' locks let nobody else in."""
        cells = sorted({cell for (cell, _), value in change.items() if value})
        if not cells:
            return
        figures = {name: [change[cell, name] for cell in cells] for name in self.figures}
        session.execute(self._add(), self._columns(cells) | figures)
        fallen = [cell for cell in cells if any(change[cell, name] < 0 for name in self.figures)]
        if fallen:
            session.execute(self._drop_empty(), self._columns(fallen))

    def _columns(self, cells: Sequence[tuple[Any, ...]]) -> dict[str, list[Any]]:
        return {name: [cell[at] for cell in cells] for at, name in enumerate(self.keys)}

    def _add(self) -> TextClause:
        given = [*self.keys.items(), *((name, "integer") for name in self.figures)]
        return text(f"""
            INSERT INTO {self.table} ({", ".join(name for name, _ in given)})
            SELECT * FROM unnest({_lists(given)}) ON CONFLICT ({", ".join(self.keys)}) DO UPDATE SET
            {", ".join(f"{name} = {self.table}.{name} + excluded.{name}" for name in self.figures)}
        """)  # noqa: S608 - names of our own tables

    def _drop_empty(self) -> TextClause:
        same = " AND ".join(f"r.{name} = c.{name}" for name in self.keys)
        empty = " AND ".join(f"r.{name} = 0" for name in self.figures)
        return text(f"""
            DELETE FROM {self.table} r USING unnest({_lists([*self.keys.items()])}) AS c({", ".join(self.keys)})
            WHERE {same} AND {empty}
        """)  # noqa: S608 - names of our own tables


def _lists(given: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in given)
