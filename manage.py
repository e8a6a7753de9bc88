"""Outspoken's one command line: run, migrate, collect, import, tag, accounts and keys, the company profile, checks.

Imports stand inside the commands: `manage.py --help` must not wait for a model. An error is one sentence and code 1.
"""

import contextlib
import os
import secrets
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from workers.collect import Run
    from workers.imports import Report

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Run and tend Outspoken."
)
user = typer.Typer(no_args_is_help=True, help="Accounts.")
key = typer.Typer(no_args_is_help=True, help="Keys for programs that use the API.")
company = typer.Typer(no_args_is_help=True, help="The company profile.")
demo = typer.Typer(no_args_is_help=True, help="The demo company.")
for name, group in (("user", user), ("key", key), ("company", company), ("demo", demo)):
    app.add_typer(group, name=name)

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


class CommandError(Exception):
    """A command cannot do its work; the text is one sentence."""


@contextlib.contextmanager
def _database(purpose: str) -> Iterator[None]:
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


def _now() -> datetime:
    return datetime.now(UTC)


@app.command()
def run() -> None:
    """Start everything: database, queue, web, workers, clock. Ctrl-C stops it."""
    from config.settings import get_settings
    from workers.run import serve

    serve(get_settings(), out)


@app.command()
def migrate() -> None:
    """Bring the database's schema up to date."""
    with _database("manage.py migrate"):
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
def collect(
    source: Annotated[str, typer.Argument(help="Number, name or kind of a configured source.")],
    once: Annotated[bool, typer.Option("--once", help="One run in this process, without the queue.")] = False,
    analyze: Annotated[bool, typer.Option(help="Tag what is new in this process too.")] = True,
) -> None:
    """Run one source: now and here with --once, else as soon as a worker is free."""
    from storage import db, sources
    from storage.viewer import SYSTEM
    from workers.app import COLLECT_SOURCE, enqueue

    with _database(f"manage.py collect {source}"):
        with db.reading() as session:
            source_id = sources.find_source(session, source)
            names = [row.name for row in sources.list_sources(session, SYSTEM, _now())]
        if source_id is None:
            known = ", ".join(names) or "none yet: add one to company.toml or in the dashboard"
            raise CommandError(f"There is no single source called {source!r}. Configured: {known}.")
        if once:
            _collect_once(source_id, analyze)
        elif enqueue(COLLECT_SOURCE, source_id):
            out.print("The run is queued.")
        else:
            raise CommandError("The queue is down; start the service, or use --once.")


def _collect_once(source_id: int, analyze: bool) -> None:
    from workers.collect import run_source

    with out.status("Collecting …"):
        done = run_source(source_id, analyze=lambda _: None, force=True)
    if done is None:
        raise CommandError("Another process is running this source at the moment.")
    _print_run(done)
    if analyze and done.pending:
        _tag_pending(done.pending)
    if done.error is not None:
        raise typer.Exit(1)


def _print_run(done: "Run") -> None:
    out.print(
        f"{escape(done.name)}: {done.seen} posts, {done.added} new, {done.changed} edited; {done.mentions} mentions."
    )
    if done.error is not None:
        err.print(f"[red]{escape(done.error.detail)}[/]")
    elif done.outcome is not None:
        state = "complete" if done.outcome.complete else f"not complete ({done.outcome.reason})"
        out.print(escape(f"The run was {state}. {done.outcome.detail}".strip()))


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="CSV, XLSX or JSONL.")],
    kind: Annotated[str, typer.Option(help="posts, reviews or survey.")],
    columns: Annotated[
        list[str] | None, typer.Option("--map", help="FIELD=COLUMN, for headings not recognised.")
    ] = None,
    source: Annotated[str, typer.Option(help="Name of the source; the file's name when left out.")] = "",
    tag: Annotated[bool, typer.Option("--tag", help="Tag in this process; else a worker does it.")] = False,
) -> None:
    """Take in a file. Bad rows are listed and left out; importing the same file again adds nothing."""
    from rich.progress import Progress

    from config.settings import get_settings
    from workers.app import ANALYZE_PENDING, enqueue
    from workers.imports import import_rows

    if not file.is_file():
        raise CommandError(f"There is no file {file}.")
    with _database(f"manage.py import {file.name}"):
        with Progress(console=out, transient=True) as progress:
            task = progress.add_task(f"Reading {file.name}", total=None)
            report = import_rows(
                file,
                kind,
                _mapping(columns or []),
                source or file.stem,
                lambda done, total: progress.update(task, completed=done, total=total or None),
            )
        _print_report(report)
        if tag and report.pending:
            _tag_pending(None)
        elif report.pending and not all(enqueue(ANALYZE_PENDING) for _ in range(get_settings().worker_processes)):
            out.print("They are tagged when the service runs, or now with: manage.py tag")
    if report.rows == report.bad:
        raise CommandError("No row could be taken.")


def _print_report(report: "Report") -> None:
    for problem in report.problems:
        field = f", {problem.column}" if problem.column else ""
        err.print(f"[yellow]line {problem.line}{escape(field)}[/]: {escape(problem.reason)}")
    if report.bad > len(report.problems):
        err.print(f"… and {report.bad - len(report.problems):,} more rows that could not be taken.")
    out.print(
        f"{report.rows:,} rows: {report.added:,} new, {report.changed:,} edited, {report.known:,} known already, "
        f"{report.bad:,} bad; {report.mentions:,} new mentions."
    )
    if report.added and not report.mentions:
        out.print("None of the new rows names a company of the profile, so none became a mention.")


def _mapping(pairs: list[str]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        field, equals, column = pair.partition("=")
        if not equals or not field or not column:
            raise CommandError(f"--map {pair!r} must look like text=Comment.")
        found[field.strip()] = column.strip()
    return found


@app.command("tag")
def tag_command() -> None:
    """Tag all that waits, in this process."""
    with _database("manage.py tag"):
        _tag_pending(None)


def _tag_pending(ids: tuple[int, ...] | None) -> None:
    from rich.progress import Progress

    from config.settings import get_settings
    from nlp.model import WeightsError
    from storage import db, mentions
    from workers.analyze import analyze

    with db.reading() as session:
        total = len(ids) if ids is not None else mentions.pending_count(session)
    size = get_settings().analyze_batch
    try:
        with Progress(console=out) as progress:
            task = progress.add_task("Tagging", total=total)
            if ids is not None:
                for start in range(0, len(ids), size):
                    progress.advance(task, analyze(size, ids[start : start + size]))
            else:
                while done := analyze(size):
                    progress.advance(task, done)
    except WeightsError as error:
        raise CommandError(str(error)) from error
    out.print(f"{total:,} mentions tagged." if total else "Nothing waits for tags.")


@user.command("add")
def user_add(
    email: str,
    role: Annotated[str, typer.Option(help="marketing, hr, advocate, leadership or administrator.")],
    full_name: Annotated[str, typer.Option("--name", help="As others see it.")] = "",
    ask: Annotated[bool, typer.Option("--ask", help="Ask for the password; else one is made and shown once.")] = False,
) -> None:
    """Make an account."""
    from storage import db, users

    password = typer.prompt("Password", hide_input=True, confirmation_prompt=True) if ask else secrets.token_urlsafe(12)
    with _database("manage.py user add"), db.transaction() as session:
        users.create_user(session, email, full_name or email.partition("@")[0], role, password, _now())
    out.print(
        f"{escape(email)} may sign in as {role}." + ("" if ask else f" Password, shown this once: [bold]{password}[/]")
    )


@user.command("password")
def user_password(email: str) -> None:
    """Give an account a new password; it is asked for."""
    from storage import db, users

    with _database("manage.py user password"), db.transaction() as session:
        users.set_password(
            session, _account(session, email), typer.prompt("New password", hide_input=True, confirmation_prompt=True)
        )
    out.print("The password is changed; open sign-ins of this account have ended.")


@user.command("list")
def user_list() -> None:
    """Show all accounts."""
    from storage import db, users

    with _database("manage.py user list"), db.reading() as session:
        rows = [
            (row.email, row.name, row.role, "" if row.active else "deactivated") for row in users.list_users(session)
        ]
    _table(("e-mail", "name", "role", ""), rows, "There is no account yet.")


@key.command("add")
def key_add(
    email: Annotated[str, typer.Argument(help="The account it acts for.")],
    label: Annotated[str, typer.Option("--name", help="What it is for.")] = "command line",
    scope: Annotated[
        list[str] | None, typer.Option(help="What it may do, several times; all of reading when left out.")
    ] = None,
) -> None:
    """Make a key and show it once."""
    from storage import db, users

    with _database("manage.py key add"), db.transaction() as session:
        scopes = frozenset(scope or [name for name in users.SCOPES if name.endswith(":read")])
        number, secret = users.create_token(session, _account(session, email), label, scopes, _now())
    out.print(f"Key {number}, shown this once: [bold]{secret}[/]")


def _account(session: "Session", email: str) -> int:
    from storage import users

    found = users.find_user(session, email)
    if found is None:
        raise CommandError(f"There is no account {email!r}.")
    return found.id


@key.command("list")
def key_list() -> None:
    """Show all keys, without their secrets."""
    from storage import db, users

    with _database("manage.py key list"), db.reading() as session:
        rows = [
            (str(row.id), row.name, ", ".join(sorted(row.scopes)), "revoked" if row.revoked_at else "")
            for row in users.list_tokens(session)
        ]
    _table(("key", "name", "scopes", ""), rows, "There is no key yet.")


@key.command("revoke")
def key_revoke(number: int) -> None:
    """End a key."""
    from storage import db, users

    with _database("manage.py key revoke"), db.transaction() as session:
        if not users.revoke_token(session, number, _now()):
            raise CommandError(f"There is no open key {number}.")
    out.print(f"Key {number} is revoked.")


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
    with _database("manage.py company load"):
        with db.transaction() as session:
            state = profile.save_profile(session, toml, origin="file", user_id=None, now=_now())
        enqueue(REMATCH)
    out.print(f"The profile of {escape(state.profile.company.name)} is in force as version {state.version}.")


@company.command("show")
def company_show() -> None:
    """Print the profile in force."""
    from storage import db, profile

    with _database("manage.py company show"), db.reading() as session:
        state = profile.current_profile(session)
    if state is None:
        raise CommandError("No company is set up yet: copy company.example.toml to company.toml and load it.")
    out.print(escape(state.toml))


@demo.command("load")
def demo_load() -> None:
    """Fill the service with a made-up company, marked as such everywhere."""
    from workers.demo import DemoError, load_demo

    with _database("manage.py demo load"):
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

    with _database("manage.py demo remove"):
        try:
            remove_demo()
        except DemoError as error:
            raise CommandError(str(error)) from error
    out.print("The demo company is gone.")


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


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise CommandError(f"There is no file {file}.") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{file} is not a text file in UTF-8.") from error


def _table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]], nothing: str) -> None:
    if not rows:
        out.print(nothing)
        return
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    out.print(table)


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

    from storage.embedded import EmbeddedError
    from storage.viewer import NotFound
    from workers.children import RunError

    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, one['loc'])).upper()}: {one['msg']}" for one in error.errors())
    if isinstance(error, OperationalError):
        return f"The database does not answer: {str(error.orig or error).strip().splitlines()[0]}"
    if isinstance(error, CommandError | EmbeddedError | RunError | NotFound | ValueError | OSError):
        return str(error)
    return None


if __name__ == "__main__":
    sys.exit(main())
