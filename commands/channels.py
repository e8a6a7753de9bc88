"""Commands for channels beside mail: Slack, Teams and webhooks."""

import secrets
import sys
from typing import Annotated

import typer
from rich.markup import escape

from commands.terminal import CommandError, database, now, out, table

channel = typer.Typer(no_args_is_help=True, help="Channels beside mail: Slack, Teams, webhooks.")


@channel.command("add")
def channel_add(
    kind: Annotated[str, typer.Argument(help="slack, teams or webhook.")],
    name: Annotated[str, typer.Option("--name", help="As people here call it.")],
    severity: Annotated[str, typer.Option(help="The least that is told: low, medium, high or critical.")] = "medium",
    facet: Annotated[list[str] | None, typer.Option(help="brand or employer; both when left out.")] = None,
) -> None:
    """Add a channel; its address is asked for or read from standard input, so that no history of commands has it."""
    from storage import audit, channels, db
    from storage.viewer import SYSTEM

    address = _typed_address()
    with database("manage.py channel add"), db.transaction() as session:
        row, secret = channels.add_channel(session, SYSTEM, name, kind, address, now(), severity, facet or ())
        audit.record(session, SYSTEM, "channel.add", f"{row.kind} {row.name}", now())
    out.print(f"{escape(row.name)} is added. Try it: manage.py channel test {escape(row.name)}")
    if secret is not None:
        out.print(f"Secret that signs its messages, shown this once: [bold]{secret}[/]")


@channel.command("list")
def channel_list() -> None:
    """Show all channels, without their addresses."""
    from storage import channels, db
    from storage.viewer import SYSTEM

    with database("manage.py channel list"), db.reading() as session:
        rows = channels.list_channels(session, SYSTEM)
    shown = [
        (row.name, row.kind, row.severity, ", ".join(row.facets) or "both", _state(row.enabled, row.detail))
        for row in rows
    ]
    table(("name", "kind", "from", "about", ""), shown, "There is no channel yet.")


@channel.command("test")
def channel_test(name: str) -> None:
    """Send a test message now and say what became of it."""
    from storage import channels, db, deliveries
    from storage.trial_message import trial_facts
    from storage.viewer import SYSTEM
    from workers.tell_channels import deliver

    with database("manage.py channel test"):
        with db.transaction() as session:
            row = channels.find_channel(session, SYSTEM, name)
            key = f"test-{secrets.token_hex(8)}"
            made = deliveries.put(session, row, trial_facts(session, now()), key, now())
        if made is None:  # never: the key is new
            raise CommandError("The test message is there already.")
        deliver([made])
        with db.reading() as session:
            found = deliveries.get_delivery(session, SYSTEM, made)
    if found.state != "sent":
        raise CommandError(f"{row.name}: {found.error}")
    out.print(f"{escape(row.name)} took the message (HTTP {found.status}).")


@channel.command("remove")
def channel_remove(name: str) -> None:
    """Delete a channel with its log."""
    from storage import audit, channels, db
    from storage.viewer import SYSTEM

    with database("manage.py channel remove"), db.transaction() as session:
        row = channels.find_channel(session, SYSTEM, name)
        channels.remove_channel(session, SYSTEM, row.id)
        audit.record(session, SYSTEM, "channel.remove", f"{row.kind} {row.name}", now())
    out.print(f"{escape(row.name)} is removed.")


def _typed_address() -> str:
    return typer.prompt("Address", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline().strip()


def _state(enabled: bool, detail: str | None) -> str:
    return (detail or "works") if enabled else "paused"
