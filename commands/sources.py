"""Commands for sources: which there are, adding and changing them, giving them keys, trying them."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from commands import configured, typed_values
from commands.terminal import CommandError, database, now, out, table
from commands.typed_values import KEY_HELP, OPTION_HELP

if TYPE_CHECKING:
    from collectors.base import Collector
    from collectors.post import Json
    from storage.sources import SourceRow

source = typer.Typer(no_args_is_help=True, help="Sources: where posts come from.")

Which = Annotated[str, typer.Argument(metavar="SOURCE", help="Number or name; the kind, where there is one of it.")]
OptionPairs = Annotated[list[str] | None, typer.Option("--option", help=OPTION_HELP)]
KeyPairs = Annotated[list[str] | None, typer.Option("--credential", help=KEY_HELP)]
About = Annotated[
    str | None,
    typer.Option(help="Whose its reviews and survey answers are: own, the key of a rival, or text (those they name)."),
]
KeepDays = Annotated[int | None, typer.Option(help="Days that its posts are kept; 0: as long as the settings say.")]


@source.command("kinds")
def kinds(kind: Annotated[str, typer.Argument(help="Show its options and keys.")] = "") -> None:
    """Show the kinds of sources, or what one of them takes."""
    from collectors import registry

    if not kind:
        known = [(each.kind, each.label, _keys_word(each)) for each in registry.all_collectors()]
        table(("kind", "", "keys"), known, "")
        return
    found = registry.get(kind)
    rows = [("--option", each.name, _needed(each.required, each.default), each.help) for each in found.options]
    rows += [("--credential", each.name, _needed(each.required, None), each.help) for each in found.credentials]
    table(("", "name", "", "what it is"), rows, f"{found.label} takes no options and no keys.")


@source.command("list")
def list_all() -> None:
    """Show all sources with their state."""
    from storage import db

    with database("manage.py source list"), db.reading() as session:
        rows = configured.rows(session)
    shown = [
        (str(row.id), row.kind, row.name, row.state, _when(row.last_success_at), _when(row.next_check_at), _told(row))
        for row in rows
    ]
    columns = ("", "kind", "name", "state", "last success", "next run", "")
    table(columns, shown, "There is no source yet. Add one: manage.py source add KIND --name NAME")


@source.command("add")
def add(
    kind: Annotated[str, typer.Argument(help="One of `manage.py source kinds`.")],
    name: Annotated[str, typer.Option(help="As it is shown beside its mentions; the kind's when left out.")] = "",
    option: OptionPairs = None,
    credential: KeyPairs = None,
    keep_days: KeepDays = None,
    about: About = None,
) -> None:
    """Add a source; it runs at the next tick of the clock."""
    from collectors import registry
    from storage import db, sources
    from storage.viewer import SYSTEM

    collector = registry.get(kind)
    options = _given(collector, {}, option or [])
    keys = typed_values.keys(credential or [])
    with database("manage.py source add"), db.transaction() as session:
        made = sources.add_source(
            session, SYSTEM, kind, name or collector.label, options, now(),
            credentials=keys, keep_days=keep_days or None, about=about,
        )  # fmt: skip
        row = configured.reread(session, made)
    out.print(f"Source {made}, {escape(row.name)}, is added; {_state_words(row)}. Try it: manage.py source test {made}")


@source.command("set")
def change(
    which: Which,
    name: Annotated[str | None, typer.Option(help="A new name.")] = None,
    option: OptionPairs = None,
    credential: KeyPairs = None,
    keep_days: KeepDays = None,
    about: About = None,
    enabled: Annotated[bool | None, typer.Option("--resume/--pause", help="Collect again, or not for now.")] = None,
) -> None:
    """Change a source: what is not named stays."""
    from storage import db, sources
    from storage.source_settings import UNCHANGED
    from storage.viewer import SYSTEM

    keys = typed_values.keys(credential or [])
    with database("manage.py source set"), db.transaction() as session:
        row = configured.find(session, which)
        if (name is not None or option) and row.origin == "profile":
            raise CommandError("This source is written in the company profile; change its name and options there.")
        options = _given(configured.collector_of(row), row.options, option) if option else None
        days = UNCHANGED if keep_days is None else keep_days or None
        if any(given is not None for given in (name, options, keep_days, about)):
            sources.update_source(
                session, SYSTEM, row.id, now(), name=name, options=options, keep_days=days, about=about
            )
        if keys:
            sources.set_credentials(session, SYSTEM, row.id, keys, now())
        if enabled is not None:
            sources.set_enabled(session, SYSTEM, row.id, enabled, now())
        row = configured.reread(session, row.id)
    named = f" Keys that are set: {', '.join(row.credential_names)}." if row.credential_names else ""
    out.print(f"{escape(row.name)} is changed; {_state_words(row)}.{escape(named)}")


@source.command("test")
def test(which: Which) -> None:
    """Try the connection of a source with its stored keys, in this process."""
    from collectors.base import CollectError
    from storage import db, sources
    from workers.trial import test_source

    with database("manage.py source test"):
        with db.reading() as session:
            row = configured.find(session, which)
            configured.collector_of(row)
            setup = sources.setup_of(session, row.id)
        if setup is None:
            raise CommandError("The source was deleted meanwhile.")
        try:
            answer = test_source(setup.kind, setup.options, sources.open_credentials(setup.credentials))
        except CollectError as error:
            raise CommandError(f"{row.name}: {error.detail}") from error
    out.print(escape(f"{row.name}: {answer}"))


@source.command("delete")
def delete(
    which: Which,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove a source with all it brought; pausing (set --pause) keeps it."""
    from storage import db, sources
    from storage.viewer import SYSTEM

    with database("manage.py source delete"):
        with db.reading() as session:
            row = configured.find(session, which)
        if row.origin == "profile":
            raise CommandError("This source is written in the company profile; take it out there.")
        if not yes:
            typer.confirm(f"Delete {row.name} (source {row.id}) with all posts and mentions it brought?", abort=True)
        with db.transaction() as session:
            sources.delete_source(session, SYSTEM, row.id)
    out.print(f"{escape(row.name)} is deleted.")


def _given(collector: "Collector", before: "Mapping[str, Json]", pairs: list[str]) -> "dict[str, Json]":
    """The stored options with those of the command line over them; an empty one goes back to its default."""
    typed = typed_values.options(collector, pairs)
    kept = {name: value for name, value in before.items() if name not in typed}
    return {**kept, **{name: value for name, value in typed.items() if value}}


def _keys_word(collector: "Collector") -> str:
    if not collector.credentials:
        return "none"
    return "needed" if any(key.required for key in collector.credentials) else "may be given"


def _needed(required: bool, default: "Json") -> str:
    if required:
        return "needed"
    return "" if default in (None, "") else f"{default}"


def _state_words(row: "SourceRow") -> str:
    needs = "it needs its keys before it runs" if row.missing_credentials else None
    return needs or {"never run": "it has not run yet"}.get(row.state, f"its state: {row.state}")


def _told(row: "SourceRow") -> str:
    return row.error_detail or ("Enter its keys." if row.missing_credentials else "")


def _when(at: datetime | None) -> str:
    return "–" if at is None else f"{at:%Y-%m-%d %H:%M}"
