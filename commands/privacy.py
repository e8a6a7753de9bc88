"""Commands for the rights of people whose posts were collected."""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.terminal import CommandError, database, err, now, out, table

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from api.dashboard.privacy_pack import Pack
    from config.settings import Settings

app = typer.Typer()

Platform = Annotated[
    str, typer.Option(help="Where the person publishes: reddit, x, mastodon, bluesky, …; file: in imported files.")
]
Handle = Annotated[str, typer.Option(help="The person's handle there.")]
NativeId = Annotated[str, typer.Option("--id", help="The number or id of the account, where it is known.")]
Profile = Annotated[str, typer.Option(help="The address of the profile.")]
Signed = Annotated[str, typer.Option("--name", help="The name a text is signed with, where there is no account.")]


@app.command("access")
def copy_of_author(
    file: Annotated[Path, typer.Argument(help="Where the copy is written: a JSON object a line.")],
    platform: Platform,
    handle: Handle = "",
    native_id: NativeId = "",
    profile: Profile = "",
    signed: Signed = "",
) -> None:
    """Write down all that is kept of what a person published, for them, on their request. Make sure that it is them."""
    from config.settings import get_settings
    from storage import access_requests, audit, db, erasures
    from storage.viewer import SYSTEM

    written, posts = file.with_name(f"{file.name}.new"), 0
    with database("manage.py access"), db.transaction() as session:
        keys = _keys(session, get_settings(), platform, native_id, handle, signed, profile)
        found = erasures.find(session, SYSTEM, keys)
        audit.record(session, None, "person.access", f"a copy of {found.posts} posts, {platform[:60]}", now())
        with open(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as target:
            for post in access_requests.kept_of(session, SYSTEM, keys):
                target.write(json.dumps(asdict(post), ensure_ascii=False, default=str) + "\n")
                posts += 1
    written.replace(file)
    out.print(f"{posts:,} posts are in {file}. Hand it over in a safe way, then delete it.")


@app.command("erase")
def erase_author(
    platform: Platform,
    handle: Handle = "",
    native_id: NativeId = "",
    profile: Profile = "",
    signed: Signed = "",
    reason: Annotated[str, typer.Option(help="For the record, without the person's name.")] = "asked by the person",
    refuse: Annotated[bool, typer.Option("--refuse/--no-refuse", help="Take nothing of theirs in future.")] = True,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase all that a person published, on their request. Give whatever they tell you of their account."""
    from config.settings import get_settings
    from storage import db, erasures
    from storage.viewer import SYSTEM

    with database("manage.py erase"), db.transaction() as session:
        keys = _keys(session, get_settings(), platform, native_id, handle, signed, profile)
        found = erasures.find(session, SYSTEM, keys)
        out.print(f"{found.posts:,} posts with {found.mentions:,} mentions are stored of this person.")
        if not yes and not typer.confirm("Erase them?"):
            raise CommandError("Nothing was erased.")
        done = erasures.erase(session, SYSTEM, keys, platform, reason, now(), refuse=refuse)
    out.print(f"Erased. Record {done.id} proves it and names nobody.")


def _keys(
    session: "Session", settings: "Settings", platform: str, native_id: str, handle: str, signed: str, profile: str
) -> tuple[str, ...]:
    """The pseudonyms of whom these tell."""
    from collectors.post import RawAuthor
    from storage import erasures

    author = RawAuthor(platform.strip(), native_id or None, handle or None, signed or None, profile or None)
    try:
        return erasures.keys_of(session, settings, author)
    except ValueError as error:
        raise CommandError(str(error)) from error


@app.command("erasures")
def list_erasures(
    save: Annotated[
        Path | None, typer.Option(help="Write what must stay away into this file, to keep beside the backups.")
    ] = None,
    repeat: Annotated[Path | None, typer.Option(help="After a backup was restored: put back what it says.")] = None,
) -> None:
    """Show the records of what was erased; save them apart from backups, and repeat them after one was restored."""
    from storage import db, erasures
    from storage.viewer import SYSTEM

    if save is not None and repeat is not None:
        raise CommandError("Give either --save or --repeat.")
    if save is not None:
        _save(save)
        return
    if repeat is not None:
        _repeat(repeat)
    with database("manage.py erasures"), db.reading() as session:
        rows = [
            (str(row.id), f"{row.at:%Y-%m-%d %H:%M}", row.platform, f"{row.posts:,}", f"{row.mentions:,}", row.reason)
            for row in erasures.erasures(session, SYSTEM)
        ]
    table(("record", "when", "platform", "posts", "mentions", "why"), rows, "Nothing was ever erased on request.")


def _save(file: Path) -> None:
    """Written beside the old one first, so that a full disk loses nothing."""
    from storage import db, kept_away
    from storage.viewer import SYSTEM

    written, lines = file.with_name(f"{file.name}.new"), 0
    with (
        database("manage.py erasures"),
        db.reading() as session,
        open(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as target,
    ):
        for line in kept_away.saved(session, SYSTEM):
            target.write(line)
            lines += 1
    written.replace(file)
    out.print(f"{lines:,} lines are in {file}. Keep the newest of these files, whichever backup you may restore.")


def _repeat(file: Path) -> None:
    from storage import db, kept_away
    from storage.viewer import SYSTEM

    try:
        given = file.open(encoding="utf-8", errors="replace")
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
    with given, database("manage.py erasures"), db.transaction() as session:
        done = kept_away.repeat(session, SYSTEM, given, now())
    out.print(
        f"{done.buried:,} posts are buried again, {done.kept_out:,} kept out, {done.refused:,} authors refused, "
        f"{done.records:,} records put back."
    )
    if done.problems:
        err.print(f"{done.problems:,} lines were left out: unreadable, or of a source that is not there.")


@app.command("dpia")
def privacy_pack_file(
    keep: Annotated[bool, typer.Option("--keep", help="Keep it: later packs mark what differs.")] = False,
    pdf: Annotated[Path | None, typer.Option(help="Write it into this file as PDF instead.")] = None,
) -> None:
    """Print the privacy pack for works council and data protection officer as HTML: manage.py dpia > pack.html."""
    from api.dashboard import privacy_pack
    from config.settings import get_settings
    from storage import db

    settings = get_settings()
    with database("manage.py dpia"), db.reading() as session:
        pack = privacy_pack.privacy_pack(session, settings, now())
    if pdf is not None:
        _write_pdf(pack, pdf)
    else:
        sys.stdout.write(privacy_pack.as_file(pack))
    if keep:
        number = privacy_pack.keep(pack, settings.data_dir)
        err.print(f"Kept as version {number}.")


def _write_pdf(pack: "Pack", file: Path) -> None:
    """Written beside the old one first, so that a full disk loses nothing."""
    from api.dashboard.privacy_pdf import as_pdf

    if file.is_dir():
        raise CommandError(f"{file} is a folder.")
    written = file.with_name(f"{file.name}.new")
    try:
        written.write_bytes(as_pdf(pack))
        written.replace(file)
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error.strerror}.") from error
    err.print(f"The pack is in {file}.")
