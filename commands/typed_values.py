"""NAME=VALUE pairs of the command line: options of a source, and keys that need not stand in the shell's history."""

import getpass
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from commands.terminal import CommandError

if TYPE_CHECKING:
    from collectors.base import Collector

KEY_HELP = (
    "NAME=VALUE, several times. NAME=- reads the value from standard input (asked for on a terminal), "
    "NAME=env:VARIABLE from the environment, NAME=file:PATH from a file: so it stays out of the shell's history. "
    "NAME= forgets it."
)
OPTION_HELP = "NAME=VALUE, several times; an option of many lines may be given once for each. NAME= sets the default."


def options(collector: "Collector", pairs: Sequence[str]) -> dict[str, str]:
    """Options as the collector checks them; "" for those that go back to their default."""
    many = {option.name for option in collector.options if option.many_lines}
    found: dict[str, str] = {}
    for pair in pairs:
        name, value = _parted("--option", pair)
        if name in found and name not in many:
            raise CommandError(f"--option {name} is given twice.")
        found[name] = f"{found[name]}\n{value}" if name in found else value
    return found


def keys(pairs: Sequence[str]) -> dict[str, str]:
    """Keys with their values read from where the pair says; messages name the key and never its value."""
    wanted = [_parted("--credential", pair) for pair in pairs]
    if len({name for name, _ in wanted}) < len(wanted):
        raise CommandError("--credential: a name is given twice.")
    from_input = [name for name, value in wanted if value == "-"]
    return {name: _read(name, value, alone=len(from_input) == 1) for name, value in wanted}


def _read(name: str, value: str, *, alone: bool) -> str:
    if value == "-":
        return _from_input(name, alone=alone)
    if value.startswith("env:"):
        found = os.environ.get(value.removeprefix("env:"))
        if not found:
            raise CommandError(f"--credential {name}: the environment has no {value.removeprefix('env:')}.")
        return found
    if value.startswith("file:"):
        try:
            return Path(value.removeprefix("file:")).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"--credential {name}: {value.removeprefix('file:')} cannot be read.") from error
    return value


def _from_input(name: str, *, alone: bool) -> str:
    """One key from standard input: all of it, or a line each where several are read from there."""
    if sys.stdin.isatty():
        return getpass.getpass(f"{name}: ").strip()
    given = (sys.stdin.read() if alone else sys.stdin.readline()).strip()
    if not given:
        raise CommandError(f"--credential {name}: nothing came on standard input.")
    return given


def _parted(flag: str, pair: str) -> tuple[str, str]:
    name, equals, value = pair.partition("=")
    if not equals or not name.strip():
        shown = f" {name!r}" if name and len(name) <= 30 and flag == "--option" else ""
        raise CommandError(f"{flag}{shown}: write NAME=VALUE.")
    return name.strip(), value
