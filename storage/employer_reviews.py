"""Stars of reviews by people who work, worked or applied here: by month, beside the lifetime star, and against rivals.

Only whole blocks of days are told (`metrics.blocks`), source by source: a mean that is read again every day would tell
each new review on its own.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import pairwise

from sqlalchemy import text
from sqlalchemy.orm import Session

from metrics.blocks import quarter_of
from metrics.listening import Rating, rating
from metrics.stats import Interval, difference
from storage.blocks import Span, in_blocks, span
from storage.counted import COUNTED, MENTIONS, left_out
from storage.profile import companies, own_company
from storage.viewer import Viewer, count_labels

MONTHS = 12
_MOST = 20_000

_REVIEWS = text(f"""
SELECT s.name AS source, date_trunc('day', r.published_at, 'UTC') AS day, p.rating,
    coalesce(r.author_key, r.id::text) AS author
FROM {MENTIONS} r JOIN posts p ON p.id = r.post_id JOIN sources s ON s.id = r.source_id
WHERE r.company_id = :company AND r.published_at >= :start AND r.published_at < :end
  AND r.counted AND NOT r.own_account AND r.facet = ANY(CAST(:facets AS text[])) AND p.kind = 'review'
  AND p.rating BETWEEN 1 AND 5 AND p.published_at >= :start AND p.published_at < :end AND {COUNTED}
ORDER BY r.published_at DESC LIMIT :limit
""")  # noqa: S608 - constants
_LIFETIME = text("""
SELECT DISTINCT ON (s.id) s.name, p.stated ->> 'lifetime_stars' AS stars, p.stated ->> 'lifetime_reviews' AS reviews,
    p.collected_at
FROM mentions m JOIN posts p ON p.id = m.post_id JOIN sources s ON s.id = m.source_id
WHERE m.company_id = :company AND m.published_at < :end AND m.counted AND m.facet = ANY(CAST(:facets AS text[]))
  AND p.kind = 'review' AND p.published_at < :end AND p.stated ? 'lifetime_stars'
ORDER BY s.id, p.collected_at DESC, p.id DESC
""")


@dataclass(frozen=True, slots=True)
class MonthRating:
    """Mean stars of the reviews published in a month (L7); `rating` None: hidden."""

    month: datetime
    rating: Rating | None


@dataclass(frozen=True, slots=True)
class Lifetime:
    """What a platform says itself, over all the time that it knows; `reviews` None where it does not tell how many."""

    source: str
    stars: float
    reviews: int | None
    as_of: datetime


@dataclass(frozen=True, slots=True)
class RivalReviews:
    """Own reviews and those of a rival on the sources where both have some; None throughout where `suppressed`."""

    company: str
    sources: tuple[str, ...]
    own: Rating | None
    rival: Rating | None
    interval: Interval | None  # of own − rival
    suppressed: bool


@dataclass(frozen=True, slots=True)
class Review:
    """The stars of one person on one day."""

    day: date
    stars: float
    people: frozenset[str]


def month_ratings(session: Session, viewer: Viewer, now: datetime) -> tuple[MonthRating, ...]:
    """The last twelve whole months (UTC), oldest first; hidden where too few people wrote, empty where nobody did in
    the whole quarter."""
    months = [*_months(now), _first_of(now)]
    own = own_company(session)
    around = span(session, own.id, months[0], months[-1]) if own else None
    labels = count_labels(viewer, "employer")
    by_source = {} if own is None or around is None else _by_source(session, labels, own.id, around)
    spoke = {quarter_of(each.day) for reviews in by_source.values() for each in reviews}
    found = []
    for start, end in pairwise(months):
        within = Span(start.date(), end.date())
        stars = [each.stars for reviews in by_source.values() for each in in_blocks(reviews, within)]
        hidden = not stars and quarter_of(within.first) in spoke
        found.append(MonthRating(start, None if hidden else rating(stars)))
    return tuple(found)


def told_reviews(
    session: Session, viewer: Viewer, company_id: int, start: datetime, end: datetime
) -> dict[str, list[Review]]:
    """The reviews of a window that may be told, by source: of each source those of whole blocks of days."""
    labels = count_labels(viewer, "employer")
    window = span(session, company_id, start, end)
    if window is None:
        return {}
    found = _by_source(session, labels, company_id, window)
    return {source: in_blocks(reviews, window) for source, reviews in found.items()}


def lifetime(session: Session, viewer: Viewer, now: datetime) -> tuple[Lifetime, ...]:
    """The newest lifetime star of each source that states one (`lifetime_stars`, `lifetime_reviews`)."""
    own = own_company(session)
    values = {"company": own.id if own else -1, "facets": count_labels(viewer, "employer"), "end": now}
    found = []
    for row in session.execute(_LIFETIME, values):
        stars, reviews = _number(row.stars), _number(row.reviews)
        if stars is not None and 1 <= stars <= 5:
            found.append(Lifetime(row.name, stars, None if reviews is None else int(reviews), row.collected_at))
    return tuple(found)


def rival_reviews(session: Session, viewer: Viewer, start: datetime, end: datetime) -> tuple[RivalReviews, ...]:
    """Each active rival that has reviews on a source where we have some."""
    count_labels(viewer, "employer")
    tracked = {company.id: company for company in companies(session) if company.active}
    own = next((company.id for company in tracked.values() if company.is_own), None)
    by_company = {
        company_id: told_reviews(session, viewer, company_id, start, end) for company_id in tracked if company_id != own
    }
    mine = told_reviews(session, viewer, own, start, end) if own is not None else {}
    return tuple(
        _against(tracked[company_id].name, mine, theirs)
        for company_id, theirs in sorted(by_company.items())
        if mine.keys() & theirs.keys()
    )


def _against(
    company: str, mine: Mapping[str, Sequence[Review]], theirs: Mapping[str, Sequence[Review]]
) -> RivalReviews:
    """On the sources where something of both may be told."""
    both = sorted(mine.keys() & theirs.keys())
    shared = [source for source in both if mine[source] and theirs[source]]
    if not shared:
        return RivalReviews(company, tuple(both), None, None, None, suppressed=True)
    own, rival = (rating([each.stars for source in shared for each in side[source]]) for side in (mine, theirs))
    return RivalReviews(company, tuple(shared), own, rival, _difference(own, rival), suppressed=False)


def _difference(own: Rating, rival: Rating) -> Interval | None:
    if own.mean is None or rival.mean is None or own.interval is None or rival.interval is None:
        return None
    return difference(own.mean, own.interval, rival.mean, rival.interval)


def _by_source(session: Session, labels: Sequence[str], company_id: int, around: Span) -> dict[str, list[Review]]:
    """All reviews of the quarters around, by source."""
    start, end = around.gathered()
    left = left_out(session, [company_id], labels, start, end)
    values = {"company": company_id, "start": start, "end": end, "facets": list(labels), "limit": _MOST, **left}
    found: dict[str, list[Review]] = defaultdict(list)
    for row in session.execute(_REVIEWS, values):
        found[row.source].append(Review(row.day.astimezone(UTC).date(), row.rating, frozenset({row.author})))
    return found


def _first_of(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _months(now: datetime) -> list[datetime]:
    first = _first_of(now)
    numbers = [first.year * 12 + first.month - 1 - back for back in range(MONTHS, 0, -1)]
    return [first.replace(year=number // 12, month=number % 12 + 1) for number in numbers]


def _number(value: str | None) -> float | None:
    try:
        found = float((value or "").replace(",", ""))
    except ValueError:
        return None
    return found if 0 <= found < 1e12 else None
