"""Files that came through the browser: kept in the data folder until they are imported, with what became of them.

The web process writes a file and asks for its import; a worker reads it. Both see the same data folder.
"""

import json
import re
import secrets
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

MAX_BYTES = 50_000_000
KEPT_SECONDS = 24 * 3600
_TOKEN = re.compile(r"[A-Za-z0-9_-]{20,40}")
_CHUNK = 1 << 20
_SILENT = 600  # seconds; a worker tells each megabyte, so one that tells nothing for so long is gone
_STOPPED = "The worker stopped in the middle. What was taken in until then stays; send the file again for the rest."


class UploadError(ValueError):
    """A file that can't be taken, as one sentence."""


@dataclass(frozen=True, slots=True)
class Upload:
    """One file: where it is, as what it came, and who brought it."""

    token: str
    path: Path
    name: str
    kind: str
    user_id: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is. `state`: waiting, running, done, failed; `problems` are (line, column, reason)."""

    state: str = "waiting"
    done: int = 0  # bytes
    total: int = 0
    rows: int = 0
    added: int = 0
    changed: int = 0
    mentions: int = 0
    bad: int = 0
    error: str = ""
    problems: tuple[tuple[int, str | None, str], ...] = field(default=())

    @property
    def known(self) -> int:
        """Good rows that changed nothing."""
        return self.rows - self.bad - self.added - self.changed

    @property
    def percent(self) -> int:
        """Of the file read, 0 to 100."""
        return min(100, round(100 * self.done / self.total)) if self.total else 0


def keep(folder: Path, file: BinaryIO, name: str, kind: str, user_id: int) -> Upload:
    """Store a file; files older than a day are thrown away. Raises `UploadError` when it is too large."""
    _sweep(_folder(folder))
    token = secrets.token_urlsafe(18)
    upload = Upload(token, _folder(folder) / f"{token}.file", name[:200] or "file", kind, user_id)
    with upload.path.open("xb") as target:
        upload.path.chmod(0o600)
        shutil.copyfileobj(file, target, _CHUNK)
        size = target.tell()
    if size > MAX_BYTES:
        forget(folder, token)
        raise UploadError(
            f"The file has {size / 1e6:.0f} MB; {MAX_BYTES // 1_000_000} MB are possible here. "
            "The command line takes larger ones: manage.py import."
        )
    about = {"name": upload.name, "kind": kind, "user_id": user_id}
    _write(_folder(folder) / f"{token}.about", about)
    return upload


def find(folder: Path, token: str) -> Upload | None:
    """A stored file; None when there is none of this token (any more)."""
    if not _TOKEN.fullmatch(token):
        return None
    try:
        about = json.loads((_folder(folder) / f"{token}.about").read_text("utf-8"))
    except FileNotFoundError:
        return None
    return Upload(token, _folder(folder) / f"{token}.file", about["name"], about["kind"], about["user_id"])


def tell(folder: Path, token: str, progress: Progress) -> None:
    """Note how far the import is."""
    _write(_folder(folder) / f"{token}.progress", asdict(progress))


def progress_of(folder: Path, token: str) -> Progress | None:
    """How far the import is; None before it was asked for."""
    path = _folder(folder) / f"{token}.progress"
    try:
        found = _progress(json.loads(path.read_text("utf-8")))
        silent = time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return None
    return replace(found, state="failed", error=_STOPPED) if found.state == "running" and silent > _SILENT else found


def drop_file(folder: Path, token: str) -> None:
    """The rows are in: the file itself goes at once, since it holds what people wrote before any masking."""
    (_folder(folder) / f"{token}.file").unlink(missing_ok=True)


def forget(folder: Path, token: str) -> None:
    """Throw a file and all about it away."""
    for path in _folder(folder).glob(f"{token}.*"):
        path.unlink(missing_ok=True)


def _folder(data_dir: Path) -> Path:
    path = data_dir / "uploads"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def _sweep(folder: Path) -> None:
    for path in folder.iterdir():
        if path.stat().st_mtime < time.time() - KEPT_SECONDS:
            path.unlink(missing_ok=True)


def _write(path: Path, values: Mapping[str, object]) -> None:
    """Whoever reads meanwhile gets the old words or the new ones, never half of them."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    draft.write_text(json.dumps(values), "utf-8")
    draft.replace(path)


def _progress(found: Mapping[str, object]) -> Progress:
    numbers = {name: int(str(found[name])) for name in ("done", "total", "rows", "added", "changed", "mentions", "bad")}
    listed = found["problems"] if isinstance(found["problems"], list) else []
    problems = tuple((int(line), column, str(reason)) for line, column, reason in listed)
    return Progress(str(found["state"]), **numbers, error=str(found["error"]), problems=problems)
