"""Commands that take new keys of the service into use: of the authors' pseudonyms, and of what is sealed."""

import secrets
from typing import TYPE_CHECKING, Annotated

import typer

from commands.terminal import CommandError, database, now, out

if TYPE_CHECKING:
    from config.settings import Settings

rotate = typer.Typer(no_args_is_help=True, help="Take a new key of the service into use.")


@rotate.command("pseudonyms")
def rotate_pseudonyms(
    lost: Annotated[
        bool, typer.Option("--lost", help="The key before is gone for good: earlier authors count as one person.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Move all authors over to PSEUDONYM_KEY, beside the running service; may be interrupted and called again."""
    from rich.progress import Progress

    from config.settings import get_settings
    from storage import key_rotation

    settings = get_settings()
    price = "Earlier authors can never be told apart again, and who was refused is not recognised any more. Go on?"
    if lost and not yes and not typer.confirm(price):
        raise CommandError("Nothing was changed.")
    with database("manage.py key rotate pseudonyms"), Progress(console=out, transient=True) as progress:
        if not lost:
            make_own_key(settings)
        begun = key_rotation.begin(settings, now(), lost=lost)
        task = progress.add_task("Going on" if begun.resumed else "Moving", total=begun.posts)
        key_rotation.run(settings, now(), lambda posts: progress.advance(task, posts))
        drop_own_keys(settings)
    after = " PSEUDONYM_KEY_BEFORE may be taken away." if settings.pseudonym_key_before.get_secret_value() else ""
    out.print(f"All authors stand under key {begun.generation} now.{after}")


@rotate.command("secrets")
def rotate_secrets() -> None:
    """Seal keys of sources, channels, advocates' tokens and authenticator apps under the SECRET_KEY in force."""
    from config.settings import get_settings
    from storage import db, pseudonym_keys, sealed

    settings = get_settings()
    with database("manage.py key rotate secrets"), db.transaction() as session:
        found = pseudonym_keys.verify(session, settings, now())
        derived = found.key_in_use(settings) != settings.pseudonym_secret()
        done = sealed.seal_anew(session, settings, now())
    out.print(f"{done.done} secrets stand under the SECRET_KEY in force.")
    if done.lost:
        out.print(f"{done.lost} could be opened with no key that is known; they have to be given anew.")
    if derived:
        out.print("The authors still stand under an older key: run key rotate pseudonyms before you take it away.")
    elif settings.secret_key_before.get_secret_value():
        out.print("SECRET_KEY_BEFORE may be taken away.")


def make_own_key(settings: "Settings") -> None:
    """On one machine with its own database, where nobody set a key, make a new one; all processes read it there."""
    from config.secret_files import lines_of, write_lines
    from storage import db, pseudonym_keys

    if settings.pseudonym_key.get_secret_value() or settings.database_url.get_secret_value():
        return
    with db.transaction() as session:
        found = pseudonym_keys.verify(session, settings, now())
        if found.rotating or found.key_in_use(settings) != settings.pseudonym_secret():
            return  # a rotation that was broken off, or a new SECRET_KEY: there is a new key already
    kept = lines_of(settings.pseudonym_key_file)
    write_lines(settings.pseudonym_key_file, (secrets.token_hex(32), *kept))


def drop_own_keys(settings: "Settings") -> None:
    """Once older keys are sealed in the database, they need not lie in the file."""
    from config.secret_files import lines_of, write_lines

    if len(kept := lines_of(settings.pseudonym_key_file)) > 1:
        write_lines(settings.pseudonym_key_file, kept[:1])
