"""Making files for people: the table, what is to be told about it, its entry in the audit log, and the answer.

A file is written to the disk first (a file without a name, gone when it was sent), so that the log knows how many rows
it has and a fault is an answer and not half a file.
"""

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from os import SEEK_END
from threading import BoundedSemaphore
from typing import BinaryIO
from urllib.parse import urlencode

from fastapi.responses import StreamingResponse

from api.errors import ApiError
from api.export_formats import MEDIA, Cell, Sheet, write
from api.figure_sheets import Figures
from config.settings import get_settings
from metrics.suppress import MIN_AUTHORS
from notify.cleaning import clean_text
from storage import audit, db, exports, name_searches, profile
from storage.exports import ExportRow, Tally
from storage.mentions import MentionFilter
from storage.viewer import Viewer

FORMATS = tuple(MEDIA)
_AT_ONCE = 2  # in one process: each keeps a connection and a thread busy
_turns = BoundedSemaphore(_AT_ONCE)
_CHUNK = 64 * 1024
_LONGEST_IN_HEADER = 100  # characters of a filter
_COLUMNS = (
    "id", "published_at", "company", "source", "source_kind", "kind", "title", "text", "text_cut", "url", "lang",
    "facet", "audience", "sentiment", "themes", "rating", "own_account", "story_id", "copies", "edited_at",
    "date_from", "corrected", "demo", "left_out",
)  # fmt: skip
_FOLLOWS_NOTHING = (
    "A file follows no edit and no deletion at the platform. Delete it when it has served, and take a new one."
)


@dataclass(frozen=True, slots=True)
class About:
    """What a file tells of itself: when, for whom, which filters, how many rows, and what is not in it and why."""

    what: str
    made_at: datetime
    role: str
    filters: Mapping[str, str]
    rows: int
    complete: bool
    left_out: tuple[str, ...]
    demo: bool = False

    def sheet(self) -> Sheet:
        """As a table of two columns."""
        rows: list[tuple[Cell, Cell]] = [("What", self.what), ("Made (all times are UTC)", self.made_at)]
        rows += [("Demo", "All posts, people and figures in it are invented.")] if self.demo else []
        rows += [("For the role", self.role)]
        rows += [(f"Filter: {name}", value) for name, value in self.filters.items()] or [("Filters", "none")]
        rows += [("Rows", self.rows), ("All that match", "yes" if self.complete else "no: the newest only")]
        rows += [("Not in this file", each) for each in self.left_out]
        return Sheet("About", ("What", "Value"), [*rows, ("Mind", _FOLLOWS_NOTHING)])

    def header(self) -> str:
        """As one line of ASCII that no server on the way finds too long."""
        filters = {name: value[:_LONGEST_IN_HEADER] for name, value in self.filters.items()}
        return json.dumps({**asdict(self), "made_at": self.made_at.isoformat(), "filters": filters})


def mentions_file(viewer: Viewer, wanted: MentionFilter, form: str, reason: str, now: datetime) -> StreamingResponse:
    """The mentions of a list as a file. Raises what `storage.search.search` raises."""
    tally = Tally()

    def sheet() -> Sheet:
        found = exports.export_rows(viewer, wanted, get_settings().export_rows, tally)
        return Sheet("Mentions", _COLUMNS, map(_cells, found))

    def about() -> About:
        left_out = tuple(_left_out(tally))
        return About("Mentions", now, viewer.role, filters_of(wanted), tally.rows, tally.complete, left_out)

    try:
        return _answer(viewer, exports.MENTIONS, form, reason, sheet(), about, wanted.q)
    except name_searches.NameSearch:
        with db.transaction() as session:
            name_searches.note(session, viewer, wanted.q, now, blocked=True)
        raise


def figures_file(viewer: Viewer, figures: Figures, form: str, now: datetime) -> StreamingResponse:
    """Figures that are read and suppressed already, as a file."""
    rows = list(figures.sheet.rows)

    def about() -> About:
        return About(figures.sheet.name, now, viewer.role, figures.asked, len(rows), True, figures.left_out)

    sheet = Sheet(figures.sheet.name, figures.sheet.columns, rows)
    return _answer(viewer, exports.FIGURES, form, "", sheet, about, None)


def filters_of(wanted: MentionFilter) -> dict[str, str]:
    """The filters that are set, in words."""
    given = {name: value for name, value in asdict(wanted).items() if value is not None}
    return {name: value.isoformat() if isinstance(value, datetime) else str(value) for name, value in given.items()}


def _answer(
    viewer: Viewer, action: str, form: str, reason: str, sheet: Sheet, about: Callable[[], About], words: str | None
) -> StreamingResponse:
    """Write the file, put its one entry into the audit log, and send it."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it was sent
    try:
        with db.reading() as session:
            own = profile.own_company(session)
        demo = own is not None and own.demo
        with _turn():
            write(form, sheet, lambda: replace(about(), demo=demo).sheet(), file)
        told = replace(about(), demo=demo)
        with db.transaction() as session:
            audit.record(session, viewer, action, _entry(told, form, reason), told.made_at)
            name_searches.note(session, viewer, words, told.made_at)
    except BaseException:
        file.close()
        raise
    name = f"outspoken-{'demo-' if demo else ''}{sheet.name.lower().replace(' ', '-')}-{told.made_at:%Y-%m-%d}.{form}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Length": str(file.seek(0, SEEK_END)),
        "Cache-Control": "no-store",
        "X-Export-About": told.header(),
    }
    return StreamingResponse(_chunks(file), media_type=MEDIA[form], headers=headers)


@contextmanager
def _turn() -> Iterator[None]:
    """One of the places there are for exports; 503 where all are taken."""
    if not _turns.acquire(blocking=False):
        words = "Other exports are being made. Try again in a minute."
        raise ApiError(503, words, headers={"Retry-After": "60"})
    try:
        yield
    finally:
        _turns.release()


def _entry(told: About, form: str, reason: str) -> str:
    rows = f"{told.rows:,} rows{'' if told.complete else ' (the newest only)'}"
    # What somebody typed comes last, as one line, so that it passes for nothing else.
    why = clean_text(reason)
    parts = [f"{told.what}: {form}, {rows}", urlencode(told.filters), f"for: {why}" if why else ""]
    return "; ".join(part for part in parts if part)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while chunk := file.read(_CHUNK):
            yield chunk


def _cells(row: ExportRow) -> tuple[Cell, ...]:
    each = row.mention
    return (
        each.id, each.published_at, each.company, each.source, each.source_kind, each.kind, row.title, row.text,
        each.cut, each.url, each.lang, each.facet, each.audience, each.sentiment, each.themes, each.rating,
        each.own_account, each.story_id, each.copies, each.edited_at, each.date_from, each.corrected, each.demo,
        row.left_out,
    )  # fmt: skip


def _left_out(tally: Tally) -> Iterator[str]:
    """What is not in the file, in words."""
    if not tally.complete:
        yield f"Mentions older than the last row: a file holds {tally.rows:,} at most. Ask for an earlier end."
    for (kind, why), rows in sorted(tally.left_out.items()):
        yield f"Text of {rows:,} rows from {kind}, or a part of it: {why}."
    if tally.hidden:
        number = "1,000 or more" if tally.hidden >= 1_000 else f"{tally.hidden:,}"
        yield f"{number} mentions that touch protected activity (counted whatever the filters): never shown."
    if tally.small_groups:
        groups = ", ".join(tally.small_groups)
        yield f"Mentions by {groups}, if there are any: this time holds no days in which {MIN_AUTHORS} wrote."
