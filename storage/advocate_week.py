"""What the weekly mail tells each advocate, gathered in bites; and the address by which that mail alone is stopped."""

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from config.settings import get_settings
from metrics.reach import Factor, PostReach, reach_report
from notify.advocate_week import Suggestion, WeekFacts
from storage import contents, sharing
from storage.advocate_accounts import RECONNECT
from storage.links import clicks
from storage.models.advocacy import Advocate, Share
from storage.models.people import AdvocateAccount
from storage.shares import share_rows
from storage.viewer import NotFound, viewer_for

_SIGNED = 16  # bytes of the signature
_NEW = timedelta(days=7)  # contents of the week are news; older ones alone are no reason for a mail
_COMMENTS = ("comments", "replies")

_TODO = text("""
SELECT a.id, u.id AS user_id, u.email, u.role FROM advocates a JOIN users u ON u.id = a.user_id
WHERE a.left_at IS NULL AND a.weekly_mail AND NOT a.demo AND u.active AND a.id > :after
AND NOT EXISTS (SELECT 1 FROM mail_states m WHERE m.address = u.email
    AND (m.unsubscribed_at IS NOT NULL OR m.paused_at IS NOT NULL))
AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.dedupe_key = 'week-' || CAST(:week AS text) || '-' || a.id)
AND (EXISTS (SELECT 1 FROM shares s WHERE s.advocate_id = a.id AND s.published_at >= :start AND s.published_at < :end)
    OR EXISTS (SELECT 1 FROM clicks c JOIN links l ON l.id = c.link_id
        WHERE l.advocate_id = a.id AND c.at >= :start AND c.at < :end AND c.verdict = 'counted')
    OR EXISTS (SELECT 1 FROM contents n WHERE n.withdrawn_at IS NULL AND n.available_from >= :fresh
        AND n.available_from <= :now))
ORDER BY a.id LIMIT :limit
""")


@dataclass(frozen=True, slots=True)
class WeekReader:
    """An advocate to whom this week's mail was not written yet."""

    id: int
    user_id: int
    email: str
    role: str


def readers(
    session: Session, week: date, start: datetime, end: datetime, now: datetime, after: int, limit: int = 200
) -> tuple[WeekReader, ...]:
    """The next advocates who may have something to read, by id, above `after`."""
    values = {
        "after": after, "week": week.isoformat(), "start": start, "end": end, "now": now, "fresh": now - _NEW,
        "limit": limit,
    }  # fmt: skip
    return tuple(WeekReader(row.id, row.user_id, row.email, row.role) for row in session.execute(_TODO, values))


def facts_of(
    session: Session,
    reader: WeekReader,
    week: date,
    start: datetime,
    end: datetime,
    now: datetime,
    factors: Mapping[str, Factor],
) -> WeekFacts:
    """One advocate's week, read as that advocate: embargoed campaigns stay hidden. `factors` serve all readers."""
    viewer = viewer_for(reader.role, reader.user_id, reader.id)
    query = select(Share).where(Share.advocate_id == reader.id, Share.published_at >= start, Share.published_at < end)
    rows = share_rows(session, session.scalars(query).all())
    posts = [
        PostReach(row.platform, str(row.advocate_id), row.followers, {n: r.value for n, r in row.readings.items()})
        for row in rows
    ]
    said = [reading.value for row in rows for name, reading in row.readings.items() if name in _COMMENTS]
    days = clicks(session, viewer, reader.id, start, end)
    settings = get_settings()
    offered = contents.available(session, viewer, now)
    chosen = sharing.suggested(session, viewer, offered, now, settings.suggestions_per_week)
    return WeekFacts(
        week,
        reach_report(posts, factors) if posts else None,
        sum(said) if said else None,
        sum(day.filtered for day in days),
        sum(day.unique for day in days),
        tuple(Suggestion(each.title, f"{settings.base_url}/share/{each.id}") for each in chosen),
        _again(session, reader.id),
    )


def stop_url(advocate_id: int) -> str:
    """Where this advocate's weekly mail is turned off; it does not expire."""
    return f"{get_settings().base_url}/mails/week/{_token(advocate_id)}"


def advocate_of_token(token: str) -> int:
    """Whose weekly mail a token turns off; raises `NotFound` for one that is not ours."""
    number = token.partition(".")[0]
    plausible = number.isascii() and number.isdecimal() and len(number) < 10 and len(token) < 100
    if plausible and hmac.compare_digest(token.encode("utf-8", "replace"), _token(int(number)).encode()):
        return int(number)
    raise NotFound("This address for stopping mails is not ours.")


def turn_off(session: Session, advocate_id: int, *, on: bool = False) -> bool:
    """Turn the weekly mail off (or on again); False for whoever has left."""
    changed = update(Advocate).where(Advocate.id == advocate_id, Advocate.left_at.is_(None)).values(weekly_mail=on)
    return session.execute(changed.returning(Advocate.id)).first() is not None


def _again(session: Session, advocate_id: int) -> tuple[str, ...]:
    query = select(AdvocateAccount.platform).where(
        AdvocateAccount.advocate_id == advocate_id, AdvocateAccount.state == RECONNECT
    )
    names = {"x": "X", "linkedin": "LinkedIn", "bluesky": "Bluesky", "mastodon": "Mastodon"}
    return tuple(names.get(each, each) for each in sorted(session.scalars(query)))


def _token(advocate_id: int) -> str:
    key = hmac.new(get_settings().secret().encode(), b"stop the weekly mail", sha256).digest()
    signed = hmac.new(key, str(advocate_id).encode(), sha256).digest()[:_SIGNED]
    return f"{advocate_id}.{base64.urlsafe_b64encode(signed).rstrip(b'=').decode('ascii')}"
