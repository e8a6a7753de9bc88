"""Shares that take off: found from readings and clicks, told to their advocate alone; the programme sees how many.

A name stands beside one only where the advocate lets everybody see their figures.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from advocacy.take_off import CLICKS, LEAST_EARLIER, TakeOff, strongest
from metrics import coarse
from metrics.suppress import MIN_AUTHORS
from storage.models.topics import ShareTakeOff
from storage.viewer import NotAllowed, Viewer

YOUNG, OLD = timedelta(hours=1), timedelta(days=14)  # ages at which a share may take off
EARLIER = 60  # shares of the same advocate that are compared with
COUNTERS = ("impressions", "views", "likes", "reactions", "reposts", "shares", "comments", "replies")

_FRESH = text("""
SELECT s.id, s.advocate_id, s.platform, s.published_at FROM shares s JOIN advocates a ON a.id = s.advocate_id
WHERE a.left_at IS NULL AND s.published_at > :since AND s.published_at <= :until
  AND NOT EXISTS (SELECT 1 FROM share_take_offs t WHERE t.share_id = s.id)
ORDER BY s.id
""")
_EARLIER = text("""
SELECT id, published_at FROM shares WHERE advocate_id = :advocate AND platform = :platform AND published_at < :before
ORDER BY published_at DESC LIMIT :limit
""")
# The last reading at the same age. One from before half of it says too little: the counter has grown since, unread.
_AT_AGE = text("""
SELECT DISTINCT ON (r.share_id, r.counter) r.share_id, r.counter, r.value
FROM share_readings r JOIN shares s ON s.id = r.share_id
WHERE r.share_id = ANY(CAST(:ids AS bigint[])) AND r.counter = ANY(CAST(:counters AS text[]))
  AND r.observed_at <= s.published_at + CAST(:age AS interval)
  AND r.observed_at >= s.published_at + CAST(:age AS interval) / 2
ORDER BY r.share_id, r.counter, r.observed_at DESC
""")
_CLICKS = text("""
SELECT l.share_id, count(c.id) AS clicks FROM links l JOIN shares s ON s.id = l.share_id
LEFT JOIN clicks c ON c.link_id = l.id AND c.verdict = 'counted'
  AND c.at <= s.published_at + CAST(:age AS interval)
WHERE l.share_id = ANY(CAST(:ids AS bigint[])) GROUP BY 1
""")
_OWN = text("""
SELECT t.share_id, s.title, s.platform, s.url, s.published_at, t.counter, t.found_at, t.value, t.usual, t.needed,
       t.earlier
FROM share_take_offs t JOIN shares s ON s.id = t.share_id
WHERE s.advocate_id = :advocate AND t.found_at > :since ORDER BY t.found_at DESC LIMIT 20
""")
_PROGRAMME = text("""
SELECT count(*) AS shares, count(DISTINCT s.advocate_id) AS people,
       count(DISTINCT s.advocate_id) FILTER (WHERE a.visibility <> 'me') AS open
FROM share_take_offs t JOIN shares s ON s.id = t.share_id JOIN advocates a ON a.id = s.advocate_id
WHERE t.found_at > :since AND t.found_at <= :now
""")
_TO_TELL = text("""
SELECT t.share_id, u.email, s.platform, s.title, t.counter, t.value, t.usual, t.earlier
FROM share_take_offs t JOIN shares s ON s.id = t.share_id JOIN advocates a ON a.id = s.advocate_id
JOIN users u ON u.id = a.user_id
WHERE t.told_at IS NULL AND a.take_off_mails AND a.left_at IS NULL AND u.active AND NOT a.demo
  AND t.found_at > CAST(:now AS timestamptz) - interval '1 day'
ORDER BY t.share_id LIMIT 50 FOR UPDATE OF t SKIP LOCKED
""")
_TOLD = text("UPDATE share_take_offs SET told_at = :now WHERE share_id = ANY(CAST(:ids AS bigint[]))")


@dataclass(frozen=True, slots=True)
class OwnTakeOff:
    """A share of one's own that took off, with the arithmetic."""

    share_id: int
    title: str | None
    platform: str
    url: str | None
    published_at: datetime
    counter: str
    found_at: datetime
    value: int
    usual: float
    needed: float
    earlier: int


@dataclass(frozen=True, slots=True)
class ProgrammeTakeOffs:
    """How many shares took off, rounded down to fives, since the window moves with the clock; None while fewer than
    five people stand behind them."""

    shares: int | None
    suppressed: bool


@dataclass(frozen=True, slots=True)
class ToTell:
    """A share whose advocate wants a mail."""

    share_id: int
    email: str
    platform: str
    title: str | None
    counter: str
    value: int
    usual: float
    earlier: int


def find(session: Session, now: datetime) -> int:
    """Look at every young share that has not taken off yet; how many do now."""
    found = 0
    for row in session.execute(_FRESH, {"since": now - OLD, "until": now - YOUNG}).all():
        verdict = _verdict(session, row.id, row.advocate_id, row.platform, row.published_at, now)
        if verdict is not None:
            found += 1
            session.execute(insert(ShareTakeOff).values(**_values(row.id, verdict, now)).on_conflict_do_nothing())
    return found


def own(session: Session, viewer: Viewer, advocate_id: int, since: datetime) -> tuple[OwnTakeOff, ...]:
    """An advocate's own shares that took off; raises `NotAllowed` for anybody else."""
    if viewer.advocate_id != advocate_id and viewer.role != "system":
        raise NotAllowed("Only the advocate sees this.")
    return tuple(OwnTakeOff(*row) for row in session.execute(_OWN, {"advocate": advocate_id, "since": since}))


def programme(session: Session, viewer: Viewer, since: datetime, now: datetime) -> ProgrammeTakeOffs:
    """How many took off, without names: what somebody lets advocates see is nobody's by a role."""
    if not viewer.aggregate_facets:
        raise NotAllowed("Your role does not see the programme.")
    row = session.execute(_PROGRAMME, {"since": since, "now": now}).one()
    # What is left of the sum beside those who show theirs to advocates must be nobody's, or several people's.
    hidden = 0 < row.people < MIN_AUTHORS or 0 < row.people - row.open < MIN_AUTHORS
    return ProgrammeTakeOffs(None if hidden else coarse.down(row.shares), hidden)


def to_tell(session: Session, now: datetime) -> list[ToTell]:
    """Those to mail now, claimed for this transaction."""
    return [ToTell(*row) for row in session.execute(_TO_TELL, {"now": now})]


def mark_told(session: Session, share_ids: Sequence[int], now: datetime) -> None:
    """Their mails stand in the outbox."""
    session.execute(_TOLD, {"ids": list(share_ids), "now": now})


def _verdict(
    session: Session, share_id: int, advocate_id: int, platform: str, published_at: datetime, now: datetime
) -> TakeOff | None:
    values = {"advocate": advocate_id, "platform": platform, "before": published_at, "limit": EARLIER}
    earlier = [row.id for row in session.execute(_EARLIER, values)]
    if len(earlier) < LEAST_EARLIER:
        return None
    counters = _at_age(session, [share_id, *earlier], now - published_at)
    others: dict[str, list[int]] = defaultdict(list)
    for other in earlier:
        for name, value in counters[other].items():
            others[name].append(value)
    return strongest(counters[share_id], others)


def _at_age(session: Session, ids: Sequence[int], age: timedelta) -> Mapping[int, dict[str, int]]:
    """Share → counter → what it had at an age; clicks where it has a tracked link."""
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for row in session.execute(_AT_AGE, {"ids": list(ids), "counters": list(COUNTERS), "age": age}):
        found[row.share_id][row.counter] = row.value
    for row in session.execute(_CLICKS, {"ids": list(ids), "age": age}):
        found[row.share_id][CLICKS] = row.clicks
    return found


def _values(share_id: int, verdict: TakeOff, now: datetime) -> dict[str, object]:
    return {
        "share_id": share_id,
        "counter": verdict.counter,
        "found_at": now,
        "value": verdict.value,
        "usual": verdict.usual,
        "needed": verdict.needed,
        "earlier": verdict.earlier,
    }
