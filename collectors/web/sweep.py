"""Keeping the folder of cached pages small."""

import contextlib
import time
from pathlib import Path

MAX_AGE_DAYS = 7
MAX_BYTES = 100_000_000


def sweep(folder: Path, max_bytes: int = MAX_BYTES, max_age_days: float = MAX_AGE_DAYS) -> int:
    """Remove what is too old, then the oldest beyond `max_bytes`; returns how many files went.

    Several runs may sweep at once: a file that is gone already is nobody's fault.
    """
    found: list[tuple[float, int, Path]] = []
    for path in folder.glob("*/*"):
        with contextlib.suppress(OSError):
            state = path.stat()
            found.append((state.st_mtime, state.st_size, path))
    oldest = time.time() - max_age_days * 86_400
    kept = removed = 0
    for changed, size, path in sorted(found, key=lambda one: one[0], reverse=True):
        kept += size
        if changed < oldest or kept > max_bytes:
            with contextlib.suppress(OSError):
                path.unlink()
                removed += 1
    return removed
