"""Finding the source that a person means, and what to say when there is none."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from commands.terminal import CommandError, now

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from collectors.base import Collector
    from storage.sources import SourceRow

_NAMED = 20  # sources that an error lists


def rows(session: "Session") -> "Sequence[SourceRow]":
    """All sources with their health."""
    from storage import sources
    from storage.viewer import SYSTEM

    return sources.list_sources(session, SYSTEM, now())


def find(session: "Session", word: str) -> "SourceRow":
    """The source with this number, name, or only one of this kind; else an error that says how to configure one."""
    from storage import sources

    source_id = sources.find_source(session, word)
    if source_id is not None:
        return reread(session, source_id)
    names = [row.name for row in rows(session)]
    raise CommandError(f"There is no single source called {word!r}. {_advice(word, names)}")


def reread(session: "Session", source_id: int) -> "SourceRow":
    """A source as it stands after a change."""
    from storage import sources
    from storage.viewer import SYSTEM

    return sources.source_row(session, SYSTEM, source_id, now())


def collector_of(row: "SourceRow") -> "Collector":
    """Its collector; an error for sources that are filled by files and calls."""
    from storage import kinds

    found = kinds.collector_of(row.kind)
    if found is None:
        raise CommandError(f"{row.name} is filled from outside: it has no options, no keys and no connection.")
    return found


def _advice(word: str, names: Sequence[str]) -> str:
    from collectors import registry

    more = " …" if len(names) > _NAMED else ""
    known = f"Configured: {', '.join(names[:_NAMED])}{more}." if names else "None is configured."
    kind = next((each for each in registry.all_collectors() if each.kind == word), None)
    if kind is None:
        return f"{known} Add one: manage.py source add KIND --name NAME (manage.py source kinds lists the kinds)."
    return f"{known} To configure this kind: {_command(kind)}"


def _command(kind: "Collector") -> str:
    """The command that adds a source of a kind, with what it cannot do without."""
    needed = [f"--option {option.name}=…" for option in kind.options if option.required]
    needed += [f"--credential {option.name}=-" for option in kind.credentials if option.required]
    return " ".join(["manage.py source add", kind.kind, f"--name {json.dumps(kind.label)}", *needed])
