"""Commands for living with the model: tuning on corrections, switching between versions, tagging old mentions again."""

import json
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from commands.terminal import CommandError, database, now, out, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nlp.heads import TunedHeads
    from nlp.model import Network
    from nlp.tune import InForce, Tuning
    from storage.tuned_models import TunedVersion
    from workers.retag_state import Run

app = typer.Typer()
model = typer.Typer(no_args_is_help=True, help="The model that tags: tune it on corrections, switch between versions.")
BASE = "base"


@model.command("tune")
def tune_heads(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what came of it and change nothing.")] = False,
) -> None:
    """Learn from people's corrections; a version that is not better is refused."""
    from nlp.heads import HeadsError
    from nlp.shipped import WeightsError

    with database("manage.py model tune"):
        try:
            found, hidden = _tuned()
        except (WeightsError, HeadsError) as error:
            raise CommandError(str(error)) from error
        _print_figures(found, hidden)
        if found.heads is None:
            raise CommandError(f"Nothing is changed. {found.why}")
        if dry_run:
            out.print(escape(f"{found.why} Nothing is changed, since this was a dry run."))
            return
        version = _keep(found.heads, found)
        out.print(escape(f"{found.why} {version} is in force; all workers use it within seconds."))
        out.print(escape(f"Back again: manage.py model use {BASE} or another version of manage.py model list."))
        _tell_left()


def _tuned() -> "tuple[Tuning, int]":
    """What tuning on all words of people gives, and how many mentions are kept from it."""
    import os

    from config.settings import get_settings
    from nlp.model import Network
    from nlp.tune import tune
    from storage import db, training_examples, tuned_models

    folder = get_settings().model_dir
    start = _own_heads()
    network = Network(folder, threads=os.cpu_count() or 1)
    with db.reading() as session:
        found = training_examples.lessons(session)
        in_force = _in_force(network)
    with db.transaction() as session:
        version = tuned_models.next_version(session, network.meta.version)
    return tune(network, start, found.lessons, version, in_force), found.hidden


def _own_heads() -> "TunedHeads":
    from config.settings import get_settings
    from nlp.heads import HEADS_FILE, read_heads

    path = get_settings().model_dir / HEADS_FILE
    try:
        return read_heads(path.read_bytes())
    except OSError as error:
        raise CommandError(f"{path} is missing; without the network's own heads there is nothing to tune.") from error


def _in_force(network: "Network") -> "InForce | None":
    """The tuned heads that new ones must beat; none when they stand on other weights."""
    from nlp.heads import read_heads
    from nlp.tune import InForce
    from storage import db, tuned_models

    with db.reading() as session:
        active = tuned_models.active(session)
        if active is None or active.base != network.meta.version:
            return None
        document = tuned_models.document(session, active.id)
    return None if document is None else InForce(read_heads(document), active.made_at)


def _keep(heads: "TunedHeads", found: "Tuning") -> str:
    """Store the heads and put them in force, in one transaction."""
    from dataclasses import replace

    from storage import audit, db, tuned_models

    with db.transaction() as session:
        named = replace(heads, version=tuned_models.next_version(session, heads.base))
        tuned_models.save(session, named, json.loads(found.as_json()), "command line", now())
        tuned_models.activate(session, named.version)
        audit.record(session, None, "model.tune", f"version {named.version}", now())
    return named.version


def _print_figures(found: "Tuning", hidden: int) -> None:
    rows = [
        (
            head,
            f"{one.words} ({one.drawn} drawn)",
            _change(one.before, one.after),
            "–" if one.gain_low is None else f"{100 * one.gain_low:+.1f} to {100 * (one.gain_high or 0):+.1f}",
            _change(one.drawn_before, one.drawn_after),
            _change(one.guard_before, one.guard_after),
            "better" if one.accepted else "stays",
        )
        for head, one in found.figures.items()
    ]
    columns = ("head", "words", "right on them", "95 % of the gain", "right on drawn", "right on our posts", "")
    table(columns, rows, "")
    reasons = dict(found.left_out) | ({"protected, deleted or empty": hidden} if hidden else {})
    if reasons:
        out.print(f"Left out: {', '.join(f'{n:,} {reason}' for reason, n in reasons.items())}.")


def _change(before: float | None, after: float | None) -> str:
    return "–" if before is None or after is None else f"{100 * before:.1f} → {100 * after:.1f} %"


@model.command("list")
def list_versions() -> None:
    """Show the shipped heads and all tuned versions."""
    from nlp.shipped import WeightsError, model_version
    from storage import db, tuned_models

    with database("manage.py model list"), db.reading() as session:
        known = tuned_models.versions(session)
        try:
            base = model_version()
        except WeightsError as error:
            raise CommandError(str(error)) from error
    tuned = any(one.active and one.base == base for one in known)
    rows = [(one.version, f"{one.made_at:%Y-%m-%d %H:%M}", _state(one, base), _better(one)) for one in known]
    table(("version", "made", "", ""), [*rows, (base, "", "" if tuned else "in force", "as shipped")], "")


def _state(one: "TunedVersion", base: str) -> str:
    if one.base != base:
        return f"for the weights {one.base}"
    return "in force" if one.active else ""


def _better(one: "TunedVersion") -> str:
    why = one.figures.get("why")
    return why if isinstance(why, str) else ""


@model.command("use")
def use(
    version: Annotated[str, typer.Argument(help=f"A version of `model list`, former, or {BASE}: as shipped.")],
) -> None:
    """Switch to another version; no mention is tagged again by that."""
    from nlp.shipped import model_version
    from storage import audit, db, tuned_models

    with database("manage.py model use"), db.transaction() as session:
        base = model_version()
        wanted = tuned_models.former(session) if version == "former" else version
        wanted = None if wanted in (BASE, base) else wanted
        found = next((one for one in tuned_models.versions(session) if one.version == wanted), None)
        if found is not None and found.base != base:
            raise CommandError(f"{wanted} was tuned on the weights {found.base}; here are {base}. Tune again.")
        tuned_models.activate(session, wanted)
        audit.record(session, None, "model.use", f"version {wanted or base}", now())
        db.after_commit(session, lambda: out.print(escape(f"{wanted or base} is in force.")))
        db.after_commit(session, _tell_left)


def _tell_left() -> None:
    """How many mentions carry tags of another version, and what to run."""
    from storage import db, reanalysis

    with db.reading() as session:
        left = reanalysis.reanalysis_left(session)
    if left:
        out.print(f"{left:,} mentions carry tags of another version. Tag them again: manage.py reanalyze")


@app.command()
def reanalyze(
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only mentions published since.")] = None,
    company: Annotated[str, typer.Option(help="Only mentions of the company with this key.")] = "",
    wait: Annotated[bool, typer.Option("--wait", help="Do it in this process too, and end when it is done.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="End a re-tagging that runs.")] = False,
) -> None:
    """Tag older mentions again with the model in force, behind all new ones. Can be interrupted at any time."""
    from storage import db, reanalysis
    from workers import retag_state

    with database("manage.py reanalyze"), _queue():
        if stop:
            stopped = retag_state.stop(None, now())
            out.print("It is stopped." if stopped else "No re-tagging was asked for.")
            return
        run = _run(since, company)
        with db.reading() as session:
            left = reanalysis.reanalysis_left(session, run.scope)
        if not left:
            out.print("No mention carries tags of another version.")
            return
        retag_state.ask(None, run)
        if wait:
            _wait(run, left)
            return
        out.print(f"{left:,} mentions are tagged again in the background, the newest first, while the service runs.")
        out.print("The page Quality says how far it is. In this process: --wait. No more of it: --stop")


@contextmanager
def _queue() -> "Iterator[None]":
    from workers.retag_state import StateUnknown

    try:
        yield
    except StateUnknown as error:
        raise CommandError(str(error)) from error


def _run(since: date | None, key: str) -> "Run":
    from storage import db, profile
    from storage.reanalysis import Scope
    from workers.retag_state import Run

    company_id = None
    if key:
        with db.reading() as session:
            known = {row.key: row.id for row in profile.companies(session)}
        if key not in known:
            raise CommandError(f"--company: there is no company {key!r}; there are {', '.join(known) or 'none yet'}.")
        company_id = known[key]
    begin = None if since is None else datetime(since.year, since.month, since.day, tzinfo=UTC)
    return Run(now(), Scope(begin, company_id))


def _wait(run: "Run", total: int) -> None:
    """Re-tag here, in turns with whoever else does; new mentions first."""
    from rich.progress import Progress

    from nlp.shipped import WeightsError
    from workers.retag import wait

    try:
        with Progress(console=out) as progress:
            task = progress.add_task("Tagging again", total=total)
            for left in wait(run):
                progress.update(task, completed=max(0, total - left))
    except WeightsError as error:
        raise CommandError(str(error)) from error
    except KeyboardInterrupt:
        out.print("This process stopped; the service goes on. No more of it: manage.py reanalyze --stop")
        raise
    out.print("All of them carry the tags of the model in force.")
