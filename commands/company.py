"""Commands for the company profile, and for the company of the demo."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from commands.terminal import CommandError, database, now, out

company = typer.Typer(no_args_is_help=True, help="The company profile.")
demo = typer.Typer(no_args_is_help=True, help="The demo company.")


@company.command("check")
def company_check(file: Annotated[Path, typer.Argument()] = Path("company.toml")) -> None:
    """Say what is wrong with a profile and its queries, without touching the database."""
    from config.company import load_profile
    from config.lint import lint

    profile = load_profile(_read(file))
    for target in profile.targets():
        out.print(f"[bold]{escape(target.name)}[/]: {escape(target.query)}")
        for remark in lint(target.query):
            out.print(f"  {remark.severity}: {escape(remark.message)}")
    out.print(f"{escape(str(file))} can be used.")


@company.command("load")
def company_load(file: Annotated[Path, typer.Argument()] = Path("company.toml")) -> None:
    """Put a profile in force."""
    from storage import db, profile
    from workers.app import REMATCH, enqueue

    toml = _read(file)
    with database("manage.py company load"):
        with db.transaction() as session:
            state = profile.save_profile(session, toml, origin="file", user_id=None, now=now())
        enqueue(REMATCH)
    out.print(f"The profile of {escape(state.profile.company.name)} is in force as version {state.version}.")


@company.command("show")
def company_show() -> None:
    """Print the profile in force."""
    from storage import db, profile

    with database("manage.py company show"), db.reading() as session:
        state = profile.current_profile(session)
    if state is None:
        raise CommandError("No company is set up yet: copy company.example.toml to company.toml and load it.")
    out.print(escape(state.toml))


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise CommandError(f"There is no file {file}.") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{file} is not a text file in UTF-8.") from error


@demo.command("load")
def demo_load() -> None:
    """Fill the service with a made-up company, marked as such everywhere."""
    from workers.demo import DemoError, load_demo

    with database("manage.py demo load"):
        try:
            loaded = load_demo(progress=lambda words: out.print(f"{words} …"))
        except DemoError as error:
            raise CommandError(str(error)) from error
    out.print(
        "The demo company is loaded; manage.py demo remove takes it away again."
        if loaded
        else "The demo company is there already, or is being loaded."
    )


@demo.command("remove")
def demo_remove() -> None:
    """Take the demo company away with all its data."""
    from workers.demo import DemoError, remove_demo

    with database("manage.py demo remove"):
        try:
            remove_demo()
        except DemoError as error:
            raise CommandError(str(error)) from error
    out.print("The demo company is gone.")
