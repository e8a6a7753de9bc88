"""Sources: what is due, who has claimed it, how runs ended, and health in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from alerts.silence import WATCHED, judge_silence
from collectors import registry
from collectors.base import CollectError, Outcome
from collectors.post import Json
from storage.models.mentions import Post
from storage.models.sources import CollectionRun, ImportProblem, Source
from storage.removal import remove_source_mentions
from storage.viewer import NotAllowed, NotFound, Viewer, require_administrator

STALE_CLAIM = timedelta(minutes=15)  # longer than any run may take: its process is gone
LONGEST_BACK_OFF = timedelta(days=1)
_UNPOLLED = ("import", "api")
_ARRIVALS = 5_000  # newest posts that the silence rule looks at


@dataclass(frozen=True, slots=True)
class ClaimedSource:
    """A source that this process may run now."""

    id: int
    kind: str
    name: str
    options: Mapping[str, Json]
    cursor: Mapping[str, Json]
    run_id: int


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One source with its health. `state`: ok, waiting, error, silent, paused, never run. `coverage_*` None: no run."""

    id: int
    kind: str
    name: str
    options: Mapping[str, Json]  # empty for everybody but administrators: options may hold secrets
    enabled: bool
    demo: bool
    origin: str
    state: str
    interval_minutes: int
    last_success_at: datetime | None
    last_item_at: datetime | None
    next_check_at: datetime | None
    error_reason: str | None
    error_detail: str | None
    error_count: int
    silent_since: datetime | None
    items_24h: int
    items_7d: int
    coverage_24h: float | None
    coverage_7d: float | None


@dataclass(frozen=True, slots=True)
class RunRow:
    """One collection and how it ended."""

    id: int
    started_at: datetime
    finished_at: datetime | None
    complete: bool | None
    reason: str | None
    detail: str | None
    seen: int
    added: int
    changed: int
    requests: int
    cost: float


@dataclass(frozen=True, slots=True)
class GoneSilent:
    """A source that the silence rule has just caught, with the arithmetic in words."""

    source_id: int
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A row of an imported file that could not be taken."""

    line: int
    column: str | None
    reason: str


def interval_minutes(kind: str) -> int:
    """How often a kind is checked when nothing says otherwise; 0 for those that are not polled."""
    if kind in _UNPOLLED:
        return 0
    return max(1, round(registry.get(kind).interval / timedelta(minutes=1)))


def checked_options(kind: str, options: Mapping[str, Json]) -> dict[str, Json]:
    """Options completed with defaults; raises `ValueError` naming the kind or the option that is wrong."""
    if kind in _UNPOLLED:
        return dict(options)
    return registry.get(kind).check_options(options)


def due_sources(session: Session, now: datetime, limit: int = 50) -> list[int]:
    """Ids of sources to collect now, the longest overdue first."""
    query = select(Source.id).where(Source.enabled, Source.next_check_at <= now, _unclaimed(now))
    return list(session.scalars(query.order_by(Source.next_check_at, Source.id).limit(limit)))


def claim(session: Session, source_id: int, now: datetime, *, force: bool = False) -> ClaimedSource | None:
    """Take a source that is due (with `force`: at any time, even if paused) and open its run; None: not to be had."""
    query = update(Source).where(Source.id == source_id, _unclaimed(now))
    if not force:
        query = query.where(Source.enabled, Source.next_check_at <= now)
    row = session.execute(
        query.values(claimed_at=now).returning(Source.id, Source.kind, Source.name, Source.options, Source.cursor)
    ).first()
    if row is None:
        return None
    run_id = session.scalar(
        insert(CollectionRun).values(source_id=source_id, started_at=now).returning(CollectionRun.id)
    )
    if run_id is None:
        raise RuntimeError("the run was not stored")
    return ClaimedSource(row.id, row.kind, row.name, row.options, row.cursor, run_id)


def finish_run(session: Session, run_id: int, outcome: Outcome, now: datetime) -> None:
    """Close a run that came to its end, complete or not, and set the next one; `retry_at` is obeyed."""
    run = _run(session, run_id)
    run.finished_at, run.complete = now, outcome.complete
    run.reason, run.detail = outcome.reason, outcome.detail or None
    run.requests, run.cost = outcome.requests, outcome.cost
    source = session.get_one(Source, run.source_id, with_for_update=True)
    source.last_success_at = now
    source.error_reason, source.error_detail, source.error_count = None, None, 0
    wait = outcome.next_check if outcome.next_check is not None else timedelta(minutes=source.interval_minutes)
    _release(source, run, _later(now + wait, outcome.retry_at))
    session.flush()


def fail_run(session: Session, run_id: int, error: CollectError, now: datetime) -> None:
    """Close a run that failed: wait twice as long each time, a day at most; a permanent error waits for a person."""
    run = _run(session, run_id)
    run.finished_at, run.complete, run.reason, run.detail = now, False, error.reason, error.detail
    source = session.get_one(Source, run.source_id, with_for_update=True)
    source.error_reason, source.error_detail = error.reason, error.detail
    source.error_count += 1
    wait = timedelta(minutes=max(1, source.interval_minutes)) * 2 ** min(source.error_count - 1, 12)
    next_check = None if error.permanent else _later(now + min(wait, LONGEST_BACK_OFF), error.retry_at)
    _release(source, run, next_check)
    session.flush()


def list_sources(session: Session, viewer: Viewer, now: datetime) -> tuple[SourceRow, ...]:
    """All sources with their health; raises `NotAllowed` for advocates."""
    if not viewer.aggregate_facets:
        raise NotAllowed("Your role does not see the sources.")
    items_day, items_week = _items(session, now, 1), _items(session, now, 7)
    cover_day, cover_week = _coverages(session, now, 1), _coverages(session, now, 7)
    show_options = viewer.role in ("administrator", "system")
    return tuple(
        SourceRow(
            row.id,
            row.kind,
            row.name,
            row.options if show_options else {},
            row.enabled,
            row.demo,
            row.origin,
            _state(row, now),
            row.interval_minutes,
            row.last_success_at,
            row.last_item_at,
            row.next_check_at,
            row.error_reason,
            row.error_detail,
            row.error_count,
            row.silent_since,
            items_day.get(row.id, 0),
            items_week.get(row.id, 0),
            cover_day.get(row.id),
            cover_week.get(row.id),
        )
        for row in session.scalars(select(Source).order_by(Source.kind, Source.name))
    )


def find_source(session: Session, word: str) -> int | None:
    """The source that a person means by its number, its name or, if it is the only one, its kind."""
    if word.isdecimal() and len(word) < 10 and session.get(Source, int(word)) is not None:
        return int(word)
    for column in (Source.name, Source.kind):
        found = session.scalars(select(Source.id).where(column == word).limit(2)).all()
        if len(found) == 1:
            return found[0]
    return None


def add_source(
    session: Session, viewer: Viewer, kind: str, name: str, options: Mapping[str, Json], now: datetime
) -> int:
    """Add a source from the dashboard or API; raises `ValueError` naming what is wrong or already there."""
    require_administrator(viewer)
    name = _checked_name(name)
    checked = checked_options(kind, options)
    made: int | None = session.scalar(
        insert(Source)
        .values(
            kind=kind,
            name=name,
            options=checked,
            origin="dashboard",
            interval_minutes=interval_minutes(kind),
            created_at=now,
            next_check_at=None if kind in _UNPOLLED else now,
        )
        .on_conflict_do_nothing()
        .returning(Source.id)
    )
    if made is None:
        raise ValueError(f"name: there already is a source {name!r} of kind {kind}.")
    return made


def update_source(
    session: Session,
    viewer: Viewer,
    source_id: int,
    now: datetime,
    *,
    name: str | None = None,
    options: Mapping[str, Json] | None = None,
) -> None:
    """Change name or options; new options are tried at once and begin without the errors of the old ones."""
    require_administrator(viewer)
    source = _source(session, source_id)
    if name is not None:
        source.name = _checked_name(name)
    if options is not None:
        source.options = checked_options(source.kind, options)
        source.error_reason, source.error_detail, source.error_count = None, None, 0
        source.next_check_at = None if source.kind in _UNPOLLED else now
    session.flush()


def set_enabled(session: Session, viewer: Viewer, source_id: int, enabled: bool, now: datetime) -> None:
    """Pause or resume; a resumed source is due at once."""
    require_administrator(viewer)
    source = _source(session, source_id)
    source.enabled = enabled
    if enabled and source.kind not in _UNPOLLED:
        source.next_check_at = now
    session.flush()


def run_now(session: Session, viewer: Viewer, source_id: int, now: datetime) -> None:
    """Make a source due; this is also how a person lets it try again after a permanent error."""
    require_administrator(viewer)
    source = _source(session, source_id)
    if source.kind in _UNPOLLED:
        raise ValueError("This source is filled by import or API; there is nothing to collect.")
    source.next_check_at = now
    session.flush()


def delete_source(session: Session, viewer: Viewer, source_id: int) -> None:
    """Remove a source with its posts and mentions; stories and rollups follow."""
    require_administrator(viewer)
    _source(session, source_id)
    remove_source_mentions(session, source_id)
    session.execute(delete(Source).where(Source.id == source_id))


def get_or_make(session: Session, kind: str, name: str, origin: str, now: datetime, *, demo: bool = False) -> int:
    """The source that imports or API calls go into; made at the first time."""
    values = {
        "kind": kind,
        "name": _checked_name(name),
        "origin": origin,
        "demo": demo,
        "created_at": now,
        "interval_minutes": 0,
    }
    session.execute(insert(Source).values(**values).on_conflict_do_nothing())
    return session.scalars(select(Source.id).where(Source.kind == kind, Source.name == values["name"])).one()


def runs(session: Session, source_id: int, limit: int = 50) -> tuple[RunRow, ...]:
    """The latest runs of a source, newest first."""
    query = select(CollectionRun).where(CollectionRun.source_id == source_id)
    rows = session.scalars(query.order_by(CollectionRun.started_at.desc(), CollectionRun.id.desc()).limit(limit))
    return tuple(
        RunRow(
            row.id,
            row.started_at,
            row.finished_at,
            row.complete,
            row.reason,
            row.detail,
            row.seen,
            row.added,
            row.changed,
            row.requests,
            row.cost,
        )
        for row in rows
    )


def coverage(session: Session, start: datetime, end: datetime, source_ids: Sequence[int] | None = None) -> float | None:
    """Share (0..1) of the collections begun in [start, end) that succeeded; None: there was none.

    A run that was killed counts as failed once its claim is stale; one under way does not count yet.
    """
    query = (
        "SELECT avg((complete IS TRUE)::int) FROM collection_runs WHERE started_at >= :start AND started_at < :end "
        "AND (finished_at IS NOT NULL OR started_at < CAST(:end AS timestamptz) - CAST(:stale AS interval))"
    )
    values: dict[str, object] = {"start": start, "end": end, "stale": STALE_CLAIM}
    if source_ids is not None:
        query += " AND source_id = ANY(CAST(:sources AS integer[]))"
        values["sources"] = list(source_ids)
    share = session.scalar(text(query), values)
    return None if share is None else float(share)


def mark_silent(session: Session, now: datetime) -> list[GoneSilent]:
    """Apply the silence rule to every polled source; returns those that have just gone silent."""
    gone = []
    for source in session.scalars(select(Source).where(Source.enabled, Source.next_check_at.is_not(None))):
        published = select(Post.published_at).where(Post.source_id == source.id, Post.published_at > now - WATCHED)
        times = session.scalars(published.order_by(Post.published_at.desc()).limit(_ARRIVALS)).all()
        verdict = judge_silence(times, now)
        if verdict.silent and source.silent_since is None:
            source.silent_since = now
            gone.append(GoneSilent(source.id, source.name, verdict.reason))
        elif not verdict.silent and source.silent_since is not None and times:
            source.silent_since = None
    session.flush()
    return gone


def add_import_problems(
    session: Session, source_id: int, problems: Sequence[Problem], run_id: int | None = None
) -> None:
    """Keep what an import could not take."""
    if problems:
        rows = [
            {"source_id": source_id, "run_id": run_id, "line": each.line, "column": each.column, "reason": each.reason}
            for each in problems
        ]
        session.execute(insert(ImportProblem), rows)


def import_problems(session: Session, source_id: int, limit: int = 200) -> tuple[Problem, ...]:
    """What the latest imports into a source could not take, newest first."""
    query = select(ImportProblem).where(ImportProblem.source_id == source_id).order_by(ImportProblem.id.desc())
    return tuple(Problem(row.line, row.column, row.reason) for row in session.scalars(query.limit(limit)))


def _unclaimed(now: datetime) -> ColumnElement[bool]:
    return or_(Source.claimed_at.is_(None), Source.claimed_at < now - STALE_CLAIM)


def _run(session: Session, run_id: int) -> CollectionRun:
    run = session.get(CollectionRun, run_id)
    if run is None:
        raise NotFound("There is no such run; its source may have been deleted.")
    return run


def _source(session: Session, source_id: int) -> Source:
    source = session.get(Source, source_id, with_for_update=True)
    if source is None:
        raise NotFound("There is no such source.")
    return source


def _release(source: Source, run: CollectionRun, next_check: datetime | None) -> None:
    """Give the claim back, unless another process has taken it over meanwhile."""
    if source.claimed_at == run.started_at:
        source.claimed_at = None
        if source.kind not in _UNPOLLED:
            source.next_check_at = next_check


def _later(planned: datetime, retry_at: datetime | None) -> datetime:
    return planned if retry_at is None else max(planned, retry_at)


def _state(source: Source, now: datetime) -> str:
    if not source.enabled:
        return "paused"
    if source.error_reason is not None:
        return "error"
    if source.silent_since is not None:
        return "silent"
    if source.last_success_at is None and source.last_item_at is None:
        return "never run"
    overdue = source.next_check_at is not None and source.next_check_at < now - STALE_CLAIM
    return "waiting" if overdue else "ok"


def _items(session: Session, now: datetime, days: int) -> dict[int, int]:
    query = select(Post.source_id, func.count()).where(Post.collected_at > now - timedelta(days=days))
    return {row[0]: row[1] for row in session.execute(query.group_by(Post.source_id))}


def _coverages(session: Session, now: datetime, days: int) -> dict[int, float]:
    rows = session.execute(
        text(
            "SELECT source_id, avg((complete IS TRUE)::int) FROM collection_runs WHERE started_at >= :start "
            "AND (finished_at IS NOT NULL OR started_at < :stale) GROUP BY source_id"
        ),
        {"start": now - timedelta(days=days), "stale": now - STALE_CLAIM},
    )
    return {source_id: float(share) for source_id, share in rows}


def _checked_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > 200 or "\x00" in name:
        raise ValueError("name: give the source a name of at most 200 characters.")
    return name
