"""Backups of the database, and putting one back without losing what was erased since."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import IO, Annotated

import typer

from commands.terminal import CommandError, database, err, now, out

app = typer.Typer()
_KEPT = "kept-away.jsonl"
_QUIET = "-c client_min_messages=warning"


@app.command()
def backup(file: Annotated[Path, typer.Argument(help="Where to. Keep it apart from the keys in DATA_DIR.")]) -> None:
    """Write the whole database into a file, beside the running service."""
    written = file.with_name(f"{file.name}.new")
    with database("manage.py backup"):
        os.close(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        _call("pg_dump", "--format=custom", "--no-owner", "--file", str(written))
    written.replace(file)
    out.print(f"The database is in {file}. What is erased later is not erased there: delete backups in time.")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that manage.py backup wrote.")],
    kept: Annotated[
        Path | None, typer.Option("--kept-away", help="What must stay away (erasures --save); else the database tells.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Put a backup in the place of the database. What was erased or deleted since is erased again; sign-ins end."""
    from storage import db, kept_away
    from storage.pseudonym_keys import PseudonymKeyError
    from storage.viewer import SYSTEM

    _refuse_while_running()
    with database("manage.py restore"):
        _call("pg_restore", "--list", str(file))
        if _others():
            raise CommandError("The database is in use. Stop web, workers and clock first.")
        lines = kept or _save_kept()
        if not yes and not typer.confirm("All that is in the database now is replaced. Go on?"):
            raise CommandError("Nothing was changed.")
        _replace(file)
        db.migrate()
        with db.transaction() as session:
            ended = kept_away.end_sign_ins(session)
        try:
            with db.transaction() as session, lines.open(encoding="utf-8", errors="replace") as given:
                done = kept_away.repeat(session, SYSTEM, given, now())
        except PseudonymKeyError as error:
            words = f"The backup is in place. {error} Then call: manage.py erasures --repeat {lines}"
            raise CommandError(words) from error
    out.print(
        f"The backup is in place. {done.buried:,} posts are buried again, {done.kept_out:,} kept out, {done.refused:,} "
        f"authors refused, {done.records:,} records put back; {ended:,} sign-ins ended."
    )
    if done.problems:
        err.print(f"{done.problems:,} lines of {lines} were left out: unreadable, or of a source that is not there.")
    out.print("Accounts, API keys and advocates are as they were then: take away again whatever was taken away since.")


def _save_kept() -> Path:
    """What must stay away, as the database says that is about to be replaced."""
    from config.settings import get_settings
    from storage import db, kept_away
    from storage.viewer import SYSTEM

    file = get_settings().data_dir / _KEPT
    with (
        db.reading() as session,
        open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as target,
    ):
        target.writelines(kept_away.saved(session, SYSTEM))
    return file


def _refuse_while_running() -> None:
    from config.settings import get_settings
    from storage import embedded

    settings = get_settings()
    if not settings.database_url.get_secret_value() and embedded.is_running(settings.data_dir):
        raise CommandError("Outspoken is running. Stop it first.")


def _others() -> int:
    """How many other connections there are to the database."""
    from sqlalchemy import text

    from storage import db

    with db.reading() as session:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        return session.scalar(text(f"{query} AND backend_type = 'client backend'")) or 0


def _replace(file: Path) -> None:
    """All of it in one transaction: a file that breaks off, or does not fit, changes nothing."""
    from storage import db

    db.connect().dispose()
    empty = "DROP SCHEMA public CASCADE; CREATE SCHEMA public"
    into = ("--quiet", "--no-psqlrc", "--single-transaction", "--set=ON_ERROR_STOP=1", f"--command={empty}", "--file=-")
    with (
        tempfile.TemporaryFile() as said,
        _start("pg_restore", "--no-owner", "--file=-", str(file), stdout=subprocess.PIPE, stderr=said) as reading,
        _start("psql", *into, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said) as writing,
    ):
        if reading.stdout is not None and writing.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # psql ended early: its words say why
                shutil.copyfileobj(reading.stdout, writing.stdin)
            reading.stdout.close()
        whole = reading.wait() == 0
        if not whole:
            writing.kill()  # before it sees the end, at which it would commit
        with contextlib.suppress(BrokenPipeError):
            writing.communicate()
        if writing.returncode != 0 or not whole:
            said.seek(0)
            raise CommandError(f"Nothing was changed. {_last_line(said.read())}")


def _call(program: str, *arguments: str) -> None:
    with _start(program, *arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as running:
        _, said = running.communicate()
    if running.returncode != 0:
        raise CommandError(_last_line(said))


def _start(
    program: str, *arguments: str, stdin: int | None = None, stdout: int, stderr: IO[bytes] | int
) -> "subprocess.Popen[bytes]":
    from storage.cluster import BIN

    command = [str(BIN / program), *arguments]
    return subprocess.Popen(command, env=_environment(), stdin=stdin, stdout=stdout, stderr=stderr)  # noqa: S603


def _last_line(said: bytes) -> str:
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "It said nothing."


def _environment() -> dict[str, str]:
    """Where the database is, for its own programs; a password stands in no list of processes."""
    from sqlalchemy import make_url

    from storage import db

    url = make_url(db.database_url())
    host = url.host or url.query.get("host")
    given: dict[str, object] = {"PGHOST": host, "PGPORT": url.port, "PGUSER": url.username, "PGPASSWORD": url.password}
    given |= {"PGDATABASE": url.database, "PGSSLMODE": url.query.get("sslmode"), "PGOPTIONS": _QUIET}
    return {**os.environ, **{name: str(value) for name, value in given.items() if value}}
