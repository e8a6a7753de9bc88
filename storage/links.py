"""Tracked links and what was counted on them; `storage.clicks` counts."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from advocacy.links import CODE_BYTES, LinkError, check_destination, short_code
from config.settings import get_settings
from metrics.suppress import Cell, suppress_series
from storage import contents
from storage.models.advocacy import Campaign, Link
from storage.viewer import NotAllowed, NotFound, Viewer


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A tracked link; its clicks as three counters that are never mixed (screens show `filtered`)."""

    id: int
    code: str
    share_id: int | None
    destination: str
    channel: str
    campaign: str | None
    content_id: int | None
    created_at: datetime
    expires_at: datetime | None
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
_PEOPLE = text("""
SELECT date_trunc('day', c.at, 'UTC') AS day, count(DISTINCT l.advocate_id) AS people
FROM clicks c JOIN links l ON l.id = c.link_id WHERE c.at >= :start AND c.at < :end GROUP BY 1
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
    expires_at: datetime | None = None,
) -> LinkRow:
    """A new link to a registered host; raises `advocacy.links.LinkError` for any other destination."""
    _check(viewer, advocate_id)
    checked = _checked(destination, hosts)
    link = Link(
        code=short_code(secrets.token_bytes(CODE_BYTES)),
        advocate_id=advocate_id,
        share_id=share_id,
        destination=checked,
        channel=" ".join(channel.split())[:40],
        campaign=campaign[:80] if campaign else None,
        created_at=now,
        expires_at=expires_at,
    )
    session.add(link)
    session.flush()
    return _row(link, (0, 0, 0))


def link_for(
    session: Session,
    viewer: Viewer,
    advocate_id: int,
    content_id: int,
    channel: str,
    hosts: Collection[str],
    now: datetime,
) -> LinkRow:
    """The one open link of a person for a content on a channel; made at the first call, whoever else calls meanwhile.

    It follows the content: when that leads elsewhere by now, so does the link. Raises `NotFound` for a content that
    the person may not see now, `LinkError` for one without a link or with one that is not allowed.
    """
    _check(viewer, advocate_id)
    content = contents.to_share(session, viewer, content_id, now)
    key = session.scalar(select(Campaign.key).where(Campaign.id == content.campaign_id))
    if not content.link:
        raise LinkError("this content has no address to lead to")
    values = {
        "code": short_code(secrets.token_bytes(CODE_BYTES)),
        "advocate_id": advocate_id,
        "content_id": content_id,
        "channel": channel[:40],
        "destination": _checked(content.link, hosts),
        "campaign": key,
        "created_at": now,
    }
    open_one = text("content_id IS NOT NULL AND closed_at IS NULL")
    made = insert(Link).values(values)
    kept = made.on_conflict_do_update(
        index_elements=["advocate_id", "content_id", "channel"],
        index_where=open_one,
        set_={"destination": made.excluded.destination, "campaign": made.excluded.campaign},
    )
    link = session.scalars(kept.returning(Link), execution_options={"populate_existing": True}).one()
    return _row(link, _counts(session, [link]).get(link.id, (0, 0, 0)))


def list_links(session: Session, viewer: Viewer, advocate_id: int) -> tuple[LinkRow, ...]:
    """An advocate's links with their clicks, newest first."""
    _check(viewer, advocate_id)
    links = session.scalars(select(Link).where(Link.advocate_id == advocate_id).order_by(Link.id.desc())).all()
    counts = _counts(session, links)
    return tuple(_row(link, counts.get(link.id, (0, 0, 0))) for link in links)


def close_link(session: Session, viewer: Viewer, link_id: int, now: datetime) -> None:
    """The link leads nowhere from now on; its clicks stay."""
    link = _own(session, viewer, link_id)
    link.closed_at = link.closed_at or now
    session.flush()


def programme_clicks(session: Session, viewer: Viewer, start: datetime, end: datetime) -> tuple[ClickDay, ...]:
    """Clicks of the whole programme by day; where some day has fewer than five advocates behind it, or would follow
    from the others, one sum for the whole time instead."""
    days = clicks(session, viewer, None, start, end)
    people = {row.day: row.people for row in session.execute(_PEOPLE, {"start": start, "end": end})}
    cells = [Cell(day.day, day.raw, people.get(day.day, 0)) for day in days]
    if not days or not any(cell.suppressed for cell in suppress_series(cells).cells):
        return days
    sums = (sum(day.raw for day in days), sum(day.filtered for day in days), sum(day.unique for day in days))
    return (ClickDay(days[0].day, *sums),)


def own_link(session: Session, viewer: Viewer, link_id: int) -> LinkRow:
    """One link of one's own, without its clicks; raises `NotFound` or `NotAllowed`."""
    link = session.get(Link, link_id)
    if link is None:
        raise NotFound("There is no such link.")
    _check(viewer, link.advocate_id)
    return _row(link, (0, 0, 0))


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


def _check(viewer: Viewer, advocate_id: int | None) -> None:
    if viewer.role == "system":
        return
    if advocate_id is None:
        if not viewer.aggregate_facets:
            raise NotAllowed("Your role does not see the programme's figures.")
    elif viewer.advocate_id != advocate_id:
        raise NotAllowed("These links belong to another advocate.")


def own_addresses() -> tuple[str, ...]:
    """The addresses that this service is reached by, as far as its settings tell."""
    settings = get_settings()
    names = (name.strip() for name in settings.trusted_hosts.split(","))
    return (settings.base_url, *(f"https://{name}" for name in names if name and "*" not in name))


def _checked(destination: str, hosts: Collection[str]) -> str:
    return check_destination(destination, hosts, own_addresses())


def _own(session: Session, viewer: Viewer, link_id: int) -> Link:
    link = session.get(Link, link_id, with_for_update=True)
    if link is None:
        raise NotFound("There is no such link.")
    _check(viewer, link.advocate_id)
    return link


def _counts(session: Session, links: Sequence[Link]) -> dict[int, tuple[int, int, int]]:
    found = session.execute(_BY_LINK, {"links": [link.id for link in links]})
    return {row.link_id: (row.raw, row.filtered, row.uniques) for row in found}


def _row(link: Link, counts: tuple[int, int, int]) -> LinkRow:
    return LinkRow(
        link.id,
        link.code,
        link.share_id,
        link.destination,
        link.channel,
        link.campaign,
        link.content_id,
        link.created_at,
        link.expires_at,
        link.closed_at,
        *counts,
    )
