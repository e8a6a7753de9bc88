"""Clicks on disk until they are in the database: one file per process and batch, each line one click.

A line is written before the visitor is answered, so a killed process loses none. A file is locked by the process that
writes it, and the kernel opens that lock when the process dies: whoever can lock a file of `orphans` may store it. The
name of a file is the id of its batch, which `storage.clicks.store` takes once. What a power cut takes is what the
system had not written to the disk yet.
"""

import contextlib
import fcntl
import logging
import os
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from storage.clicks import Seen

log = logging.getLogger(__name__)

LARGEST = 4_000_000  # bytes of one file, some 60,000 clicks
_SUFFIX = ".clicks"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOBODY = "-"


@dataclass(frozen=True, slots=True)
class Batch:
    """A file that is written no more, locked by us until `done`."""

    path: Path
    descriptor: int

    @property
    def id(self) -> str:
        """What tells this batch from all others."""
        return self.path.stem

    def read(self) -> list[Seen]:
        """The clicks in it; lines that a power cut tore are left out and told."""
        lines = self.path.read_text(encoding="ascii", errors="replace").split("\n")
        seen = [each for line in lines if (each := _seen(line)) is not None]
        torn = sum(bool(line) for line in lines) - len(seen)
        if torn:
            log.warning("%d lines of a file of clicks can't be read and are left out.", torn)
        return seen

    def done(self) -> None:
        """The clicks are in the database."""
        self.path.unlink(missing_ok=True)
        os.close(self.descriptor)


class Spool:
    """The folder of one process. `append` may be called by one thread, `cut` by another."""

    def __init__(self, folder: Path, largest: int = LARGEST) -> None:
        self.folder = folder
        self.largest = largest
        self._lock = threading.Lock()
        self._path: Path | None = None
        self._descriptor = -1
        self._size = 0
        self._waiting: list[Batch] = []

    def append(self, line: bytes) -> None:
        """Write one line; raises OSError when the disk takes no more."""
        with self._lock:
            if self._path is None:
                self._open()
            written = os.write(self._descriptor, line)
            self._size += written
            if written < len(line) or self._size >= self.largest:
                self._cut()

    def cut(self) -> list[Batch]:
        """The batches that wait to be stored, what was written up to now among them."""
        with self._lock:
            self._cut()
            waiting, self._waiting = self._waiting, []
            return waiting

    def give_back(self, batches: list[Batch]) -> None:
        """These could not be stored now; the next `cut` has them again."""
        with self._lock:
            self._waiting = [*batches, *self._waiting]

    def orphans(self) -> Iterator[Batch]:
        """What processes left that are no more."""
        with contextlib.suppress(FileNotFoundError):
            for path in sorted(self.folder.glob(f"*{_SUFFIX}")):
                batch = _claimed(path)
                if batch is not None:
                    yield batch

    def close(self) -> None:
        """Let go of everything; what is not stored by now is an orphan."""
        for batch in self.cut():
            os.close(batch.descriptor)

    def _open(self) -> None:
        """Locked before it has its name, so that nobody takes it for an orphan."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{secrets.token_hex(16)}{_SUFFIX}"
        draft = path.with_suffix(".new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        draft.rename(path)
        self._path, self._descriptor, self._size = path, descriptor, 0

    def _cut(self) -> None:
        if self._path is not None:
            self._waiting.append(Batch(self._path, self._descriptor))
            self._path = None


def line_of(seen: Seen) -> bytes:
    """A click as a line: link, milliseconds since 1970, visitor, why it does not count."""
    visitor = seen.visitor.hex() if seen.visitor is not None else _NOBODY
    moment = (seen.at - _EPOCH) // timedelta(milliseconds=1)
    reason = "".join(letter for letter in seen.reason if letter.isprintable())
    return f"{seen.link_id}\t{moment}\t{visitor}\t{reason}\t\n".encode("ascii", "replace")


def _seen(line: str) -> Seen | None:
    """The last tab tells that the line is whole."""
    parts = line.split("\t")
    if len(parts) != 5 or parts[4]:
        return None
    try:
        visitor = None if parts[2] == _NOBODY else bytes.fromhex(parts[2])
        at = _EPOCH + timedelta(milliseconds=int(parts[1]))
        return Seen(int(parts[0]), at, parts[3], visitor)
    except (ValueError, OverflowError):
        return None


def _claimed(path: Path) -> Batch | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    if not path.exists():  # another one stored it between our opening and locking
        os.close(descriptor)
        return None
    return Batch(path, descriptor)
