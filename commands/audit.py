"""Commands for the audit log: prove it, take it out."""

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.terminal import CommandError, database, now, out

if TYPE_CHECKING:
    from storage.audit_chain import Link

audit = typer.Typer(no_args_is_help=True, help="The audit log.")


@audit.command("verify")
def verify(
    anchor: Annotated[
        list[str] | None, typer.Option(help="PLACE:HASH that was noted elsewhere; several times.")
    ] = None,
) -> None:
    """Work every hash out again, and hold the chain against the anchors; names the first broken entry."""
    from config.settings import get_settings
    from storage import audit_chain, db

    given = [audit_chain.parse_anchor(each) for each in anchor or []]
    with database("manage.py audit verify"), db.reading() as session:
        kept = audit_chain.kept_anchors(get_settings().data_dir)
        checked = audit_chain.verify(session, [*kept, *given])
    if checked.problem:
        raise CommandError(f"The audit log is broken. {checked.problem}")
    gone = f", {checked.expired:,} of them expired" if checked.expired else ""
    out.print(f"The audit log is whole: {checked.links:,} entries{gone}, {len(kept) + len(given)} anchors fit.")
    if checked.last is not None:
        out.print(f"It ends at {checked.last}")


@audit.command("anchor")
def show_anchor() -> None:
    """Print the end of the chain, to be noted elsewhere."""
    from storage import audit_chain, db

    with database("manage.py audit anchor"), db.reading() as session:
        last = audit_chain.last_anchor(session)
    if last is None:
        raise CommandError("The audit log is empty.")
    out.print(str(last))


@audit.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="Where to; .csv, else JSON lines. It must not be there yet.")],
) -> None:
    """Write the whole chain into a file: place, hash and entry; an entry without contents has expired."""
    from storage import audit as log
    from storage import audit_chain, db

    names = ("seq", "hash", "id", "at", "user_id", "action", "subject")
    written = 0
    with database("manage.py audit export"), file.open("x", encoding="utf-8", newline="") as target:
        with db.transaction() as session:
            log.record(session, None, "audit.export", "by manage.py", now())
        table = csv.writer(target) if file.suffix == ".csv" else None
        if table is not None:
            table.writerow(names)
        with db.reading() as session:
            for link in audit_chain.links(session):
                values = _values(link)
                if table is not None:
                    table.writerow([_guarded(value) for value in values])
                else:
                    target.write(json.dumps(dict(zip(names, values, strict=True)), ensure_ascii=False) + "\n")
                written += 1
    out.print(f"{written:,} entries are in {file}.")


def _values(link: "Link") -> tuple[object, ...]:
    at, user_id, action, subject = link.content or (None, None, None, None)
    return (link.seq, link.hash.hex(), link.entry_id, None if at is None else at.isoformat(), user_id, action, subject)


def _guarded(value: object) -> object:
    """Cells that a spreadsheet takes for formulas get an apostrophe: subjects hold what people typed."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
