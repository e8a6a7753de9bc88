"""Mentions on their way into a file: what `storage.search` lets the reader see, and of that what may leave.

There is no query here on purpose: role, small groups, protected activity and names are decided where lists are read.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from collectors.redistribution import stricter
from storage import db
from storage.kinds import redistribution_of
from storage.search import MAX_LIMIT, MentionFilter, MentionRow, search
from storage.viewer import Viewer

MENTIONS, FIGURES = "mention.export", "figures.export"  # in the audit log


@dataclass(frozen=True, slots=True)
class ExportRow:
    """A mention as it may leave: its row with title and text as far as they may. `text` of the row is empty where
    `text` here is None: then it may not leave, and `left_out` says why (as it does where it is cut)."""

    mention: MentionRow
    title: str | None
    text: str | None
    left_out: str


@dataclass(frozen=True, slots=True)
class ExportPage:
    """A page of them, with what `storage.search.Page` says of the whole."""

    items: tuple[ExportRow, ...]
    next: str | None
    hidden: int
    small_groups: tuple[str, ...]


@dataclass(slots=True)
class Tally:
    """What became of an export; filled while its rows pass. `left_out`: kind of source and reason → rows."""

    rows: int = 0
    complete: bool = True
    hidden: int = 0
    small_groups: tuple[str, ...] = ()
    left_out: dict[tuple[str, str], int] = field(default_factory=dict)

    def add(self, row: ExportRow) -> None:
        """Count a row."""
        self.rows += 1
        if row.left_out:
            key = (row.mention.source_kind, row.left_out)
            self.left_out[key] = self.left_out.get(key, 0) + 1


def export_page(session: Session, viewer: Viewer, wanted: MentionFilter, after: str | None = None) -> ExportPage:
    """A page of the export, newest first. Raises what `storage.search.search` raises."""
    found = search(session, viewer, wanted, limit=MAX_LIMIT, after=after)
    return ExportPage(tuple(map(_may_leave, found.items)), found.next, found.hidden, found.small_groups)


def export_rows(viewer: Viewer, wanted: MentionFilter, most: int, tally: Tally) -> Iterator[ExportRow]:
    """The newest mentions, at most so many, in sessions of their own: one a page, so that none is held for long."""
    after: str | None = None
    while True:
        with db.reading() as session:
            page = export_page(session, viewer, wanted, after)
        tally.hidden = max(tally.hidden, page.hidden)
        tally.small_groups = tuple(sorted({*tally.small_groups, *page.small_groups}))
        for row in page.items:
            if tally.rows == most:
                tally.complete = False
                return
            tally.add(row)
            yield row
        if page.next is None:
            return
        after = page.next


def _may_leave(row: MentionRow) -> ExportRow:
    rule = stricter(redistribution_of(row.source_kind), row.place)
    most = rule.characters
    if most is None or (most and len(row.title or "") + len(row.text) <= most):
        return ExportRow(row, row.title, row.text, "")
    if most == 0:
        return ExportRow(row, None, None, rule.why)
    title = None if row.title is None else row.title[:most]
    return ExportRow(row, title, row.text[: most - len(title or "")], rule.why)
