"""What people did with shares: engagements, conversation, both date views; of one advocate or of the programme."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from metrics import engagement
from metrics.advocacy import click_through_rate
from metrics.engagement import Conversation, EngagementRates, PerPost
from metrics.lift import DAYS, Lift, lift
from metrics.observed import Gained, TwoReadings, gained_engagements, gained_impressions
from metrics.reach import PostReach
from metrics.suppress import MIN_AUTHORS
from storage.models.advocacy import Share
from storage.shares import ShareRow, share_rows
from storage.viewer import NotAllowed, Viewer

OLDEST = timedelta(days=90)  # counters of older posts hardly move
_KINDS = {"x_owned": "x", "x_stream": "x", "bluesky_stream": "bluesky"}  # kinds of sources that read one platform


@dataclass(frozen=True, slots=True)
class Interactions:
    """E1 to E6 and E8 of shares published in a window, and what all shares gained within it."""

    posts: int
    engagements: int | None
    with_engagements: int
    versions: tuple[str, ...]
    rates: EngagementRates
    amplification: PerPost
    conversation: PerPost
    applause: PerPost
    quality: Conversation
    click_through: float | None
    clicked_posts: int
    gained_impressions: Gained
    gained_engagements: Gained


@dataclass(frozen=True, slots=True)
class PlatformLift:
    """A8 on one platform: by engagements and by impressions."""

    platform: str
    engagements: Lift
    impressions: Lift


_PAGE_POSTS = text("""
SELECT s.kind, p.id, c.counter, c.value
FROM posts p JOIN sources s ON s.id = p.source_id
CROSS JOIN LATERAL (
    SELECT DISTINCT ON (counter) counter, value FROM counter_snapshots
    WHERE post_id = p.id AND observed_at < :end ORDER BY counter, observed_at DESC
) c
WHERE p.own_account AND p.deleted_at IS NULL AND p.reply_to IS NULL AND p.published_at >= :start
  AND p.published_at < :end AND s.kind = ANY(CAST(:kinds AS text[]))
""")
_CLICKS = text("""
SELECT l.share_id, count(*) AS clicks FROM clicks c JOIN links l ON l.id = c.link_id
WHERE l.share_id = ANY(CAST(:shares AS bigint[])) AND c.verdict = 'counted' AND c.at < :end GROUP BY 1
""")


def interactions(
    session: Session, viewer: Viewer, advocate_id: int | None, start: datetime, end: datetime
) -> Interactions | None:
    """Figures of shares published in [start, end); None where fewer than five advocates stand behind them all."""
    _check(viewer, advocate_id)
    query = select(Share).where(Share.published_at >= start - OLDEST, Share.published_at < end)
    if advocate_id is not None:
        query = query.where(Share.advocate_id == advocate_id)
    shares = session.scalars(query.order_by(Share.id)).all()
    after = share_rows(session, shares, until=end)
    inside = [row for row in after if row.published_at >= start]
    if advocate_id is None and (_few(inside) or _few(after)):
        return None
    before = {row.id: row for row in share_rows(session, shares, until=start)}
    pairs = [
        TwoReadings(row.platform, row.published_at >= start, _counters(before[row.id]), _counters(row)) for row in after
    ]
    return _figures(session, inside, pairs, end)


def lifts(session: Session, viewer: Viewer, now: datetime) -> tuple[PlatformLift, ...]:
    """A8 of the last 90 days on each platform where advocates shared something."""
    _check(viewer, None)
    start = now - timedelta(days=DAYS)
    rows = share_rows(
        session, session.scalars(select(Share).where(Share.published_at >= start, Share.published_at < now)).all()
    )
    platforms = sorted({row.platform for row in rows})
    pages = _page_posts(session, platforms, start, now)
    return tuple(
        PlatformLift(
            platform,
            lift(
                _by_person([(row.advocate_id, _total(_post(row))) for row in rows if row.platform == platform]),
                [total for post in pages.get(platform, ()) if (total := _total(post)) is not None],
            ),
            lift(
                _by_person([(row.advocate_id, _post(row).impressions) for row in rows if row.platform == platform]),
                [shown for post in pages.get(platform, ()) if (shown := post.impressions) is not None],
            ),
        )
        for platform in platforms
    )


def _figures(session: Session, inside: Sequence[ShareRow], pairs: Sequence[TwoReadings], end: datetime) -> Interactions:
    posts = [_post(row) for row in inside]
    totals = [engagement.engagements(post.platform, post.counters) for post in posts]
    known = [each.total for each in totals if each.total is not None]
    clicks = {
        row.share_id: row.clicks for row in session.execute(_CLICKS, {"shares": [row.id for row in inside], "end": end})
    }
    clicked = [(clicks[row.id], post.impressions) for row, post in zip(inside, posts, strict=True) if row.id in clicks]
    shown = [(count, views) for count, views in clicked if views]
    return Interactions(
        len(posts),
        sum(known) if known else None,
        len(known),
        tuple(sorted({each.version for each in totals})),
        engagement.engagement_rates(posts),
        engagement.amplification(posts),
        engagement.conversation(posts),
        engagement.applause(posts),
        engagement.conversation_quality(posts),
        click_through_rate(sum(count for count, _ in shown), sum(views for _, views in shown)),
        len(shown),
        gained_impressions(pairs),
        gained_engagements(pairs),
    )


def _page_posts(
    session: Session, platforms: Sequence[str], start: datetime, end: datetime
) -> dict[str, list[PostReach]]:
    kinds = [*platforms, *(kind for kind, platform in _KINDS.items() if platform in platforms)]
    counters: dict[tuple[str, int], dict[str, int]] = {}
    for row in session.execute(_PAGE_POSTS, {"kinds": kinds, "start": start, "end": end}):
        counters.setdefault((_KINDS.get(row.kind, row.kind), row.id), {})[row.counter] = row.value
    found: dict[str, list[PostReach]] = {}
    for (platform, _), values in counters.items():
        found.setdefault(platform, []).append(PostReach(platform, None, None, values))
    return found


def _few(rows: Sequence[ShareRow]) -> bool:
    return 0 < len({row.advocate_id for row in rows}) < MIN_AUTHORS


def _by_person(figures: Sequence[tuple[int, int | None]]) -> list[list[float]]:
    people: dict[int, list[float]] = {}
    for person, value in figures:
        if value is not None:
            people.setdefault(person, []).append(float(value))
    return list(people.values())


def _total(post: PostReach) -> int | None:
    return engagement.engagements(post.platform, post.counters).total


def _counters(row: ShareRow) -> dict[str, int]:
    return {name: reading.value for name, reading in row.readings.items()}


def _post(row: ShareRow) -> PostReach:
    return PostReach(row.platform, str(row.advocate_id), row.followers, _counters(row))


def _check(viewer: Viewer, advocate_id: int | None) -> None:
    if viewer.role == "system":
        return
    if advocate_id is None and not viewer.aggregate_facets:
        raise NotAllowed("Your role does not see the programme's figures.")
    if advocate_id is not None and viewer.advocate_id != advocate_id:
        raise NotAllowed("These figures belong to another advocate.")
