"""Import of a file: rows in their order, a few hundred per transaction, bad rows reported and left out."""

import itertools
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from collectors import uploads
from collectors.files import Row, RowError, open_rows
from collectors.privacy import PrivacyDoor
from config.settings import Settings, get_settings
from storage import db, mentions, profile, sources
from storage.door import privacy_door
from storage.sources import Problem
from workers.app import ANALYZE_PENDING, IMPORT_UPLOAD, enqueue, job

log = logging.getLogger(__name__)

KINDS = ("posts", "reviews", "survey")
_STEP = 500  # rows per transaction: memory stays small, and a crash loses no more than that
_TOLD_EVERY = 1_000_000  # bytes between two notes of an upload's progress
_SHOWN = 50  # problems that the report carries; all of them are stored


@dataclass(slots=True)
class Report:
    """What became of a file's rows. `known` rows were there already, unchanged."""

    rows: int = 0
    added: int = 0
    changed: int = 0
    mentions: int = 0
    pending: int = 0
    bad: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def known(self) -> int:
        """Good rows that changed nothing."""
        return self.rows - self.bad - self.added - self.changed


def import_rows(
    path: Path,
    kind: str,
    mapping: Mapping[str, str],
    source: str,
    progress: Callable[[int, int], None] | None = None,
    about: str = "",
) -> Report:
    """Store the rows of a file under the import source of that name; `progress` gets (bytes read, bytes in all).

    `about` says whose reviews or survey answers these are (own, text, the key of a rival), empty: our own. It counts
    when the source is new.

    Raises `FileError` or `MappingError` before anything is stored, each with one sentence; `ValueError` for a kind
    that does not exist.
    """
    if kind not in KINDS:
        raise ValueError(f"--kind {kind!r} must be one of {', '.join(KINDS)}.")
    settings = get_settings()
    rows = open_rows(path, kind, mapping, progress)
    first = list(itertools.islice(rows, 1))  # a file that cannot be read must not leave an empty source behind
    with db.transaction() as session:
        meant = about or ("text" if kind == "posts" else "own")
        source_id = sources.import_source(session, source, datetime.now(UTC), survey=kind == "survey", about=meant)
        door = privacy_door(session, settings)
    report = Report()
    for part in _parts(itertools.chain(first, rows)):
        _store(source_id, part, door, settings, report)
    return report


def import_upload(token: str, mapping: Mapping[str, str], source: str, about: str = "") -> None:
    """Import a file that came through the browser; the page of the upload tells how far it is and how it ended."""
    folder = get_settings().data_dir
    upload = uploads.find(folder, token)
    if upload is None:
        log.warning("An upload is gone before it was imported; it has to be sent again.")
        return
    told = 0

    def progress(done: int, total: int) -> None:
        nonlocal told
        if done - told >= _TOLD_EVERY:
            told = done
            uploads.tell(folder, token, uploads.Progress("running", done, total))

    uploads.tell(folder, token, uploads.Progress("running"))
    try:
        report = import_rows(upload.path, upload.kind, mapping, source, progress, about)
    except ValueError as error:
        uploads.tell(folder, token, uploads.Progress("failed", error=str(error)))
    except BaseException:
        told_why = "It was interrupted. What was taken in until then stays; send the file again for the rest."
        uploads.tell(folder, token, uploads.Progress("failed", error=told_why))
        raise
    else:
        uploads.tell(folder, token, _progress_of(report))
        enqueue(ANALYZE_PENDING)
    uploads.drop_file(folder, token)


def _progress_of(report: Report) -> uploads.Progress:
    return uploads.Progress(
        "done",
        rows=report.rows,
        added=report.added,
        changed=report.changed,
        mentions=report.mentions,
        bad=report.bad,
        problems=tuple((each.line, each.column, each.reason) for each in report.problems),
    )


def _parts(rows: Iterator[Row | RowError]) -> Iterator[list[Row | RowError]]:
    while part := list(itertools.islice(rows, _STEP)):
        yield part


def _store(
    source_id: int, part: Sequence[Row | RowError], door: PrivacyDoor, settings: Settings, report: Report
) -> None:
    now = datetime.now(UTC)
    posts, problems = [], []
    for row in part:
        if isinstance(row, RowError):
            problems.append(Problem(row.line, row.field, row.reason))
            continue
        try:
            posts.append(door.admit(row.post, now, settings.max_text_chars))
        except ValueError as error:
            problems.append(Problem(row.line, None, str(error)))
    with db.transaction() as session:
        added = mentions.add_new(session, source_id, posts, profile.matcher(session), now)
        sources.add_import_problems(session, source_id, problems)
    report.rows += len(part)
    report.added += added.posts_added
    report.changed += added.posts_changed
    report.mentions += added.mentions_added
    report.pending += len(added.mention_ids_pending)
    report.bad += len(problems)
    report.problems.extend(problems[: max(0, _SHOWN - len(report.problems))])


job(IMPORT_UPLOAD, soft=3_300, hard=3_400)(import_upload)
