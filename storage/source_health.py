"""How the sources are doing, in words and figures."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, select, text
from sqlalchemy.orm import Session

from collectors.post import Json
from config.settings import get_settings
from storage import credentials
from storage.coverage import STALE_CLAIM, coverage_by_source
from storage.kinds import collector_of
from storage.ledger import Spending, limit_of, spent_by_source
from storage.models.mentions import Post
from storage.models.sources import Host, Source
from storage.viewer import NotAllowed, NotFound, Viewer

_OLDEST = text("""
SELECT s.id, (SELECT min(p.collected_at) FROM posts p WHERE p.source_id = s.id) AS collected_at FROM sources s
WHERE CAST(:ids AS integer[]) IS NULL OR s.id = ANY(CAST(:ids AS integer[]))
""")
_OLDEST_LOOK = text("""
SELECT p.source_id AS id, min(coalesce(p.renewed_at, p.collected_at)) AS seen_at
FROM posts p JOIN sources s ON s.id = p.source_id
WHERE s.kind = :kind AND (CAST(:ids AS integer[]) IS NULL OR s.id = ANY(CAST(:ids AS integer[])))
GROUP BY p.source_id
""")
# Columns instead of ORM objects: a list of 10,000 sources is read for every page that names them.
_COLUMNS = (
    Source.id, Source.kind, Source.name, Source.options, Source.enabled, Source.demo, Source.origin, Source.credentials,
    Source.host, Source.about, Source.keep_days, Source.interval_minutes, Source.created_at, Source.next_check_at,
    Source.claimed_at, Source.last_success_at, Source.last_complete_at, Source.last_item_at, Source.error_reason,
    Source.error_detail, Source.error_count, Source.silent_since,
)  # fmt: skip
_Read = Row[*tuple[Any, ...]]  # with these columns


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One source with its health.

    `state`: ok, waiting, error, silent, paused, never run, needs keys, needs approval, over budget, resting host.
    `coverage_*` None: no run. `unit`, `period`, `spent`, `limit` are of the budget, None where the kind has none.
    """

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
    credential_names: tuple[str, ...] = ()  # which keys are set; empty for everybody but administrators
    missing_credentials: bool = False
    unit: str | None = None
    period: str | None = None  # day, month
    spent: float | None = None  # in this period
    limit: float | None = None  # of this period; None: none is set
    keep_days: int | None = None  # as set for this source; None: as long as the settings say
    expires_next: datetime | None = None  # when its oldest post leaves; None: it has none
    last_complete_at: datetime | None = None  # of a run that missed nothing
    window_left: timedelta | None = None  # until the platform no longer serves what we have not read; None: no window
    host: str | None = None
    about: str = "text"  # whose its reviews and survey answers are: own, the key of a company, or those they name


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is asked once for all sources that are read."""

    now: datetime
    items_day: Mapping[int, int]
    items_week: Mapping[int, int]
    cover_day: Mapping[int, float]
    cover_week: Mapping[int, float]
    spent: Mapping[int, float]
    expires: Mapping[int, datetime]
    resting: frozenset[str]
    in_full: bool  # for administrators


def list_sources(
    session: Session, viewer: Viewer, now: datetime, *, ids: Collection[int] | None = None, figures: bool = True
) -> tuple[SourceRow, ...]:
    """The sources with their health, by kind and name; None: all of them. Raises `NotAllowed` for advocates.

    Without `figures` their items, coverage and oldest posts are not looked up, which takes longer the more there is:
    for who needs names and states.
    """
    if not viewer.aggregate_facets:
        raise NotAllowed("Your role does not see the sources.")
    query = select(*_COLUMNS).order_by(Source.kind, Source.name)
    rows = session.execute(query if ids is None else query.where(Source.id.in_(ids))).all()
    facts = _Facts(
        now,
        _items(session, now, 1, ids) if figures else {},
        _items(session, now, 7, ids) if figures else {},
        coverage_by_source(session, now - timedelta(days=1), now, ids) if figures else {},
        coverage_by_source(session, now - timedelta(days=7), now, ids) if figures else {},
        spent_by_source(session, now, ids),
        _expiries(session, rows, ids) if figures else {},
        frozenset(session.scalars(select(Host.host).where(Host.open_until > now))),
        viewer.role in ("administrator", "system"),
    )
    return tuple(_row(source, facts) for source in rows)


def source_row(session: Session, viewer: Viewer, source_id: int, now: datetime) -> SourceRow:
    """One source with its health; raises `NotFound`, and `NotAllowed` for advocates."""
    rows = list_sources(session, viewer, now, ids=(source_id,))
    if not rows:
        raise NotFound("There is no such source.")
    return rows[0]


def _row(source: _Read, facts: _Facts) -> SourceRow:
    spending = _spending(source, facts)
    names = credentials.names_of(source.kind, source.credentials)
    lacks = credentials.lacks_one(source.kind, names)
    return SourceRow(
        id=source.id,
        kind=source.kind,
        name=source.name,
        options=source.options if facts.in_full else {},
        enabled=source.enabled,
        demo=source.demo,
        origin=source.origin,
        state=_state(source, facts, spending, lacks),
        interval_minutes=source.interval_minutes,
        last_success_at=source.last_success_at,
        last_item_at=source.last_item_at,
        next_check_at=source.next_check_at,
        error_reason=source.error_reason,
        error_detail=source.error_detail,
        error_count=source.error_count,
        silent_since=source.silent_since,
        items_24h=facts.items_day.get(source.id, 0),
        items_7d=facts.items_week.get(source.id, 0),
        coverage_24h=facts.cover_day.get(source.id),
        coverage_7d=facts.cover_week.get(source.id),
        credential_names=names if facts.in_full else (),
        missing_credentials=lacks,
        unit=None if spending is None else spending.unit,
        period=None if spending is None else spending.period,
        spent=None if spending is None else spending.spent,
        limit=None if spending is None else spending.limit,
        keep_days=source.keep_days,
        expires_next=facts.expires.get(source.id),
        last_complete_at=source.last_complete_at,
        window_left=_window_left(source, facts.now),
        about=source.about,
        host=source.host,
    )


def _state(source: _Read, facts: _Facts, spending: Spending | None, lacks_keys: bool) -> str:
    if not source.enabled:
        return "paused"
    if lacks_keys or source.error_reason == "needs_credentials":
        return "needs keys"
    if source.error_reason == "needs_approval":
        return "needs approval"
    if source.host in facts.resting:
        return "resting host"
    if source.error_reason is not None:
        return "error"
    if spending is not None and spending.used_up:
        return "over budget"
    if source.silent_since is not None:
        return "silent"
    if source.last_success_at is None and source.last_item_at is None:
        return "never run"
    overdue = source.next_check_at is not None and source.next_check_at < facts.now - STALE_CLAIM
    return "waiting" if overdue and source.claimed_at is None else "ok"


def _spending(source: _Read, facts: _Facts) -> Spending | None:
    collector = collector_of(source.kind)
    if collector is None or collector.budget is None:
        return None
    budget = collector.budget
    return Spending(budget.unit, budget.period, facts.spent.get(source.id, 0.0), limit_of(budget, source.options))


def _window_left(source: _Read, now: datetime) -> timedelta | None:
    collector = collector_of(source.kind)
    if collector is None or collector.window is None:
        return None
    known_until: datetime = source.last_complete_at or source.created_at
    return max(timedelta(0), known_until + collector.window - now)


def _expiries(session: Session, sources: Sequence[_Read], ids: Collection[int] | None) -> Mapping[int, datetime]:
    """When the oldest post of each source leaves, by the rules of `storage.retention`."""
    general = get_settings().mention_days
    own = {source.id: min(source.keep_days or general, general) for source in sources}
    only = None if ids is None else list(ids)
    dated = session.execute(_OLDEST, {"ids": only})
    oldest = {row.id: row.collected_at for row in dated if row.collected_at is not None}
    found = {source_id: since + timedelta(days=own.get(source_id, general)) for source_id, since in oldest.items()}
    for collector in {id(each): each for s in sources if (each := collector_of(s.kind)) is not None}.values():
        if collector.keep_days is not None:
            for row in session.execute(_OLDEST_LOOK, {"kind": collector.kind, "ids": only}):
                leaves = row.seen_at + timedelta(days=collector.keep_days)
                found[row.id] = min(found.get(row.id, leaves), leaves)
    return found


def _items(session: Session, now: datetime, days: int, ids: Collection[int] | None) -> dict[int, int]:
    query = select(Post.source_id, func.count()).where(Post.collected_at > now - timedelta(days=days))
    if ids is not None:
        query = query.where(Post.source_id.in_(ids))
    return {row[0]: row[1] for row in session.execute(query.group_by(Post.source_id))}
