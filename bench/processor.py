"""Processor time of this process and of the embedded PostgreSQL beside it, which others on the machine blur little."""

import os
import time
from pathlib import Path

_TICK = 1000 / os.sysconf("SC_CLK_TCK")
_PARENT, _OWN, _WAITED_FOR = 1, slice(11, 13), slice(11, 15)  # fields of /proc/PID/stat behind the name


def own() -> float:
    """Milliseconds so far."""
    return 1000 * time.process_time()


def database(data_dir: Path) -> float:
    """Milliseconds so far of the server in a data folder, with the processes that it ended. Linux only."""
    server = int((data_dir / "postgres" / "postmaster.pid").read_text(encoding="ascii").split()[0])
    ticks = 0
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:  # it ended just now
            continue
        if int(entry.parent.name) == server:
            ticks += sum(map(int, fields[_WAITED_FOR]))
        elif int(fields[_PARENT]) == server:
            ticks += sum(map(int, fields[_OWN]))
    return ticks * _TICK
