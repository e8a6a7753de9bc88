"""Commands that bring files in and tag what waits: import, tag."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from commands.terminal import CommandError, database, err, out

if TYPE_CHECKING:
    from workers.imports import Report

app = typer.Typer()


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="CSV, XLSX or JSONL.")],
    kind: Annotated[str, typer.Option(help="posts, reviews or survey.")],
    columns: Annotated[
        list[str] | None, typer.Option("--map", help="FIELD=COLUMN, for headings not recognised.")
    ] = None,
    source: Annotated[str, typer.Option(help="Name of the source; the file's name when left out.")] = "",
    about: Annotated[
        str, typer.Option(help="Whose reviews or answers: own, the key of a rival, or text (only those they name).")
    ] = "",
    tag: Annotated[bool, typer.Option("--tag", help="Tag in this process; else a worker does it.")] = False,
) -> None:
    """Take in a file. Bad rows are listed and left out; importing the same file again adds nothing."""
    from rich.progress import Progress

    from collectors.files import guess_mapping
    from config.settings import get_settings
    from workers.app import ANALYZE_PENDING, enqueue
    from workers.imports import import_rows

    if not file.is_file():
        raise CommandError(f"There is no file {file}.")
    with database(f"manage.py import {file.name}"):
        with Progress(console=out, transient=True) as progress:
            task = progress.add_task(f"Reading {file.name}", total=None)
            mapping = _mapping(columns or [])
            for note in guess_mapping(file, kind, mapping).notes:
                err.print(escape(note))
            report = import_rows(
                file,
                kind,
                mapping,
                source or file.stem,
                lambda done, total: progress.update(task, completed=done, total=total or None),
                about,
            )
        _print_report(report)
        if tag and report.pending:
            tag_pending(None)
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
        tag_pending(None)


def tag_pending(ids: tuple[int, ...] | None) -> None:
    """Tag these mentions, or all that wait, and say how far it is."""
    from rich.progress import Progress

    from config.settings import get_settings
    from nlp.shipped import WeightsError
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
