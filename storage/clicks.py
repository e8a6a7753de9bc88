"""Clicks on tracked links, stored in batches. No address of a visitor is kept: a hash by the day's salt, or nothing."""

import secrets
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from advocacy.clicks import REPEAT, REPEATED, Click, Networks, is_repeat, screen, visitor_hash
from storage.models.advocacy import DailySalt, Link
from storage.models.attribution import ClickBatch

COUNTED = "counted"
_SALT_BYTES = 32


@dataclass(frozen=True, slots=True)
class Seen:
    """A request of a link as it waits to be stored: `reason` says why it does not count (empty: it may)."""

    link_id: int
    at: datetime
    reason: str
    visitor: bytes | None


@dataclass(frozen=True, slots=True)
class Target:
    """Where a code leads; `over` says that the link was closed or has expired."""

    link_id: int
    code: str
    destination: str
    channel: str
    campaign: str | None
    closed: bool
    expires_at: datetime | None

    def over(self, now: datetime) -> bool:
        """Whether the link leads nowhere any more."""
        return self.closed or (self.expires_at is not None and self.expires_at <= now)


_LOCK = text("SELECT id FROM links WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR NO KEY UPDATE")
_COUNTED = text("""
SELECT link_id, visitor, at FROM clicks
WHERE link_id = ANY(CAST(:ids AS bigint[])) AND visitor = ANY(CAST(:visitors AS bytea[])) AND verdict = 'counted'
  AND at > :first AND at < :last
""")
_ANONYMOUS = text("""
SELECT l.id FROM links l JOIN advocates a ON a.id = l.advocate_id
WHERE l.id = ANY(CAST(:ids AS bigint[])) AND a.left_at IS NOT NULL
""")
_ADD = text("""
INSERT INTO clicks (link_id, at, verdict, visitor)
SELECT * FROM unnest(CAST(:links AS bigint[]), CAST(:times AS timestamptz[]), CAST(:verdicts AS text[]),
                     CAST(:visitors AS bytea[]))
""")


def targets(session: Session, codes: Collection[str]) -> dict[str, Target]:
    """Where codes lead, those that are known. For the public redirect, which has no viewer."""
    plain = [code for code in codes if code.isascii() and code.isalnum() and len(code) <= 40]
    links = session.scalars(select(Link).where(Link.code.in_(plain))) if plain else ()
    return {
        link.code: Target(
            link.id,
            link.code,
            link.destination,
            link.channel,
            link.campaign,
            link.closed_at is not None,
            link.expires_at,
        )
        for link in links
    }


def store(session: Session, seen: Sequence[Seen], batch: str, now: datetime) -> int:
    """Store a batch, once however often it is handed in; returns how many clicks were new. Links that are gone by now
    take their clicks along."""
    mark = insert(ClickBatch).values(id=batch, stored_at=now).on_conflict_do_nothing().returning(ClickBatch.id)
    if session.scalar(mark) is None:
        return 0
    return _store(session, seen)


def add_click(
    session: Session,
    code: str,
    request: Click,
    *,
    data_centres: Networks = Networks(),
    company: Networks = Networks(),
) -> str | None:
    """Count one request at once and say where the link leads; None: unknown, closed or expired."""
    target = targets(session, [code]).get(code)
    if target is None or target.over(request.at):
        return None
    salt = day_salt(session, request.at.astimezone(UTC).date())
    visitor = bytes.fromhex(visitor_hash(request.address, request.user_agent, salt))
    _store(session, [Seen(target.link_id, request.at, screen(request, data_centres, company), visitor)])
    return target.destination


def counted_clicks(session: Session, since: datetime) -> list[tuple[str, datetime]]:
    """Code and time of each click that counts, of the demo's advocates. For the demo, which makes visits of them."""
    found = session.execute(
        text(
            "SELECT l.code, c.at FROM clicks c "
            "JOIN links l ON l.id = c.link_id JOIN advocates a ON a.id = l.advocate_id "
            "WHERE a.demo AND c.verdict = 'counted' AND c.at >= :since ORDER BY c.id"
        ),
        {"since": since},
    )
    return [(row.code, row.at) for row in found]


def day_salt(session: Session, day: date) -> bytes:
    """The day's salt, made by whoever comes first; upkeep throws yesterday's away."""
    salt = session.scalar(select(DailySalt.salt).where(DailySalt.day == day))
    if salt is None:
        fresh = secrets.token_bytes(_SALT_BYTES)
        session.execute(insert(DailySalt).values(day=day, salt=fresh).on_conflict_do_nothing())
        salt = session.scalars(select(DailySalt.salt).where(DailySalt.day == day)).one()
    return salt


def _store(session: Session, seen: Sequence[Seen]) -> int:
    """The links' rows make batches of other processes wait, so that a repeat is seen as one."""
    there = set(session.scalars(_LOCK, {"ids": sorted({each.link_id for each in seen})}))
    kept = sorted((each for each in seen if each.link_id in there), key=lambda each: each.at)
    if not kept:
        return 0
    counted = _counted(session, kept)
    verdicts = []
    for each in kept:
        verdict = each.reason
        if not verdict and each.visitor is not None:
            times = counted[each.link_id, each.visitor]
            verdict = REPEATED if is_repeat(each.at, times) else ""
            if not verdict:
                times.append(each.at)
        verdicts.append(verdict or COUNTED)
    left = set(session.scalars(_ANONYMOUS, {"ids": sorted(there)}))  # their clicks have days only (`storage.leaving`)
    values = {
        "links": [each.link_id for each in kept],
        "times": [_midnight(each.at) if each.link_id in left else each.at for each in kept],
        "verdicts": verdicts,
        "visitors": [None if each.link_id in left else each.visitor for each in kept],
    }
    session.execute(_ADD, values)
    return len(kept)


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _counted(session: Session, kept: Sequence[Seen]) -> defaultdict[tuple[int, bytes], list[datetime]]:
    """When the visitors' clicks of about that time counted, by link and visitor."""
    counted: defaultdict[tuple[int, bytes], list[datetime]] = defaultdict(list)
    visitors = {each.visitor for each in kept if each.visitor is not None and not each.reason}
    if visitors:
        values = {
            "ids": list({each.link_id for each in kept}),
            "visitors": list(visitors),
            "first": kept[0].at - REPEAT,
            "last": kept[-1].at + REPEAT,
        }
        for row in session.execute(_COUNTED, values):
            counted[row.link_id, bytes(row.visitor)].append(row.at)
    return counted
