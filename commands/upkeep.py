"""Commands that tend what sources brought: mapping it anew, counting it anew, and listening to streams here."""

from typing import Annotated

import typer
from rich.markup import escape

from commands.terminal import CommandError, database, err, out

app = typer.Typer()


@app.command()
def remap(
    kind: Annotated[str | None, typer.Option(help="Only items of this kind of source.")] = None,
) -> None:
    """Make posts anew from the stored raw items where a collector's mapper has changed since. Can be interrupted."""
    from rich.progress import Progress

    from workers.remap import remap as map_anew

    with database("manage.py remap"), Progress(console=out, transient=True) as progress:
        task = progress.add_task("Mapping", total=None)
        mapped = map_anew(kind, lambda done, total: progress.update(task, completed=done, total=total))
    out.print(f"{mapped:,} items were mapped anew." if mapped else "No item waits for another mapper.")


@app.command()
def recount(
    mend: Annotated[bool, typer.Option("--mend", help="Write all counts anew where one is wrong.")] = False,
) -> None:
    """Count all mentions anew and say which kept counts are wrong; there should be none."""
    from storage import db, rollups

    with database("manage.py recount"), db.transaction() as session:
        wrong = rollups.check(session)
        if wrong and mend:
            rollups.mend(session)
    for problem in wrong:
        err.print(escape(problem))
    if wrong and not mend:
        raise CommandError("Counts are wrong. Count them anew with: manage.py recount --mend")
    out.print("All counts were written anew." if wrong else "All counts are right.")


@app.command()
def stream() -> None:
    """Listen to every enabled stream source in this process, until Ctrl-C; `manage.py run` does this by itself."""
    from workers.stream import main as listen

    with database("manage.py stream"):
        out.print("Listening to the streams. Ctrl-C stops in order.")
        listen()
