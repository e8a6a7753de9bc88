"""The command that runs one source: through the queue, here, or here with everything it brought as one JSON object."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from commands import configured
from commands.data import tag_pending
from commands.terminal import CommandError, database, err, now, out

if TYPE_CHECKING:
    from collectors.post import Post
    from storage.sources import SourceRow
    from workers.collection import Keep, Run

app = typer.Typer()


@app.command()
def collect(
    source: Annotated[str, typer.Argument(help="Number, name or kind of a configured source.")],
    once: Annotated[bool, typer.Option("--once", help="One run in this process, without the queue.")] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="With --once: print all it brought as one JSON object and nothing else; untagged."),
    ] = False,
    fresh: Annotated[
        bool,
        typer.Option(
            "--fresh",
            help="With --once: begin as at the first run, not where the last one ended. Known posts are not stored "
            "twice; what a platform charges is charged again.",
        ),
    ] = False,
    analyze: Annotated[bool, typer.Option(help="Tag what is new in this process too.")] = True,
) -> None:
    """Run one source: now and here with --once, else as soon as a worker is free."""
    if (as_json or fresh) and not once:
        raise CommandError("--json and --fresh need --once.")
    if as_json:
        _collect_as_json(source, fresh)
        return
    with database(f"manage.py collect {source}"):
        row = _configured(source)
        if once:
            _collect_here(row, analyze, fresh)
        else:
            _enqueue(row)


def _enqueue(row: "SourceRow") -> None:
    from workers.app import COLLECT_SOURCE, enqueue

    if not enqueue(COLLECT_SOURCE, row.id):
        raise CommandError("The queue is down; start the service, or use --once.")
    out.print("The run is queued.")


def _collect_here(row: "SourceRow", analyze: bool, fresh: bool) -> None:
    with out.status("Collecting …"):
        done = _run(row, fresh, None)
    _print_run(done)
    if analyze and done.pending:
        tag_pending(done.pending)
    if _failed(done):
        raise typer.Exit(1)


def _failed(done: "Run") -> bool:
    """Whether the run failed, or could not begin for want of keys or leave."""
    from storage.collection import WAITS_FOR_PERSON

    return done.outcome is None or done.outcome.reason in WAITS_FOR_PERSON


def _print_run(done: "Run") -> None:
    out.print(
        f"{escape(done.name)}: {done.seen} posts, {done.added} new, {done.changed} edited; {done.mentions} mentions."
    )
    if done.error is not None:
        err.print(f"[red]{escape(done.error.detail)}[/]")
    elif done.outcome is not None:
        state = "complete" if done.outcome.complete else f"not complete ({done.outcome.reason})"
        out.print(escape(f"The run was {state}. {done.outcome.detail}".strip()))


def _collect_as_json(source: str, fresh: bool) -> None:
    """Whatever happens, one object on standard output; code 1 when the run failed or could not begin."""
    found = _empty(source)
    try:
        with database(f"manage.py collect {source}"):
            row = _configured(source)
            found |= {"source": row.name, "kind": row.kind}
            _fill(found, row, fresh)
    except CommandError as error:
        found |= {"reason": "not_run", "detail": str(error)}
    except Exception as error:
        found |= {"reason": "fault", "detail": f"{type(error).__name__}: {error}"}
        _print_object(found)
        raise
    _print_object(found)
    if not found.pop("succeeded"):
        raise typer.Exit(1)


def _fill(found: dict[str, Any], row: "SourceRow", fresh: bool) -> None:
    items: dict[str, dict[str, Any]] = {}  # a post that several names find comes several times

    def keep(posts: "Sequence[Post]", deleted: Sequence[str]) -> None:
        items.update({post.native_id: _item(post) for post in posts})
        found["items"] = list(items.values())
        found["deleted"] += deleted

    done = _run(row, fresh, keep)
    ended = done.outcome if done.outcome is not None else done.error
    found |= {
        "complete": done.outcome is not None and done.outcome.complete,
        "reason": "" if ended is None else ended.reason,
        "detail": "" if ended is None else ended.detail,
        "cursor": dict(done.cursor),
        "cost": done.cost,
        "unit": done.unit,
        "requests": done.requests,
        "next_check_at": _moment(done.next_check_at),
        "retry_at": _moment(done.retry_at),
        "succeeded": not _failed(done),
    }


def _empty(source: str) -> dict[str, Any]:
    return {
        "source": source, "kind": None, "items": [], "deleted": [], "complete": False, "reason": "", "detail": "",
        "cursor": {}, "cost": 0.0, "unit": None, "requests": 0, "next_check_at": None, "retry_at": None,
        "succeeded": False,
    }  # fmt: skip


def _print_object(found: Mapping[str, Any]) -> None:
    shown = {name: value for name, value in found.items() if name != "succeeded"}
    text = json.dumps(shown, ensure_ascii=False, indent=2).encode("utf-8", "replace").decode()
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _item(post: "Post") -> dict[str, Any]:
    """A post behind the privacy door: its author is a pseudonym."""
    return {
        "native_id": post.native_id,
        "kind": post.kind,
        "published_at": _moment(post.published_at),
        "date_from": post.date_from,
        "url": post.url,
        "title": post.title,
        "text": post.text,
        "lang": post.lang,
        "author_key": post.author_key,
        "followers": post.followers,
        "counters": dict(post.counters),
        "rating": post.rating,
        "stated": dict(post.stated),
        "reply_to": post.reply_to,
    }


def _run(row: "SourceRow", fresh: bool, keep: "Keep | None") -> "Run":
    from storage import db, sources
    from workers.collection import Hooks, run_claimed

    if not configured.collector_of(row).polled:
        raise CommandError(f"{row.name} is filled from outside; there is nothing to collect.")
    with db.transaction() as session:
        claimed = sources.claim(session, row.id, now(), force=True)
    if claimed is None:
        raise CommandError("Another process is running this source at the moment.")
    if fresh:
        claimed = replace(claimed, cursor={})
    return run_claimed(claimed, Hooks(lambda _: None, keep, force=True))


def _configured(word: str) -> "SourceRow":
    from storage import db

    with db.reading() as session:
        return configured.find(session, word)


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").replace(".000000Z", "Z")
