"""Tracked links and their clicks. No address of a visitor is kept: a hash with the day's salt tells repeats apart."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from advocacy.clicks import Click as Request
from advocacy.clicks import Networks, judge_click, visitor_hash
from advocacy.links import CODE_BYTES, check_destination, short_code
from storage.models.advocacy import Click, DailySalt, Link
from storage.viewer import NotAllowed, NotFound, Viewer

COUNTED = "counted"
_SALT_BYTES = 32


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A tracked link; its clicks as three counters that are never mixed (screens show `filtered`)."""

    id: int
    code: str
    share_id: int | None
    destination: str
    channel: str
    campaign: str | None
    created_at: datetime
    closed_at: datetime | None
    raw: int
    filtered: int
    unique: int


@dataclass(frozen=True, slots=True)
class ClickDay:
    """Clicks of one day (UTC)."""

    day: datetime
    raw: int
    filtered: int
    unique: int


_DAYS = text("""
SELECT date_trunc('day', c.at, 'UTC') AS day, count(*) AS raw,
    count(*) FILTER (WHERE c.verdict = 'counted') AS filtered,
    count(DISTINCT (c.link_id, coalesce(c.visitor, int8send(c.id)))) FILTER (WHERE c.verdict = 'counted') AS uniques
FROM clicks c JOIN links l ON l.id = c.link_id
WHERE (CAST(:advocate AS integer) IS NULL OR l.advocate_id = :advocate)
  AND (CAST(:link AS bigint) IS NULL OR l.id = :link) AND c.at >= :start AND c.at < :end
GROUP BY 1 ORDER BY 1
""")
_BY_LINK = text("""
SELECT c.link_id, count(*) AS raw, count(*) FILTER (WHERE c.verdict = 'counted') AS filtered,
    count(DISTINCT (date_trunc('day', c.at, 'UTC'), coalesce(c.visitor, int8send(c.id))))
        FILTER (WHERE c.verdict = 'counted') AS uniques
FROM clicks c WHERE c.link_id = ANY(CAST(:links AS bigint[])) GROUP BY 1
""")


def make_link(
    session: Session,
    viewer: Viewer,
    advocate_id: int,
    destination: str,
    hosts: Collection[str],
    channel: str,
    now: datetime,
    *,
    campaign: str | None = None,
    share_id: int | None = None,
) -> LinkRow:
    """A new link to a registered host; raises `advocacy.links.LinkError` for any other destination."""
    _check(viewer, advocate_id)
    checked = check_destination(destination, hosts)
    link = Link(
        code=short_code(secrets.token_bytes(CODE_BYTES)),
        advocate_id=advocate_id,
        share_id=share_id,
        destination=checked,
        channel=channel[:40],
        campaign=campaign[:80] if campaign else None,
        created_at=now,
    )
    session.add(link)
    session.flush()
    return _row(link, (0, 0, 0))


def list_links(session: Session, viewer: Viewer, advocate_id: int) -> tuple[LinkRow, ...]:
    """An advocate's links with their clicks, newest first."""
    _check(viewer, advocate_id)
    links = session.scalars(select(Link).where(Link.advocate_id == advocate_id).order_by(Link.id.desc())).all()
    counts = {
        row.link_id: (row.raw, row.filtered, row.uniques)
        for row in session.execute(_BY_LINK, {"links": [link.id for link in links]})
    }
    return tuple(_row(link, counts.get(link.id, (0, 0, 0))) for link in links)


def close_link(session: Session, viewer: Viewer, link_id: int, now: datetime) -> None:
    """The link leads nowhere from now on; its clicks stay."""
    link = session.get(Link, link_id, with_for_update=True)
    if link is None:
        raise NotFound("There is no such link.")
    _check(viewer, link.advocate_id)
    link.closed_at = link.closed_at or now
    session.flush()


def link_by_code(session: Session, code: str) -> str | None:
    """Where a code leads; None: unknown or closed. For the public redirect, which has no viewer."""
    if not code.isascii() or not code.isalnum() or len(code) > 40:
        return None
    query = select(Link.destination).where(Link.code == code, Link.closed_at.is_(None))
    found: str | None = session.scalar(query)
    return found


def add_click(
    session: Session,
    code: str,
    request: Request,
    *,
    data_centres: Networks = Networks(),
    company: Networks = Networks(),
) -> str | None:
    """Count a request of a link and say where it leads; None: unknown or closed."""
    if link_by_code(session, code) is None:
        return None
    # The link's row makes two requests at the same moment wait, so that a repeat is seen as one.
    link = session.scalars(select(Link).where(Link.code == code).with_for_update()).one()
    visitor = bytes.fromhex(visitor_hash(request.address, request.user_agent, _salt(session, request.at)))
    today = request.at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    last = session.scalar(
        select(func.max(Click.at)).where(
            Click.link_id == link.id, Click.visitor == visitor, Click.verdict == COUNTED, Click.at >= today
        )
    )
    verdict = judge_click(request, last, last is not None, data_centres, company)
    stored = COUNTED if verdict.filtered else verdict.reason
    session.add(Click(link_id=link.id, at=request.at, verdict=stored, visitor=visitor))
    session.flush()
    return link.destination


def clicks(
    session: Session,
    viewer: Viewer,
    advocate_id: int | None,
    start: datetime,
    end: datetime,
    link_id: int | None = None,
) -> tuple[ClickDay, ...]:
    """Clicks per day without gaps; of one advocate, or of the whole programme (None)."""
    _check(viewer, advocate_id)
    if end - start > timedelta(days=3_700):
        raise ValueError("start, end: at most ten years are possible")
    first = start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    values = {"advocate": advocate_id, "link": link_id, "start": first, "end": end}
    found = {row.day: ClickDay(row.day, row.raw, row.filtered, row.uniques) for row in session.execute(_DAYS, values)}
    days = max(0, -((first - end) // timedelta(days=1)))
    grid = [first + timedelta(days=number) for number in range(days)]
    return tuple(found.get(day, ClickDay(day, 0, 0, 0)) for day in grid)


def _salt(session: Session, at: datetime) -> bytes:
    """The day's salt, made by whoever comes first; upkeep throws yesterday's away."""
    day = at.astimezone(UTC).date()
    salt = session.scalar(select(DailySalt.salt).where(DailySalt.day == day))
    if salt is None:
        fresh = secrets.token_bytes(_SALT_BYTES)
        session.execute(insert(DailySalt).values(day=day, salt=fresh).on_conflict_do_nothing())
        salt = session.scalars(select(DailySalt.salt).where(DailySalt.day == day)).one()
    return salt


def _check(viewer: Viewer, advocate_id: int | None) -> None:
    if viewer.role == "system":
        return
    if advocate_id is None:
        if not viewer.aggregate_facets:
            raise NotAllowed("Your role does not see the programme's figures.")
    elif viewer.advocate_id != advocate_id:
        raise NotAllowed("These links belong to another advocate.")


def _row(link: Link, counts: tuple[int, int, int]) -> LinkRow:
    return LinkRow(
        link.id,
        link.code,
        link.share_id,
        link.destination,
        link.channel,
        link.campaign,
        link.created_at,
        link.closed_at,
        *counts,
    )
