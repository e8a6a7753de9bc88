"""Outspoken's one command line: run, migrate, collect, import, tag, accounts and keys, the company profile, checks.

Imports stand inside the commands: `manage.py --help` must not wait for a model. An error is one sentence and code 1.
"""

import config.garbage  # noqa: F401  # before all else is loaded

# isort: split

import os
import sys
from typing import Annotated

import typer
from rich.markup import escape

from commands import (
    accounts,
    audit,
    backups,
    channels,
    collection,
    company,
    data,
    model,
    privacy,
    quality,
    sources,
    upkeep,
)
from commands.terminal import CommandError, database, err, now, out

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Run and tend Outspoken."
)


@app.command()
def run() -> None:
    """Start everything: database, queue, web, workers, clock. Ctrl-C stops it."""
    from config.settings import get_settings
    from workers.run import serve

    serve(get_settings(), out)


@app.command()
def migrate() -> None:
    """Bring the database's schema up to date."""
    from config.settings import get_settings
    from storage import db, pseudonym_keys

    with database("manage.py migrate"):
        with db.transaction() as session:
            pseudonym_keys.verify(session, get_settings(), now())  # here where processes are started apart
        out.print("The database is up to date.")


@app.command()
def check() -> None:
    """Compare migrations with models and docs/settings.md with the settings; see that the web process stays light."""
    from workers.checks import problems

    found = problems()
    for problem in found:
        err.print(f"[red]{escape(problem)}[/]")
    if found:
        raise typer.Exit(1)
    out.print("Migrations match the models, docs/settings.md is complete, the web process loads no model.")


@app.command()
def bench(
    only: Annotated[list[str] | None, typer.Argument(help="Names of modules in bench/; all when left out.")] = None,
) -> None:
    """Measure speed as ratios against baselines of the same run."""
    from workers.checks import run_benchmarks

    failed = run_benchmarks(only or [])
    if failed:
        raise CommandError(f"These benchmarks failed: {', '.join(failed)}.")


@app.command()
def settings() -> None:
    """Write docs/settings.md from the settings."""
    from config.settings_page import PAGE, settings_page

    PAGE.write_text(settings_page(), encoding="utf-8")
    out.print(f"{PAGE} is written.")


app.add_typer(collection.app)
app.add_typer(data.app)
app.add_typer(quality.app)
app.add_typer(privacy.app)
app.add_typer(backups.app)
app.add_typer(upkeep.app)
app.add_typer(model.app)
_GROUPS = {
    "audit": audit.audit,
    "source": sources.source,
    "user": accounts.user,
    "key": accounts.key,
    "channel": channels.channel,
    "company": company.company,
    "demo": company.demo,
    "model": model.model,
}
for name, group in _GROUPS.items():
    app.add_typer(group, name=name)


def main() -> int:
    """Run the command line; whatever a person can put right is told in a sentence."""
    try:
        app()
    except KeyboardInterrupt:
        err.print("Stopped.")
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        sentence = _sentence(error)
        if sentence is None:
            raise
        err.print(f"[red]{escape(sentence)}[/]")
        return 1
    return 0


def _sentence(error: Exception) -> str | None:
    """What to tell; None for a fault of ours, which needs its traceback."""
    from pydantic import ValidationError
    from sqlalchemy.exc import OperationalError

    from collectors.errors import CollectError
    from storage.embedded import EmbeddedError
    from storage.viewer import NotFound
    from workers.children import RunError

    if isinstance(error, ValidationError):
        return "; ".join(
            f"{'.'.join(map(str, one['loc'])).upper()}: {one['msg'].removeprefix('Value error, ')}"
            for one in error.errors()
        )
    if isinstance(error, OperationalError):
        return f"The database does not answer: {str(error.orig or error).strip().splitlines()[0]}"
    if isinstance(error, CollectError | CommandError | EmbeddedError | RunError | NotFound | ValueError | OSError):
        return str(error)
    return None


if __name__ == "__main__":
    sys.exit(main())
