"""Commands that bring posts in and tag them: collect, import, tag."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from commands.terminal import CommandError, database, err, now, out

if TYPE_CHECKING:
    from workers.collect import Run
    from workers.imports import Report

app = typer.Typer()


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

    with database(f"manage.py collect {source}"):
        with db.reading() as session:
            source_id = sources.find_source(session, source)
            names = [row.name for row in sources.list_sources(session, SYSTEM, now())]
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
    with database(f"manage.py import {file.name}"):
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
        out.print(_why_no_mention())


def _why_no_mention() -> str:
    from storage import db, profile

    with db.reading() as session:
        if profile.current_profile(session) is None:
            return "No company is set up yet, so none became a mention; they are looked through again once one is."
    return "None of the new rows names a company of the profile, so none became a mention."


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
    with database("manage.py tag"):
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
