"""Secrets that the service makes itself and keeps in files of its data folder, readable by its own account only."""

import fcntl
import os
import secrets
from pathlib import Path


def kept_secret(path: Path) -> str:
    """Read the key file, or make it: of two processes that start at once one writes and the other waits for it."""
    if path.exists() and (kept := path.read_text(encoding="ascii").strip()):
        return kept
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        kept = file.read().strip()
        if not kept:
            kept = secrets.token_hex(32)
            file.write(kept)
    return kept


def lines_of(path: Path) -> tuple[str, ...]:
    """The keys in a file of several, the newest first; none where there is no file."""
    try:
        return tuple(line for line in path.read_text(encoding="ascii").split() if line)
    except FileNotFoundError:
        return ()


def write_lines(path: Path, lines: tuple[str, ...]) -> None:
    """Replace a file of keys in one step: whoever reads meanwhile reads the old one or the new one, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
