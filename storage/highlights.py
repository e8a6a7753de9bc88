"""What stands out in a window: the stories told most often, and the stars of reviews."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from storage import db
from storage.answers import ANSWER
from storage.employer_reviews import told_reviews
from storage.profile import own_company
from storage.search import MentionFilter, MentionRow, search
from storage.viewer import STAFF_AUDIENCES, Viewer, count_labels, text_labels


@dataclass(frozen=True, slots=True)
class TopStory:
    """A story with one of its mentions that the viewer may read; `mentions` were published in the window."""

    story_id: int
    mentions: int
    first_at: datetime
    last_at: datetime
    example: MentionRow


@dataclass(frozen=True, slots=True)
class Stars:
    """The ratings of the reviews of a window; empty and `suppressed` where too few people wrote them."""

    ratings: tuple[float, ...]
    suppressed: bool


_TOP = text(f"""
SELECT m.story_id, count(*) AS mentions, min(m.published_at) AS first_at, max(m.published_at) AS last_at
FROM mentions m
WHERE m.company_id = :company AND m.published_at >= :start AND m.published_at < :end AND m.counted
  AND NOT m.own_account AND m.facet = ANY(CAST(:facets AS text[]))
  AND m.audience <> ALL(CAST(:staff AS text[])) AND m.story_id IS NOT NULL AND NOT {ANSWER}
GROUP BY 1 HAVING count(*) >= :least ORDER BY mentions DESC, last_at DESC, 1 LIMIT :limit
""")  # noqa: S608 - a constant
_STARS = text("""
SELECT p.rating FROM mentions m JOIN posts p ON p.id = m.post_id
WHERE m.company_id = :company AND m.published_at >= :start AND m.published_at < :end AND m.counted
  AND NOT m.own_account AND m.facet = ANY(CAST(:facets AS text[])) AND p.rating BETWEEN 1 AND 5
  AND p.kind <> 'survey' AND p.published_at >= :start AND p.published_at < :end
ORDER BY m.id LIMIT :limit
""")
_MOST_RATINGS = 20_000


def unquoted_audiences(facet: str | None) -> frozenset[str]:
    """Whose words no page or mail quotes on a side."""
    return STAFF_AUDIENCES | {"unknown"} if facet == "employer" else STAFF_AUDIENCES


def first_mention_at(session: Session) -> datetime | None:
    """When the oldest mention of the own company was published: before it nothing is known."""
    own = own_company(session)
    query = "SELECT min(published_at) FROM mentions WHERE company_id = :company"
    values = {"company": own.id if own else -1}
    found: datetime | None = db.remembered(session, "first mention", lambda: session.scalar(text(query), values))
    return found


def top_stories(
    session: Session,
    viewer: Viewer,
    start: datetime,
    end: datetime,
    facet: str | None = None,
    limit: int = 5,
    least: int = 1,
) -> tuple[TopStory, ...]:
    """The stories with the most mentions (at least `least`), without the words of employees, alumni and staff; on the
    employer side neither of people whose standpoint is unknown, since they may be staff.

    Raises `NotAllowed` where the role reads no texts.
    """
    own = own_company(session)
    if own is None:
        return ()
    unquoted = unquoted_audiences(facet)
    values = {
        "company": own.id,
        "start": start,
        "end": end,
        "facets": text_labels(viewer, facet),
        "staff": sorted(unquoted),
        "limit": limit,
        "least": least,
    }
    found = []
    for row in session.execute(_TOP, values).all():
        wanted = MentionFilter(story_id=row.story_id, facet=facet, start=start, end=end)
        readable = search(session, viewer, wanted, limit=20).items
        example = next((item for item in reversed(readable) if item.audience not in unquoted), None)
        if example is not None:
            found.append(TopStory(row.story_id, row.mentions, row.first_at, row.last_at, example))
    return tuple(found)


def stars(session: Session, viewer: Viewer, start: datetime, end: datetime, facet: str) -> Stars:
    """Ratings of the own company's reviews (L7); on the employer side those that may be told of each source."""
    labels = count_labels(viewer, facet)
    own = own_company(session)
    if own is None:
        return Stars((), False)
    if facet == "employer":
        found = told_reviews(session, viewer, own.id, start, end)
        told = [review.stars for reviews in found.values() for review in reviews]
        return Stars(tuple(told), bool(found) and not told)
    values = {"company": own.id, "facets": labels, "limit": _MOST_RATINGS, "start": start, "end": end}
    return Stars(tuple(session.scalars(_STARS, values)), False)
