"""Commands for accounts, and for the keys with which programs use the API."""

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from commands import keys
from commands.terminal import CommandError, database, now, out, table

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

user = typer.Typer(no_args_is_help=True, help="Accounts.")
key = typer.Typer(no_args_is_help=True, help="Keys for programs that use the API, and of the service itself.")
key.add_typer(keys.rotate, name="rotate")


@user.command("add")
def user_add(
    email: str,
    role: Annotated[str, typer.Option(help="marketing, hr, advocate, leadership, administrator or auditor.")],
    full_name: Annotated[str, typer.Option("--name", help="As others see it.")] = "",
    ask: Annotated[bool, typer.Option("--ask", help="Ask for the password; else one is made and shown once.")] = False,
) -> None:
    """Make an account."""
    from storage import audit, db, users

    password = typer.prompt("Password", hide_input=True, confirmation_prompt=True) if ask else secrets.token_urlsafe(12)
    with database("manage.py user add"), db.transaction() as session:
        made = users.create_user(session, email, full_name or email.partition("@")[0], role, password, now())
        audit.record(session, None, "person.add", f"user {made.id} as {role}, by manage.py", now())
    out.print(
        f"{escape(email)} may sign in as {role}." + ("" if ask else f" Password, shown this once: [bold]{password}[/]")
    )


@user.command("password")
def user_password(email: str) -> None:
    """Give an account a new password; it is asked for."""
    from storage import audit, db, users

    with database("manage.py user password"), db.transaction() as session:
        number = _account(session, email)
        users.set_password(session, number, typer.prompt("New password", hide_input=True, confirmation_prompt=True))
        audit.record(session, None, "person.password", f"user {number}, by manage.py", now())
    out.print("The password is changed; open sign-ins of this account have ended.")


@user.command("forget-app")
def user_forget_app(email: str) -> None:
    """Take the authenticator app away from an account whose owner lost it; make sure that it is them who asks."""
    from storage import audit, db, second_factor

    with database("manage.py user forget-app"), db.transaction() as session:
        number = _account(session, email)
        second_factor.remove(session, number)
        audit.record(session, None, "person.second_factor", f"user {number}: app taken away by manage.py", now())
    out.print("The password alone signs in again.")


@user.command("remove")
def user_remove(email: str, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Delete an account for good, of who left or asks for it; deactivating alone keeps name and address."""
    from storage import account_removal, audit, db

    with database("manage.py user remove"), db.transaction() as session:
        number = _account(session, email)
        if not yes and not typer.confirm("Delete the account? What an advocate shared is made anonymous."):
            raise CommandError("Nothing was deleted.")
        account_removal.remove(session, number, now())
        audit.record(session, None, "person.remove", f"user {number}, by manage.py", now())
    out.print(
        "The account is gone. The audit log keeps its number, mails in the Outbox their address until their time."
    )


@user.command("untie")
def user_untie(email: str) -> None:
    """Let an account be tied anew to its owner at the sign-in provider, as after the provider was set up anew."""
    from storage import audit, db, identities

    with database("manage.py user untie"), db.transaction() as session:
        number = _account(session, email)
        if not identities.untie(session, number):
            raise CommandError(f"The account {email!r} is tied to nobody.")
        audit.record(session, None, "person.untie", f"user {number}, by manage.py", now())
    out.print("Whoever next signs in by the provider with this verified address is its owner.")


@user.command("list")
def user_list() -> None:
    """Show all accounts."""
    from storage import db, users

    with database("manage.py user list"), db.reading() as session:
        rows = [
            (row.email, row.name, row.role, "" if row.active else "deactivated") for row in users.list_users(session)
        ]
    table(("e-mail", "name", "role", ""), rows, "There is no account yet.")


@key.command("add")
def key_add(
    email: Annotated[str, typer.Argument(help="The account it acts for.")],
    label: Annotated[str, typer.Option("--name", help="What it is for.")] = "command line",
    scope: Annotated[
        list[str] | None, typer.Option(help="What it may do, several times; all of reading when left out.")
    ] = None,
    days: Annotated[int, typer.Option(min=0, max=3650, help="Days until it ends; 0: it does not.")] = 90,
) -> None:
    """Make a key and show it once."""
    from storage import audit, db, users

    with database("manage.py key add"), db.transaction() as session:
        scopes = frozenset(scope or [name for name in users.SCOPES if name.endswith(":read")])
        ends = now() + timedelta(days=days) if days else None
        number, secret = users.create_token(session, _account(session, email), label, scopes, now(), ends)
        audit.record(session, None, "key.make", f"key {number}: {', '.join(sorted(scopes))}, by manage.py", now())
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

    with database("manage.py key list"), db.reading() as session:
        rows = [
            (str(row.id), row.name, ", ".join(sorted(row.scopes)), "revoked" if row.revoked_at else "")
            for row in users.list_tokens(session)
        ]
    table(("key", "name", "scopes", ""), rows, "There is no key yet.")


@key.command("revoke")
def key_revoke(number: int) -> None:
    """End a key."""
    from storage import audit, db, users

    with database("manage.py key revoke"), db.transaction() as session:
        if not users.revoke_token(session, number, now()):
            raise CommandError(f"There is no open key {number}.")
        audit.record(session, None, "key.revoke", f"key {number}, by manage.py", now())
    out.print(f"Key {number} is revoked.")
