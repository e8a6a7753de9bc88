"""What every command shares: where it prints, how it fails, the database it works on."""

import contextlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


class CommandError(Exception):
    """A command cannot do its work; the text is one sentence."""


@contextlib.contextmanager
def database(purpose: str) -> Iterator[None]:
    """The database, migrated; the embedded servers run for as long as the command when nobody else runs them."""
    from config.settings import get_settings
    from storage import db, embedded

    settings = get_settings()
    if settings.database_url.get_secret_value():
        db.migrate()
        yield
        return
    with embedded.running(settings.data_dir, purpose):
        db.migrate()
        yield


def now() -> datetime:
    """The time, for everything that takes it as a parameter."""
    return datetime.now(UTC)


def table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]], nothing: str) -> None:
    """Print rows under their columns, or one sentence where there is nothing."""
    if not rows:
        out.print(nothing)
        return
    shown = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        shown.add_row(*(escape(cell) for cell in row))
    out.print(shown)
